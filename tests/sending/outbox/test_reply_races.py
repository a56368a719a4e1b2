"""A reply, a pause or an opt-out that commits before the mark always wins; a thousand: `make bench`."""

from __future__ import annotations

import pytest

from tests.sending.outbox.meetings import KINDS, make_waiting, meetings

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 45


def test_what_is_stored_before_the_mark_wins_in_random_meetings() -> None:
    met = meetings(make_waiting(TIMES), TIMES, seed=20261127)
    assert sum(met.values()) == TIMES
    assert {marked for _, marked in met} == {True, False}, "both have come first"
    assert {name for name, _ in met} == set(KINDS)
