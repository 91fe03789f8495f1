"""The estimators keep River's contracts."""

from __future__ import annotations

from typing import Any

import pytest
from river import checks

from stream_hmoe import HMoEClassifier, HMoERegressor

MODELS = [HMoEClassifier(), HMoERegressor()]
CASES = [
    pytest.param(model, check, id=f"{type(model).__name__}:{check.__name__}")
    for model in MODELS
    for check in checks.yield_checks(model)
]


@pytest.mark.parametrize(("model", "check"), CASES)
def test_keeps_rivers_contract(model: Any, check: Any) -> None:
    check(model.clone())
