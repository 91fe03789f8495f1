"""Distances in ONNX, feature by feature and in blocks of features."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from stream_hmoe.frozen import onnx_program
from stream_hmoe.frozen.nearest import distance

FEATURES = 5
PLACES_PD = np.random.default_rng(3).normal(size=(7, FEATURES))


class Distances(nn.Module):
    """Distances of records from fixed places."""

    def forward(self, z_BA: Tensor) -> Tensor:
        return distance(torch.from_numpy(PLACES_PD), z_BA)


@pytest.mark.filterwarnings(f"ignore:{onnx_program.TORCH_ABOUT_ITSELF}:FutureWarning")
@pytest.mark.parametrize("steps", [2, FEATURES])
def test_distances_keep_all_digits_near_a_place(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_program, "MOST_STEPS", steps)
    z_BA = np.concatenate([np.ones((7, 1)), PLACES_PD], 1)
    z_BA[::2, 3] += 1e-12
    program = torch.onnx.export(
        Distances().eval(),
        (torch.from_numpy(z_BA),),
        dynamo=True,
        verbose=False,
        optimize=False,
        custom_translation_table={onnx_program.DISTANCE: onnx_program._distance},
    )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    (found,) = session.run(None, {session.get_inputs()[0].name: z_BA})
    truth = np.sqrt(((z_BA[:, None, 1:] - PLACES_PD) ** 2).sum(2))
    np.testing.assert_allclose(found, truth, rtol=1e-14, atol=0.0)
    np.testing.assert_allclose(
        distance(torch.from_numpy(PLACES_PD), torch.from_numpy(z_BA)), truth, rtol=1e-14
    )
