"""Rows about what the records were like."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FeatureRow", "LeafFeatureRow", "SampleRow"]


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """What one feature was like over a period of records.

    Args:
        record: end of the period.
        since: its begin.
        feature: name of the encoded feature.
        present_ratio: share of the records that had it.
        mean: where it was present; None where it never was, like the rest.
    """

    record: int
    since: int
    feature: str
    present_ratio: float
    mean: float | None
    deviation: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class LeafFeatureRow:
    """What one leaf's records were like over a period, each record weighted by the leaf's gate weight."""

    record: int
    leaf: int
    feature: str
    mean: float | None
    deviation: float | None


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One record of a few, evenly spread over a period.

    Args:
        record: its number.
        leaf: the leaf with the most weight in it.
        target: its label.
        prediction: the prediction, made before the label was used.
        loss_nats: its loss.
        values: JSON object: encoded feature -> value, null where missing.
    """

    record: int
    leaf: int
    target: str
    prediction: str
    loss_nats: float
    values: str
