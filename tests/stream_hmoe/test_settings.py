"""What a learner may be made of."""

from typing import Any

import pytest

from stream_hmoe.checkpoint import load, save
from stream_hmoe.settings import RegionGroup, Settings


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gates": "XL"}, r"gates: got 'XL'; choose one of SS, SL, LS, LL"),
        ({"kinds": ()}, r"kinds: got \(\); choose some of linear, regions"),
        ({"kinds": ("trees",)}, r"kinds: got \('trees',\); choose some of"),
        ({"experts": 0}, "experts: got 0; it must be at least 1"),
        ({"remembered": 0}, "remembered: got 0"),
        ({"prototypes": 0}, "prototypes: got 0"),
        ({"stages": 0}, "stages: got 0"),
        ({"bins": 1}, "bins: got 1; it must be at least 2"),
        ({"leaves": 1}, "leaves: got 1"),
        ({"cutoff": 1.0}, r"cutoff: got 1.0; it must be at least 0 and below 1"),
        ({"cutoff": float("nan")}, "cutoff: got nan"),
        ({"regions": ()}, "regions: at least one group"),
        ({"regions": (RegionGroup(0.0),)}, "regions: every scale must be above 0"),
        ({"regions": (RegionGroup(1.0, forgetting=0.9), RegionGroup(1.0))}, "second-order experts last"),
    ],
)
def test_a_wrong_setting_names_field_value_and_remedy(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)


def test_settings_survive_a_checkpoint(tmp_path: Any) -> None:
    chosen = Settings(
        gates="SL", kinds=("linear", "regions"), regions=(RegionGroup(3.0), RegionGroup(1.0, forgetting=0.9))
    )
    save(tmp_path, chosen.to_json())
    assert Settings.from_json(load(tmp_path)) == chosen
