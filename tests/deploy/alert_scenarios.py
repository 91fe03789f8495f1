"""For every alert: series on which it must fire, and series on which it must be quiet.

Values are in promtool's notation: ``0+10x60`` is 0, then 60 times 10 more; ``_`` is no sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["RESTART", "SCENARIOS", "Scenario"]

Series = dict[str, str]

RECEIVED = "hmoe_events_received_total"
LEARNED = 'hmoe_events_total{outcome="learned"}'
REJECTED = 'hmoe_events_total{outcome="rejected"}'
EXPIRED = 'hmoe_events_total{outcome="expired"}'
LAG = 'hmoe_consumer_lag_records{log="payments/0"}'
DRIFTS = 'hmoe_drift_detections_total{signal="gate shares"}'
FAST, SLOW = 'hmoe_loss{window="fast"}', 'hmoe_loss{window="slow"}'
PROMOTED = 'hmoe_adaptations_total{action="challenge",result="promoted"}'
DROPPED = 'hmoe_adaptations_total{action="challenge",result="dropped"}'
ROLLED_BACK = 'hmoe_adaptations_total{action="roll_back",result="done"}'
DEAD = 'hmoe_dlq_records_total{reason="not JSON"}'
ON = "stream payments on worker:8080"

# A worker dies, a scrape is missed, its successor counts from 0 and catches up.
RESTART: Series = {
    "up": "1x30 0 1x60",
    RECEIVED: "0+60x30 _ 0+60x60",
    LEARNED: "0+60x30 _ 0+60x60",
    EXPIRED: "0+1x30 _ 0+1x60",
    REJECTED: "9x30 _ 0x60",
    'hmoe_labels_total{outcome="joined"}': "0+60x30 _ 0+60x60",
    "hmoe_pending_labels": "500x30 _ 500x60",
    LAG: "0x30 _ 600 0x60",
    DEAD: "9x30 _ 0x60",
    DRIFTS: "3x30 _ 0x60",
    FAST: "0.3x30 _ 0.3x60",
    SLOW: "0.3x30 _ 0.3x60",
    PROMOTED: "2x30 _ 0x60",
    DROPPED: "3x30 _ 0x60",
    ROLLED_BACK: "1x30 _ 0x60",
    'hmoe_stream_halted{reason="source"}': "0x30 _ 1 0x60",
    "hmoe_checkpoint_timestamp_seconds": "0+60x30 _ 1740+60x60",
    "hmoe_checkpoint_failures_total": "2x30 _ 0x60",
}


@dataclass(frozen=True)
class Scenario:
    """Series of stream ``payments`` and what an alert must make of them.

    Args:
        alert: its name.
        what: the case, in words.
        series: metric, with its further labels, -> values.
        at: when to look, as promtool writes durations.
        says: the description that it must give; empty when it must be quiet.
        labels: its further labels.
        severity: which of its rules fires.
        drops: labels that it does not carry.
        step: time between values.
        wait: which of its rules fires: the one that waits so long.
        windows: of an error budget, the long windows that fire; ``{window}`` in what it says is each.
    """

    alert: str
    what: str
    series: Series
    at: str
    says: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    severity: str = ""
    drops: tuple[str, ...] = ()
    step: str = "1m"
    wait: str | None = None
    windows: tuple[str, ...] = ()


def flow_scenarios() -> list[Scenario]:
    name = "HmoeWorkerDown"
    info = 'hmoe_stream_info{task="classification"}'
    lost, never = "The worker worker:8080 does not answer.", "Prometheus knows no worker."
    scenarios = [
        Scenario(
            name, "gone", {"up": "1x10 0x20", info: "1x10 _x20"}, "20m", f"{lost} It served stream payments."
        ),
        Scenario(name, "never up", {"up": "0x20"}, "20m", lost, drops=("stream",)),
        Scenario(name, "no target", {LAG: "0x20"}, "20m", never, drops=("stream", "instance")),
        Scenario(name, "answers", {"up": "1x20", info: "1x20"}, "20m"),
        Scenario(name, "one scrape missed", {"up": "1x10 0 1x10", info: "1x10 _ 1x10"}, "11m"),
    ]
    name = "HmoeNoEvents"
    took = f"{ON.capitalize()} has taken no record for 15 minutes, but messages wait for it."
    got = f"{ON.capitalize()} has received no record for 15 minutes."
    scenarios += [
        Scenario(name, "stuck", {RECEIVED: "0+9x10 90x40", LAG: "5x50"}, "40m", took, severity="critical"),
        Scenario(name, "silent", {RECEIVED: "0+9x10 90x40", LAG: "0x50"}, "40m", got, severity="warning"),
        Scenario(name, "silent, no lag known", {RECEIVED: "90x50"}, "40m", got, severity="warning"),
        Scenario(name, "records come", {RECEIVED: "0+9x50", LAG: "5x50"}, "40m"),
    ]
    name = "HmoeLagGrowing"
    scenarios += [
        Scenario(
            name, "grows", {LAG: "0+1000x60"}, "50m",
            f"{ON.capitalize()} is 50k messages behind, and they still become more.",
        ),
        Scenario(name, "shrinks", {LAG: "90000-1000x60"}, "50m"),
        Scenario(name, "grows, but is small", {LAG: "0+10x60"}, "50m"),
    ]  # fmt: skip
    name = "HmoeStreamHalted"
    halted, source = 'hmoe_stream_halted{reason="gap"}', 'hmoe_stream_halted{reason="source"}'
    scenarios += [
        Scenario(
            name,
            "halted",
            {halted: "0x5 1x5"},
            "8m",
            f"{ON.capitalize()} has halted: gap.",
            {"reason": "gap"},
            wait="",
        ),
        Scenario(name, "goes on", {halted: "0x10"}, "8m"),
        Scenario(
            name,
            "the broker stays away",
            {source: "0x10 1x5 0 1x10"},
            "25m",
            f"{ON.capitalize()} has stood still for most of the last 5 minutes: source.",
            {"reason": "source"},
            wait="2m",
        ),
        Scenario(name, "the broker was away for a minute", {source: "0x10 1 0x10"}, "12m"),
    ]
    name = "HmoeDLQRate"
    scenarios += [
        Scenario(
            name, "a tenth is bad", {RECEIVED: "0+600x60", DEAD: "0+60x60"}, "30m",
            f"{ON.capitalize()} dead-letters 1 messages a second.",
        ),
        Scenario(
            name, "nothing can be read", {RECEIVED: "0x60", DEAD: "0+60x60"}, "30m",
            f"{ON.capitalize()} dead-letters 1 messages a second.",
        ),
        Scenario(name, "one in a hundred is bad", {RECEIVED: "0+600x60", DEAD: "0+6x60"}, "30m"),
    ]  # fmt: skip
    return scenarios + label_scenarios() + budget_scenarios()


def label_scenarios() -> list[Scenario]:
    name = "HmoeLabelsMissing"
    says = (
        f"{ON.capitalize()} gets records but no labels: "
        "the model cannot learn, and nobody knows how good it is."
    )
    joined = 'hmoe_labels_total{outcome="joined"}'
    return [
        Scenario(name, "half expire", {LEARNED: "0+50x90", EXPIRED: "0+50x90"}, "80m", says),
        Scenario(
            name,
            "none come",
            {RECEIVED: "0+60x90", joined: "7x90", "hmoe_pending_labels": "0+60x90"},
            "80m",
            says,
        ),
        Scenario(name, "few expire", {LEARNED: "0+95x90", EXPIRED: "0+5x90"}, "80m"),
        Scenario(
            name, "they come", {RECEIVED: "0+60x90", joined: "0+60x90", "hmoe_pending_labels": "60x90"}, "80m"
        ),
    ]


def budget_scenarios() -> list[Scenario]:
    name = "HmoeErrorBudgetBurn"

    def burning(share: int, counts: str) -> Series:
        good = counts.replace("+", f"+{100 - share}")
        bad = counts.replace("+", f"+{share}")
        return {RECEIVED: counts.replace("+", "+100"), LEARNED: good, REJECTED: bad}

    def says(share: str) -> str:
        return (
            f"{share} of the records of {ON} could not be used in the last {{window}}; "
            "the error budget allows 1% of them."
        )

    # A young stream has the same share over every window that is longer than its life.
    every = ("1h", "6h", "1d", "3d")
    over = {LEARNED: "0+99x80", REJECTED: "0+11x20 220x60", RECEIVED: "0+110x20 2299+99x60"}
    rare = {RECEIVED: "0+1x90", LEARNED: "0x90", REJECTED: "0+1x90"}
    return [
        Scenario(name, "at 20%", burning(20, "0+x60"), "59m", says("20%"), windows=every),
        Scenario(name, "at 8%", burning(8, "0+x400"), "6h30m", says("8%"), windows=every[1:]),
        Scenario(name, "at 4%", burning(4, "0+x160"), "1d2h", says("4%"), windows=every[2:], step="10m"),
        Scenario(name, "at 2%", burning(2, "0+x450"), "3d2h", says("2%"), windows=every[3:], step="10m"),
        Scenario(name, "over again", over, "40m", says("5.263%"), windows=every[2:]),
        Scenario(name, "within the budget", burning(1, "0+x450"), "3d2h", step="10m"),
        Scenario(name, "hardly any records", rare, "80m"),
    ]


def drift_scenarios() -> list[Scenario]:
    level = 'hmoe_drift_level{signal="gate shares"}'
    gates = {"signal": "gate shares"}
    drifted = f"gate shares of {ON} drifted within the last 10 minutes."
    name = "HmoeDrift"
    scenarios = [
        Scenario(name, "seen", {DRIFTS: "0x10 1x20", level: "0x30"}, "15m", drifted, gates),
        Scenario(name, "lasts", {DRIFTS: "1x30", level: "2x30"}, "15m", drifted, gates),
        Scenario(name, "over", {DRIFTS: "0x5 1x30", level: "0x5 2x2 0x30"}, "30m"),
        Scenario(name, "a warning", {DRIFTS: "0x30", level: "1x30"}, "15m"),
    ]
    name = "HmoeDriftHarmful"
    seen = "0x60 1x60"
    scenarios += [
        Scenario(
            name, "worse since", {DRIFTS: seen, FAST: "0.3x60 0.6x60", SLOW: "0.3x60 0.3+0.01x60"}, "80m",
            f"The loss of {ON} has been 0.30 nats above the usual one for 15 minutes after a drift.",
        ),
        Scenario(
            name, "in its first minutes", {DRIFTS: "0x5 1x20", FAST: "0.3x5 0.6x20", SLOW: "0.3x25"}, "22m",
            f"The loss of {ON} has been 0.30 nats above the usual one for 15 minutes after a drift.",
        ),
        Scenario(name, "recovered", {DRIFTS: seen, FAST: "0.3x60 0.6x10 0.3x60", SLOW: "0.3x130"}, "80m"),
        Scenario(name, "drift alone", {DRIFTS: seen, FAST: "0.3x130", SLOW: "0.3x130"}, "80m"),
        Scenario(name, "no drift", {DRIFTS: "0x130", FAST: "0.3x60 0.6x60", SLOW: "0.3x130"}, "80m"),
    ]  # fmt: skip
    return scenarios + expert_scenarios() + control_scenarios()


def expert_scenarios() -> list[Scenario]:
    experts = 'hmoe_experts{level="expert"}'
    even, dead = "hmoe_gate_entropy_ratio", "hmoe_dead_experts"
    return [
        Scenario(
            "HmoeGateCollapse", "fell", {even: "0.5x60 0.1x60", experts: "10x120"}, "90m",
            f"The work of {ON} is done by 1.0 experts in effect; it was more than 2 within the last day.",
        ),
        Scenario("HmoeGateCollapse", "spread", {even: "0.5x120", experts: "10x120"}, "90m"),
        Scenario("HmoeGateCollapse", "simple stream", {even: "0.1x120", experts: "10x120"}, "90m"),
        Scenario(
            "HmoeDeadExperts", "most", {dead: "0x5 8x120", experts: "10x125"}, "90m",
            f"8 experts of {ON} get next to no records.",
        ),
        Scenario("HmoeDeadExperts", "a few", {dead: "2x120", experts: "10x120"}, "90m"),
        Scenario("HmoeDeadExperts", "for a while", {dead: "0x50 8x30 0x50", experts: "10x130"}, "90m"),
    ]  # fmt: skip


def control_scenarios() -> list[Scenario]:
    busy = {RECEIVED: "0+100x180"}
    name = "HmoeFlappingAdaptation"
    scenarios = [
        Scenario(
            name, "again and again", {**busy, DROPPED: "0x60 0+1x10 10x60", ROLLED_BACK: "0x130"}, "80m",
            f"10 challenges and rollbacks of {ON} ended in the last hour.",
        ),
        Scenario(name, "once", {**busy, DROPPED: "0x60 1x70", ROLLED_BACK: "0x130"}, "80m"),
        Scenario(name, "few for so many", {RECEIVED: "0+10000x130", DROPPED: "0x60 0+1x10 10x60"}, "80m"),
    ]  # fmt: skip
    name = "HmoeChallengerStuck"
    progress = "hmoe_adaptation_in_progress"
    scenarios += [
        Scenario(
            name, "stuck", {**busy, progress: "0x5 1x170"}, "150m",
            f"Challengers of {ON} have been under test for 120 minutes.",
        ),
        Scenario(name, "judged", {**busy, progress: "0x5 1x60 0x110"}, "150m"),
        Scenario(name, "no records", {RECEIVED: "100x180", progress: "1x180"}, "150m"),
    ]  # fmt: skip
    name = "HmoeRollback"
    scenarios += [
        Scenario(
            name, "taken back", {ROLLED_BACK: "0x20 1x20"}, "25m",
            f"A model that {ON} had promoted turned out worse than the one it replaced, which serves again.",
        ),
        Scenario(name, "promoted only", {ROLLED_BACK: "0x40", PROMOTED: "0x20 1x20"}, "25m"),
    ]  # fmt: skip
    name = "HmoeControllerHeld"
    held = 'hmoe_controller_phase{phase="held"}'
    says = f"Several promotions of {ON} in a row were taken back, so the controller waits for an operator."
    scenarios += [
        Scenario(name, "held", {held: "0x5 1x10"}, "10m", says),
        Scenario(name, "at work", {held: "0x15"}, "10m"),
    ]
    return scenarios


def state_scenarios() -> list[Scenario]:
    made = "hmoe_checkpoint_timestamp_seconds"
    name = "HmoeCheckpointStale"
    busy = {RECEIVED: "0+60x60"}
    failures = "hmoe_checkpoint_failures_total"
    free, samples = "hmoe_disk_free_bytes", "scrape_samples_scraped"
    process = ("stream",)
    return [
        Scenario(
            name, "old", {**busy, made: "60x60"}, "31m",
            f"The newest checkpoint of {ON} is 30m 0s old while records come.",
        ),
        Scenario(name, "fresh", {**busy, made: "0+60x60"}, "31m"),
        Scenario(name, "nothing to save", {RECEIVED: "60x60", made: "60x60"}, "31m"),
        Scenario(
            "HmoeCheckpointFailing", "failed", {failures: "0x10 2x30"}, "15m",
            f"Checkpoints of {ON} failed in the last 15 minutes.",
        ),
        Scenario("HmoeCheckpointFailing", "long ago", {failures: "0x10 2x60"}, "40m"),
        Scenario(
            "HmoeDiskFull", "full", {free: f"{2**30}x20"}, "10m",
            "worker:8080 has 1GiB left where its state is kept.", drops=process,
        ),
        Scenario("HmoeDiskFull", "room", {free: f"{2**40}x20"}, "10m", drops=process),
        Scenario(
            "HmoeCardinalityHigh", "many", {samples: "9000x30"}, "20m", "worker:8080 exposes 9k series.",
            drops=process,
        ),
        Scenario("HmoeCardinalityHigh", "usual", {samples: "400x30"}, "20m", drops=process),
    ]  # fmt: skip


SCENARIOS = (*flow_scenarios(), *drift_scenarios(), *state_scenarios())
