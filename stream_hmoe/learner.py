"""The learner: an HMoE whose groups differ in kind, learning one encoded record at a time.

It owns the arrays that the compiled kernels work on, widens them when features or classes appear,
and renews the quantile bins at fixed record counts. It has no clock and no random state.

Shapes: N records, D features, C outputs (classes; 1 for a mean), K leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .events import Restructured, Topology
from .kernels.additive import quantile_edges
from .kernels.categorical import LEARN, PREDICT, STEP, State, run_classes
from .kernels.compiled import Entry
from .kernels.gaussian import run_means
from .layout import PARTS, Task, allocate_state, widen_state
from .settings import Settings

__all__ = ["Learner", "Outcome", "has_target"]

Floats = npt.NDArray[np.float64]

EARLY_RENEWALS = (100, 400)
RENEWAL = 1000
RUN_CLASSES, RUN_MEANS = Entry(run_classes), Entry(run_means)


class Outcome(NamedTuple):
    """What a run of records gave.

    Args:
        predicted: (N, C) class probabilities, or (N, 2) mean and standard deviation.
        loss_nats: (N,) negative log-likelihood of the target; empty where nothing was scored.
        leaf_weights: (N, K) weights of the leaves, or (N, 0) where they were not asked for.
    """

    predicted: Floats
    loss_nats: Floats
    leaf_weights: Floats


class Learner:
    """Predicts and learns on encoded records; everything it knows is in ``state_dict``.

    Args:
        settings: the model's shape.
        task: ``"classification"`` or ``"regression"``.
    """

    def __init__(self, settings: Settings, task: Task) -> None:
        self.settings = settings
        self.task: Task = task
        self.num_features = 0
        self.num_outputs = 0 if task == "classification" else 1
        self.target_3 = np.zeros(3)
        self.state: State = allocate_state(settings, task, self.num_features, self.num_outputs)
        self.topology = _topology(settings)
        self._make_room_for_one()

    @property
    def records(self) -> int:
        """Number of records learned."""
        return int(self.state.records_1[0])

    @property
    def news(self) -> Sequence[Restructured]:
        """The last changes of the set of experts, by number of records learned before them."""
        return ()

    def widen(self, num_features: int, num_outputs: int) -> None:
        """Make room for new features and classes (never fewer); what was learned keeps its place."""
        if (num_features, num_outputs) == (self.num_features, self.num_outputs):
            return
        self.state = widen_state(self.settings, self.task, self.state, num_features, num_outputs)
        self.num_features, self.num_outputs = num_features, num_outputs
        self._make_room_for_one()

    def _make_room_for_one(self) -> None:
        self._x_1D = np.empty((1, self.num_features))
        self._y_1: npt.NDArray[Any] = np.zeros(1, np.int64 if self.task == "classification" else np.float64)
        self._one = self._room(1, 1, weights=False)
        self._predicted: bytes | None = None

    def predict(self, x_ND: Floats, *, weights: bool = False) -> Outcome:
        """Predictions of N records from the present state, which stays as it is.

        Before any class is known all leaves share alike.

        Args:
            x_ND: (N, D) encoded records; NaN is missing.
            weights: whether to report the leaves' weights.

        Raises:
            ValueError: the records do not have D features.
        """
        self._predicted = None
        x_ND = self._checked(x_ND)
        outcome = self._room(len(x_ND), 0, weights)
        if self.num_outputs > 0:
            none = np.empty(0, np.int64 if self.task == "classification" else np.float64)
            self._run(x_ND, none, PREDICT, outcome)
        else:
            outcome.leaf_weights.fill(1.0 / len(self.topology.leaves))
        return outcome

    def step(self, x_ND: Floats, y_N: npt.NDArray[Any], *, weights: bool = False) -> Outcome:
        """Predict, score, then learn N records in order.

        How a stream is cut into calls changes nothing: what is due at a record count is done there.

        Args:
            x_ND: (N, D) encoded records.
            y_N: (N,) class indices below C, or finite float targets.
            weights: whether to report the leaves' weights.

        Raises:
            ValueError: the records do not have D features, or the targets are not theirs.
        """
        self._predicted = None
        x_ND = self._checked(x_ND)
        y_N = np.ascontiguousarray(y_N, dtype=self._y_1.dtype)
        if y_N.shape != x_ND.shape[:1]:
            raise ValueError(f"targets: got shape {y_N.shape} for {len(x_ND)} records; send one for each")
        if y_N.size:
            self._check_class(y_N.min())
            self._check_class(y_N.max())
        return self._in_order(x_ND, y_N, np.arange(len(x_ND)), weights)

    def step_labelled(self, x_ND: Floats, y_N: npt.NDArray[Any], *, weights: bool = False) -> Outcome:
        """Predict N records in order, and learn those that have a target before the next is predicted.

        Args:
            x_ND: (N, D) encoded records.
            y_N: (N,) class indices below C, or finite float targets; -1 or NaN where there is none.
            weights: whether to report the leaves' weights.

        Returns:
            As ``step``; where there is no target the loss has no meaning.

        Raises:
            ValueError: as ``step``.
        """
        self._predicted = None
        x_ND = self._checked(x_ND)
        y_N = np.ascontiguousarray(y_N, dtype=self._y_1.dtype)
        if y_N.shape != x_ND.shape[:1]:
            raise ValueError(f"targets: got shape {y_N.shape} for {len(x_ND)} records; send one for each")
        labelled_L = np.flatnonzero(has_target(y_N))
        if labelled_L.size:
            self._check_class(y_N.max())
        return self._in_order(x_ND, y_N, labelled_L, weights)

    def _in_order(
        self, x_ND: Floats, y_N: npt.NDArray[Any], labelled_L: npt.NDArray[np.intp], weights: bool
    ) -> Outcome:
        """Go through records, of which those at ``labelled_L`` are learned; do what is due in between."""
        outcome = self._room(len(x_ND), len(x_ND), weights)
        begin = learned = 0
        while begin < len(x_ND):
            due = learned + self._until_due()
            end = len(x_ND) if due > len(labelled_L) else int(labelled_L[due - 1]) + 1
            run = slice(begin, end)
            self._run(x_ND[run], y_N[run], STEP, Outcome(*(part[run] for part in outcome)))
            # Predictions alone bring nothing due, and what was due at this count must not be done again.
            if learned < len(labelled_L):
                self._do_what_is_due()
            begin, learned = end, min(due, len(labelled_L))
        return outcome

    def predict_one(self, x_D: Floats) -> Floats:
        """Prediction of one record: class probabilities (C,), or mean and deviation (2,).

        The array is reused: the next call overwrites it.
        """
        self._predicted = None
        if self.num_outputs > 0:
            self._x_1D[0] = x_D
            self._run(self._x_1D, self._y_1, PREDICT, self._one)
            self._predicted = x_D.tobytes()
        predicted: Floats = self._one.predicted[0]
        return predicted

    def learn_one(self, x_D: Floats, y: float) -> None:
        """Learn one record; if it is the one that was predicted last, that prediction is used.

        Raises:
            ValueError: the record does not have D features, or the class index is not below C.
        """
        self._check_class(y)
        just_predicted = self._predicted == x_D.tobytes()
        self._predicted = None
        self._x_1D[0] = x_D
        self._y_1[0] = y
        self._run(self._x_1D, self._y_1, LEARN if just_predicted else STEP, self._one)
        self._do_what_is_due()

    def _checked(self, x_ND: Floats) -> Floats:
        """The records as the kernels take them; these look at no length themselves."""
        x_ND = np.ascontiguousarray(x_ND, dtype=np.float64)
        if x_ND.ndim != 2 or x_ND.shape[1] != self.num_features:
            raise ValueError(f"records: got shape {x_ND.shape} for {self.num_features} features; widen first")
        return x_ND

    def _check_class(self, y: float) -> None:
        if self.task == "classification" and not 0 <= y < self.num_outputs:
            raise ValueError(f"class index: got {y} for {self.num_outputs} classes; widen first")

    def _room(self, num_records: int, num_losses: int, weights: bool) -> Outcome:
        columns = 2 if self.task == "regression" else self.num_outputs
        leaf_weights = np.empty((num_records, len(self.topology.leaves) if weights else 0))
        return Outcome(np.empty((num_records, columns)), np.empty(num_losses), leaf_weights)

    def _run(self, x_ND: Floats, y_N: npt.NDArray[Any], mode: int, outcome: Outcome) -> None:
        if self.task == "classification":
            RUN_CLASSES(self.state, x_ND, y_N, mode, *outcome)
        else:
            RUN_MEANS(self.state, self.target_3, x_ND, y_N, mode, *outcome)

    def _until_due(self) -> int:
        """Records from now until something is due."""
        return _until_renewal(self.records)

    def _do_what_is_due(self) -> None:
        self._renew_bins_if_due()

    def _renew_bins_if_due(self) -> None:
        """At fixed record counts, cut the features into bins of equal count over the records remembered."""
        if _until_renewal(self.records - 1) != 1:
            return
        memory, additive = self.state.memory, self.state.additive
        count = min(int(memory.count_1[0]), memory.target_N.size)
        additive.edge_DH[:] = quantile_edges(memory.record_AN[:, :count], additive.edge_DH.shape[1])

    def state_dict(self) -> dict[str, Any]:
        """Everything that matters for the future, as NumPy arrays and plain values."""
        state: dict[str, Any] = {
            "task": self.task,
            "settings": self.settings.to_json(),
            "num_features": self.num_features,
            "num_outputs": self.num_outputs,
            "records": self.records,
            "target_3": self.target_3.copy(),
        }
        for part, (_, layout) in PARTS.items():
            arrays = getattr(self.state, part)
            state |= {
                f"{part}.{name}": getattr(arrays, name).copy() for name, a in layout.items() if not a.scratch
            }
        return state

    def load_state_dict(self, state: dict[str, Any]) -> Learner:
        """Take over a saved state, shape and settings included; returns itself."""
        self.__init__(Settings.from_json(state["settings"]), state["task"])  # type: ignore[misc]
        self.widen(int(state["num_features"]), int(state["num_outputs"]))
        self.target_3[:] = state["target_3"]
        self.state.records_1[0] = state["records"]
        for part, (_, layout) in PARTS.items():
            for name, axes in layout.items():
                if not axes.scratch:
                    getattr(getattr(self.state, part), name)[...] = state[f"{part}.{name}"]
        return self


def has_target(y_N: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """(N,) where there is a target: a class index that is not negative, a number that is not NaN."""
    given_N: npt.NDArray[np.bool_] = y_N >= 0 if y_N.dtype.kind == "i" else ~np.isnan(y_N)
    return given_N


def _until_renewal(records: int) -> int:
    """Records from now until the bins are renewed: after 100, 400, 1000, 2000, ... records."""
    for early in EARLY_RENEWALS:
        if records < early:
            return early - records
    return RENEWAL - records % RENEWAL


def _topology(settings: Settings) -> Topology:
    """Names and groups of the leaves, in the order of every weight vector."""
    sizes = {"linear quick": 1, "linear steady": 1}
    for region in settings.regions:
        order = "1st order" if region.forgetting is None else "2nd order"
        name = f"regions {region.scale:g} {order}"
        alike = sum(known == name or known.startswith(f"{name} #") for known in sizes)
        sizes[f"{name} #{alike + 1}" if alike else name] = settings.experts
    for name in (
        "memory",
        "prototypes",
        "additive steady",
        "additive quick",
        "boosted steady",
        "boosted quick",
    ):
        sizes[name] = 1
    leaves = [f"{name}/{e}" if size > 1 else name for name, size in sizes.items() for e in range(size)]
    group_of = [index for index, size in enumerate(sizes.values()) for _ in range(size)]
    return Topology(tuple(leaves), tuple(group_of), tuple(sizes))
