"""What the records were like comes into the journal: all features, the leaves and records that tell most."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from monitor.journal.fold import JournalFold
from monitor.journal.profiles import (
    MAX_FEATURES,
    MAX_LEAF_FEATURES,
    MAX_LEAVES,
    feature_rows,
    leaf_feature_rows,
    sample_rows,
)
from monitor.journal.reader import JournalReader
from monitor.journal.schema import Rows
from monitor.journal.writer import JournalWriter, Stamp
from stream_hmoe.events import Fact, Profiled, Restructured
from tests.monitor.journal.made_facts import GROWN, TOPOLOGY
from tests.monitor.journal.test_fold import joined

META = {"task": "classification", "interval_records": "250"}


def profiled(record: int, leaves: int = 3, features: int = 4) -> Profiled:
    """Values by formula; the last feature was never there, and the last leaf never used."""
    drawn = np.random.default_rng([record, leaves, features])
    mean, spread = drawn.normal(size=features), drawn.random(features) + 0.5
    mean[-1] = spread[-1] = np.nan
    weight = np.append(drawn.random(leaves - 1), 0.0)
    sample = drawn.normal(size=(2, features))
    sample[0, 0] = np.nan
    return Profiled(
        record=record,
        since=record - 1_000,
        records=800,
        features=tuple(f"x{n}" for n in range(features)),
        present=np.array([800, 400] + [800] * (features - 3) + [0]),
        mean=mean,
        deviation=spread,
        least=mean - 3.0,
        most=mean + 3.0,
        leaf_weight=weight / weight.sum(),
        leaf_mean=mean + drawn.normal(size=(leaves, features)),
        leaf_deviation=np.abs(drawn.normal(size=(leaves, features))),
        sample_record=np.array([record - 600, record - 200]),
        sample=sample,
        sample_leaf=np.array([0, leaves - 1]),
        sample_target=["yes", 3],
        sample_prediction=["no", None],
        sample_loss_nats=np.array([0.5, 0.25]),
    )


def test_every_feature_is_a_row() -> None:
    fact = profiled(1_000)
    rows = feature_rows(fact)
    assert [row.feature for row in rows] == ["x0", "x1", "x2", "x3"]
    assert [row.present_ratio for row in rows] == [1.0, 0.5, 1.0, 0.0]
    assert [row.mean for row in rows] == [*fact.mean[:3].tolist(), None]
    assert rows[3].deviation is rows[3].least is rows[3].most is None
    assert (rows[0].record, rows[0].since) == (1_000, 0)
    assert rows[1].most == fact.most[1]


def test_leaves_have_their_numbers_and_idle_ones_no_row() -> None:
    fact = profiled(1_000)
    rows = leaf_feature_rows(fact, np.array([7, 2, 9]))
    assert {row.leaf for row in rows} == {7, 2}
    assert len(rows) == 8
    assert rows[5].mean == fact.leaf_mean[1, 1]
    assert rows[5].deviation == fact.leaf_deviation[1, 1]
    assert rows[3].mean is None


def test_of_many_leaves_and_features_those_stay_that_tell_most() -> None:
    fact = profiled(1_000, leaves=40, features=300)
    fact.leaf_mean[:, 123] = fact.mean[123] + 50.0 * (np.arange(40) % 2)
    rows = leaf_feature_rows(fact, np.arange(40))
    heavy = set(np.argsort(-fact.leaf_weight)[:MAX_LEAVES].tolist())
    assert {row.leaf for row in rows} == heavy
    assert len(rows) == MAX_LEAVES * MAX_LEAF_FEATURES
    assert "x123" in {row.feature for row in rows}
    assert len(feature_rows(fact)) == MAX_FEATURES
    assert len(json.loads(sample_rows(fact, np.arange(40))[0].values)) == MAX_FEATURES


def test_sampled_records_are_told_in_words() -> None:
    fact = profiled(1_000)
    first, second = sample_rows(fact, np.array([7, 2, 9]))
    assert (first.record, first.leaf, first.target, first.prediction) == (400, 7, "yes", "no")
    assert (second.record, second.leaf, second.target, second.prediction) == (800, 9, "3", "None")
    assert second.loss_nats == 0.25
    assert json.loads(first.values) == dict(
        zip(fact.features, [None, *fact.sample[0, 1:].tolist()], strict=True)
    )


def facts_between(start: int, stop: int) -> list[Fact]:
    """The order of a pipeline's step: changes of the leaves first, then what was told now and then."""
    grown = [Restructured(1_500, "an expert was born", GROWN)] if start < 1_500 <= stop else []
    told = [profiled(n, 3 if n <= 1_500 else 4) for n in (1_000, 2_000) if start < n <= stop]
    return [*grown, *told]


@pytest.mark.parametrize("cuts", [[], [1_200], [999, 1_000, 1_499, 1_500, 1_501, 1_999]])
def test_a_leaf_has_the_number_it_had_then(cuts: list[int]) -> None:
    fold, parts, start = JournalFold(True, TOPOLOGY), list[Rows](), 0
    for stop in [*cuts, 2_000]:
        parts.append(fold.add(facts_between(start, stop), stop))
        start = stop
    rows = joined(parts)
    early, late = ({row.leaf for row in rows.leaf_features if row.record == n} for n in (1_000, 2_000))
    assert early == {0, 1}
    assert late == {0, 2, 3}
    assert [(row.record, row.leaf) for row in rows.samples if row.record < 1_000] == [(400, 0), (800, 2)]
    assert rows == joined([JournalFold(True, TOPOLOGY).add(facts_between(0, 2_000), 2_000)])


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    writer = JournalWriter(path, META)
    fold = JournalFold(True, TOPOLOGY)
    for record in range(1_000, 6_000, 1_000):
        writer.write(fold.add([profiled(record)], record), Stamp(float(record), 1.0, 1))
    writer.close()
    return path


def test_features_come_back_by_window(journal: Path) -> None:
    with JournalReader(journal) as reader:
        found = reader.features(1_500, 2_500)
        merged = reader.features(points=1)
    expected = pd.DataFrame([asdict(row) for row in feature_rows(profiled(2_000))])
    columns = ["record", "since", "feature", "present_ratio", "mean", "least", "most"]
    pd.testing.assert_frame_equal(found[columns], expected[columns], check_dtype=False)
    assert found["deviation"].dropna().tolist() == pytest.approx(expected["deviation"].dropna().tolist())
    assert merged["record"].tolist() == [5_000] * 4
    assert merged["since"].tolist() == [0] * 4


def test_leaf_features_are_those_of_the_newest_period_up_to_a_record(journal: Path) -> None:
    with JournalReader(journal) as reader:
        newest, then, before = reader.leaf_features(), reader.leaf_features(2_999), reader.leaf_features(999)
    assert set(newest["record"]) == {5_000}
    assert set(then["record"]) == {2_000}
    assert before.empty
    assert newest["name"].tolist() == ["plains/0"] * 4 + ["plains/1"] * 4
    assert newest["feature"].tolist() == ["x0", "x1", "x2", "x3"] * 2
    assert newest["mean"].tolist()[:3] == profiled(5_000).leaf_mean[0, :3].tolist()


def test_samples_are_evenly_chosen_and_named(journal: Path) -> None:
    with JournalReader(journal) as reader:
        everything, some = reader.samples(), reader.samples(limit=4)
        late = reader.samples(first=3_000, last=4_500)
    assert everything["record"].tolist() == [400 + n for n in range(0, 5_000, 1_000) for n in (n, n + 400)]
    assert len(some) == 4
    assert some["record"].iloc[-1] == 4_800
    assert late["record"].tolist() == [3_400, 3_800, 4_400]
    assert everything["name"].tolist()[:2] == ["plains/0", "trees/0"]
    assert json.loads(everything["values"].iloc[0])["x0"] is None


def test_sums_that_overflowed_are_shown_as_unknown() -> None:
    fact = profiled(1_000)
    fact.mean[0] = fact.leaf_mean[0, 0] = np.inf
    fact.deviation[0] = np.inf
    fact.leaf_mean[1, 1], fact.deviation[1] = 1e300, 1e-9
    rows = {(row.leaf, row.feature): row.mean for row in leaf_feature_rows(fact, np.arange(3))}
    assert rows[0, "x0"] is None and rows[1, "x1"] == 1e300
