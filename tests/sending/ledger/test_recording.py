"""Events are added and never changed; they commit with what they tell of, and count on their local day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from outreach.accounts.models import Workspace
from sending.ledger.kinds import EventKind
from sending.ledger.models import DailyTally, Event
from sending.ledger.queries import per_day, totals
from sending.ledger.services import Entry, fold, record
from tests.builders import make_workspace
from tests.sending.ledger.recount import recounted, tallied

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def tell(workspace: Workspace, *kinds: EventKind, at: datetime = AT, campaign_id: int = 7, mailbox_id: int = 3) -> None:
    with transaction.atomic():
        record([Entry(workspace.pk, kind, at, campaign_id=campaign_id, mailbox_id=mailbox_id) for kind in kinds])


@pytest.mark.django_db
def test_event_keeps_everything_that_it_is_about() -> None:
    workspace = make_workspace()
    entry = Entry(workspace.pk, EventKind.SENT, AT, 1, 2, 3, 4, 5, {"words": "Gesendet \u2713", "nested": [1, None]})
    record([entry])
    row = Event.objects.get()
    assert (row.workspace, row.kind, row.at, row.data) == (workspace, EventKind.SENT, AT, entry.data)
    assert (row.campaign_id, row.contact_id, row.enrollment_id, row.mailbox_id, row.message_id) == (1, 2, 3, 4, 5)


@pytest.mark.django_db
def test_event_that_names_nothing_is_tallied_under_zero() -> None:
    record([Entry(make_workspace().pk, EventKind.LAUNCHED, AT)])
    assert list(DailyTally.objects.values_list("campaign_id", "mailbox_id", "count")) == [(0, 0, 1)]


@pytest.mark.django_db
def test_nothing_is_recorded_where_there_is_nothing_to_tell() -> None:
    record([])
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_recording_outside_of_a_transaction_is_refused() -> None:
    entry = Entry(make_workspace().pk, EventKind.SENT, AT)
    with pytest.raises(RuntimeError, match="inside the transaction"):
        record([entry])
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_transaction_that_fails_leaves_neither_events_nor_counts() -> None:
    workspace = make_workspace()
    tell(workspace, EventKind.SENT)
    with transaction.atomic():
        record([Entry(workspace.pk, EventKind.SENT, AT)])
        transaction.set_rollback(True)
    assert Event.objects.count() == 1
    assert totals(workspace.pk)[EventKind.SENT] == 1


@pytest.mark.django_db
@pytest.mark.parametrize("column", ["kind", "at", "campaign_id", "data", "workspace_id"])
def test_the_database_refuses_to_change_an_event(column: str) -> None:
    workspace = make_workspace()
    tell(workspace, EventKind.SENT)
    new = {"kind": EventKind.FAILED, "at": AT, "campaign_id": 8, "data": {}, "workspace_id": workspace.pk}[column]
    with pytest.raises(DatabaseError, match="an event is never changed"), transaction.atomic():
        Event.objects.update(**{column: new})
    assert Event.objects.get().kind == EventKind.SENT


@pytest.mark.django_db
def test_the_database_refuses_a_kind_that_nobody_knows() -> None:
    workspace = make_workspace()
    with pytest.raises(IntegrityError, match="ledger_known_kind"), transaction.atomic():
        Event.objects.create(workspace=workspace, kind="invented", at=AT)
    with pytest.raises(IntegrityError, match="ledger_known_tally_kind"), transaction.atomic():
        DailyTally.objects.create(workspace=workspace, kind="invented", day=AT.date())


@pytest.mark.django_db
def test_events_go_with_their_workspace_and_with_no_other() -> None:
    gone, kept = make_workspace("gone"), make_workspace("kept")
    for workspace in (gone, kept):
        tell(workspace, EventKind.SENT)
    gone.delete()
    assert [row.workspace for row in Event.objects.all()] == [kept]
    assert tallied() == recounted()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("UTC", datetime(2026, 1, 5, 23, 59, 59, tzinfo=UTC), date(2026, 1, 5)),
        ("Pacific/Auckland", datetime(2026, 1, 5, 11, 0, tzinfo=UTC), date(2026, 1, 6)),
        ("Pacific/Auckland", datetime(2026, 1, 5, 10, 59, tzinfo=UTC), date(2026, 1, 5)),
        ("America/Los_Angeles", datetime(2026, 1, 6, 7, 59, tzinfo=UTC), date(2026, 1, 5)),
        ("Asia/Kolkata", datetime(2026, 1, 5, 18, 30, tzinfo=UTC), date(2026, 1, 6)),
        # Clocks went forward at 01:00 UTC: midnight is an hour nearer to UTC the day after.
        ("Europe/Berlin", datetime(2026, 3, 28, 22, 59, tzinfo=UTC), date(2026, 3, 28)),
        ("Europe/Berlin", datetime(2026, 3, 29, 22, 0, tzinfo=UTC), date(2026, 3, 30)),
    ],
)
def test_event_counts_on_the_day_of_its_workspace(zone: str, at: datetime, day: date) -> None:
    workspace = make_workspace()
    Workspace.objects.update(time_zone=zone)
    tell(workspace, EventKind.SENT, at=at)
    assert list(per_day(workspace.pk, [EventKind.SENT], since=date(2025, 1, 1))) == [day]
    assert totals(workspace.pk, since=day)[EventKind.SENT] == 1
    assert totals(workspace.pk, since=day + timedelta(days=1))[EventKind.SENT] == 0


@pytest.mark.django_db
def test_two_workspaces_count_one_instant_on_different_days() -> None:
    here, there = make_workspace("here"), make_workspace("there")
    Workspace.objects.filter(pk=there.pk).update(time_zone="Pacific/Kiritimati")
    record([Entry(one.pk, EventKind.SENT, AT + timedelta(hours=3)) for one in (here, there)])
    days = {row.workspace_id: row.day for row in DailyTally.objects.all()}
    assert (days[here.pk], days[there.pk]) == (date(2026, 1, 5), date(2026, 1, 6))


@pytest.mark.django_db
def test_late_news_of_an_earlier_day_counts_on_that_day() -> None:
    workspace = make_workspace()
    tell(workspace, EventKind.SENT, at=AT)
    tell(workspace, EventKind.SENT, EventKind.SENT, at=AT - timedelta(days=2))
    days = per_day(workspace.pk, [EventKind.SENT], since=date(2026, 1, 1))
    assert [(day, counts[EventKind.SENT]) for day, counts in days.items()] == [
        (date(2026, 1, 3), 2), (date(2026, 1, 5), 1),
    ]  # fmt: skip


@pytest.mark.django_db
def test_correction_is_a_further_event_and_nothing_is_taken_back() -> None:
    workspace = make_workspace()
    tell(workspace, EventKind.IN_DOUBT)
    tell(workspace, EventKind.SENT, at=AT + timedelta(days=1))
    assert [row.kind for row in Event.objects.order_by("id")] == [EventKind.IN_DOUBT, EventKind.SENT]
    counts = totals(workspace.pk)
    assert (counts[EventKind.IN_DOUBT], counts[EventKind.SENT]) == (1, 1)


@pytest.mark.django_db
def test_workspace_that_moves_counts_in_its_new_zone_from_then_on() -> None:
    workspace = make_workspace()
    late = datetime(2026, 1, 5, 23, tzinfo=UTC)
    tell(workspace, EventKind.SENT, at=late)
    Workspace.objects.update(time_zone="Asia/Tokyo")
    tell(workspace, EventKind.SENT, at=late)
    days = per_day(workspace.pk, [EventKind.SENT], since=date(2026, 1, 1))
    assert {day: counts[EventKind.SENT] for day, counts in days.items()} == {date(2026, 1, 5): 1, date(2026, 1, 6): 1}
    assert totals(workspace.pk)[EventKind.SENT] == 2


@pytest.mark.django_db
def test_fold_makes_one_part_of_many_and_changes_no_sum() -> None:
    workspace = make_workspace()
    for _ in range(3):
        tell(workspace, EventKind.SENT, EventKind.SENT, EventKind.REPLIED)
        tell(workspace, EventKind.SENT, campaign_id=8)
    before = tallied()
    assert before == recounted()
    assert fold() == 9
    assert tallied() == before
    assert DailyTally.objects.count() == 3
    tell(workspace, EventKind.SENT)
    assert fold() == 1
    assert fold() == 0
    assert DailyTally.objects.count() == 3, "it joined the folded part"
    assert tallied() == recounted()
