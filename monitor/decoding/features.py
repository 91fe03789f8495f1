"""Are the features of a record what the configuration says they are?"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

from monitor.config.schema import FeatureConfig
from monitor.decoding.decoded import BadKind, Unusable, shown

__all__ = ["LARGEST", "FeatureCheck"]

PLAIN = frozenset({str, int, float, bool, type(None)})
LARGEST = sys.float_info.max
MAX_NAME = 200  # characters: names are kept in memory
NULL = "or null when it is unknown"


class FeatureCheck:
    """Checks a record, and gives categories the form in which they are one.

    Args:
        features: what is known of some features.
        is_closed: there are no others.
    """

    def __init__(self, features: Mapping[str, FeatureConfig], is_closed: bool) -> None:
        self.features = dict(features)
        self.is_closed = is_closed
        self._names = frozenset(features) if is_closed else None
        # what is asked of every record is laid out for the one loop that asks it
        self._numbers = [
            (
                name,
                -LARGEST if feature.least is None else feature.least,
                LARGEST if feature.most is None else feature.most,
            )
            for name, feature in features.items()
            if feature.type == "number"
        ]
        self._others = [name for name, feature in features.items() if feature.type != "number"]

    def __call__(self, record: dict[str, Any]) -> None:
        """Check all values; numbers and truth values of categories become text.

        Raises:
            Unusable: a value is not as it should be, a feature is missing or one too many.
        """
        if self._names is not None and not record.keys() <= self._names:
            name = min(record.keys() - self._names)
            reason = "the feature is not listed, and the stream is closed to others"
            remedy = "Do not send it, list it in features or ignored, or set is_closed: false."
            raise Unusable(BadKind.UNKNOWN, name, shown(record[name]), reason, remedy)
        longest = max(record, key=len, default="")
        if len(longest) > MAX_NAME:
            reason, remedy = f"a feature's name has at most {MAX_NAME} characters", "Send a shorter name."
            raise Unusable(BadKind.RANGE, shown(longest), shown(record[longest]), reason, remedy)
        if not PLAIN.issuperset(map(type, record.values())):
            self._refuse_nested(record)
        for name, least, most in self._numbers:
            value = record.get(name)
            if not (type(value) is float and least <= value <= most):
                self._look_at_number(record, name, value)
        for name in self._others:
            self._look_at(record, name, record.get(name))

    def _refuse_nested(self, record: dict[str, Any]) -> None:
        for name, value in record.items():
            if type(value) not in PLAIN:
                reason = "a feature is a number, text, true, false or null"
                remedy = "Send a field for every value in it, or list the field in ignored."
                raise Unusable(BadKind.TYPE, name, shown(value), reason, remedy)

    def _look_at_number(self, record: dict[str, Any], name: str, value: Any) -> None:
        if value is None or value != value:
            self._miss(name)
            if value is not None:
                record[name] = None  # NaN, where the format has it, says that nothing is known
            return
        if isinstance(value, bool | str):
            raise self._wrong(name, value, "it is to be a number", f"Send a number without quotes, {NULL}.")
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            reason = "it is not finite as a 64-bit float"
            raise Unusable(BadKind.RANGE, name, shown(value), reason, f"Send a finite number, {NULL}.")
        feature = self.features[name]
        for limit, is_beyond, side in (
            (feature.least, feature.least is not None and value < feature.least, "below least"),
            (feature.most, feature.most is not None and value > feature.most, "above most"),
        ):
            if is_beyond:
                remedy = "Mend the sender, or widen the limits in the configuration."
                raise Unusable(BadKind.RANGE, name, shown(value), f"it is {side} ({limit:g})", remedy)

    def _look_at(self, record: dict[str, Any], name: str, value: Any) -> None:
        if value is None or value != value or (type(value) is str and not value.strip()):
            self._miss(name)
            if name in record:
                record[name] = None
            return
        if self.features[name].type == "boolean":
            if type(value) is not bool:
                raise self._wrong(name, value, "it is to be true or false", f"Send true or false, {NULL}.")
        elif type(value) is not str:
            record[name] = ("true" if value else "false") if type(value) is bool else str(value)

    def _miss(self, name: str) -> None:
        if self.features[name].is_required:
            remedy = "Send it, or set is_required: false."
            raise Unusable(BadKind.MISSING, name, "", "a required feature is missing", remedy)

    @staticmethod
    def _wrong(name: str, value: Any, reason: str, remedy: str) -> Unusable:
        return Unusable(BadKind.TYPE, name, shown(value), reason, remedy)
