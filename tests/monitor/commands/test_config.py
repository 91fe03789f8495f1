"""``hmoe config``, as people call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.monitor.command import inside


@pytest.mark.parametrize("source", ["file", "kafka", "http"])
def test_what_init_writes_passes_check(tmp_path: Path, source: str) -> None:
    done = inside(["config", "init", "--source", source, "--name", "orders", "--target", "price"], tmp_path)
    assert (done.exit_code, done.out) == (0, "")
    assert "hmoe config check -c hmoe.yaml" in done.error
    done = inside(["config", "check"], tmp_path)
    assert done.exit_code == 0
    assert done.out.startswith("hmoe.yaml is valid: streams orders; hash ")
    done = inside(["config", "check", "--json"], tmp_path)
    assert done.json["valid"] is True
    assert done.json["streams"] == ["orders"]


def test_init_replaces_nothing_unless_forced_and_can_print(tmp_path: Path) -> None:
    (tmp_path / "hmoe.yaml").write_text("mine")
    done = inside(["config", "init"], tmp_path)
    assert done.exit_code == 78
    assert "--force" in done.error
    assert (tmp_path / "hmoe.yaml").read_text() == "mine"
    assert inside(["config", "init", "--force"], tmp_path).exit_code == 0
    printed = inside(["config", "init", "-"], tmp_path)
    assert printed.out == (tmp_path / "hmoe.yaml").read_text()
    assert inside(["config", "init", "--name", "Upper case"], tmp_path).exit_code == 2
    assert inside(["config", "init", "no/folder.yaml"], tmp_path).exit_code == 78


def test_check_tells_every_flaw_for_people_and_for_machines(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("sttae: x\nstreams: []\n")
    done = inside(["config", "check", "-c", "a.yaml", "--json"], tmp_path)
    assert done.exit_code == 78
    assert [flaw["path"] for flaw in done.json["flaws"]] == ["sttae", "streams"]
    assert "a.yaml has 2 flaws:" in done.error
    assert "line 1: sttae: unknown key. Did you mean state?" in done.error


def test_show_gives_what_is_in_effect_with_secrets_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside(["config", "init"], tmp_path)
    monkeypatch.setenv("HMOE__HTTP__TOKEN", "hunter2")
    done = inside(["config", "show", "--set", "http.port=9009", "--json"], tmp_path)
    assert (done.json["http"]["port"], done.json["http"]["token"]) == (9009, "********")
    done = inside(["config", "show"], tmp_path)
    assert "port: 8080" in done.out
    assert "hunter2" not in done.out


def test_set_wants_a_path_and_a_value(tmp_path: Path) -> None:
    inside(["config", "init"], tmp_path)
    for setting in ("http.port", "=3"):
        done = inside(["config", "check", "--set", setting], tmp_path)
        assert done.exit_code == 2
        assert "PATH=VALUE" in done.error


def test_the_schema_is_json(tmp_path: Path) -> None:
    assert json.loads(inside(["config", "schema"], tmp_path).out)["title"] == "stream-hmoe"
