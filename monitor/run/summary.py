"""The last word of a run: its numbers, and where its files are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from stream_hmoe.errors import StreamHMoEError

__all__ = ["FAILED", "FINISHED", "STOPPED", "Outcome", "Summary"]

FINISHED = "finished"
STOPPED = "stopped"
FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Args:
        status: FINISHED (the stream ended), STOPPED (it can be resumed) or FAILED.
        reason: why, in words.
        problem: what broke the input, when it failed.
    """

    status: str
    reason: str
    problem: StreamHMoEError | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished or stopped run in numbers.

    Args:
        status: finished or stopped.
        reason: why it ended.
        task: what was predicted.
        records: records of the stream read, over all parts of a resumed run; the counts below likewise.
        scored: records predicted, scored and learned from.
        rejected: records that could not be used.
        metric_name: accuracy or mean absolute error.
        metric: its value over all scored records; None when none was.
        loss_nats: mean loss over all scored records.
        drifts: drifts seen, by watched signal.
        num_leaves: live leaves at the end.
        seconds: time this part took.
        records_per_second: of this part, checkpoints and files included.
        files: where the results are, by kind.
    """

    status: str
    reason: str
    task: str
    records: int
    scored: int
    rejected: int
    metric_name: str
    metric: float | None
    loss_nats: float | None
    drifts: dict[str, int]
    num_leaves: int
    seconds: float
    records_per_second: float
    files: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def text(self) -> str:
        """For people."""
        lines = [f"{self.status}: {self.reason}"]
        speed = f"{self.seconds:,.1f} s, {self.records_per_second:,.0f} records/s"
        lines.append(f"  records     {self.records:,} ({self.rejected:,} rejected) in {speed}")
        if self.metric is not None:
            is_share = self.metric_name == "accuracy"
            value = f"{self.metric:.2%}" if is_share else f"{self.metric:.6g}"
            lines.append(f"  {self.metric_name:<11} {value} (predicted before learning, every record)")
        counts = ", ".join(f"{signal}: {count}" for signal, count in sorted(self.drifts.items()))
        lines.append(f"  drifts      {sum(self.drifts.values())}" + (f" ({counts})" if counts else ""))
        lines.append(f"  experts     {self.num_leaves}")
        lines.extend(f"  {kind:<11} {path}" for kind, path in self.files.items())
        return "\n".join(lines)
