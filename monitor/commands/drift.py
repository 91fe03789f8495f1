"""``hmoe drift``: what drifted, what was done about it, and whether the decisions hold."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.commands.dashboard import find_journal
from monitor.commands.output import print_json
from monitor.control.selection import EpisodeKind, EpisodeLevel, choose
from monitor.problems import ConfigurationProblem, UsageProblem

if TYPE_CHECKING:
    from monitor.control.episodes import Episode
    from monitor.control.simulation import SignalSimulation

__all__ = ["app"]

DIFFERENT = 1
RESET_CAVEAT = (
    "Evidence begins anew after every real alarm. So nobody knows how far it would have grown beyond a real "
    "alarm that the other threshold would not have raised, and alarms after a reset that only one of both "
    "thresholds makes are no more than likely."
)

app = typer.Typer(
    help=(
        "Look into drifts: what moved, what was done, whether it helped.\n\n"
        "Evidence against 'nothing has changed' is gathered record by record. Near its threshold an episode "
        "begins: alarm, diagnosis, decision, test, outcome. All of it is in the journal and, so that nobody "
        "can change it unseen, in audit.jsonl beside it."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder, or its journal file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("events")
def events(
    run: Run,
    kind: Annotated[
        EpisodeKind | None, typer.Option("--kind", help="Only those with this diagnosis: what changed.")
    ] = None,
    level: Annotated[
        EpisodeLevel, typer.Option("--level", help="warning: also those that never became an alarm.")
    ] = EpisodeLevel.DRIFT,
    since: Annotated[
        int, typer.Option("--since", min=0, metavar="RECORD", help="Only those seen at this record or later.")
    ] = 0,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Only the newest so many.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the episodes: when, what moved, diagnosis, action, outcome.

    An episode begins with the first warning or alarm after a calm time and ends when the controller rests.
    Mere warnings are counted, not listed, unless --level warning asks for them.

    For example:

    * hmoe drift events runs/elec

    * hmoe drift events runs/elec --kind global --since 100000 --limit 20
    """
    found, hidden = choose(_episodes(run), kind, level, since, limit)
    if as_json:
        print_json({"episodes": [asdict(episode) for episode in found], "hidden_warnings": hidden})
        return
    if found:
        _print_episodes(found)
        print(f"\nmore about one: hmoe drift explain {run} {found[-1].number}")
    elif hidden or kind or since:
        print("no such episodes")
    else:
        print("no episodes: nothing came near a threshold, or the run watches no evidence")
    if hidden:
        count = "1 warning" if hidden == 1 else f"{hidden:,} warnings"
        print(f"{count} that never became an alarm not shown: --level warning shows them")


@app.command("explain")
def explain(
    run: Run,
    number: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, help="The episode; the newest by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell one episode in words: what moved, since when, how sure, why it was decided so, and did it help.

    For example:

    * hmoe drift explain runs/elec

    * hmoe drift explain runs/elec 3
    """
    from monitor.control.explanation import explain as put_into_words

    found = {episode.number: episode for episode in _episodes(run)}
    if not found:
        raise ConfigurationProblem(
            f"{run} has no episodes: nothing came near a threshold, so nothing to explain"
        )
    chosen = max(found) if number is None else number
    if chosen not in found:
        known = f"{min(found)} to {max(found)}"
        raise UsageProblem(f"{run} has no episode {chosen}, only {known}: see hmoe drift events {run}")
    metric, is_share, window = _metric(run)
    answers = put_into_words(found[chosen], metric, is_share, window)
    if as_json:
        print_json({"episode": asdict(found[chosen]), "in_words": answers})
        return
    print(f"episode {chosen}")
    for question, sentences in answers.items():
        print(f"\n{question}:")
        print("\n".join(f"  {sentence}" for sentence in sentences))


@app.command("simulate")
def simulate(
    run: Run,
    arl: Annotated[
        float,
        typer.Option(
            "--threshold",
            min=1.0,
            metavar="ARL",
            help="Records to a false alarm, on average at least, on a stream that never changes.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Ask the recorded evidence: with another threshold, what would have fired when?

    A larger ARL means fewer false alarms and later true ones. Each signal is taken by itself. Where records
    or losses depend on each other, the threshold in force is above ln(ARL) and moves with the reference: an
    ARL that seems large may then be less strict than what ran.

    Example: hmoe drift simulate runs/elec --threshold 100000
    """
    if not math.isfinite(arl):
        raise UsageProblem(f"--threshold: got {arl}; give a number of records")
    from monitor.control.simulation import simulate as ask
    from monitor.journal.reader import JournalReader

    with JournalReader(find_journal(run)) as reader:
        evidence = reader.evidence()
        interval = reader.meta().get("interval_records", "250")
    found = ask(evidence, arl)
    caveats = [RESET_CAVEAT, f"Times are exact to the reporting interval of {interval} records."]
    if as_json:
        signals = [asdict(signal) for signal in found]
        print_json({"arl": arl, "threshold_nats": math.log(arl), "signals": signals, "caveats": caveats})
        return
    print(
        f"threshold {math.log(arl):.2f} nats, a false alarm in {arl:,.0f} records on average or more rarely\n"
    )
    for signal in found:
        print(_in_words(signal))
    if not found:
        print("no evidence in this journal: no signal with a threshold was watched\n")
    print("\n".join(caveats))


@app.command("replay")
def replay(
    run: Run,
    full: Annotated[
        bool, typer.Option("--full", help="Also repeat the whole run and compare the audits line by line.")
    ] = False,
    moved_to: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="With --full: where the input is now, if it was moved."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make sure that the audit is whole and that its decisions follow from what was seen.

    The hash chain is checked, then the controller decides again on every recorded moment. With --full the run
    is repeated from its input in a temporary folder, up to the last record that was saved.

    Exit codes: 0 the same; 1 different, and the first difference is told.

    Example: hmoe drift replay runs/elec --full
    """
    from monitor.control.audit_replay import audit_lines, compare_lines
    from monitor.control.audit_replay import replay as decide_again

    if moved_to is not None and not full:
        raise UsageProblem("--input says where the input is for --full: give both, or neither")
    journal = find_journal(run)
    lines = audit_lines(journal.with_name("audit.jsonl"))
    outcome = decide_again(lines)
    difference, records = outcome.difference or _cut_off(journal, lines), None
    if full and not difference:
        from monitor.commands.output import choose_view
        from monitor.control.run_again import run_again

        records, again = run_again(journal, moved_to, choose_view("the same run again", as_json, as_json))
        difference = compare_lines(_up_to(lines, records), _up_to(again, records))
    if as_json:
        counts = {"lines": outcome.lines, "watched": outcome.watched, "decisions": outcome.decisions}
        told = {"repeated_records": records, "difference": difference or None}
        print_json({"same": not difference, **counts, **told})
    elif difference:
        print(f"different: {difference}")
    else:
        found = f"{outcome.decisions:,} decisions follow from {outcome.watched:,} moments"
        print(f"the same: {outcome.lines:,} lines, the chain is whole, {found}")
        if records is not None:
            print(f"all of them came again when the first {records:,} records were repeated")
    if difference:
        raise typer.Exit(DIFFERENT)


def _print_episodes(found: Sequence[Episode]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "id", "record", "what moved", "diagnosis", "action", "outcome", box=None, header_style="bold"
    )
    for episode in found:
        when = f"{episode.alarm if episode.alarm is not None else episode.begin:,}"
        cells = [", ".join(episode.signals) or "-", episode.diagnosis or "-", episode.action, episode.outcome]
        table.add_row(str(episode.number), when, *cells)
    Console().print(table)


def _episodes(run: Path) -> list[Episode]:
    from monitor.control.episodes import episodes_of
    from monitor.journal.reader import JournalReader
    from monitor.journal.schema import EventKind

    with JournalReader(find_journal(run)) as reader:
        happened = reader.events([EventKind.DECISION, EventKind.DRIFT])
        return episodes_of(happened, reader.intervals(), reader.evidence())


def _metric(run: Path) -> tuple[str, bool, int]:
    """Name of the metric, whether it is a share, and records of its window."""
    from monitor.journal.reader import JournalReader

    with JournalReader(find_journal(run)) as reader:
        meta = reader.meta()
    window = int(meta.get("interval_records", 250)) * int(meta.get("window_intervals", 4))
    return meta.get("metric", "accuracy"), meta.get("task", "classification") == "classification", window


def _up_to(lines: list[str], records: int) -> list[str]:
    import json

    return [line for line in lines if json.loads(line)["record"] <= records]


def _in_words(found: SignalSimulation) -> str:
    threshold = found.recorded_threshold_nats
    lines = [f"{found.signal} (threshold was {'-' if threshold is None else f'{threshold:.2f}'} nats)"]
    for title, alarms in (
        ("fired at", found.recorded),
        ("would have fired at", tuple(alarm for alarm in found.alarms if alarm.is_certain)),
        ("likely at", tuple(alarm for alarm in found.alarms if not alarm.is_certain)),
        ("not known at", found.unknown),
    ):
        records: list[Any] = [f"{alarm.record:,}" for alarm in alarms]
        if records or title in ("fired at", "would have fired at"):
            lines.append(f"  {title:<20} {', '.join(records) or 'never'}")
    return "\n".join([*lines, ""])


def _cut_off(journal: Path, lines: Sequence[str]) -> str:
    """What the audit lacks of the decisions that the journal tells of, up to the last checkpoint."""
    from monitor.journal.reader import JournalReader
    from monitor.journal.schema import EventKind

    with JournalReader(journal) as reader:
        saved = reader.events([EventKind.CHECKPOINT])["record"].max()
        records = reader.events([EventKind.DECISION])["record"]
    told = int((records <= saved).sum())
    entries = (json.loads(line) for line in lines)
    held = sum(entry["kind"] == "decided" and entry["record"] <= saved for entry in entries)
    return (
        f"the journal tells of {told} decisions, the audit of {held}: it was cut off" if held < told else ""
    )
