"""Every metric that the service exposes: names, labels and units are public, and a test freezes them."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["CATALOGUE", "CatalogueEntry", "Kind", "catalogue_page", "find"]


class Kind(enum.StrEnum):
    """What a metric is to Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One metric.

    Args:
        name: as exposed; a histogram has ``_bucket``, ``_sum`` and ``_count`` besides.
        kind: what it is to Prometheus.
        labels: names of its labels, in order.
        unit: what a value counts.
        meaning: what it says, in a sentence without a full stop.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    unit: str
    meaning: str

    @property
    def series_names(self) -> tuple[str, ...]:
        """The names under which samples of it are scraped."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


_Row = tuple[str, Kind, str, str, str]
_C, _G, _H = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM

_ROWS: Mapping[str, tuple[_Row, ...]] = {
    "Records and labels": (
        ("hmoe_events_received_total", _C, "", "records", "records received"),
        (
            "hmoe_events_total", _C, "outcome", "records",
            "records dealt with, by what became of them: `learned`, `held_back` (scored while "
            "frozen), `expired` "
            "(no label in time), `rejected` (could not be used), `duplicate`",
        ),
        ("hmoe_pending_labels", _G, "", "records", "records that wait for their labels"),
        (
            "hmoe_account_records", _G, "outcome", "records",
            "the same outcomes and `pending`, since the stream first began, whatever restarted in between; "
            "they add up to `hmoe_account_received_records` at every moment",
        ),
        ("hmoe_account_received_records", _G, "", "records", "records received since the stream first began"),
        ("hmoe_labels_received_total", _C, "", "labels", "labels that came by themselves"),
        (
            "hmoe_labels_total", _C, "outcome", "labels",
            "labels dealt with: `joined`, `duplicate`, `corrected` (said otherwise too late), "
            "`unmatched` (no "
            "record waited for it), `rejected`",
        ),
        ("hmoe_labels_waiting", _G, "", "labels", "labels that came before their records and wait for them"),
        (
            "hmoe_event_duration_seconds", _H, "", "seconds",
            "time from the arrival of an event here to what became of it",
        ),
        (
            "hmoe_end_to_end_latency_seconds", _H, "", "seconds",
            "time from when a record or a label says that it happened (or its log, where it does not say) to "
            "what became of it; none for files",
        ),
        ("hmoe_label_delay_seconds", _H, "", "seconds", "time by which labels came after their records"),
        (
            "hmoe_last_event_timestamp_seconds", _G, "", "Unix time",
            "when the last record was dealt with; 0 before the first",
        ),
        (
            "hmoe_consumer_lag_records", _G, "log", "messages",
            "messages that wait in the source, by log (topic and partition); at most 64 logs, the "
            "rest is `other`",
        ),
        (
            "hmoe_skipped_records_total", _C, "", "messages",
            "messages that were gone from their log before they could be read",
        ),
        (
            "hmoe_dlq_records_total", _C, "reason", "messages",
            "messages that could not be used, by kind of reason; at most 32 kinds, the rest is `other`",
        ),
    ),
    "Quality": (
        (
            "hmoe_loss", _G, "window", "nats",
            "running mean of the loss, made before learning: `fast` forgets half in 1,000 "
            "records, `slow` in 20,000",
        ),
        (
            "hmoe_metric", _G, "name", "ratio or target units",
            "over the last window (four intervals): `accuracy` (0 to 1), or `absolute_error` in "
            "units of the target",
        ),
        (
            "hmoe_errors_avoided", _G, "", "errors",
            "errors (regression: scaled absolute errors, at most 1 each) that a copy which "
            "stopped learning would "
            "have made more, reckoned from an even sample; below 0 when the copy would have been better",
        ),
    ),
    "Gates and experts": (
        (
            "hmoe_gate_assignment_ratio", _G, "group expert", "ratio",
            "mean gate weight of an expert in the last interval; all of a stream add up to 1. The "
            "64 largest have "
            "series of their own, the rest of each group is `other`; experts that are gone have none",
        ),
        (
            "hmoe_gate_entropy_ratio", _G, "", "ratio",
            "exp(entropy of these mean weights) / experts: 1 when all do the same work, near 0 "
            "when one does all",
        ),
        (
            "hmoe_gate_entropy_nats", _G, "", "nats",
            "mean over the records of the entropy of their gate weights: how sure the gates are "
            "of one record",
        ),
        ("hmoe_experts", _G, "level", "experts", "live experts (`expert`) and groups of them (`group`)"),
        (
            "hmoe_dead_experts", _G, "", "experts",
            "experts with less than a hundredth of an even share of the gate weight in the last interval",
        ),
    ),
    "Drift and control": (
        (
            "hmoe_drift_score", _G, "signal", "nats",
            "log-evidence that a watched signal has changed; it has memory",
        ),
        (
            "hmoe_drift_threshold", _G, "signal", "nats",
            "log-evidence at which it is an alarm: the logarithm of the wanted records to a false alarm",
        ),
        (
            "hmoe_drift_level", _G, "signal", "level",
            "0 stable, 1 warning, 2 drift: the highest in the last interval",
        ),
        ("hmoe_drift_detections_total", _C, "signal", "drifts", "drifts seen"),
        (
            "hmoe_controller_phase", _G, "phase", "",
            "1 for the phase that the controller is in, 0 for the others",
        ),
        ("hmoe_challenges_total", _C, "", "challenges", "times that challengers were trained"),
        (
            "hmoe_adaptations_total", _C, "action result", "actions",
            "actions of the controller that ended: `challenge` with `promoted` or `dropped`; `roll_back`, "
            "`rereference` and `hold` with `done`",
        ),
        (
            "hmoe_adaptation_in_progress", _G, "", "",
            "1 while challengers are tested or an action is carried out, else 0",
        ),
        (
            "hmoe_challenger_advantage", _G, "plan", "loss a record",
            "mean loss of the model minus that of a challenger, over the records of its paired test so "
            "far; above 0 the challenger is better. Losses lie between 0 and 1: log-loss cut at 4 nats, or "
            "absolute error cut at 3 deviations of the target. Absent while none is under test",
        ),
        (
            "hmoe_challenger_records_total", _C, "", "records",
            "records that challengers and former champions learned: what control cost",
        ),
        ("hmoe_frozen", _G, "", "", "1 while the model predicts and scores but does not learn, else 0"),
        (
            "hmoe_stream_halted", _G, "reason", "",
            "1 for the kind of reason for which the stream stands still, 0 for the others",
        ),
    ),
    "Checkpoints": (
        (
            "hmoe_checkpoint_timestamp_seconds", _G, "", "Unix time",
            "when the newest checkpoint was made; 0 before the first",
        ),
        ("hmoe_checkpoint_records", _G, "", "records", "records that the newest checkpoint covers"),
        ("hmoe_checkpoint_duration_seconds", _G, "", "seconds", "what the newest checkpoint took"),
        ("hmoe_checkpoint_bytes", _G, "", "bytes", "its size"),
        ("hmoe_checkpoint_failures_total", _C, "", "checkpoints", "checkpoints that could not be written"),
    ),
    "Streams": (
        ("hmoe_stream_info", _G, "task", "", "1; what the stream predicts: classification or regression"),
    ),
}  # fmt: skip

_PROCESS: tuple[_Row, ...] = (
    ("hmoe_build_info", _G, "version python", "", "1; version of the package and of Python"),
    ("hmoe_config_hash_info", _G, "hash", "", "1; hash of the configuration in use"),
    ("hmoe_disk_free_bytes", _G, "", "bytes", "what this process may still write where its state is kept"),
    ("process_cpu_seconds_total", _C, "", "seconds", "processor time used"),
    ("process_resident_memory_bytes", _G, "", "bytes", "resident memory"),
    ("process_virtual_memory_bytes", _G, "", "bytes", "virtual memory"),
    ("process_start_time_seconds", _G, "", "Unix time", "when the process started"),
    ("process_open_fds", _G, "", "files", "open file descriptors"),
    ("process_max_fds", _G, "", "files", "how many it may open"),
)


def _entries(rows: tuple[_Row, ...], *first: str) -> tuple[CatalogueEntry, ...]:
    return tuple(
        CatalogueEntry(name, kind, (*first, *labels.split()), unit, meaning)
        for name, kind, labels, unit, meaning in rows
    )


SECTIONS: Mapping[str, tuple[CatalogueEntry, ...]] = {
    **{title: _entries(rows, "stream") for title, rows in _ROWS.items()},
    "Process": _entries(_PROCESS),
}
CATALOGUE: tuple[CatalogueEntry, ...] = tuple(entry for entries in SECTIONS.values() for entry in entries)
_BY_NAME = {entry.name: entry for entry in CATALOGUE}

_INTRODUCTION = """\
# Metrics

The service serves these under `/metrics`; `hmoe run --input` and `hmoe demo` at the address that they print.
Names, labels and units are public: a test compares them with a real scrape. `hmoe metrics` prints this page.

Each stream of a process has its own series, told apart by the label `stream`. Counters count since the
process started, so that `rate()` and `increase()` are right after a restart from a checkpoint too; what is
to add up over the whole life of a stream is a gauge (`hmoe_account_*`). Means are over the last reporting
interval (250 records). Values that need an interval are absent until the first one has closed, those of the
controller until it was heard of, and those of labels where every record brings its own.
"""


def find(name: str) -> CatalogueEntry:
    """The entry of a metric.

    Raises:
        KeyError: the catalogue has no such metric.
    """
    return _BY_NAME[name]


def catalogue_page() -> str:
    """The catalogue as Markdown: docs/metrics.md."""
    return "\n".join([_INTRODUCTION, *_lines()])


def _lines() -> Iterator[str]:
    for title, entries in SECTIONS.items():
        yield f"## {title}\n"
        yield "| metric | type | labels | unit | meaning |"
        yield "|---|---|---|---|---|"
        for entry in entries:
            labels = ", ".join(f"`{label}`" for label in entry.labels)
            yield f"| `{entry.name}` | {entry.kind} | {labels} | {entry.unit} | {entry.meaning} |"
        yield ""
