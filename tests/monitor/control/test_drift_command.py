"""``hmoe drift``, through the real command line on a run with one promotion and one false warning."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from monitor.commands.drift import app
from stream_hmoe.audit import AuditChain
from stream_hmoe.events import Phase
from tests.monitor import made_pipeline, made_streams
from tests.monitor.command import Done, inside
from tests.monitor.control import made_run

RECORDS = 1_200


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run.write(tmp_path_factory.mktemp("runs") / "made")


def drift(run: Path, command: str, *more: str) -> Done:
    return inside(["drift", command, run, *more], run.parent)


def test_the_table_of_episodes(run: Path) -> None:
    done = drift(run, "events")
    assert done.exit_code == 0, done.error
    words = " ".join(done.out.split())
    assert "gate entropy" in words
    assert "promoted" in words
    assert "calm again by itself" not in words
    assert "1 warning that never became an alarm not shown: --level warning shows them" in words
    assert "hmoe drift explain" in words


def test_mere_warnings_are_listed_when_asked_for(run: Path) -> None:
    words = " ".join(drift(run, "events", "--level", "warning").out.split())
    assert "calm again by itself" in words
    assert "not shown" not in words


@pytest.mark.parametrize(
    ("options", "numbers", "hidden"),
    [
        ([], [1], 1),
        (["--level", "warning"], [1, 2], 0),
        (["--level", "warning", "--limit", "1"], [2], 0),
        (["--since", "351"], [], 1),
        (["--since", "350"], [1], 1),
        (["--since", "351", "--level", "warning"], [2], 0),
        (["--since", "901", "--level", "warning"], [], 0),
        (["--kind", "both"], [1], 0),
        (["--kind", "global"], [], 0),
    ],
)
def test_episodes_can_be_chosen(run: Path, options: list[str], numbers: list[int], hidden: int) -> None:
    done = drift(run, "events", *options, "--json").json
    assert [episode["number"] for episode in done["episodes"]] == numbers
    assert done["hidden_warnings"] == hidden


def test_that_there_are_none_of_these_is_said(run: Path) -> None:
    assert drift(run, "events", "--kind", "local").out == "no such episodes\n"
    assert "1 warning" in drift(run, "events", "--since", "351").out


def test_episodes_for_machines(run: Path) -> None:
    first, second = drift(run, "events", "--level", "warning", "--json").json["episodes"]
    assert (first["number"], first["begin"], first["alarm"], first["end"]) == (1, 300, 350, 750)
    assert first["change_point"] == 310
    assert first["leaves"] == ["trees/0", "plains/1"]
    assert first["diagnosis"] == "covariate and concept drift"
    assert first["action"] == "challengers: retrain"
    assert first["outcome"] == "promoted"
    assert first["rise_lower"] == 0.05
    assert [test["verdict"] for test in first["tests"]] == ["better", "running"]
    assert first["signals"] == ["gate entropy", "gate weights", "loss given gate"]
    assert (second["alarm"], second["action"], second["outcome"]) == (None, "watched", "calm again by itself")
    assert second["signals"] == ["gate weights"]


def test_the_journal_file_names_the_run_too(run: Path) -> None:
    by_file = inside(["drift", "events", run / "journal.sqlite", "--json"], run)
    assert by_file.json == drift(run, "events", "--json").json


def test_an_episode_is_explained_in_words(run: Path) -> None:
    text = drift(run, "explain", "1").out
    for words in (
        "about record 310, seen at record 350, 40 records later",
        "gate weights: log-evidence 12.0 nats, threshold 9.2 nats (without any change it is reached once",
        "experts trees/0, plains/1",
        "the loss rose by 0.120 a record (at least 0.050)",
        "acting was expected to save at least 250 losses",
        "record 450: covariate and concept drift: challengers",
        "record 600: the challenger (renew) is better and takes over",
        "renew: better, after 150 records, +0.0800 loss saved a record, log-evidence 5.1 nats",
        "accuracy of the last 1,000 records:",
    ):
        assert words in text, words


def test_the_newest_episode_is_explained_by_default(run: Path) -> None:
    done = drift(run, "explain", "--json")
    assert done.json["episode"]["number"] == 2
    assert "never became an alarm" in done.json["in_words"]["what moved"][0]
    assert "what the tests said" not in done.json["in_words"]


def test_an_unknown_episode_is_named_with_those_that_exist(run: Path) -> None:
    done = drift(run, "explain", "7")
    assert done.exit_code == 2
    assert "no episode 7, only 1 to 2" in done.error


def test_a_run_that_is_not_there_is_named(tmp_path: Path) -> None:
    for command in (["events"], ["explain"], ["simulate", "--threshold", "10"], ["replay"]):
        done = inside(["drift", command[0], "nowhere", *command[1:]], tmp_path)
        assert done.exit_code == 78
        assert "there is no journal at nowhere" in done.error


def test_the_recorded_threshold_fires_where_it_did(run: Path) -> None:
    done = drift(run, "simulate", "--threshold", "10000", "--json").json
    assert done["threshold_nats"] == pytest.approx(math.log(10_000))
    gate = next(signal for signal in done["signals"] if signal["signal"] == "gate weights")
    assert [alarm["record"] for alarm in gate["alarms"]] == [500]
    assert gate["alarms"] == gate["recorded"]
    assert not gate["unknown"]


def test_what_a_higher_threshold_would_have_done_is_not_known_after_a_reset(run: Path) -> None:
    done = drift(run, "simulate", "--threshold", "1e9")
    assert "never" in done.out
    assert "not known at" in done.out
    assert "begins anew after every real alarm" in done.out


def test_the_decisions_follow_from_what_was_seen(run: Path) -> None:
    done = drift(run, "replay", "--json")
    assert done.exit_code == 0, done.out
    assert done.json["same"] is True
    assert done.json["decisions"] == 9
    assert "the chain is whole" in drift(run, "replay").out


def rewritten(run: Path, folder: Path, old: str, new: str) -> Path:
    """A copy of a run whose audit was forged and chained anew."""
    made_run.write(folder)
    chain = AuditChain()
    lines = []
    for line in (run / "audit.jsonl").read_text().replace(old, new).splitlines():
        entry = json.loads(line)
        lines.append(chain.append(entry["record"], entry["kind"], entry["payload"]) + "\n")
    (folder / "audit.jsonl").write_text("".join(lines))
    return folder


def test_a_changed_line_breaks_the_chain(run: Path, tmp_path: Path) -> None:
    made_run.write(tmp_path)
    audit = tmp_path / "audit.jsonl"
    audit.write_text(audit.read_text().replace("takes", "gives").replace("promote the", "dismiss the"))
    done = drift(tmp_path, "replay")
    assert done.exit_code == 1
    assert "the chain is broken" in done.out


def test_a_forged_decision_does_not_follow_even_if_the_chain_holds(run: Path, tmp_path: Path) -> None:
    forged = rewritten(run, tmp_path, '"after":"promote"', '"after":"drop"')
    done = drift(forged, "replay", "--json")
    assert done.exit_code == 1
    assert 'after was recorded as "drop", now it is "promote"' in done.json["difference"]


def test_a_decision_that_was_left_out_is_missed(run: Path, tmp_path: Path) -> None:
    made_run.write(tmp_path)
    chain, lines = AuditChain(), []
    for line in (run / "audit.jsonl").read_text().splitlines():
        entry = json.loads(line)
        if entry["kind"] != "decided" or entry["record"] != 450:
            lines.append(chain.append(entry["record"], entry["kind"], entry["payload"]) + "\n")
    (tmp_path / "audit.jsonl").write_text("".join(lines))
    done = drift(tmp_path, "replay")
    assert done.exit_code == 1
    assert "the decision alarm -> diagnose at record 450 is missing" in done.out


def test_a_run_without_an_audit_says_so(tmp_path: Path) -> None:
    made_run.write(tmp_path)
    (tmp_path / "audit.jsonl").unlink()
    done = drift(tmp_path, "replay")
    assert done.exit_code == 78
    assert "there is no audit at" in done.error


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole run, through the command line, with a made controller."""
    made_pipeline.install(monkeypatch)
    stream = made_streams.write_csv(tmp_path / "stream.csv", made_streams.drifting(RECORDS))
    done = inside(
        ["run", "--input", stream, "--target", "label", "--run-dir", "run", "--json", "-q"], tmp_path
    )
    assert done.exit_code == 0, done.error
    return tmp_path


def test_a_whole_run_is_repeated(real: Path) -> None:
    done = drift(real / "run", "replay", "--full", "--json")
    assert done.exit_code == 0, done.out + done.error
    assert done.json["repeated_records"] == RECORDS
    assert done.json["decisions"] == 9


def test_an_audit_that_was_cut_off_is_noticed(real: Path) -> None:
    audit = real / "run" / "audit.jsonl"
    lines = audit.read_text(encoding="utf-8").splitlines(keepends=True)
    audit.write_text("".join(lines[: len(lines) // 2]), encoding="utf-8")
    done = drift(real / "run", "replay")
    assert done.exit_code == 1
    assert "cut off" in done.out


def test_a_threshold_is_a_number_of_records(run: Path) -> None:
    done = drift(run, "simulate", "--threshold", "inf", "--json")
    assert done.exit_code == 2
    assert "--threshold: got inf" in done.error


def test_another_input_gives_another_audit(real: Path) -> None:
    shorter = made_streams.write_csv(real / "shorter.csv", made_streams.drifting(500))
    done = drift(real / "run", "replay", "--full", "--input", str(shorter))
    assert done.exit_code == 1
    assert re.search(r"different: the audit has \d+ lines, the run that was repeated has \d+", done.out)


def test_a_moved_input_is_asked_for(real: Path) -> None:
    (real / "stream.csv").rename(real / "moved.csv")
    done = drift(real / "run", "replay", "--full")
    assert done.exit_code == 78
    assert "--input FILE" in done.error
    again = drift(real / "run", "replay", "--full", "--input", str(real / "moved.csv"))
    assert again.exit_code == 0, again.out + again.error


def test_input_goes_with_full_only(run: Path) -> None:
    done = drift(run, "replay", "--input", "x.csv")
    assert done.exit_code == 2
    assert "--full" in done.error


@pytest.mark.parametrize("command", ["events", "explain", "simulate", "replay"])
def test_the_help_of_every_command_has_an_example(command: str, tmp_path: Path) -> None:
    words = " ".join(inside(["drift", command, "--help"], tmp_path).out.split())
    assert f"hmoe drift {command} runs/elec" in words


def test_the_page_about_drift_names_every_phase_and_command() -> None:
    page = (Path(__file__).parents[3] / "docs" / "drift.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z, -]+) \| [a-z]", page, re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} == {*Phase, "phase", "where"}
    assert set(re.findall(r"^hmoe drift (\w+) runs", page, re.MULTILINE)) == {
        command.name for command in app.registered_commands
    }
