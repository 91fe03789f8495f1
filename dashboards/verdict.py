"""How the run is doing, in one word and one sentence, and how old the data are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from dashboards.data.snapshot import Snapshot
from dashboards.states import LEVEL_DRIFT, Episode, Judged, State, judge
from dashboards.words import Metric, age, count
from stream_hmoe.events import Phase

__all__ = ["Freshness", "Verdict", "freshness", "verdict"]

STALE_SECONDS = 10.0

# At rest and during the cool-down the metric decides.
_STATE_OF: Mapping[Phase, State] = {
    Phase.WARN: State.WATCHING,
    Phase.ALARM: State.DRIFTING,
    Phase.DIAGNOSE: State.DRIFTING,
    Phase.SHADOW: State.ADAPTING,
    Phase.PROMOTE: State.ADAPTING,
    Phase.DROP: State.ADAPTING,
    Phase.ROLL_BACK: State.ADAPTING,
    Phase.HELD: State.HELD,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "is it healthy?".

    Args:
        state: in one word.
        since: since when; empty while waiting.
        sentence: why.
    """

    state: State
    since: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the newest data are.

    Args:
        seconds: their age.
        is_stale: older than they should be while the run goes on.
        is_ended: the run said that it ended.
    """

    seconds: float
    is_stale: bool
    is_ended: bool

    @property
    def text(self) -> str:
        """What the age badge says."""
        if self.is_ended:
            return f"run ended {age(self.seconds)} ago"
        return (
            f"stale: newest data {age(self.seconds)} old"
            if self.is_stale
            else f"data {age(self.seconds)} old"
        )


def freshness(snapshot: Snapshot, now_seconds: float) -> Freshness:
    """How old the newest data are; a slow stream is not stale before three of its own intervals."""
    times = snapshot.recent["time_seconds"].tail(11).tolist()
    usual = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0
    updated = times[-1] if times else float(snapshot.meta.get("updated_seconds", now_seconds))
    if not snapshot.flow.empty:
        # The process says that it lives also while no record comes.
        updated = max(updated, float(snapshot.flow["time_seconds"].iloc[-1]))
    seconds = max(0.0, now_seconds - updated)
    is_ended = not snapshot.is_running
    return Freshness(seconds, not is_ended and seconds > max(STALE_SECONDS, 3.0 * usual), is_ended)


def verdict(snapshot: Snapshot, fresh: Freshness) -> Verdict:
    """Judge the newest interval of a snapshot."""
    if snapshot.halted:
        since = f"at record {count(snapshot.flow['record'].iloc[-1])}"
        return Verdict(State.HALTED, since, f"The stream stands still: {snapshot.halted}")
    if snapshot.recent.empty:
        return Verdict(
            State.WAITING, "", f"The first figures appear after {count(snapshot.interval_records)} records."
        )
    said = _controlled(snapshot) or _judged(snapshot)
    if fresh.is_stale:
        sentence = (
            f"Nothing new for {age(fresh.seconds)}: the run was stopped hard, or its source sends nothing. "
            f"Until then it was {said.state.value.lower()} {said.since}."
        )
        return Verdict(State.STALE, f"since record {count(snapshot.recent['record'].iloc[-1])}", sentence)
    return said


def _controlled(snapshot: Snapshot) -> Verdict | None:
    """What the controller is doing; None when it is at rest, or there is none."""
    state, step = None if snapshot.phase is None else _STATE_OF.get(snapshot.phase), snapshot.step
    if state is None or step is None:
        return None
    sentence = f"{_begun(step.sentence)}. {_recently(snapshot)}."
    return Verdict(state, f"since record {count(step.record)}", sentence)


def _judged(snapshot: Snapshot) -> Verdict:
    """What levels and metric say."""
    judged = judge(snapshot.recent, snapshot.metric)
    state, since = judged[-1].state, _since(judged, snapshot.history)
    sentence = _sentence(snapshot, state, judged[-1].episode)
    if snapshot.phase is Phase.COOL_DOWN and snapshot.step is not None:
        state = State.ADAPTING if state is State.DRIFTING else state
        sentence = f"{_begun(snapshot.step.sentence)}. {sentence}"
    return Verdict(state, since, sentence)


def _since(judged: Sequence[Judged], events: pd.DataFrame) -> str:
    """Where the run of equal states at the end began."""
    start = len(judged) - 1
    while start > 0 and judged[start - 1].state is judged[-1].state:
        start -= 1
    begin = judged[start].begin
    if start == 0:
        return "since the start" if begin <= 0 else f"since record {count(begin)} or earlier"
    if judged[-1].state is State.DRIFTING:
        begin = min((r for r in _drifts(events)["record"].tolist() if r >= begin), default=begin)
    return f"since record {count(begin)}"


def _sentence(snapshot: Snapshot, state: State, episode: Episode | None) -> str:
    metric: Metric = snapshot.metric
    newest, recent = snapshot.recent.iloc[-1], _recently(snapshot)
    baseline = None if episode is None else episode.baseline
    before = "" if baseline is None else f"; before the drift it was {metric.write(baseline)}"
    match state:
        case State.DRIFTING:
            return f"{_signals(snapshot.history, episode)} moved. {recent}{before}."
        case State.ADAPTING:
            return f"The signals are calm again, the model is still catching up. {recent}{before}."
        case State.WATCHING:
            return f"A watched signal is at its warning level. {recent}."
        case State.DEGRADED:
            running = metric.write(newest["metric"])
            return f"{recent}, far from {running} since the start, and no watched signal shows drift."
        case _:
            return (
                f"{recent}, {metric.write(newest['metric'])} since the start. No watched signal shows drift."
            )


def _signals(events: pd.DataFrame, episode: Episode | None) -> str:
    """The signals that moved in this episode, in the order in which they did."""
    drifts = _drifts(events)
    if episode is not None:
        drifts = drifts[drifts["record"] >= episode.record]
    names = list(dict.fromkeys(drifts["signal"].tolist())) or ["a watched signal"]
    if len(names) > 3:
        names = [*names[:2], f"{len(names) - 2} other signals"]
    text = " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    return _begun(text)


def _recently(snapshot: Snapshot) -> str:
    value = snapshot.metric.write(snapshot.recent.iloc[-1]["metric_window"])
    return f"{snapshot.metric.title} of the last {count(snapshot.window_records)} records is {value}"


def _begun(sentence: str) -> str:
    """With a capital."""
    return sentence[:1].upper() + sentence[1:]


def _drifts(events: pd.DataFrame) -> pd.DataFrame:
    return events[(events["kind"] == "drift") & (events["level"] >= LEVEL_DRIFT)]
