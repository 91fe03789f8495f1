"""A frozen model as an ONNX file, which runs wherever there is a runtime, without Python too.

Shapes: N records, D features, C outputs, K leaves, P places.
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch

from stream_hmoe.errors import BadCheckpoint, MissingPackage
from stream_hmoe.frozen.mixture import FrozenMixture
from stream_hmoe.frozen.torch_program import ANY_RECORDS

__all__ = ["INPUT", "OUTPUTS", "OnnxProgram"]

Floats = npt.NDArray[np.float64]

OPSET = 18
INPUT, OUTPUTS = "x", ("predicted", "leaf_weights")
DESCRIPTION = "hmoe"
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
MOST_STEPS = 512
DISTANCE = torch.ops.aten._cdist_forward.default  # noqa: SLF001  (the operation is called so)
# torch 2.13 says this of its own code while it prepares an export
TORCH_ABOUT_ITSELF = r"`isinstance\(treespec, LeafSpec\)` is deprecated"


class OnnxProgram:
    """Runs an ONNX model with onnxruntime on the processor.

    Args:
        content: the model, serialised.

    Raises:
        MissingPackage: the extra ``onnx`` is not installed.
    """

    def __init__(self, content: bytes) -> None:
        _require("onnxruntime")
        import onnxruntime

        self._content = content
        self._session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])

    @classmethod
    def of(cls, mixture: FrozenMixture) -> Self:
        """Translate a frozen mixture.

        Raises:
            MissingPackage: the extra ``onnx`` is not installed.
        """
        for package in PACKAGES:
            _require(package)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", TORCH_ABOUT_ITSELF, FutureWarning)
            program = torch.onnx.export(
                mixture.eval(),
                mixture.example(),
                dynamic_shapes=ANY_RECORDS,
                dynamo=True,
                optimize=False,  # takes minutes where features are many; runtimes do it when they load
                verbose=False,
                opset_version=OPSET,
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                custom_translation_table={DISTANCE: _distance},
            )
        assert program is not None
        return cls(_bare(program.model_proto).SerializeToString())

    def predict(self, x_ND: Floats) -> tuple[Floats, Floats]:
        """Return predictions (N, C) and leaf weights (N, K) of encoded records (N, D)."""
        predicted_NC, weight_NK = self._session.run(list(OUTPUTS), {INPUT: x_ND})
        return predicted_NC, weight_NK

    @property
    def description(self) -> str:
        """The description in the metadata; empty if there is none."""
        metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        return metadata.get(DESCRIPTION, "")

    def to_bytes(self, description: str) -> bytes:
        """The file: the model with a description among its metadata, under the key ``hmoe``."""
        import onnx

        model = onnx.load_model_from_string(self._content)
        onnx.helper.set_model_props(model, {DESCRIPTION: description})
        content: bytes = model.SerializeToString()
        return content

    @classmethod
    def from_bytes(cls, content: bytes) -> tuple[Self, str]:
        """The program and the description in a file.

        Raises:
            BadCheckpoint: the file holds none.
            MissingPackage: the extra ``onnx`` is not installed.
        """
        try:
            program = cls(content)
        except MissingPackage:
            raise
        except Exception as damage:  # the runtime has a dozen kinds, and no base of its own
            raise BadCheckpoint(f"this is no whole ONNX model ({damage})") from damage
        return program, program.description


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise MissingPackage(package, "onnx")


def _distance(z_ND: Any, place_PD: Any, p: float = 2.0, compute_mode: int | None = None) -> Any:
    """Euclidean distances (N, P) in ONNX, which has no operation for them.

    Feature by feature: a difference of all pairs at once would be D times as large. Where features are many,
    some at a time, so that the graph stays small.
    """
    from onnxscript import opset18 as op

    def numbers(*values: int) -> Any:
        return op.Constant(value_ints=list(values))

    features = place_PD.shape[1]
    size = -(-features // MOST_STEPS)
    square_NP: Any = None
    for begin in range(0, features, size):
        span = numbers(begin), numbers(begin + size), numbers(1)
        z, place = op.Slice(z_ND, *span), op.Slice(place_PD, *span)
        if size == 1:
            difference = op.Sub(z, op.Transpose(place, perm=[1, 0]))
            part_NP = op.Mul(difference, difference)
        else:
            part_NP = op.ReduceSumSquare(op.Sub(op.Unsqueeze(z, numbers(1)), place), numbers(2), keepdims=0)
        square_NP = part_NP if square_NP is None else op.Add(square_NP, part_NP)
    return op.Sqrt(square_NP)


def _bare(model: Any) -> Any:
    """The model without what the exporter notes about each node: names of files of this machine, mostly."""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.ClearField("doc_string")
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    model.ClearField("doc_string")
    return model
