"""The gate map: records and leaf centres in the two directions in which records differ most, and the regions.

The directions are the first two principal components of the standardised records; the region of a leaf is
what lies nearer to its centre than to any other (a Voronoi region) in that plane. It shows where the leaves'
records lie; the gate itself decides in all D directions.

Shapes: S records, D features, L leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboards.tables.samples import values_of
from dashboards.theme import OTHERS

__all__ = ["Plane", "plane_of", "voronoi_regions"]

Floats = npt.NDArray[np.float64]
Corner = tuple[float, float]

MOST_LEAVES = 6
MOST_POINTS = 800
MARGIN = 0.06
MINUS = "\u2212"


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """What the map shows.

    Args:
        names: leaves that lead most records; the others are called ``"all others"`` and have no region.
        points: name, x, y, record, target, prediction.
        centres: name, x, y.
        regions: name, corner, x, y.
        first: title of the horizontal axis: the features that count most in it.
        second: the same of the vertical axis.
    """

    names: tuple[str, ...]
    points: pd.DataFrame
    centres: pd.DataFrame
    regions: pd.DataFrame
    first: str
    second: str


def plane_of(samples: pd.DataFrame, leaf_features: pd.DataFrame, name_of: Mapping[int, str]) -> Plane | None:
    """The map, or None with fewer than three records, fewer than two features, or none that varies.

    Args:
        samples: the journal's samples.
        leaf_features: what each leaf's records were like: leaf, feature, mean.
        name_of: names of the leaves that live.
    """
    kept = samples.tail(MOST_POINTS)
    leaves = kept["leaf"][kept["leaf"].isin(set(name_of))].value_counts().index[:MOST_LEAVES].tolist()
    values = values_of(kept)
    if len(kept) < 3 or values.shape[1] < 2:
        return None
    mean, deviation = values.mean(), values.std(ddof=0)
    columns = deviation.index[deviation > 1e-12]
    if len(columns) < 2:
        return None
    z_SD = ((values[columns] - mean[columns]) / deviation[columns]).fillna(0.0).to_numpy()
    axes_2D = _axes(z_SD)
    places = z_SD @ axes_2D.T
    shown = {leaf: name_of[leaf] for leaf in leaves}
    led_by = kept["leaf"].map(shown).fillna(OTHERS)
    names = (*shown.values(), *([OTHERS] if OTHERS in set(led_by) else []))
    points = pd.DataFrame(
        {
            "name": led_by.to_numpy(),
            "x": places[:, 0],
            "y": places[:, 1],
            "record": kept["record"].to_numpy(),
            "target": kept["target"].astype(str).to_numpy(),
            "prediction": kept["prediction"].astype(str).to_numpy(),
        }
    )
    wide = leaf_features[leaf_features["leaf"].isin(leaves)].pivot(
        index="leaf", columns="feature", values="mean"
    )
    z_LD = (wide.reindex(columns=columns).astype(float) - mean[columns]) / deviation[columns]
    middle = z_LD.fillna(0.0).to_numpy() @ axes_2D.T
    centres = pd.DataFrame({"name": wide.index.map(name_of).to_numpy(), "x": middle[:, 0], "y": middle[:, 1]})
    regions = _region_rows(centres, points)
    titles = [_title(axis, [str(column) for column in columns]) for axis in axes_2D]
    return Plane(names, points, centres, regions, titles[0], titles[1])


def voronoi_regions(centres: Sequence[Corner], box: tuple[float, float, float, float]) -> list[list[Corner]]:
    """Of each centre the part of the box that is nearest to it, as corners; empty for a centre again.

    The box is cut along the line half way to every other centre, O(L^2) cuts.

    Args:
        centres: places in the plane.
        box: left, right, bottom, top.
    """
    left, right, bottom, top = box
    regions = []
    for own, (x, y) in enumerate(centres):
        corners: list[Corner] = [(left, bottom), (right, bottom), (right, top), (left, top)]
        for other, (u, v) in enumerate(centres):
            if other == own:
                continue
            if (u, v) == (x, y):
                corners = corners if own < other else []
                continue
            limit = (u * u + v * v - x * x - y * y) / 2.0
            corners = _cut(corners, u - x, v - y, limit)
        regions.append(corners)
    return regions


def _cut(corners: Sequence[Corner], a: float, b: float, limit: float) -> list[Corner]:
    """What of a polygon satisfies ``a x + b y <= limit`` (Sutherland and Hodgman 1974)."""
    kept: list[Corner] = []
    for number, (x, y) in enumerate(corners):
        u, v = corners[number - 1]
        here, before = a * x + b * y - limit, a * u + b * v - limit
        if (here <= 0.0) is not (before <= 0.0):
            part = before / (before - here)
            kept.append((u + part * (x - u), v + part * (y - v)))
        if here <= 0.0:
            kept.append((x, y))
    return kept


def _axes(z_SD: Floats) -> Floats:
    """(2, D) directions of largest variance, the first large entry of each positive: the map keeps still."""
    _, _, rows = np.linalg.svd(z_SD, full_matrices=False)
    axes: Floats = rows[:2]
    sizes = np.abs(axes)
    first = (sizes >= 0.5 * sizes.max(axis=1, keepdims=True)).argmax(axis=1)
    signs: Floats = np.sign(axes[np.arange(2), first])[:, None]
    return axes * signs


def _title(axis: Floats, columns: Sequence[str]) -> str:
    """The two features that count most in a direction."""
    largest = np.argsort(-np.abs(axis), kind="stable")[:2]
    parts = [f"{'' if axis[number] >= 0 else MINUS}{columns[number]}" for number in largest]
    return f"mostly {' and '.join(parts)}"


def _region_rows(centres: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    every = pd.concat([points[["x", "y"]], centres[["x", "y"]]])
    low, high = every.min(), every.max()
    room = (high - low) * MARGIN
    box = (low["x"] - room["x"], high["x"] + room["x"], low["y"] - room["y"], high["y"] + room["y"])
    found = voronoi_regions(list(zip(centres["x"].tolist(), centres["y"].tolist(), strict=True)), box)
    rows = [
        (name, number, x, y)
        for name, corners in zip(centres["name"].tolist(), found, strict=True)
        for number, (x, y) in enumerate(corners)
    ]
    return pd.DataFrame(rows, columns=["name", "corner", "x", "y"])
