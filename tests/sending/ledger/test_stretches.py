"""How long one reason held a mailbox: one row however often it is found, ended when it is gone, and forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sending.ledger.kinds import StretchScope
from sending.ledger.models import Stretch
from sending.ledger.stretches import SLACK, Note, end, forget, note, stretches_between
from tests.builders import make_workspace

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 3, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def workspace_id() -> int:
    return make_workspace().pk


def look(workspace_id: int, at: datetime, *, until: datetime, code: str = "daily_limit", **about: object) -> None:
    values = {"mailbox_id": 7, "words": f"seen at {at:%H:%M}", **about}
    note([Note(workspace_id, code, until=until, **values)], now=at)  # type: ignore[arg-type]


def spans() -> list[tuple[str, datetime, datetime]]:
    return list(Stretch.objects.order_by("id").values_list("code", "begun_at", "until"))


def test_looks_that_find_the_same_reason_make_one_stretch_longer(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + HOUR)
    look(workspace_id, NOON + HOUR, until=NOON + 2 * HOUR)
    look(workspace_id, NOON + 2 * HOUR + SLACK, until=NOON + 4 * HOUR)
    assert spans() == [("daily_limit", NOON, NOON + 4 * HOUR)]
    assert Stretch.objects.get().words == f"seen at {NOON + 2 * HOUR + SLACK:%H:%M}"


def test_a_reason_that_was_gone_for_a_while_begins_anew(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + HOUR)
    look(workspace_id, NOON + HOUR + SLACK + timedelta(seconds=1), until=NOON + 3 * HOUR)
    assert len(spans()) == 2


def test_another_reason_begins_a_stretch_of_its_own(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + HOUR, code="hourly_limit")
    look(workspace_id, NOON + HOUR, until=NOON + DAY)
    assert spans() == [("hourly_limit", NOON, NOON + HOUR), ("daily_limit", NOON + HOUR, NOON + DAY)]


def test_mailboxes_campaigns_and_scopes_do_not_mix(workspace_id: int) -> None:
    for about in (
        {},
        {"mailbox_id": 8},
        {"mailbox_id": 0, "campaign_id": 7, "scope": StretchScope.NEW_LEADS},
        {"scope": StretchScope.FOLLOW_UPS},
    ):
        look(workspace_id, NOON, until=NOON + HOUR, **about)
        look(workspace_id, NOON + HOUR, until=NOON + 2 * HOUR, **about)
    assert len(spans()) == 4
    found = stretches_between(NOON, NOON + DAY, mailboxes=[7], campaigns=[7])
    assert [(one.mailbox_id, one.campaign_id, one.scope) for one in found] == [
        (7, 0, "everybody"), (0, 7, "new_leads"), (7, 0, "follow_ups"),
    ]  # fmt: skip


def test_a_stretch_is_over_when_nothing_holds_any_more(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + DAY)
    look(workspace_id, NOON, until=NOON + DAY, mailbox_id=8)
    end(StretchScope.EVERYBODY, now=NOON + HOUR, mailboxes=[7])
    assert spans() == [("daily_limit", NOON, NOON + HOUR), ("daily_limit", NOON, NOON + DAY)]
    end(StretchScope.EVERYBODY, now=NOON + 2 * HOUR, mailboxes=[7])
    assert spans()[0][2] == NOON + HOUR, "what is over stays over"


def test_a_sandbox_forgives_as_much_of_its_own_time(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + HOUR, pace_scale=60)
    look(workspace_id, NOON + HOUR + SLACK / 60, until=NOON + 2 * HOUR, pace_scale=60)
    look(workspace_id, NOON + 2 * HOUR + SLACK / 30, until=NOON + 3 * HOUR, pace_scale=60)
    assert len(spans()) == 2


def test_only_what_touches_the_span_is_found(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + HOUR)
    assert len(stretches_between(NOON + HOUR - SLACK, NOON + DAY, mailboxes=[7])) == 1
    assert stretches_between(NOON + HOUR, NOON + DAY, mailboxes=[7]) == []
    assert stretches_between(NOON - DAY, NOON, mailboxes=[7]) == []


def test_what_lies_months_back_is_forgotten(workspace_id: int) -> None:
    look(workspace_id, NOON, until=NOON + HOUR)
    look(workspace_id, NOON, until=NOON + 3 * DAY, mailbox_id=8)
    assert forget(now=NOON + 101 * DAY) == 1
    assert Stretch.objects.get().mailbox_id == 8
