from __future__ import annotations

import pytest

from dashboards.advice import Advice
from dashboards.data import Notice
from dashboards.states import State
from dashboards.strips import notice_strip, verdict_strip
from dashboards.verdict import Freshness, Verdict

ADVICE = Advice("Wait <here>.", "hmoedrift")


def test_the_badge_turns_red_only_when_the_data_are_stale() -> None:
    said = Verdict(State.HEALTHY, "since the start", "all is well")
    assert 'class="badge stale"' in verdict_strip(said, Freshness(40.0, True, False), False, ADVICE)
    assert 'class="badge"' in verdict_strip(said, Freshness(1.0, False, False), False, ADVICE)


def test_a_paused_page_says_so() -> None:
    said = Verdict(State.HEALTHY, "since the start", "all is well")
    assert "paused, data 1 s old" in verdict_strip(said, Freshness(1.0, False, False), True, ADVICE)


def test_every_state_has_its_own_sign_so_that_colour_is_not_needed() -> None:
    fresh = Freshness(1.0, False, False)
    strips = [verdict_strip(Verdict(state, "", ""), fresh, False, ADVICE) for state in State]
    signs = {strip.split('aria-hidden="true">')[1].split("<")[0] for strip in strips}
    assert len(signs) == len(State)


@pytest.mark.parametrize("field", ["title", "sentence", "remedy"])
def test_what_comes_from_a_journal_is_text_and_never_markup(field: str) -> None:
    words = {"title": "a", "sentence": "b", "remedy": "c", field: "<script>alert(1)</script>"}
    assert "<script>" not in notice_strip(Notice(**words, is_fault=True))


def test_the_verdict_is_text_and_never_markup() -> None:
    said = Verdict(State.DRIFTING, "since <b>", "<img src=x> moved")
    assert "<img" not in verdict_strip(said, Freshness(1.0, False, False), False, ADVICE)
    assert "since <b>" not in verdict_strip(said, Freshness(1.0, False, False), False, ADVICE)


def test_a_runbook_with_an_address_is_a_link_and_one_without_is_named() -> None:
    said, fresh = Verdict(State.DRIFTING, "", ""), Freshness(1.0, False, False)
    assert "More: docs/runbooks.md#hmoedrift" in verdict_strip(said, fresh, False, ADVICE)
    linked = verdict_strip(said, fresh, False, ADVICE, "https://wiki.example/runbooks")
    assert 'href="https://wiki.example/runbooks#hmoedrift"' in linked
    assert "href" not in verdict_strip(said, fresh, False, ADVICE, "javascript:alert(1)")
    assert "<here>" not in linked
