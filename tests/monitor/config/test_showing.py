"""What is shown of a configuration, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from monitor.config import config_hash, json_schema, parse_config, read_token, secrets_in, shown, shown_yaml
from monitor.config.examples import Kind, example
from monitor.config.schema import HttpConfig
from monitor.problems import ConfigurationProblem

SECRETS = ("tok3n", "redis://u:p%40ss@h:1/0", "p%40ss", "p@ss", "k4fka", "p3m", "s1nk")
TEXT = """
http: {token: tok3n}
streams:
  - name: a
    target: y
    task: regression
    source: {kind: redis, url: "redis://u:p%40ss@h:1/0", events: e}
    dead_letters:
      sink: {kind: kafka, brokers: b, topic: t, options: {sasl.password: s1nk, ssl.ca.location: /ca}}
  - name: b
    target: y
    task: regression
    source: {kind: kafka, brokers: b, events: e, options: {sasl.password: k4fka, ssl.key.pem: p3m, acks: all}}
"""


def config(text: str = TEXT) -> Any:
    return parse_config(text, "x", {})


def test_secrets_are_masked_and_the_rest_is_shown() -> None:
    text = json.dumps(shown(config())) + shown_yaml(config()) + repr(config())
    for secret in SECRETS:
        assert secret not in text
    options = shown(config())["streams"][1]["source"]["options"]
    assert options == {"sasl.password": "********", "ssl.key.pem": "********", "acks": "all"}
    assert shown(config())["http"]["port"] == 8080
    assert yaml.safe_load(shown_yaml(config())) == shown(config())


def test_secrets_can_be_collected_for_the_logs(tmp_path: Path) -> None:
    assert secrets_in(config()) == set(SECRETS)
    path = tmp_path / "token"
    path.write_text("from-file\n")
    assert secrets_in(HttpConfig(token_file=path)) == {"from-file"}


def test_a_token_file_holds_a_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(ConfigurationProblem, match=r"http\.token_file: cannot read"):
        read_token(HttpConfig(token_file=path))
    path.write_text(" \n")
    with pytest.raises(ConfigurationProblem, match="is empty"):
        read_token(HttpConfig(token_file=path))
    path.write_text("t\n")
    token = read_token(HttpConfig(token_file=path))
    assert token is not None
    assert token.get_secret_value() == "t"
    assert read_token(HttpConfig()) is None


def test_the_hash_knows_everything_but_secrets() -> None:
    begin = config_hash(config())
    assert len(begin) == 16
    assert config_hash(config(TEXT.replace("tok3n", "other").replace("k4fka", "other"))) == begin
    assert config_hash(config(TEXT.replace("events: e,", "events: f,"))) != begin
    assert config_hash(config(TEXT.replace("acks: all", "acks: '1'"))) != begin


def test_what_is_shown_can_be_read_again() -> None:
    text = shown_yaml(config())
    assert shown(config(text)) == shown(config())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("target", ["label", "my target", "no", '"', "1", "@NAME", "a: b"])
@pytest.mark.parametrize("name", ["main", "1", "1e5", "no"])
def test_examples_are_valid_for_loader_and_schema(kind: Kind, target: str, name: str) -> None:
    text = example(kind, name, target, is_regression=target == "label")
    found = config(text)
    assert (found.streams[0].name, found.streams[0].target) == (name, target)
    assert found.streams[0].source.kind == kind.value
    assert found.streams[0].task.value == ("regression" if target == "label" else "classification")
    if name == "main":
        Draft202012Validator(json_schema()).validate(yaml.safe_load(text))


def test_every_field_of_the_schema_is_described() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    sections = [schema, *schema["$defs"].values()]
    for section in sections:
        for name, field in section.get("properties", {}).items():
            is_section = "$ref" in field or "oneOf" in field or "const" in field
            assert "description" in field or is_section, name


def test_the_schema_refuses_unknown_keys() -> None:
    flaws = Draft202012Validator(json_schema()).iter_errors({"streams": [], "sttae": "x"})
    assert any("sttae" in flaw.message for flaw in flaws)
