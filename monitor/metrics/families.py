"""The families of one scrape: only what the catalogue has, with its type, its labels and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from monitor.durations import Durations
from monitor.metrics.catalogue import CatalogueEntry, Kind, find

__all__ = ["OTHER", "Families", "bounded"]

OTHER = "other"


class Families:
    """Collects samples; iterating gives the families in the order of their first samples."""

    def __init__(self) -> None:
        self._families: dict[str, Metric] = {}

    def add(self, name: str, value: float, /, **labels: str) -> None:
        """Add a sample of a counter or gauge.

        Raises:
            KeyError: the catalogue has no such metric, or it has other labels.
        """
        entry, family = self._family(name)
        assert isinstance(family, CounterMetricFamily | GaugeMetricFamily)
        family.add_metric(_values(entry, labels), value)

    def add_durations(self, name: str, durations: Durations, /, **labels: str) -> None:
        """Add a histogram.

        Raises:
            KeyError: the catalogue has no such metric, or it has other labels.
        """
        entry, family = self._family(name)
        assert isinstance(family, HistogramMetricFamily)
        family.add_metric(_values(entry, labels), list(_buckets(durations)), durations.total_seconds)

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._families.values())

    def _family(self, name: str) -> tuple[CatalogueEntry, Metric]:
        entry = find(name)
        family = self._families.get(name)
        if family is None:
            family = self._families[name] = _empty(entry)
        return entry, family


def bounded(values: Mapping[str, float] | Iterable[tuple[str, float]], most: int) -> dict[str, float]:
    """The first ``most`` values by name; all others are summed as ``other``."""
    pairs = values.items() if isinstance(values, Mapping) else values
    sums: dict[str, float] = {}
    for name, value in pairs:
        key = name if name in sums or len(sums) < most else OTHER
        sums[key] = sums.get(key, 0.0) + value
    return sums


def _empty(entry: CatalogueEntry) -> Metric:
    text = entry.meaning[0].upper() + entry.meaning[1:] + "."
    match entry.kind:
        case Kind.COUNTER:
            return CounterMetricFamily(entry.name, text, labels=entry.labels)
        case Kind.GAUGE:
            return GaugeMetricFamily(entry.name, text, labels=entry.labels)
        case Kind.HISTOGRAM:
            return HistogramMetricFamily(entry.name, text, labels=entry.labels)


def _values(entry: CatalogueEntry, labels: Mapping[str, str]) -> list[str]:
    if set(labels) != set(entry.labels):
        raise KeyError(f"{entry.name} has the labels {entry.labels}, not {tuple(labels)}")
    return [labels[name] for name in entry.labels]


def _buckets(durations: Durations) -> Iterator[tuple[str, float]]:
    so_far = 0
    for edge, count in zip((*durations.edges_seconds, float("inf")), durations.counts, strict=True):
        so_far += count
        yield "+Inf" if edge == float("inf") else str(edge), float(so_far)
