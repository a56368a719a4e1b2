"""What commits before the mark always wins: a reply, a pause, each way to be written to no more."""

from __future__ import annotations

import pytest

from sending.ledger.kinds import OPT_OUT_WAYS
from tests.sending.outbox.meetings import KINDS, Outcome, meetings, table
from tests.sending.outbox.wishes import WAYS

pytestmark = pytest.mark.django_db(transaction=True)
OF_EACH = 3


def test_what_is_stored_before_the_mark_wins_in_random_meetings() -> None:
    met = meetings(KINDS * OF_EACH, seed=20261127)
    assert {outcome for _, outcome in met} == {Outcome.STOPPED, Outcome.TOO_LATE}, (
        f"both, and nothing else:\n{table(met)}"
    )
    assert met.total() == len(KINDS) * OF_EACH


def test_each_way_that_is_counted_among_the_opt_outs_is_tried() -> None:
    assert {way.how for way in WAYS.values() if way.how} == set(OPT_OUT_WAYS)
