"""A learner whose region groups choose the number of their experts from what they see.

At every ``BEAT``-th record: an edit that the evidence speaks for goes on trial beside the champion; a trial
that is decided is promoted or refused. At most one edit is on trial, and after each there is a pause.

Shapes: N records, D features, G region groups, K leaves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .events import Restructured
from .kernels.categorical import PREDICT
from .kernels.compiled import Entry
from .kernels.watching import Watch, run_watched_classes, run_watched_means
from .layout import Task
from .learner import Learner, Outcome, has_target
from .settings import Settings
from .structure import (
    ExpertCount,
    LeafNames,
    Limits,
    Shadow,
    Trial,
    allocate_watch,
    fade,
    nobody,
    put_back,
)

__all__ = ["AdaptingLearner", "make_learner", "restored_learner"]

Floats = npt.NDArray[np.float64]

BEAT = 100
BIRTHS_UNTIL = 500
COOL_DOWN = 200
FADE_AFTER = 4000
LONGEST_NEWS = 256
WATCH_CLASSES, WATCH_MEANS = Entry(run_watched_classes), Entry(run_watched_means)


def make_learner(settings: Settings, task: Task) -> Learner:
    """The learner that the settings ask for."""
    return AdaptingLearner(settings, task) if settings.adapt_experts else Learner(settings, task)


def restored_learner(state: Mapping[str, Any]) -> Learner:
    """The learner that ``state_dict`` described, of the kind that its settings ask for."""
    fresh = make_learner(Settings.from_json(state["settings"]), state["task"])
    return fresh.load_state_dict(dict(state))


class AdaptingLearner(Learner):
    """A ``Learner`` that splits, merges, prunes and revives local experts on evidence.

    Until ``BIRTHS_UNTIL`` records experts are born as in any learner, up to ``settings.first_experts``;
    then only edits that won their trial change the count.

    Args:
        settings: the model's shape.
        task: ``"classification"`` or ``"regression"``.
    """

    def __init__(self, settings: Settings, task: Task) -> None:
        super().__init__(settings, task)
        regions = self.state.regions
        limits = [Limits(region.least, settings.most_experts(region)) for region in settings.regions]
        wanted = settings.first_experts or settings.experts
        first = [max(low, min(wanted, high)) for low, high in limits]
        regions.most_G[:] = first
        regions.rebirth_usage_G[:] = 0.0
        names = [name for name in self.topology.groups if name.startswith("regions ")]
        self.names = LeafNames(names, settings.experts)
        self.topology = self.names.rename(self.topology)
        self.count = ExpertCount(limits)
        self._news: deque[Restructured] = deque(maxlen=LONGEST_NEWS)
        self._resting_until = BIRTHS_UNTIL
        self._watch_anew()

    @property
    def news(self) -> Sequence[Restructured]:
        """The last changes of the set of experts, by number of records learned before them."""
        return tuple(self._news)

    @property
    def experts(self) -> tuple[int, ...]:
        """Live experts of every region group."""
        return tuple(self.state.regions.born_G.tolist())

    @property
    def on_trial(self) -> Shadow | None:
        """The edit that is being tried, if there is one."""
        return self._shadow

    def widen(self, num_features: int, num_outputs: int) -> None:
        """Make room for new features and classes; evidence and trial start again."""
        if (num_features, num_outputs) != (self.num_features, self.num_outputs):
            super().widen(num_features, num_outputs)
            self._watch_anew()

    def _watch_anew(self) -> None:
        self._watch: Watch = allocate_watch(self.state.regions)
        self._shadow: Shadow | None = None
        self._nobody = nobody(self.state.regions)

    def _run(self, x_ND: Floats, y_N: npt.NDArray[Any], mode: int, outcome: Outcome) -> None:
        # Predictions too: one piece of machine code makes all, as a sum may round otherwise elsewhere.
        shadow = self._shadow
        beside = self._nobody if shadow is None else shadow.beside
        loss_NG, beside_loss_N1 = np.empty((len(x_ND), len(self.count.limits))), np.empty((len(x_ND), 1))
        losses = (loss_NG, beside_loss_N1)
        if self.task == "classification":
            WATCH_CLASSES(self.state, self._watch, beside, x_ND, y_N, mode, *outcome, *losses)
        else:
            WATCH_MEANS(self.state, self.target_3, self._watch, beside, x_ND, y_N, mode, *outcome, *losses)
        if shadow is not None and mode != PREDICT:
            learned_N = has_target(y_N)
            shadow.update(loss_NG[learned_N, shadow.edit.group], beside_loss_N1[learned_N, 0])

    def _until_due(self) -> int:
        return min(super()._until_due(), BEAT - self.records % BEAT)

    def _do_what_is_due(self) -> None:
        super()._do_what_is_due()
        if self.records % BEAT or self.records < BIRTHS_UNTIL:
            return
        regions = self.state.regions
        np.minimum(regions.most_G, np.maximum(regions.born_G, 1), out=regions.most_G)
        for watch in (self._watch, *([self._shadow.beside.watch] if self._shadow else [])):
            for group in np.flatnonzero(watch.records_G >= FADE_AFTER).tolist():
                fade(watch, group, 0.5)
        if self._shadow is not None:
            self._judge(self._shadow)
        elif self.records >= self._resting_until:
            self._try()

    def _judge(self, shadow: Shadow) -> None:
        if not shadow.trial.finished:
            return
        self._shadow = None
        if shadow.trial.verdict != "promote":
            self.count.refuse(shadow.proposal, self.records)
            return
        put_back(self.state.regions, shadow.edit.group, shadow.beside.regions)
        for name, array in shadow.beside.watch._asdict().items():
            if name != "direction_JB":
                getattr(self._watch, name)[shadow.edit.group] = array[0]
        lineage = self.names.apply(shadow.edit)
        self.topology = self.names.rename(self.topology)
        self.count.restructured(self.names)
        live = int(self.state.regions.born_G[shadow.edit.group])
        reason = f"{live} experts in {lineage.group} after a {shadow.reason()}"
        self._news.append(Restructured(self.records, reason, self.topology, lineage))
        self._resting_until = self.records + COOL_DOWN

    def _try(self) -> None:
        is_class = self.task == "classification"
        regions = self.state.regions
        proposal = self.count.propose(regions, self._watch, self.names, is_class, self.records)
        if proposal is not None:
            memory = self.state.memory
            remembered = min(int(memory.count_1[0]), memory.target_N.size)
            input_NA = np.ascontiguousarray(memory.record_AN[:, :remembered].T)
            edit = proposal.edit(regions, self._watch, bool(self.state.laplace_2[1]), input_NA)
            self._shadow = Shadow(proposal, edit, Trial(proposal.margin))

    def state_dict(self) -> dict[str, Any]:
        """Everything that matters for the future: the learner, its evidence, names and trial."""
        return super().state_dict() | {
            "names": self.names.state_dict(),
            "count": self.count.state_dict(),
            "watch": {name: array.copy() for name, array in self._watch._asdict().items()},
            "shadow": None if self._shadow is None else self._shadow.state_dict(),
            "resting_until": self._resting_until,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> AdaptingLearner:
        """Take over a saved state; what was news before it is not repeated."""
        super().load_state_dict(dict(state))
        self.names.load_state_dict(state["names"])
        self.topology = self.names.rename(self.topology)
        self.count.load_state_dict(state["count"])
        for name, array in state["watch"].items():
            getattr(self._watch, name)[...] = array
        saved = state["shadow"]
        self._shadow = None if saved is None else Shadow.from_state(saved, self.state.regions)
        self._resting_until = int(state["resting_until"])
        return self
