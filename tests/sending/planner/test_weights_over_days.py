"""By weights over virtual days: the ratio holds, and who has no place, or does not come, leaves its share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.pacing.rotation import Rotation
from sending.pacing.scenario import Departure
from sending.planner.models import Enrollment
from sending.planner.services import set_senders
from tests.builders import make_contact, make_member, make_running_campaign
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.living import live
from tests.sending.planner.stage import DAY, HOUR, make_people, make_sender, make_team, make_waiting

pytestmark = pytest.mark.django_db

MORNING = datetime(2027, 3, 24, 8, tzinfo=UTC)
GAP: dict[str, object] = {"gap_min_s": 360, "gap_max_s": 720}


def by_weights(member: Member, campaign: Campaign, weights: dict[Mailbox, int]) -> None:
    by_pk = {box.pk: weight for box, weight in weights.items()}
    set_senders(member, campaign, list(by_pk), rotation=Rotation.WEIGHTED, weights=by_pk)


def senders_of(book: list[Departure]) -> Counter[str]:
    addresses = dict(Mailbox.objects.values_list("pk", "address"))
    return Counter(addresses[one.mailbox_id].partition("@")[0] for one in book)


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(MORNING)
        yield


def make_pair(*, people: int, heavy: dict[str, object] | None = None, **values: Any) -> tuple[Mailbox, Mailbox]:
    member = make_team()
    light = make_sender(member, "light@acme.example", **GAP)
    other = make_sender(member, "heavy@acme.example", **{**GAP, **(heavy or {})})
    campaign = make_running_campaign(member, make_people(member, people), (light, other), **values)
    by_weights(member, campaign, {light: 1, other: 3})
    return light, other


def test_over_a_day_those_who_are_begun_are_split_in_the_ratio_of_the_weights() -> None:
    make_pair(people=40)
    book = live(MORNING, MORNING + 12 * HOUR)
    assert senders_of(book) == {"light": 10, "heavy": 30}


def test_the_ratio_holds_where_few_places_come_back_one_by_one() -> None:
    make_pair(people=30, new_leads_per_day=8)
    book = live(MORNING, MORNING + 3 * DAY)
    assert len(book) >= 24
    assert senders_of(book[:24]) == {"light": 6, "heavy": 18}


def test_a_full_mailbox_leaves_its_share_and_nobody_waits() -> None:
    make_pair(people=20, heavy={"daily_limit": 6})
    book = live(MORNING, MORNING + 8 * HOUR)
    assert senders_of(book) == {"light": 14, "heavy": 6}


@pytest.mark.parametrize("state", [MailboxState.PAUSED, MailboxState.BLOCKED, MailboxState.NEEDS_SIGN_IN])
def test_a_mailbox_that_carries_nothing_leaves_its_share(state: MailboxState) -> None:
    make_pair(people=6, heavy={"state": state})
    assert senders_of(live(MORNING, MORNING + 2 * HOUR)) == {"light": 6}


def test_a_mailbox_whose_worker_hangs_is_passed_after_a_minute() -> None:
    _, heavy = make_pair(people=3)
    later = MORNING + DAY
    MailboxClock.objects.filter(mailbox=heavy).update(look_at=later, free_at=MORNING)
    book = live(MORNING, MORNING + HOUR)
    assert senders_of(book) == {"light": 3}
    assert MORNING + timedelta(minutes=1) <= book[0].at < MORNING + timedelta(minutes=2)


def test_a_mailbox_with_follow_ups_for_the_whole_morning_holds_nobody_up() -> None:
    _, heavy = make_pair(people=12, steps=2)
    campaign = Campaign.objects.get()
    for number in range(20):
        person = make_contact(campaign.workspace, f"old{number}@example.com")
        make_waiting(campaign, person, heavy, due_at=MORNING - HOUR)
    book = live(MORNING, MORNING + 3 * HOUR)
    new = [one for one in book if one.position == 1]
    assert senders_of(new)["light"] >= 10


def test_another_weight_takes_effect_at_once_and_senders_stay() -> None:
    light, heavy = make_pair(people=44)
    begun = live(MORNING, MORNING + 2 * HOUR)
    kept = {one.person_id: one.mailbox_id for one in begun}
    now = MORNING + 2 * HOUR
    set_time(now)
    member = make_member(light.workspace, email="second@acme.example")
    by_weights(member, Campaign.objects.get(), {light: 3, heavy: 1})
    split = senders_of(live(now, now + 2 * HOUR))
    assert split["light"] > 2 * split["heavy"]
    assert dict(Enrollment.objects.filter(pk__in=kept).values_list("pk", "mailbox")) == kept
