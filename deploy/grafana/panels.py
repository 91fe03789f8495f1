"""What the Grafana dashboards show, as data: every question with its query."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["ANNOTATIONS", "DASHBOARDS", "Annotation", "Board", "Needs", "Panel", "Query", "Row", "View"]


class Needs(enum.StrEnum):
    """What must be there before a query has data; empty for nothing but a run under way."""

    NOTHING = ""
    SERVICE = "the service with a log as its source"
    LABELS = "labels that come later"
    BAD_MESSAGES = "messages that could not be used"
    CHALLENGERS = "challengers under test"


class View(enum.StrEnum):
    """How a panel is drawn."""

    LINES = "lines"
    STACK = "stack"
    NUMBER = "number"
    STATES = "states"


@dataclass(frozen=True)
class Query:
    """A line, or some, of a panel.

    Args:
        expr: PromQL with Grafana's variables.
        legend: name of each line.
        needs: what must be there.
    """

    expr: str
    legend: str = ""
    needs: Needs = Needs.NOTHING


@dataclass(frozen=True)
class Panel:
    """A picture that answers one question.

    Args:
        title: what is seen.
        help: how to read it.
        unit: Grafana's name of the unit.
        queries: what is drawn.
        view: how.
        width: of 24 columns.
    """

    title: str
    help: str
    unit: str
    queries: tuple[Query, ...]
    view: View = View.LINES
    width: int = 12

    @property
    def description(self) -> str:
        """How to read it, and what must be there."""
        needs = dict.fromkeys(query.needs.value for query in self.queries if query.needs)
        return " ".join([self.help, *(f"Empty without {need}." for need in needs)])


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Annotation:
    """Marks over all panels of a dashboard where an expression is above 0."""

    name: str
    expr: str
    color: str


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    is_of_stream: bool


S = 'stream="$stream"'
OF = 'job="hmoe",instance=~"$instance"'  # of the process, whatever it learns
RATE = "[$__rate_interval]"

ANNOTATIONS = (
    Annotation("Drifts", f"sum by (signal) (increase(hmoe_drift_detections_total{{{S}}}[1m])) > 0", "orange"),
    Annotation(
        "Decisions",
        f"sum by (action, result) (increase(hmoe_adaptations_total{{{S}}}[1m])) > 0",
        "blue",
    ),
    Annotation("Halts", f"max by (reason) (hmoe_stream_halted{{{S}}}) > 0", "red"),
)

STATE = Row("How it stands", (
    Panel("Alerts firing", "Alerts of this stream, all severities; the runbooks say what to do.", "short",
          (Query(f'count(ALERTS{{alertstate="firing",{S}}}) or vector(0)'),), View.NUMBER, 4),
    Panel("Stands still", "1 when the stream has halted until somebody decides.", "short",
          (Query(f"max(hmoe_stream_halted{{{S}}})"),), View.NUMBER, 4),
    Panel("Records a second", "Records received, over the last minutes.", "short",
          (Query(f"sum(rate(hmoe_events_received_total{{{S}}}{RATE}))"),), View.NUMBER, 4),
    Panel("Metric", "Accuracy (0 to 1), or mean absolute error, over the last window.", "none",
          (Query(f"max by (name) (hmoe_metric{{{S}}})", "{{name}}"),), View.NUMBER, 4),
    Panel("Loss above usual", "Above 0 it predicts worse than in the last six hours.", "none",
          (Query(f"max(stream:hmoe_loss:rise{{{S}}})"),), View.NUMBER, 4),
    Panel("Age of the checkpoint", "What a crash would do again.", "s",
          (Query(f"time() - max(hmoe_checkpoint_timestamp_seconds{{{S}}})"),), View.NUMBER, 4),
))  # fmt: skip

QUALITY = Row("How good it is", (
    Panel("Loss", "Made before learning. Usual is the slow mean of the last six hours.", "none",
          (Query(f"max by (window) (hmoe_loss{{{S}}})", "{{window}}"),
           Query(f"max(stream:hmoe_loss:usual6h{{{S}}})", "usual"))),
    Panel("Metric of the window", "Accuracy (0 to 1), or mean absolute error in units of the target.", "none",
          (Query(f"max by (name) (hmoe_metric{{{S}}})", "{{name}}"),)),
))  # fmt: skip

GATES = Row("Who does the work", (
    Panel("Shares of the groups", "Mean gate weight of each group; together they are 1.", "percentunit",
          (Query(f"sum by (group) (hmoe_gate_assignment_ratio{{{S}}})", "{{group}}"),), View.STACK),
    Panel("Ten busiest experts", "Mean gate weight.", "percentunit",
          (Query(f"topk(10, hmoe_gate_assignment_ratio{{{S}}})", "{{group}} {{expert}}"),)),
    Panel("Experts", "In effect: how many equal experts would spread the work as evenly.", "short",
          (Query(f"max by (level) (hmoe_experts{{{S}}})", "{{level}}s"),
           Query(f"max(stream:hmoe_gate_experts:effective{{{S}}})", "in effect"),
           Query(f"max(hmoe_dead_experts{{{S}}})", "without work"))),
    Panel("Entropy of the gates", "Mean over the records, nats: 0 when the gates are sure.", "none",
          (Query(f"max(hmoe_gate_entropy_nats{{{S}}})", "entropy"),)),
))  # fmt: skip

DRIFT = Row("What changed, and what was done", (
    Panel("Evidence against threshold", "At its threshold a signal raises its alarm; it has memory.", "none",
          (Query(f"max by (signal) (hmoe_drift_score{{{S}}})", "{{signal}}"),
           Query(f"max by (signal) (hmoe_drift_threshold{{{S}}})", "threshold {{signal}}"))),
    Panel("Drifts in an hour", "Alarms by signal.", "short",
          (Query(f"sum by (signal) (increase(hmoe_drift_detections_total{{{S}}}[1h]))", "{{signal}}"),)),
    Panel("Phase of the controller", "What it is doing.", "short",
          (Query(f"max by (phase) (hmoe_controller_phase{{{S}}}) > 0", "{{phase}}"),), View.STATES),
    Panel("Challenges and outcomes in an hour", "Tests of challengers, rollbacks, new references.", "short",
          (Query(f"sum(increase(hmoe_challenges_total{{{S}}}[1h]))", "begun"),
           Query(f"sum by (action, result) (increase(hmoe_adaptations_total{{{S}}}[1h]))",
                 "{{action}} {{result}}"))),
    Panel("Advantage of challengers", "Mean loss of the model minus theirs: above 0 they are better.", "none",
          (Query(f"max by (plan) (hmoe_challenger_advantage{{{S}}})", "{{plan}}", Needs.CHALLENGERS),)),
    Panel("Errors avoided", "Against a copy of the model that never learned again.", "short",
          (Query(f"max(hmoe_errors_avoided{{{S}}})", "errors avoided"),)),
    Panel("Cost of control", "Records a second that challengers and former champions learn.", "short",
          (Query(f"sum(rate(hmoe_challenger_records_total{{{S}}}{RATE}))", "records"),)),
))  # fmt: skip

RECORDS = Row("Where records and labels went", (
    Panel("Records by outcome", "A second.", "short",
          (Query(f"sum by (outcome) (rate(hmoe_events_total{{{S}}}{RATE}))", "{{outcome}}"),), View.STACK),
    Panel("Labels by outcome", "A second.", "short",
          (Query(f"sum by (outcome) (rate(hmoe_labels_total{{{S}}}{RATE}))", "{{outcome}}", Needs.LABELS),),
          View.STACK),
    Panel("Waiting", "Records without label, labels without record, messages in the source.", "short",
          (Query(f"max(hmoe_pending_labels{{{S}}})", "records"),
           Query(f"max(hmoe_labels_waiting{{{S}}})", "labels", Needs.LABELS),
           Query(f"sum by (log) (hmoe_consumer_lag_records{{{S}}})", "{{log}}", Needs.SERVICE))),
    Panel("Delay of labels", "Half of the labels come within the first line.", "s",
          (Query("histogram_quantile(0.5, sum by (le) "
                 f"(rate(hmoe_label_delay_seconds_bucket{{{S}}}{RATE})))", "half", Needs.LABELS),
           Query("histogram_quantile(0.95, sum by (le) "
                 f"(rate(hmoe_label_delay_seconds_bucket{{{S}}}{RATE})))", "95%", Needs.LABELS))),
    Panel("Dead letters", "Messages a second that could not be used, by kind of reason.", "short",
          (Query(f"sum by (reason) (rate(hmoe_dlq_records_total{{{S}}}{RATE}))", "{{reason}}",
                 Needs.BAD_MESSAGES),)),
    Panel("Share that could not be used", "The error budget, 1%, is for the long run.", "percentunit",
          (Query(f"max(stream:hmoe_event_errors:ratio_rate5m{{{S}}})", "5 minutes"),
           Query(f"max(stream:hmoe_event_errors:ratio_rate1h{{{S}}})", "1 hour"))),
))  # fmt: skip

SYSTEM = Row("The machine", (
    Panel("Time of an event", "From its arrival here to what became of it.", "s",
          (Query("histogram_quantile(0.5, sum by (le) "
                 f"(rate(hmoe_event_duration_seconds_bucket{{{S}}}{RATE})))", "half", Needs.SERVICE),
           Query("histogram_quantile(0.99, sum by (le) "
                 f"(rate(hmoe_event_duration_seconds_bucket{{{S}}}{RATE})))", "99%", Needs.SERVICE))),
    Panel("Age of an event", "From when it happened, as it says itself, to what became of it.", "s",
          (Query("histogram_quantile(0.5, sum by (le) "
                 f"(rate(hmoe_end_to_end_latency_seconds_bucket{{{S}}}{RATE})))", "half", Needs.SERVICE),
           Query("histogram_quantile(0.99, sum by (le) "
                 f"(rate(hmoe_end_to_end_latency_seconds_bucket{{{S}}}{RATE})))", "99%", Needs.SERVICE))),
    Panel("Checkpoints", "What the newest took, and its size.", "short",
          (Query(f"max(hmoe_checkpoint_duration_seconds{{{S}}})", "seconds"),
           Query(f"max(hmoe_checkpoint_bytes{{{S}}}) / 2^20", "MiB"),
           Query(f"sum(increase(hmoe_checkpoint_failures_total{{{S}}}[1h]))", "failures in an hour"))),
    Panel("Memory", "Resident.", "bytes",
          (Query(f"process_resident_memory_bytes{{{OF}}}", "{{instance}}"),)),
    Panel("Processor", "Cores in use.", "short",
          (Query(f"rate(process_cpu_seconds_total{{{OF}}}{RATE})", "{{instance}}"),)),
    Panel("Free disk", "Where the state is kept.", "bytes",
          (Query(f"hmoe_disk_free_bytes{{{OF}}}", "{{instance}}"),)),
    Panel("Open files", "Out of those that may be open.", "short",
          (Query(f"process_open_fds{{{OF}}}", "{{instance}}"),)),
))  # fmt: skip

ALL_STREAMS = Row("All streams", (
    Panel("Alerts firing", "By name; the runbooks say what to do.", "short",
          (Query('count by (alertname, stream) (ALERTS{alertstate="firing",severity!="none"}) or vector(0)',
                 "{{stream}} {{alertname}}"),), width=24),
    Panel("Records a second", "Received.", "short",
          (Query(f"sum by (stream) (rate(hmoe_events_received_total{RATE}))", "{{stream}}"),)),
    Panel("Loss above usual", "Above 0 a stream is predicted worse than in the last six hours.", "none",
          (Query("max by (stream) (stream:hmoe_loss:rise)", "{{stream}}"),)),
    Panel("Drifts in an hour", "All signals of a stream together.", "short",
          (Query("sum by (stream) (increase(hmoe_drift_detections_total[1h]))", "{{stream}}"),)),
    Panel("Messages waiting", "In the source.", "short",
          (Query("sum by (stream) (stream:hmoe_consumer_lag_records:sum)", "{{stream}}", Needs.SERVICE),)),
    Panel("Age of the checkpoint", "What a crash would do again.", "s",
          (Query("time() - max by (stream) (hmoe_checkpoint_timestamp_seconds)", "{{stream}}"),)),
    Panel("Workers", "1 while a worker answers.", "short", (Query('up{job="hmoe"}', "{{instance}}"),)),
))  # fmt: skip

DASHBOARDS = (
    Board(
        "hmoe-stream", "stream-hmoe: one stream", "What happens to one stream, and why.",
        (STATE, QUALITY, GATES, DRIFT, RECORDS, SYSTEM), is_of_stream=True,
    ),
    Board(
        "hmoe-streams", "stream-hmoe: all streams", "Which stream needs a look.", (ALL_STREAMS,),
        is_of_stream=False,
    ),
)  # fmt: skip
