"""What commits before the mark always wins: a reply, a pause, each way to be written to no more."""

from __future__ import annotations

import pytest

from tests.sending.outbox.meetings import KINDS, Outcome, meetings, table

pytestmark = pytest.mark.django_db(transaction=True)
OF_EACH = 3


def test_what_is_stored_before_the_mark_wins_in_random_meetings() -> None:
    met = meetings(KINDS * OF_EACH, seed=20261127)
    assert {outcome for _, outcome in met} == {Outcome.STOPPED, Outcome.TOO_LATE}, (
        f"both, and nothing else:\n{table(met)}"
    )
    assert met.total() == len(KINDS) * OF_EACH
