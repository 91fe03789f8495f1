"""Colours: the palette of Okabe and Ito, which people with any form of colour blindness can tell apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "BLUE",
    "DARK",
    "GREEN",
    "GREY",
    "LIGHT",
    "ORANGE",
    "OTHERS",
    "PURPLE",
    "SKY",
    "VERMILLION",
    "Look",
    "look",
    "options",
]

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILLION, YELLOW, GREY = "#56B4E9", "#D55E00", "#F0E442", "#8A94A0"

OTHERS = "all others"


@dataclass(frozen=True, slots=True)
class Look:
    """The colours that depend on the background.

    Args:
        line: the main line of a chart.
        quiet: a line that the eye should find second.
        drift: a drift event.
        action: something that the controller did.
        ink: text on the background.
        grid: grid lines.
        paper: the background.
        heat: from little to much, light enough for dark text on top.
        areas: hues for the areas of a stack.
        lines: hues for lines that are to be told apart.
    """

    line: str
    quiet: str
    drift: str
    action: str
    ink: str
    grid: str
    paper: str
    heat: tuple[str, ...]
    areas: tuple[str, ...]
    lines: tuple[str, ...]

    def stack(self, names: Sequence[str]) -> tuple[str, ...]:
        """One colour per area, grey for what is left over; beyond seven, neighbours are shades of one hue."""
        hues = self.areas
        if len(names) > len(hues):
            hues = tuple(shade for hue in self.areas for shade in (hue, _mixed(hue, self.paper)))
        named = dict(zip((name for name in names if name != OTHERS), hues, strict=False))
        return tuple(named.get(name, GREY) for name in names)


LIGHT = Look(
    line=BLUE,
    quiet="#5C6773",
    drift=VERMILLION,
    action="#007A5A",
    ink="#1B2733",
    grid="#E8ECF0",
    paper="#FFFFFF",
    heat=("#E6F1F8", "#F3D9A4", "#E58A4E"),
    areas=(BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW),
    lines=(BLUE, "#A86E00", "#007A5A", "#A8508A", "#1B2733"),
)
DARK = Look(
    line=SKY,
    quiet="#A5B0BC",
    drift="#FF8A3D",
    action="#2FC79A",
    ink="#E4E9EE",
    grid="#2A333D",
    paper="#10161D",
    heat=("#A9C4D6", "#E0C083", "#E58A4E"),
    areas=(SKY, ORANGE, GREEN, PURPLE, BLUE, VERMILLION, YELLOW),
    lines=(SKY, ORANGE, "#2FC79A", "#E3A0C6", "#E4E9EE"),
)

_LIGHT_OPTIONS = {
    "primaryColor": BLUE,
    "backgroundColor": LIGHT.paper,
    "secondaryBackgroundColor": "#F3F6F8",
    "textColor": "#1B2733",
    "greenColor": GREEN,
    "redColor": VERMILLION,
    "orangeColor": ORANGE,
    "blueColor": BLUE,
}
_DARK_OPTIONS = {
    "primaryColor": SKY,
    "backgroundColor": DARK.paper,
    "secondaryBackgroundColor": "#1A222B",
    "textColor": "#E4E9EE",
    "greenColor": GREEN,
    "redColor": "#FF8A3D",
    "orangeColor": ORANGE,
    "blueColor": SKY,
}


def _mixed(color: str, paper: str) -> str:
    """A colour half way to the background."""
    parts = [(int(color[i : i + 2], 16) + int(paper[i : i + 2], 16)) // 2 for i in (1, 3, 5)]
    return "#" + "".join(f"{part:02X}" for part in parts)


def look(theme: str | None) -> Look:
    """The colours for the background in use: ``"dark"``, or anything else for light."""
    return DARK if theme == "dark" else LIGHT


def options() -> Sequence[str]:
    """Streamlit's command-line flags for both backgrounds; which one is shown follows the reader's system."""
    light = [f"--theme.light.{name}={value}" for name, value in _LIGHT_OPTIONS.items()]
    dark = [f"--theme.dark.{name}={value}" for name, value in _DARK_OPTIONS.items()]
    return [*light, *dark]
