"""The whole flow on one page: records in, facts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .adaptation import Adaptation
from .errors import OrderRefused
from .estimators import HMoEClassifier, HMoERegressor
from .events import Account, Event, Fact, Order, Restructured, Scored, Taken
from .flow import Flow
from .labels import LabelSettings, PendingLabels
from .profile import Profile
from .record_facts import cut, joined
from .signals import RiverSignals
from .taking import Taking

__all__ = ["Pipeline"]


class Pipeline:
    """A model, what watches it, and what decides about it.

    The facts depend on the records alone, not on the clock or on how the stream is cut into steps.

    Args:
        model: the learner.
        adaptation: watches, controller and challengers; None leaves the model to itself.
        signals: further River detectors on gates and losses; None for none.
        labels: how long records and labels that come later wait for each other.
        profile: also tell, every thousand records, what the records were like.

    Example:
        >>> from stream_hmoe import HMoEClassifier, Label, Observation, Pipeline
        >>> pipeline = Pipeline(HMoEClassifier())
        >>> for day in range(50):
        ...     hours = [Observation(f"{day}/{hour}", {"hour": hour}) for hour in range(24)]
        ...     predicted = pipeline.take(hours)
        ...     lights = [Label(f"{day}/{hour}", "on" if hour < 6 else "off") for hour in range(24)]
        ...     learned = pipeline.take(lights)
        >>> predicted.facts[0].predictions[5:8]
        ['on', 'off', 'off']
        >>> pipeline.account.learned, pipeline.account.pending
        (1200, 0)
    """

    def __init__(
        self,
        model: HMoEClassifier | HMoERegressor,
        adaptation: Adaptation | None = None,
        signals: RiverSignals | None = None,
        labels: LabelSettings | None = None,
        *,
        profile: bool = False,
    ) -> None:
        self._labels = PendingLabels(labels)
        self._flow = Flow(model, adaptation, signals, self._labels.rows, Profile() if profile else None)

    @property
    def model(self) -> HMoEClassifier | HMoERegressor:
        """The learner."""
        return self._flow.model

    @property
    def adaptation(self) -> Adaptation | None:
        """Watches, controller and challengers."""
        return self._flow.adaptation

    @property
    def records_seen(self) -> int:
        """Records that are dealt with: learned, held back, rejected or expired, but not pending."""
        return self._flow.records_seen

    @property
    def is_frozen(self) -> bool:
        """Records are predicted and scored, but not learned."""
        return self._flow.is_frozen

    @property
    def account(self) -> Account:
        """Where every record and every label went."""
        counts = asdict(self._flow.tally)
        return Account(**counts, pending=len(self._labels), labels_waiting=self._labels.num_early)

    def step(self, records: Sequence[Mapping[Any, Any]], targets: Sequence[Any]) -> list[Fact]:
        """Predict, score and learn records in order; at fixed record counts watch, decide and act.

        Args:
            records: N records.
            targets: their N targets.

        Returns:
            What was scored (if anything), cut where the set of experts changed; then what else happened, in
            stream order.

        Raises:
            ValueError: there are more records than targets, or fewer; nothing was learned.
        """
        if len(records) != len(targets):
            raise ValueError(f"records and targets go in pairs: got {len(records)} and {len(targets)}")
        scored: list[Scored] = []
        restructured: list[Restructured] = []
        facts: list[Fact] = []
        begin = 0
        while begin < len(records):
            end = min(len(records), begin + self._flow.until_tick)
            passed = self._flow.pass_examples(records[begin:end], targets[begin:end])
            scored += [] if passed.scored is None else [passed.scored]
            restructured += passed.restructured
            facts += [*passed.rejected, *passed.drifted, *passed.decided]
            begin = end
        return [*cut(joined(scored), restructured), *facts] if scored else facts

    def take(self, events: Sequence[Event]) -> Taken:
        """Take observations, labels and examples in, in the order in which they came.

        An observation is predicted at once, by the model as all labels before it have left it; that
        prediction is scored when the label comes, and only then the record is learned, as it was encoded at
        first. What brings its label with it goes the way of ``step``.

        Args:
            events: what came.

        Returns:
            What was predicted and scored, cut where the set of experts changed; then what else happened, in
            stream order; and what became of every event.
        """
        return Taking(self._flow, self._labels).take(events)

    def order(self, order: Order) -> None:
        """Do what an operator asks for: freezing at once, all else at the next tick.

        RETRAIN makes a challenger from the newest records, while the controller is at rest (normal, warn,
        cool-down; a former champion is no longer kept then). PROMOTE puts the leading challenger in service
        once one has caught up, ROLL_BACK the former champion while one is kept, RELEASE ends a hold. A frozen
        model is neither retrained nor replaced, but its former champion may be put back.

        Raises:
            OrderRefused: it cannot be done now; the message says why.
        """
        if order in (Order.FREEZE, Order.UNFREEZE):
            self._flow.is_frozen = order is Order.FREEZE
        elif self.adaptation is None:
            raise OrderRefused(f"{order.value}: this pipeline has no control; make it with an Adaptation")
        else:
            self.adaptation.order(order, is_frozen=self.is_frozen)

    def state_dict(self) -> dict[str, Any]:
        """Everything: with it and the same records the same facts follow."""
        return self._flow.state_dict() | {"labels": self._labels.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state, also one of a version that knew no late labels.

        Raises:
            ValueError: it is of a pipeline with other parts; nothing was taken over.
        """
        self._flow.load_state_dict(state)
        self._labels.load_state_dict(state.get("labels", PendingLabels().state_dict()))
