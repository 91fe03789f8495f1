"""A frozen model as a program of ``torch.export``, which torch runs without this package.

Not TorchScript: torch 2.13 calls it deprecated, and warns at every use. Torch promises nothing about reading
a program with another version than wrote it; a file to keep is better written as ONNX.

Shapes: N records, D features, C outputs, K leaves.
"""

from __future__ import annotations

import io
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch.export import Dim, ExportedProgram

from stream_hmoe.errors import BadCheckpoint
from stream_hmoe.frozen.mixture import FrozenMixture

__all__ = ["ANY_RECORDS", "TorchProgram"]

Floats = npt.NDArray[np.float64]

DESCRIPTION = "hmoe.json"
ANY_RECORDS = ({0: Dim("records")},)


class TorchProgram:
    """Runs a program of ``torch.export``.

    Args:
        program: of a frozen mixture.
    """

    def __init__(self, program: ExportedProgram) -> None:
        self._program = program
        self._run = program.module()

    @classmethod
    def of(cls, mixture: FrozenMixture) -> Self:
        """Trace a frozen mixture, for any number of records."""
        program = torch.export.export(mixture.eval(), mixture.example(), dynamic_shapes=ANY_RECORDS)
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # it names files of this machine
        return cls(program)

    def predict(self, x_ND: Floats) -> tuple[Floats, Floats]:
        """Return predictions (N, C) and leaf weights (N, K) of encoded records (N, D)."""
        with torch.inference_mode():
            predicted_NC, weight_NK = self._run(torch.from_numpy(x_ND))
        return predicted_NC.numpy(), weight_NK.numpy()

    def to_bytes(self, description: str) -> bytes:
        """The file: the program with a description beside it, as ``hmoe.json`` among its extra files."""
        file = io.BytesIO()
        torch.export.save(self._program, file, extra_files={DESCRIPTION: description})
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> tuple[Self, str]:
        """The program and the description in a file.

        Raises:
            BadCheckpoint: the file holds none.
        """
        found = {DESCRIPTION: ""}
        try:
            program = torch.export.load(io.BytesIO(content), extra_files=found)
        except Exception as damage:  # torch has no kind of its own for this
            raise BadCheckpoint(f"this is no whole program of torch.export ({damage})") from damage
        return cls(program), found[DESCRIPTION]
