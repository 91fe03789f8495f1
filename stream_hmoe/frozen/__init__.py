"""The model as it is at one moment, to be used elsewhere: a torch module, and files that run by themselves.

Reading order: ``scaling``, ``linear``, ``regions``, ``nearest``, ``rules`` and ``pool`` are the parts of the
prediction, in the order of the compiled kernels; ``mixture`` is the whole; ``torch_program`` and
``onnx_program`` are its two formats; ``model`` knows what the columns mean; ``agreement`` compares with the
learner.
"""

from stream_hmoe.frozen.agreement import TOLERANCE, Agreement, compare, remembered
from stream_hmoe.frozen.mixture import FrozenMixture
from stream_hmoe.frozen.model import Format, FrozenModel

__all__ = [
    "TOLERANCE",
    "Agreement",
    "Format",
    "FrozenMixture",
    "FrozenModel",
    "compare",
    "remembered",
]
