from __future__ import annotations

import json

import pandas as pd
import pytest

from dashboards.tables.samples import LABEL, domain_shares, domains_of, sample_table, values_of

COLUMNS = ["record", "leaf", "target", "prediction", "loss_nats", "values"]


def samples(*rows: tuple[int, str, dict[str, float | None]]) -> pd.DataFrame:
    """Samples from (leaf, label, values), a hundred records apart."""
    full = [
        (100 * number, leaf, label, label, 0.5, json.dumps(values))
        for number, (leaf, label, values) in enumerate(rows)
    ]
    return pd.DataFrame(full, columns=COLUMNS)


MIXED = samples(
    (0, "a", {"age": 30.0, "city=rome": 1.0, "city=oslo": 0.0}),
    (0, "b", {"age": 41.5, "city=rome": 0.0, "city=oslo": 1.0}),
    (1, "a", {"age": None, "city=rome": 0.0, "city=oslo": 0.0}),
    (2, "a", {"age": 30.0, "city=rome": 1.0, "city=oslo": 0.0}),
)


def test_a_missing_value_is_not_a_number() -> None:
    assert values_of(MIXED)["age"].isna().tolist() == [False, False, True, False]
    assert values_of(MIXED.iloc[:0]).empty


def test_samples_are_told_apart_by_label_category_or_few_values() -> None:
    found = domains_of(MIXED)
    assert found[LABEL].tolist() == ["a", "b", "a", "a"]
    assert found["city"].tolist() == ["rome", "oslo", "other", "rome"]
    assert found["age"].tolist() == ["30", "41.5", "missing", "30"]


def test_what_never_varies_or_has_many_values_tells_nothing_apart() -> None:
    values: list[dict[str, float | None]] = [{"id": float(number), "unit": 1.0} for number in range(50)]
    assert domains_of(samples(*((0, "a", each) for each in values))) == {}


def test_the_shares_of_a_domain_sum_to_one_and_leaves_that_are_gone_are_left_out() -> None:
    told = domain_shares(MIXED, domains_of(MIXED)["city"], {0: "trees", 1: "lines"})
    assert told.domains[0] in ("rome", "oslo", "other")
    assert told.groups == ("trees", "lines")
    assert told.rows.groupby("domain")["share"].sum().tolist() == pytest.approx([1.0, 1.0, 1.0])
    rome = told.rows[told.rows["domain"] == "rome"]
    assert rome["samples"].tolist() == [1]


def test_the_newest_samples_stand_first_with_their_features() -> None:
    table = sample_table(MIXED, 2)
    assert table["record"].tolist() == [300, 200]
    assert table.columns.tolist()[:5] == ["record", "label", "predicted", "loss_nats", "age"]
