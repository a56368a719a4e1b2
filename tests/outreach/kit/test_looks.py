"""One look per state, everywhere."""

from __future__ import annotations

import pytest

from outreach.kit import looks
from outreach.kit.looks import tone_of, words_of


@pytest.mark.parametrize(
    ("state", "tone", "words"),
    [
        ("sent", "green", "Sent"),
        ("deferred", "amber", "Deferred"),
        ("in_doubt", "pink", "In doubt"),
        ("bounced", "red", "Bounced"),
        ("blocked", "orange", "Blocked"),
        ("replied", "violet", "Replied"),
        ("opted_out", "slate", "Opted out"),
        ("held", "olive", "Held"),
        ("running", "blue", "Running"),
        ("draft", "grey", "Draft"),
        ("dot_pending", "blue", "Handing over"),
        ("", "grey", ""),
    ],
)
def test_a_state_has_one_tone_and_one_word(state: str, tone: str, words: str) -> None:
    assert (tone_of(state), words_of(state)) == (tone, words)


def test_no_state_has_two_tones() -> None:
    states = [state for group in looks._TONES.values() for state in group.split()]
    assert len(states) == len(set(states))
