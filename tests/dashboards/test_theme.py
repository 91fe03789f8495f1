from __future__ import annotations

import pytest

from dashboards.charts.family import INK
from dashboards.theme import DARK, GREY, LIGHT, OTHERS, look, options


def luminance(color: str) -> float:
    """Relative luminance as in WCAG 2.1."""
    parts = [int(color[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_lines_stand_out_from_the_background(colors: object) -> None:
    chosen = LIGHT if colors is LIGHT else DARK
    for line in (chosen.line, chosen.quiet, chosen.drift, chosen.action, *chosen.lines):
        assert contrast(line, chosen.paper) >= 3.0


def test_areas_are_all_different() -> None:
    assert len(set(LIGHT.areas)) == len(LIGHT.areas) == len(set(DARK.areas))


@pytest.mark.parametrize("num_areas", [1, 7, 8, 14])
def test_a_stack_has_a_colour_of_its_own_for_every_area(num_areas: int) -> None:
    names = [str(number) for number in range(num_areas)]
    for colors in (LIGHT, DARK):
        assert len(set(colors.stack([*names, OTHERS]))) == num_areas + 1


def test_only_what_is_left_over_is_grey() -> None:
    assert LIGHT.stack(["a", OTHERS]) == (LIGHT.areas[0], GREY)
    assert GREY not in LIGHT.stack([str(number) for number in range(14)])


def test_an_unknown_background_is_taken_for_a_light_one() -> None:
    assert look("dark") is DARK
    assert look("light") is look(None) is LIGHT


def test_both_backgrounds_are_told_to_the_server() -> None:
    assert f"--theme.light.backgroundColor={LIGHT.paper}" in options()
    assert f"--theme.dark.backgroundColor={DARK.paper}" in options()


def test_lines_that_are_to_be_told_apart_are_all_different() -> None:
    assert len(set(LIGHT.lines)) == len(LIGHT.lines) == len(set(DARK.lines))


@pytest.mark.parametrize("colors", ["light", "dark"])
def test_dark_words_can_be_read_on_any_heat(colors: str) -> None:
    assert min(contrast(heat, INK) for heat in look(colors).heat) >= 4.5
