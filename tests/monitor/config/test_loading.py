"""A configuration from file, environment and command line, and every flaw of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.config import Flaw, InvalidConfiguration, ServiceConfig, load_config, parse_config
from monitor.config.schema import KafkaSourceConfig
from monitor.problems import ConfigurationProblem

GOOD = """
http:
  port: 9000
streams:
  - name: one
    target: y
    task: regression
    source:
      kind: kafka
      brokers: b:9092
      events: orders
      options: {sasl.password: from-file, linger.ms: 5}
  - {name: two, target: y, task: classification, source: {kind: http}, features: {Temp: {type: number}}}
"""


def config(text: str = GOOD, settings: dict[str, str] | None = None, **environment: str) -> ServiceConfig:
    return parse_config(text, "x.yaml", environment, settings)


def flaws(text: str = GOOD, settings: dict[str, str] | None = None, **environment: str) -> dict[str, Flaw]:
    with pytest.raises(InvalidConfiguration) as caught:
        config(text, settings, **environment)
    found = {flaw.path: flaw for flaw in caught.value.flaws}
    assert len(found) == len(caught.value.flaws)
    assert all(flaw.text() in str(caught.value) for flaw in caught.value.flaws)
    return found


def kafka(found: ServiceConfig) -> KafkaSourceConfig:
    source = found.streams[0].source
    assert isinstance(source, KafkaSourceConfig)
    return source


def test_command_line_counts_more_than_environment_than_file_than_default() -> None:
    assert config().http.port == 9000
    assert config().http.host == "127.0.0.1"
    assert config(HMOE__HTTP__PORT="9001").http.port == 9001
    assert config(settings={"http.port": "9002"}, HMOE__HTTP__PORT="9001").http.port == 9002


def test_entries_of_lists_and_maps_are_reached_by_number_and_name() -> None:
    found = config(
        HMOE__STREAMS__1__TARGET="z",
        HMOE__STREAMS__1__FEATURES__TEMP__LEAST="-40",
        HMOE__STREAMS__1__IGNORED="[a, b]",
        HMOE__STREAMS__0__SOURCE__PARTITIONS__0="3",
        HMOE__STREAMS__0__SOURCE__LABELS="",
        HMOE__STREAMS__0__OUTPUTS__PREDICTIONS="{kind: file}",
    )
    assert found.streams[1].target == "z"
    assert found.streams[1].features["Temp"].least == -40
    assert found.streams[1].ignored == ["a", "b"]
    assert kafka(found).partitions == [3]
    assert kafka(found).labels is None
    assert found.streams[0].outputs.predictions is not None


def test_a_stream_can_come_from_the_environment_alone() -> None:
    found = config(
        "",
        HMOE__STREAMS__0__NAME="s",
        HMOE__STREAMS__0__TARGET="y",
        HMOE__STREAMS__0__TASK="regression",
        HMOE__STREAMS__0__SOURCE__KIND="file",
        HMOE__STREAMS__0__SOURCE__PATH="-",
    )
    assert found.streams[0].name == "s"


def test_options_of_a_client_library_get_their_dots_back_and_secrets_are_wrapped() -> None:
    environment = {"HMOE__STREAMS__0__SOURCE__OPTIONS__SASL_PASSWORD": "from-env"}
    options = kafka(parse_config(GOOD, "x", environment)).options
    assert options == {"sasl.password": SecretStr("from-env"), "linger.ms": 5}
    settings = {"streams.0.source.options.sasl.password": "from-line"}
    assert kafka(config(settings=settings)).options["sasl.password"] == SecretStr("from-line")


def test_a_variable_can_name_a_file_with_the_value(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from a file\n")
    found = config(HMOE__STREAMS__0__SOURCE__OPTIONS__SASL_PASSWORD_FILE=str(secret))
    assert kafka(found).options["sasl.password"] == SecretStr("from a file")
    assert config(HMOE__HTTP__TOKEN_FILE=str(secret)).http.token_file == secret
    (flaw,) = flaws(HMOE__STREAMS__0__SOURCE__BROKERS_FILE="/no/such").values()
    assert flaw.place == "HMOE__STREAMS__0__SOURCE__BROKERS_FILE"
    assert flaw.reason == "the file that it names cannot be read: No such file or directory"


def test_variables_with_other_names_are_not_looked_at() -> None:
    assert config(HMOE_HTTP__PORT="x", HOME="/root") == config()


BAD = """
http: {port: x, hots: 1}
log: {level: inf}
streams:
  - name: A
    target: y
    task: classificatio
    source: {kind: kafka, evnts: x, options: {a: [1]}}
    dead_letters: {sink: {kind: fil}}
    labels: {max_pending: 0}
  - name: b
    target: 1
    task: regression
    source: {path: x}
  - name: c
    target: y
    task: regression
    source: {kind: http}
    features: {y: {type: number}}
"""


def test_all_flaws_are_told_at_once_with_line_value_and_remedy() -> None:
    found = flaws(BAD, {"checkpoint.keep": "0"}, HMOE__HTTP__PROT="1")
    assert {path: flaw.place for path, flaw in found.items()} == {
        "http.port": "line 2",
        "http.hots": "line 2",
        "http.prot": "HMOE__HTTP__PROT",
        "log.level": "line 3",
        "streams[0].name": "line 5",
        "streams[0].task": "line 7",
        "streams[0].source.brokers": "line 8",
        "streams[0].source.events": "line 8",
        "streams[0].source.evnts": "line 8",
        "streams[0].source.options.a": "line 8",
        "streams[0].dead_letters.sink.kind": "line 9",
        "streams[0].labels.max_pending": "line 10",
        "streams[1].target": "line 12",
        "streams[1].source.kind": "line 14",
        "streams[2].features.y": "line 19",
        "checkpoint.keep": "--set checkpoint.keep",
    }
    assert found["http.port"].value == "'x'"
    assert found["http.port"].reason == "must be a whole number"
    assert found["http.hots"].remedy.startswith("Did you mean host? Allowed: host, port, token")
    assert found["log.level"].remedy == "Did you mean info? Allowed: debug, info, warning, error."
    assert found["streams[0].task"].remedy.startswith("Did you mean classification?")
    assert found["streams[0].dead_letters.sink.kind"].remedy == "Did you mean file? Allowed: kafka, file."
    assert found["streams[0].source.events"].remedy == "Add it; it says: topic of the records."
    assert found["streams[0].labels.max_pending"].reason == "must be at least 1"
    assert found["streams[1].target"].remedy == "Put it in quotes."
    assert all(flaw.reason for flaw in found.values())


def test_flaws_stand_in_the_order_of_the_file() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        config(BAD, HMOE__HTTP__PROT="1")
    lines = [int(flaw.place[5:]) for flaw in caught.value.flaws if flaw.place.startswith("line")]
    assert lines == sorted(lines)
    assert caught.value.flaws[-1].place == "HMOE__HTTP__PROT"


@pytest.mark.parametrize(
    "text",
    [
        "http: {token: [hunter2]}",
        "http: {tokne: hunter2}",
        "streams: [{source: {kind: redis, url: {a: hunter2}, events: e}}]",
        "streams: [{source: {kind: kafka, options: {sasl.password: [hunter2]}}}]",
        "http: {token: hunter2, token: hunter2}",
        "http: {token: hunter2",
        "http: {token: !hunter hunter2}",
    ],
)
def test_secrets_are_never_part_of_a_message(text: str) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        config(text)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.to_json())


def test_two_streams_of_one_name_are_told_once_each() -> None:
    text = GOOD.replace("name: two", "name: one")
    assert list(flaws(text)) == ["streams[0].name", "streams[1].name"]


def test_an_entry_that_does_not_exist_cannot_be_set() -> None:
    found = flaws(HMOE__STREAMS__7__NAME="q", HMOE__STREAMS__NAME="q", HMOE__HTTP__PORT__X="1")
    assert "streams has 2 entries, the next is number 2" in found["streams[7].name"].reason
    assert "a number must follow" in found["streams.name"].reason
    assert "http.port is no section" in found["http.port.x"].reason


def test_a_broken_file_is_told_without_what_would_be_missing() -> None:
    assert list(flaws("streams: [")) == [""]


def test_an_empty_file_has_no_streams() -> None:
    assert flaws("")["streams"].reason == "is missing"
    assert flaws("streams: []")["streams"].reason == "needs at least one entry"


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    path = tmp_path / "hmoe.yaml"
    with pytest.raises(ConfigurationProblem, match=r"no such file.*hmoe config init"):
        load_config(path, {})
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigurationProblem, match="is not UTF-8 text"):
        load_config(path, {})
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(ConfigurationProblem, match="is it a configuration"):
        load_config(path, {})
    with pytest.raises(ConfigurationProblem, match="cannot read"):
        load_config(tmp_path, {})
    path.write_text(GOOD)
    assert load_config(path, {}) == config()
