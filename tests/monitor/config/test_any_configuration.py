"""Whatever stands in a configuration or in the environment, it is read or refused with reasons."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from monitor.config import (
    InvalidConfiguration,
    ServiceConfig,
    config_hash,
    parse_config,
    secrets_in,
    shown_yaml,
)

GOOD: dict[str, Any] = {
    "state": "state",
    "http": {"port": 0, "token": "hunter2"},
    "streams": [
        {
            "name": "one",
            "target": "y",
            "task": "regression",
            "ignored": ["z"],
            "features": {"x": {"type": "number", "least": 0}},
            "source": {
                "kind": "kafka",
                "brokers": "b",
                "events": "e",
                "partitions": [0],
                "options": {"sasl.password": "hunter2"},
            },
            "outputs": {"decisions": {"kind": "file", "path": "p"}},
        },
        {"name": "two", "target": "y", "task": "classification", "source": {"kind": "http"}},
    ],
}

names = st.sampled_from(["kind", "kafka", "file", "streams", "options", "name", "x", "0", ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | names,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, item in inside for place in places(item, (*path, name)))]


PLACES = [place for place in places(GOOD) if place]


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """The good configuration with something else, or nothing, in one or two places."""
    whole = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(1, 2))):
        *above, last = draw(st.sampled_from(PLACES))
        here: Any = whole
        try:
            for name in above:
                here = here[name]
            if draw(st.booleans()):
                here[last] = draw(values)
            else:
                del here[last]
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took that place away
    return whole


def require_an_answer(text: str, environment: dict[str, str], settings: dict[str, str]) -> None:
    found = read(text, environment, settings)
    if isinstance(found, ServiceConfig):
        assert "hunter2" not in shown_yaml(found)
        assert all(isinstance(secret, str) for secret in secrets_in(found.streams[0]))
        assert config_hash(found)
        return
    assert found.flaws
    for flaw in found.flaws:
        assert flaw.reason
        assert "hunter2" not in flaw.text()


def read(
    text: str, environment: dict[str, str], settings: dict[str, str]
) -> ServiceConfig | InvalidConfiguration:
    try:
        return parse_config(text, "x.yaml", environment, settings)
    except InvalidConfiguration as problem:
        return problem


@given(changed() | values)
def test_any_values(whole: Any) -> None:
    require_an_answer(json.dumps(whole), {}, {})


parts = st.sampled_from(
    [
        "STREAMS",
        "0",
        "1",
        "2",
        "SOURCE",
        "KIND",
        "OPTIONS",
        "SASL_PASSWORD",
        "PORT",
        "HTTP",
        "TOKEN_FILE",
        "X",
        "",
    ]
)
variables = st.lists(parts, min_size=1, max_size=5).map(lambda found: "HMOE__" + "__".join(found))


@given(
    st.dictionaries(
        variables, st.text(max_size=6) | st.sampled_from(["[", "{a: 1}", "null", "[1, 2]", "- x"])
    ),
    st.dictionaries(variables.map(lambda name: name[6:].lower().replace("__", ".")), st.text(max_size=3)),
)
def test_any_overrides(environment: dict[str, str], settings: dict[str, str]) -> None:
    require_an_answer(json.dumps(GOOD), environment, settings)
