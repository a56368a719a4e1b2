"""A reply, or a pause, that commits before the mark always wins, however the two meet; a thousand: `make bench`."""

from __future__ import annotations

import pytest

from tests.sending.outbox.meetings import make_waiting, meetings

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 30


def test_what_is_stored_before_the_mark_wins_in_thirty_random_meetings() -> None:
    met = meetings(make_waiting(TIMES), TIMES, seed=20261127)
    assert sum(met.values()) == TIMES
    assert {marked for _, marked in met} == {True, False}, "both have come first"
    assert {name for name, _ in met} == {"reply", "pause"}
