"""Known concepts are told apart by what their own models lose, within a bounded library."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream_hmoe import checkpoint
from stream_hmoe.concepts import ConceptLibrary
from stream_hmoe.detectors import LossReference

Floats = npt.NDArray[np.float64]
MEANS = {"spring": np.array([0.1, 0.2, 0.1]), "summer": np.array([0.2, 0.1, 0.1]), "autumn": np.full(3, 0.15)}


def draw(mean_K: Floats, records: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    g_NK = np.eye(3)[rng.integers(3, size=records)]
    return g_NK, np.minimum(rng.gamma(2.0, size=records) * (g_NK @ mean_K) / 2.0, 1.0)


def library(capacity: int = 8) -> ConceptLibrary:
    made = ConceptLibrary(capacity)
    for seed, (key, mean_K) in enumerate(MEANS.items()):
        made.accept(key, LossReference.estimate(*draw(mean_K, 2000, seed)))
    return made


def play(known: ConceptLibrary, home: str | None, records: int = 1200, seed: int = 9) -> None:
    """Models lose twice as much as at home wherever they are not at home."""
    for number, key in enumerate(known.keys):
        factor = 1.0 if key == home else 2.0
        known.update_many(key, *draw(factor * MEANS[key], records, seed + number))


@pytest.mark.parametrize("home", list(MEANS))
def test_the_concept_that_is_back_is_the_candidate(home: str) -> None:
    known = library()
    play(known, home)
    assert not known.unknown
    assert known.candidate() == home
    first, *others = known.suspects
    assert first.key == home
    assert first.evidence_nats < np.log(10_000)
    assert first.mean_loss == pytest.approx(MEANS[home].mean(), abs=0.02)
    assert all(other.ruled_out and other.evidence_nats >= np.log(10_000) for other in others)


def test_when_every_known_concept_is_ruled_out_it_is_unknown() -> None:
    known = library()
    assert not known.unknown
    play(known, None)
    assert known.unknown
    assert known.candidate() is None


def test_an_empty_library_knows_nothing() -> None:
    assert ConceptLibrary().unknown
    assert ConceptLibrary().candidate() is None


def test_quiet_for_too_short_is_no_candidate() -> None:
    known = library()
    play(known, "summer", records=499)
    assert known.candidate(500) is None
    assert known.candidate(499) == "summer"


def test_a_new_trial_begins_without_evidence() -> None:
    known = library()
    play(known, None)
    known.begin()
    assert not known.unknown
    assert all(suspect.records == 0 and suspect.mean_loss == 0.0 for suspect in known.suspects)
    play(known, "autumn")
    assert known.candidate() == "autumn"


def test_what_was_ruled_out_stays_so_within_the_trial() -> None:
    known = library()
    play(known, None)
    before = known.suspects
    assert known.update_many("spring", *draw(0.1 * MEANS["spring"], 500, 30))
    assert known.suspects == before


def test_the_one_that_was_not_used_for_longest_goes() -> None:
    known = library(capacity=3)
    reference = known["spring"].reference
    known.restored("spring")
    assert known.keys == ("summer", "autumn", "spring")
    assert known.accept("winter", reference) == "summer"
    assert known.keys == ("autumn", "spring", "winter")
    assert known.accept("autumn", reference, threshold=77.0) is None
    assert known.keys == ("spring", "winter", "autumn")
    assert known["autumn"].threshold == 77.0
    known.forget("winter")
    assert {suspect.key for suspect in known.suspects} == {"spring", "autumn"}


@given(st.lists(st.integers(0, 400), max_size=4).map(sorted))
def test_cuts_and_restarts_change_nothing(cuts: list[int]) -> None:
    whole, pieces = library(), library()
    g_NK, loss_N = draw(1.5 * MEANS["spring"], 400, 40)
    whole.update_many("spring", g_NK, loss_N)
    for begin, end in zip([0, *cuts], [*cuts, 400], strict=True):
        pieces.update_many("spring", g_NK[begin:end], loss_N[begin:end])
        resumed = ConceptLibrary(1)
        resumed.load_state_dict(pieces.state_dict())
        pieces = resumed
    assert whole.suspects == pieces.suspects
    assert whole.keys == pieces.keys
    assert pieces.capacity == 8


def test_a_checkpoint_holds_it(tmp_path: Any) -> None:
    known = library()
    known.restored("spring")
    play(known, "spring", records=300)
    checkpoint.save(tmp_path, known.state_dict())
    resumed = ConceptLibrary()
    resumed.load_state_dict(checkpoint.load(tmp_path))
    assert resumed.suspects == known.suspects
    assert resumed.keys == known.keys
    for one in (known, resumed):
        play(one, "spring", records=300, seed=50)
    assert resumed.suspects == known.suspects


def test_a_library_holds_at_least_one() -> None:
    with pytest.raises(ValueError, match="capacity"):
        ConceptLibrary(0)
