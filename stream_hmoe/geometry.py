"""How a row of parameters meets a feature vector: by a product or a distance, finite for any finite input.

Shapes: B batch, D features, ... the axes of a bank of rows (for example G groups, E experts).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["affine", "bounded", "distance"]

LOGIT_LIMIT = 1 / 16


def bounded(value: Tensor) -> Tensor:
    """Clip to a sixteenth of the largest float, so that sums of a few log-densities stay finite."""
    limit = torch.finfo(value.dtype).max * LOGIT_LIMIT
    return value.clamp(-limit, limit)


def affine(weight: Tensor, bias: Tensor, x_BD: Tensor) -> Tensor:
    """Return ``weight @ x + bias`` for every row of a bank.

    Args:
        weight: (..., D) rows.
        bias: (...) one offset a row.
        x_BD: (B, D) feature vectors.

    Returns:
        (B, ...) products, clipped by :func:`bounded`.
    """
    size_B1 = _size(x_BD)
    rows = functional.linear(x_BD / size_B1, weight.flatten(0, -2))
    product = bounded(rows * size_B1).reshape(-1, *weight.shape[:-1])
    return bounded(product + bias)


def distance(points: Tensor, x_BD: Tensor) -> Tensor:
    """Return the Euclidean distance between every point of a bank and every feature vector.

    The gradient at a point itself is 0 instead of undefined: the smallest normal float stands under the root.

    Args:
        points: (..., D) points.
        x_BD: (B, D) feature vectors.

    Returns:
        (B, ...) distances, clipped by :func:`bounded`.
    """
    x = x_BD.reshape(x_BD.shape[0], *(1,) * (points.dim() - 1), x_BD.shape[1])
    difference = bounded(points - x)
    size = _size(difference)
    squares = (difference / size).square().sum(-1) + torch.finfo(difference.dtype).tiny
    return bounded(squares.sqrt() * size.squeeze(-1))


def _size(vectors: Tensor) -> Tensor:
    # A constant for autograd: both maps are homogeneous, so dividing by it and multiplying back cancels.
    return vectors.detach().abs().amax(-1, keepdim=True).clamp(min=1.0)
