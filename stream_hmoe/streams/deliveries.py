"""An endless stream of parcel deliveries in four districts: will the parcel be late?

Each district has its own reasons for delay, so experts can specialise; reasons and traffic change on a
schedule that repeats. All of it is made up.

Shapes: N records of a chunk, 4 districts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from stream_hmoe.streams.changes import CHUNK, ChangePoint, chunk_generator, seed_from

__all__ = ["DISTRICTS", "DriftStream", "Truth", "late_probability", "shares"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Table = dict[str, npt.NDArray[Any]]

DISTRICTS = ("centre", "harbour", "hills", "airport")
VEHICLES = np.array(["bike", "van", "truck"])
LATITUDE = np.array([53.55, 53.53, 53.58, 53.63])
LONGITUDE = np.array([9.99, 9.93, 10.06, 9.99])
SPREAD_DEGREES = 0.008
VEHICLE_SHARES = np.array([[0.6, 0.3, 0.1], [0.1, 0.5, 0.4], [0.2, 0.7, 0.1], [0.1, 0.4, 0.5]])
SHARES_BEFORE = np.array([0.4, 0.3, 0.2, 0.1])
SHARES_AFTER = np.array([0.1, 0.3, 0.2, 0.4])
MISSING_RATIO = 0.03
NOISE_RATIO = 0.03

# parts of a period; the harbour is as it was when the next period begins
HILLS_TURN, TRAFFIC_MOVES, HARBOUR_TURNS, HARBOUR_TURNED, HILLS_RETURN, TRAFFIC_RETURNS = (
    0.15, 0.30, 0.45, 0.55, 0.70, 0.85,
)  # fmt: skip


class Truth(NamedTuple):
    """What only the maker of the stream knows of a record."""

    district: str
    probability_late: float


class DriftStream(Iterator[tuple[dict[str, Any], str, Truth]]):
    """Iterates over (record, label, truth) without end; the label is ``"late"`` or ``"on time"``.

    Args:
        seed: the same seed gives the same stream.
        period: number of records after which the schedule of changes repeats.

    Raises:
        ValueError: the period is too short for the schedule.

    Example:
        >>> stream = DriftStream(seed=7)
        >>> record, label, truth = next(stream)
        >>> sorted(record)[:4]
        ['distance_km', 'hour', 'is_express', 'latitude']
        >>> [change.kind for change in stream.change_points]
        ['abrupt', 'covariate', 'gradual', 'recurring', 'covariate', 'recurring']
    """

    labels = ("late", "on time")

    def __init__(self, seed: int | np.random.Generator = 0, period: int = 40_000) -> None:
        if period < 100:
            raise ValueError(f"a period needs at least 100 records, got {period}")
        self.seed = seed_from(seed)
        self.period = period
        self.seek(0)

    @property
    def position(self) -> int:
        """The number of the next record."""
        return self._position

    @property
    def change_points(self) -> tuple[ChangePoint, ...]:
        """The changes of the first period, up to the return that opens the second."""
        return self.change_points_between(0, self.period + 1)

    def seek(self, record: int) -> None:
        """Go to a record; the stream continues as if all before it had been read.

        Raises:
            ValueError: the number is negative.
        """
        if record < 0:
            raise ValueError(f"records are numbered from 0, got {record}")
        self._position = record
        self._ahead: Iterator[tuple[dict[str, Any], str, Truth]] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[dict[str, Any], str, Truth]:
        item = next(self._ahead, None)
        if item is None:
            chunk, offset = divmod(self._position, CHUNK)
            self._ahead = _items(chunk_generator(self.seed, chunk), chunk, offset, self.period)
            item = next(self._ahead)
        self._position += 1
        return item

    def change_points_between(self, first: int, last: int) -> tuple[ChangePoint, ...]:
        """Return the changes that begin at records first to last (exclusive)."""
        periods = range(first // self.period, last // self.period + 1)
        points = (point for number in periods for point in self._of_period(number * self.period))
        return tuple(point for point in points if first <= point.record < last)

    def _of_period(self, start: int) -> list[ChangePoint]:
        def point(part: float, kind: str, description: str, ends: float | None = None) -> ChangePoint:
            end = part if ends is None else ends
            return ChangePoint(
                start + _record_at(part, self.period), kind, description, start + _record_at(end, self.period)
            )

        points = [
            point(HILLS_TURN, "abrupt", "hills: heat delays parcels now, cold did before"),
            point(TRAFFIC_MOVES, "covariate", "orders move from the centre to the airport"),
            point(
                HARBOUR_TURNS, "gradual", "harbour: light parcels on free roads are late now", HARBOUR_TURNED
            ),
            point(HILLS_RETURN, "recurring", "hills: cold delays parcels again"),
            point(TRAFFIC_RETURNS, "covariate", "orders move back to the centre"),
        ]
        if start > 0:
            points.insert(0, point(0.0, "recurring", "harbour: heavy parcels on full roads are late again"))
        return points


def shares(record_N: Integers, period: int) -> Floats:
    """Return the share of each district in the orders, (N, 4)."""
    part_N = record_N % period
    moved_N = (part_N >= _record_at(TRAFFIC_MOVES, period)) & (part_N < _record_at(TRAFFIC_RETURNS, period))
    return np.where(moved_N[:, None], SHARES_AFTER, SHARES_BEFORE)


def late_probability(table: Table, record_N: Integers, period: int) -> Floats:
    """Return how likely each delivery is late, given its features and its place in the schedule, (N,)."""
    part_N = record_N % period
    is_hot_bad_N = (part_N >= _record_at(HILLS_TURN, period)) & (part_N < _record_at(HILLS_RETURN, period))
    first, last = _record_at(HARBOUR_TURNS, period), _record_at(HARBOUR_TURNED, period)
    turned_N = np.clip((part_N - first + 1) / (last - first + 1), 0.0, 1.0)
    district_N = nearest_district(table)
    load_N = (table["vehicles_per_hour"] - 2000) / 900 + np.log(table["weight_kg"] / 5)
    cold_N = (8 - table["temperature_c"]) / 6
    rush_N = np.abs(np.abs(table["hour"] - 13) - 5) <= 1
    reasons = {
        "centre": 2.0 * rush_N - 1.2 * (table["vehicle"] == "bike") - 0.5,
        "harbour": load_N,
        "hills": np.where(is_hot_bad_N, -cold_N, cold_N),
        "airport": 2.0 * np.log(table["distance_km"] / 12) - 1.5 * table["is_express"] + 0.5,
    }
    clean_N = _sigmoid(4 * np.choose(district_N, [reasons[district] for district in DISTRICTS]))
    harbour_N = (1 - turned_N) * clean_N + turned_N * (1 - clean_N)
    clean_N = np.where(district_N == DISTRICTS.index("harbour"), harbour_N, clean_N)
    return NOISE_RATIO + (1 - 2 * NOISE_RATIO) * clean_N


def nearest_district(table: Table) -> Integers:
    """Return the district whose centre is nearest, (N,)."""
    north_N4 = table["latitude"][:, None] - LATITUDE
    east_N4 = (table["longitude"][:, None] - LONGITUDE) * 0.6  # a degree of longitude is shorter here
    nearest_N: Integers = np.argmin(north_N4**2 + east_N4**2, axis=1)
    return nearest_N


def deliveries(rng: np.random.Generator, record_N: Integers, period: int) -> Table:
    """Draw the features of a chunk of deliveries, each (N,); within a district they never drift."""
    num_rows = len(record_N)
    home_N = (rng.uniform(size=(num_rows, 1)) > shares(record_N, period).cumsum(axis=1)[:, :-1]).sum(axis=1)
    vehicle_N = (rng.uniform(size=(num_rows, 1)) > VEHICLE_SHARES.cumsum(axis=1)[home_N, :-1]).sum(axis=1)
    return {
        "latitude": (LATITUDE[home_N] + rng.normal(0, SPREAD_DEGREES, num_rows)).round(5),
        "longitude": (LONGITUDE[home_N] + rng.normal(0, SPREAD_DEGREES, num_rows)).round(5),
        "distance_km": np.exp(rng.normal(np.log(12), 0.6, num_rows)).round(2),
        "weight_kg": np.exp(rng.normal(np.log(5), 0.8, num_rows)).round(3) + 0.001,
        "temperature_c": rng.normal(8, 6, num_rows).round(1),
        "vehicles_per_hour": rng.normal(2000, 700, num_rows).clip(0).round(),
        "hour": rng.integers(6, 22, num_rows),
        "vehicle": VEHICLES[vehicle_N],
        "is_express": rng.uniform(size=num_rows) < 0.4,
    }


def _items(
    rng: np.random.Generator, chunk: int, offset: int, period: int
) -> Iterator[tuple[dict[str, Any], str, Truth]]:
    record_N = np.arange(chunk * CHUNK, (chunk + 1) * CHUNK)
    table = deliveries(rng, record_N, period)
    probability_N = late_probability(table, record_N, period)
    label_N = np.where(rng.uniform(size=CHUNK) < probability_N, *DriftStream.labels)
    district_N = np.array(DISTRICTS)[nearest_district(table)]
    columns = {name: values[offset:].tolist() for name, values in table.items()}
    for row in np.flatnonzero(rng.uniform(size=CHUNK)[offset:] < MISSING_RATIO):
        columns["temperature_c"][row] = None
    records = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    truths = map(Truth, district_N[offset:].tolist(), probability_N[offset:].tolist())
    return zip(records, label_N[offset:].tolist(), truths, strict=True)


def _record_at(part: float, period: int) -> int:
    return round(part * period)


def _sigmoid(score: Floats) -> Floats:
    return 0.5 * (1 + np.tanh(score / 2))
