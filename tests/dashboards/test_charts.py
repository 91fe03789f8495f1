from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dashboards import charts
from dashboards.charts.over_records import DASHES
from dashboards.theme import DARK, LIGHT, Look
from dashboards.words import Metric

ACCURACY = Metric("accuracy", is_share=True)
ERROR = Metric("MAE", is_share=False)


def values(spec: Any, key: str) -> Iterator[Any]:
    """Every value of a key, anywhere in a specification."""
    if isinstance(spec, dict):
        if key in spec:
            yield spec[key]
        for inner in spec.values():
            yield from values(inner, key)
    elif isinstance(spec, list):
        for inner in spec:
            yield from values(inner, key)


def charts_over_records(look: Look) -> list[charts.Spec]:
    return [
        charts.metric_chart(ACCURACY, 1_000, look),
        charts.share_chart(("a", "b"), True, look),
        charts.entropy_chart(look),
        charts.evidence_chart(("gate weights", "loss given gate"), look),
        charts.course_chart("loss (nats)", ".3f", look),
    ]


def other_charts(look: Look) -> list[charts.Spec]:
    names = ("a", "b")
    return [
        charts.alarm_chart(names, look),
        charts.balance_chart(("records", "labels"), names, look),
        charts.domain_chart(("x", "y", "z"), names, names, look),
        charts.icicle_chart(look),
        charts.life_chart(names, names, look),
        charts.move_chart(names, look),
        charts.plane_chart(names, "mostly age", "mostly load", look),
        charts.shift_chart(names, look),
        charts.time_chart(names, "latency (ms)", "~g", look),
    ]


def every_chart(look: Look) -> list[charts.Spec]:
    return charts_over_records(look) + other_charts(look)


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_specifications_name_their_data_so_that_the_browser_can_replace_them(look: Look) -> None:
    for spec in every_chart(look):
        assert "datasets" not in spec
        assert {data["name"] for data in values(spec, "data")} <= {
            "intervals",
            "shares",
            "evidence",
            "course",
            "alarms",
            "balance",
            "domains",
            "tree",
            "lives",
            "edits",
            "moves",
            "regions",
            "points",
            "centres",
            "shifts",
            "flow",
            *charts.MARKS,
        }


def test_every_chart_over_records_marks_drifts_actions_and_known_changes() -> None:
    for spec in charts_over_records(LIGHT):
        assert {"drifts", "actions", "changes"} <= {data["name"] for data in values(spec, "data")}


def test_every_chart_has_a_fixed_height() -> None:
    for spec in every_chart(LIGHT):
        assert spec["height"] >= 100


def test_the_metric_is_drawn_for_the_window_and_since_the_start() -> None:
    spec = charts.metric_chart(ACCURACY, 1_000, LIGHT)
    names = {"last 1,000 records", "since the start", "drift seen", "action taken", "known change"}
    assert names == set(next(domain for domain in values(spec, "domain") if isinstance(domain, list)))
    assert {"metric", "metric_window"} <= set(values(spec, "field"))


def test_the_axis_of_a_share_is_in_percent_and_that_of_an_error_is_not() -> None:
    assert ".0%" in set(values(charts.metric_chart(ACCURACY, 1_000, LIGHT), "format"))
    assert ".0%" not in set(values(charts.metric_chart(ERROR, 1_000, LIGHT), "format"))


def test_areas_have_one_colour_each() -> None:
    spec = charts.share_chart(("a", "b", "c"), False, LIGHT)
    scale = next(scale for scale in values(spec, "scale") if scale.get("domain") == ["a", "b", "c"])
    assert scale["range"] == list(LIGHT.areas[:3])


def test_light_and_dark_differ_in_colours_only() -> None:
    for light, dark in zip(every_chart(LIGHT), every_chart(DARK), strict=True):
        assert light != dark
        assert list(values(light, "field")) == list(values(dark, "field"))


def test_a_specification_is_what_the_browser_can_be_sent() -> None:
    for spec in every_chart(LIGHT):
        assert json.loads(json.dumps(spec)) == spec


def test_evidence_and_threshold_of_a_signal_share_a_colour_and_lines_differ_without_colour() -> None:
    spec = charts.evidence_chart(("gate weights", "loss given gate"), LIGHT)
    assert {"evidence_nats", "threshold_nats"} <= set(values(spec, "field"))
    scales = [
        scale for scale in values(spec, "scale") if scale.get("domain") == ["gate weights", "loss given gate"]
    ]
    assert [*LIGHT.lines[:2]] in [scale["range"] for scale in scales]
    dashes = [scale["range"] for scale in scales if isinstance(scale["range"][0], list)]
    assert dashes[0][0] != dashes[0][1]
    assert len({tuple(dash) for dash in DASHES}) == len(DASHES) >= len(LIGHT.lines)
