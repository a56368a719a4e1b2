"""Tallies are a recount of the events: after any sequence, and with writers that cross each other's ways."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from outreach.accounts.models import Workspace
from sending.ledger.days import bounds_of, last_days, local_day
from sending.ledger.kinds import EventKind
from sending.ledger.models import DailyTally, Event
from sending.ledger.queries import events_of, per_day, totals
from sending.ledger.services import Entry, fold, record
from sending.ledger.tasks import fold_task
from tests.builders import make_member, make_workspace
from tests.sending.ledger.recount import recounted, tallied

AT = datetime(2026, 3, 28, 20, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles")
WAIT_S = 30

# Which of three workspaces, what, how many minutes after AT (over a change of clocks), campaign, mailbox.
_TOLD = st.tuples(
    st.integers(0, 2),
    st.sampled_from([EventKind.SENT, EventKind.REPLIED, EventKind.HELD]),
    st.integers(0, 3000),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([None, 5]),
)
_BATCH = st.lists(_TOLD, min_size=1, max_size=6)
_ACTS = st.lists(
    st.one_of(_BATCH, st.tuples(st.just("undone"), _BATCH), st.tuples(st.just("fold"), st.integers(1, 10))), max_size=12
)


@pytest.mark.django_db
@given(acts=_ACTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tallies_equal_a_recount_after_any_sequence(three: list[Workspace], acts: list[object]) -> None:
    with transaction.atomic():
        for act in acts:
            match act:
                case ("fold", int(most)):
                    fold(most=most)
                case ("undone", list(batch)):
                    with transaction.atomic():
                        record(entries(three, batch))
                        transaction.set_rollback(True)
                case list(batch):
                    with transaction.atomic():
                        record(entries(three, batch))
        assert tallied() == recounted()
        assert_queries_agree(three)
        transaction.set_rollback(True)


def entries(three: list[Workspace], batch: list[tuple[int, EventKind, int, int | None, int | None]]) -> list[Entry]:
    return [
        Entry(three[place].pk, kind, AT + timedelta(minutes=minutes), campaign_id=campaign, mailbox_id=mailbox)
        for place, kind, minutes, campaign, mailbox in batch
    ]


def assert_queries_agree(three: list[Workspace]) -> None:
    """Each number that a page shows is the number of rows behind it."""
    for workspace in three:
        events = list(Event.objects.filter(workspace=workspace))
        assert counted(totals(workspace.pk, campaign_id=1)) == Counter(
            row.kind for row in events if row.campaign_id == 1
        )
        assert counted(totals(workspace.pk, mailbox_id=5)) == Counter(row.kind for row in events if row.mailbox_id == 5)
        for day, counts in per_day(workspace.pk, list(EventKind), since=date(2026, 1, 1)).items():
            start, end = bounds_of(day, ZoneInfo(workspace.time_zone))
            assert counted(counts) == Counter(row.kind for row in events if start <= row.at < end)


def counted(counts: dict[EventKind, int]) -> Counter[str]:
    return Counter({kind.value: count for kind, count in counts.items() if count})


@pytest.fixture
def three(db: None) -> list[Workspace]:
    made = [make_workspace(f"w{number}") for number in range(3)]
    for workspace, zone in zip(made, ZONES, strict=False):
        workspace.time_zone = zone
        workspace.save(update_fields=["time_zone"])
    return made


def together(*works: Callable[[], object]) -> list[BaseException]:
    """Run all in threads that begin together; return what they raised."""
    faults: list[BaseException] = []
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(WAIT_S)
            work()
        except Exception as error:  # noqa: BLE001  # told by the test
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "a writer waits for ever"
    return faults


@pytest.mark.django_db(transaction=True)
def test_writers_that_record_in_opposite_orders_do_not_wait_for_each_other() -> None:
    """A transaction records several times: a reply, then its stop. Another one does it the other way round."""
    workspace = make_workspace()
    halfway = threading.Barrier(2)

    def write(*kinds: EventKind) -> None:
        with transaction.atomic():
            record([Entry(workspace.pk, kinds[0], AT)])
            halfway.wait(WAIT_S)  # both have written, none has committed
            record([Entry(workspace.pk, kinds[1], AT)])

    orders = ((EventKind.REPLIED, EventKind.STOPPED), (EventKind.STOPPED, EventKind.REPLIED))
    assert together(*[lambda order=order: write(*order) for order in orders]) == []
    counts = totals(workspace.pk)
    assert (counts[EventKind.REPLIED], counts[EventKind.STOPPED]) == (2, 2)


@pytest.mark.django_db(transaction=True)
def test_no_count_is_lost_between_many_writers_and_folds() -> None:
    workspaces = [make_workspace(f"w{number}") for number in range(2)]

    def write() -> None:
        for number in range(30):
            with transaction.atomic():
                for workspace in workspaces if number % 2 else workspaces[::-1]:
                    record([Entry(workspace.pk, EventKind.SENT, AT, campaign_id=1, mailbox_id=number % 3)] * 2)

    def keep_folding() -> None:
        for _ in range(30):
            fold(most=7)

    assert together(write, write, write, keep_folding, keep_folding) == []
    assert tallied() == recounted()
    assert {totals(workspace.pk)[EventKind.SENT] for workspace in workspaces} == {180}
    fold_task()
    assert not DailyTally.objects.filter(is_fresh=True).exists()
    assert tallied() == recounted()


@pytest.mark.django_db(transaction=True)
def test_fold_waits_for_no_other_fold() -> None:
    workspace = make_workspace()
    with transaction.atomic():
        record([Entry(workspace.pk, EventKind.SENT, AT)])
    folded: list[int] = []
    with transaction.atomic():
        assert fold() == 1
        assert together(lambda: folded.append(fold())) == []
    assert folded == [0]
    assert tallied() == recounted()


@pytest.mark.django_db(transaction=True)
def test_fold_that_dies_leaves_the_sums_as_they_were() -> None:
    workspace = make_workspace()
    with transaction.atomic():
        record([Entry(workspace.pk, EventKind.SENT, AT)] * 3)

    def die() -> NoReturn:
        with transaction.atomic():
            fold()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die()
    assert tallied() == recounted()
    assert fold() == 1


_BEGIN = datetime(2009, 1, 1, tzinfo=UTC)
_INSTANTS = st.integers(0, 20 * 365 * 24 * 60).map(lambda minutes: _BEGIN + timedelta(minutes=minutes))
_PLACES = (*ZONES, "Africa/Cairo", "Asia/Beirut", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu")


# In Cairo the clocks jumped over midnight.
@example(at=datetime(2010, 4, 29, 21, 30, tzinfo=UTC), name="Africa/Cairo")
@given(at=_INSTANTS, name=st.sampled_from(_PLACES))
def test_an_instant_lies_between_the_bounds_of_its_day_and_of_no_other(at: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    day = local_day(at, zone)
    for other in (day - timedelta(days=1), day, day + timedelta(days=1)):
        start, end = bounds_of(other, zone)
        assert (start <= at < end) == (other == day)


def test_last_days_end_with_today_where_the_workspace_is() -> None:
    now = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert last_days(2, now=now, zone=ZoneInfo("Pacific/Auckland")) == [date(2026, 1, 5), date(2026, 1, 6)]
    assert last_days(1, now=now, zone=ZoneInfo("Pacific/Honolulu")) == [date(2026, 1, 5)]


@pytest.mark.django_db
def test_events_behind_a_number_are_of_ones_own_workspace_newest_first() -> None:
    member, other = make_member(make_workspace("mine")), make_workspace("theirs")
    for workspace in (member.workspace, other):
        record([Entry(workspace.pk, EventKind.SENT, AT + timedelta(hours=hour), campaign_id=1) for hour in range(3)])
        record([Entry(workspace.pk, EventKind.REPLIED, AT, campaign_id=2)])
    found = events_of(member, kind=EventKind.SENT, campaign_id=1)
    assert [row.at for row in found] == [AT + timedelta(hours=hour) for hour in (2, 1, 0)]
    assert {row.workspace for row in events_of(member)} == {member.workspace}
    assert events_of(member).count() == 4
