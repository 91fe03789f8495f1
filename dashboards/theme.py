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
    "PURPLE",
    "SKY",
    "VERMILLION",
    "Look",
    "look",
    "options",
]

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILLION, YELLOW, GREY = "#56B4E9", "#D55E00", "#F0E442", "#8A94A0"


@dataclass(frozen=True, slots=True)
class Look:
    """The colours that depend on the background.

    Args:
        line: the main line of a chart.
        quiet: a line that the eye should find second.
        drift: a drift event.
        grid: grid lines.
        paper: the background.
        areas: hues for the areas of a stack; the last one is for everything else.
    """

    line: str
    quiet: str
    drift: str
    grid: str
    paper: str
    areas: tuple[str, ...]

    def stack(self, num_areas: int) -> tuple[str, ...]:
        """Colours from the bottom up; beyond eight areas two neighbours share a hue in two shades."""
        if num_areas <= len(self.areas):
            return self.areas[:num_areas]
        pairs = [shade for hue in self.areas[:-1] for shade in (hue, _mixed(hue, self.paper))]
        return (*pairs[: num_areas - 1], self.areas[-1])


LIGHT = Look(
    line=BLUE,
    quiet="#5C6773",
    drift=VERMILLION,
    grid="#E8ECF0",
    paper="#FFFFFF",
    areas=(BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY),
)
DARK = Look(
    line=SKY,
    quiet="#A5B0BC",
    drift="#FF8A3D",
    grid="#2A333D",
    paper="#10161D",
    areas=(SKY, ORANGE, GREEN, PURPLE, BLUE, VERMILLION, YELLOW, GREY),
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
