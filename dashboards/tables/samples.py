"""Records that the journal keeps as samples: their values, and which group serves which domain.

Shapes: S samples, D encoded features.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

__all__ = ["LABEL", "Domains", "domain_shares", "domains_of", "sample_table", "values_of"]

LABEL = "label"
MOST_DOMAINS = 20
MOST_FEATURES = 40


@dataclass(frozen=True, slots=True, eq=False)
class Domains:
    """Which group serves which domain.

    Args:
        domains: names, the most frequent first.
        groups: names.
        rows: domain, name, order, share, samples; the shares of a domain sum to 1.
    """

    domains: tuple[str, ...]
    groups: tuple[str, ...]
    rows: pd.DataFrame


def values_of(samples: pd.DataFrame) -> pd.DataFrame:
    """The encoded features, one row a sample (S, D); NaN is missing."""
    found = [json.loads(text) for text in samples["values"].tolist()]
    return pd.DataFrame(found, index=samples.index).astype(float) if found else pd.DataFrame()


def domains_of(samples: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Ways to tell the samples apart: by label, by a category, by a feature with few values.

    A category comes as columns ``NAME=VALUE``; a record in none of them has the value ``other``.
    """
    values = values_of(samples)
    found: dict[str, pd.Series] = {}
    if 1 < samples["target"].nunique() <= MOST_DOMAINS:
        found[LABEL] = samples["target"].astype(str)
    categories: dict[str, list[str]] = {}
    for column in values.columns:
        name, equals, _ = str(column).partition("=")
        if equals:
            categories.setdefault(name, []).append(column)
        elif 1 < values[column].nunique() <= MOST_DOMAINS:
            found[name] = values[column].map("{:g}".format).where(values[column].notna(), "missing")
    for name, columns in categories.items():
        chosen = values[columns].fillna(0.0)
        words = chosen.idxmax(axis=1).str.partition("=")[2].where(chosen.max(axis=1) > 0.5, "other")
        if words.nunique() > 1:
            found[name] = words
    return found


def domain_shares(samples: pd.DataFrame, domain: pd.Series, group_of: Mapping[int, str]) -> Domains:
    """How the samples of each domain distribute over the groups of their leading leaves.

    Args:
        samples: leaf of every sample.
        domain: domain of every sample.
        group_of: group of every leaf; samples led by a leaf that is gone are left out.
    """
    rows = pd.DataFrame({"domain": domain.astype(str), "name": samples["leaf"].map(group_of)}).dropna()
    counts = rows.groupby(["domain", "name"]).size().rename("samples").reset_index()
    totals = counts.groupby("domain")["samples"].transform("sum")
    groups = tuple(name for name in dict.fromkeys(group_of.values()) if name in set(counts["name"]))
    order = counts["name"].map({name: number for number, name in enumerate(groups)})
    shares = counts.assign(share=counts["samples"] / totals, order=order)
    frequent = tuple(rows["domain"].value_counts().index[:MOST_DOMAINS])
    chosen = shares[shares["domain"].isin(frequent)].reset_index(drop=True)
    return Domains(frequent, groups, chosen)


def sample_table(samples: pd.DataFrame, newest: int) -> pd.DataFrame:
    """The ``newest`` samples -> record, label, predicted, loss_nats and their features; the newest first."""
    chosen = samples.tail(newest).iloc[::-1]
    told = pd.DataFrame(
        {
            "record": chosen["record"],
            "label": chosen["target"].astype(str),
            "predicted": chosen["prediction"].astype(str),
            "loss_nats": chosen["loss_nats"].astype(float),
        }
    )
    features = values_of(chosen).iloc[:, :MOST_FEATURES]
    return pd.concat([told, features], axis=1).reset_index(drop=True)
