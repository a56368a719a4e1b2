"""A forecast comes true: the real claims, marks and records, over virtual days, send what was foreseen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from campaigns.calendar import WaitUnit
from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Path, Step
from campaigns.sequences.states import StepThread
from outreach.accounts.access import Member
from sending.mailboxes.models import Cooldown, Mailbox, MailboxClock
from sending.pacing import simulation
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation
from sending.pacing.scenario import Departure
from sending.pacing.simulation import simulate
from sending.planner.claim import picking
from sending.planner.forecast.scenes import scene_of
from sending.planner.models import Enrollment
from sending.planner.services import set_senders
from sending.planner.services.limits import set_throttles
from tests.builders import make_branch, make_contact, make_office_hours, make_running_campaign, make_step
from tests.sending.planner.hours import set_time, virtual_time
from tests.sending.planner.living import live
from tests.sending.planner.stage import DAY, make_sender, make_team

pytestmark = pytest.mark.django_db

START = datetime(2027, 3, 24, 7, tzinfo=UTC)  # Wednesday, eight in Berlin; on Sunday its clocks change
ZONES = ("", "Europe/Athens", "America/New_York")
NEAR = timedelta(seconds=1)
RAMPED = {"ramp_on": True, "ramp_start": 2, "ramp_step": 1}


@pytest.fixture(autouse=True)
def _hours() -> Iterator[None]:
    with virtual_time():
        set_time(START)
        yield


@pytest.fixture
def member() -> Member:
    return make_team()


def make_campaign(
    member: Member,
    mailboxes: tuple[Mailbox, ...],
    *,
    people: int,
    name: str,
    zones: tuple[str, ...] = ("",),
    **values: object,
) -> Campaign:
    """Launch a campaign of three steps a day apart, on weekdays from nine to five."""
    contacts = tuple(
        make_contact(member.workspace, f"{name}{n}@example{n}.com", time_zone=zones[n % len(zones)])
        for n in range(people)
    )
    values = {"time_zone": "Europe/Berlin", **values}
    campaign = make_running_campaign(member, contacts, mailboxes, steps=3, name=name, **values)
    Step.objects.filter(campaign=campaign, position=2).update(wait_amount=1, wait_unit=WaitUnit.BUSINESS_DAYS)
    Step.objects.filter(campaign=campaign, position=3).update(wait_amount=30, wait_unit=WaitUnit.HOURS)
    make_office_hours(campaign)
    return campaign


def foreseen(campaign: Campaign, now: datetime) -> list[Departure]:
    return list(simulate(scene_of(campaign, now=now).scenario, until=now + 400 * DAY).departures)


def test_every_message_leaves_when_and_from_where_it_was_foreseen(member: Member) -> None:
    gap = {"gap_min_s": 300, "gap_max_s": 900}
    first = make_sender(member, "first@acme.example", daily_limit=6, hourly_limit=3, **gap)
    second = make_sender(member, "second@acme.example", daily_limit=9, hourly_limit=9, **gap, **RAMPED)
    campaign = make_campaign(member, (first, second), people=15, name="autumn")
    _comes_true(campaign, 45)


@pytest.mark.parametrize("spares", [(1, 2), (1, 4, 32, 512)])
def test_it_comes_true_however_many_of_those_who_wait_are_looked_at(
    member: Member, monkeypatch: pytest.MonkeyPatch, spares: tuple[int, ...]
) -> None:
    for looking in (picking, simulation):
        monkeypatch.setattr(looking, "SPARES", spares)
    gap = {"gap_min_s": 1_200, "gap_max_s": 3_600}
    boxes = (
        make_sender(member, "first@acme.example", daily_limit=6, hourly_limit=3, **gap),
        make_sender(member, "second@acme.example", daily_limit=9, hourly_limit=9, **gap),
    )
    campaign = make_campaign(member, boxes, people=18, name="autumn", zones=("", "Europe/Athens", "Asia/Tokyo"))
    _comes_true(campaign, 54)


def test_campaigns_that_share_a_mailbox_are_foreseen_together(member: Member) -> None:
    gap = {"gap_min_s": 600, "gap_max_s": 600}
    shared = make_sender(member, "shared@acme.example", daily_limit=8, hourly_limit=4, **gap)
    other = make_sender(member, "other@acme.example", daily_limit=5, hourly_limit=5, **gap)
    limited = make_campaign(member, (shared, other), people=12, name="limited", zones=ZONES, new_leads_per_day=3)
    free = make_campaign(member, (shared,), people=8, name="free", zones=ZONES)
    expected = foreseen(limited, START)
    book = live(START)
    assert _by_day_and_mailbox(expected) == _by_day_and_mailbox(book)
    for campaign in (limited, free):
        last, real = (max(one.at for one in some if one.campaign_id == campaign.pk) for some in (expected, book))
        assert abs(last - real) <= timedelta(minutes=10)


def test_a_forecast_from_the_middle_of_a_campaign_comes_true_as_well(member: Member) -> None:
    mailbox = make_sender(
        member, "me@acme.example", daily_limit=5, hourly_limit=2, gap_min_s=60, gap_max_s=900, **RAMPED
    )
    campaign = make_campaign(member, (mailbox,), people=9, name="autumn")
    MailboxClock.objects.update(health=40)  # it mends as it goes
    later = START + 5 * DAY
    begun = live(START, later)
    set_time(later)
    expected = foreseen(campaign, later)
    book = live(later)
    assert len(begun) > 3
    assert len(begun) + len(expected) == 27
    assert [(one.person_id, one.position) for one in expected] == [(one.person_id, one.position) for one in book]
    assert all(abs(one.at - real.at) < NEAR for one, real in zip(expected, book, strict=True))


def test_a_limit_of_messages_a_day_is_foreseen_message_for_message(member: Member) -> None:
    gap = {"gap_min_s": 300, "gap_max_s": 900}
    first = make_sender(member, "first@acme.example", daily_limit=9, hourly_limit=5, **gap)
    second = make_sender(member, "second@acme.example", daily_limit=9, hourly_limit=5, **gap)
    campaign = make_campaign(member, (first, second), people=12, name="autumn", zones=ZONES, daily_limit=5)
    expected = foreseen(campaign, START)
    book = live(START)
    assert len(expected) == len(book) == 36
    assert max(Counter(one.at.date() for one in book).values()) == 5
    for one, real in zip(expected, book, strict=True):
        assert (one.mailbox_id, one.person_id, one.position) == (real.mailbox_id, real.person_id, real.position)
        assert abs(one.at - real.at) < NEAR


def test_a_limit_is_foreseen_from_the_middle_with_what_was_sent(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=9, hourly_limit=9, gap_min_s=60, gap_max_s=600)
    limited = make_campaign(member, (mailbox,), people=6, name="limited", daily_limit=2)
    make_campaign(member, (mailbox,), people=6, name="free")
    later = START + 2 * DAY + timedelta(hours=2)
    begun = live(START, later)
    set_time(later)
    expected = foreseen(limited, later)
    book = live(later)
    assert 3 < sum(one.campaign_id == limited.pk for one in begun) < 8
    assert len(begun) + len(expected) == 36
    assert [(one.person_id, one.position) for one in expected] == [(one.person_id, one.position) for one in book]
    assert all(abs(one.at - real.at) < NEAR for one, real in zip(expected, book, strict=True))


def test_colleagues_are_foreseen_on_different_days(member: Member) -> None:
    set_throttles(member.workspace, {"company_per_day": 1, "domain_per_hour": 4})
    mailbox = make_sender(member, daily_limit=6, hourly_limit=6, gap_min_s=300, gap_max_s=900)
    campaign = make_campaign(member, (mailbox,), people=6, name="autumn")
    for row in Contact.objects.order_by("pk")[:4]:
        email = f"x{row.pk}@shared.example"
        Contact.objects.filter(pk=row.pk).update(email=email, email_key=email, domain="shared.example")
    expected = foreseen(campaign, START)
    book = live(START)
    assert len({one.at.date() for one in book if one.position == 1}) == 4
    assert [(one.person_id, one.position) for one in expected] == [(one.person_id, one.position) for one in book]
    assert all(abs(one.at - real.at) < NEAR for one, real in zip(expected, book, strict=True))


@pytest.mark.parametrize("mailboxes", [1, 2])
def test_new_contacts_are_not_foreseen_from_a_mailbox_that_their_provider_distrusts(
    member: Member, mailboxes: int
) -> None:
    gap = {"gap_min_s": 1_200, "gap_max_s": 3_600}
    shy = make_sender(member, "shy@acme.example", daily_limit=6, hourly_limit=6, **gap)
    others = [make_sender(member, "other@acme.example", daily_limit=3, hourly_limit=3, **gap)][: mailboxes - 1]
    campaign = make_campaign(member, (shy, *others), people=10, name="autumn")
    people = list(Enrollment.objects.filter(campaign=campaign).order_by("pk"))
    at_google = {row.pk for row in people[::2]}
    for row in people[::2]:
        email = f"x{row.pk}@gmail.com"
        Contact.objects.filter(pk=row.contact_id).update(email=email, email_key=email, domain="gmail.com")
    until = START + timedelta(hours=50)  # the second morning after
    Cooldown.objects.create(mailbox=shy, side=Receiver.GOOGLE, since=START, until=until, words="550 Spam")
    expected = foreseen(campaign, START)
    begun = [one for one in expected if one.position == 1 and one.person_id in at_google]
    assert len(begun) == 5
    assert all(one.at >= until for one in begun if one.mailbox_id == shy.pk)
    assert min(one.at for one in expected) < until
    _comes_true(campaign, 30)


@pytest.mark.parametrize(
    ("rotation", "of_all"), [(Rotation.EVEN, True), (Rotation.WEIGHTED, False), (Rotation.PROVIDER, False)]
)
def test_what_mailboxes_leave_alone_is_foreseen_message_for_message(
    member: Member,
    rotation: Rotation,
    of_all: bool,  # noqa: FBT001  # sides that all of them leave alone for a while
) -> None:
    gap = {"gap_min_s": 600, "gap_max_s": 1_800}
    boxes = [
        make_sender(member, f"{name}@acme.example", daily_limit=5, hourly_limit=3, smtp_host=host, **gap)
        for name, host in (("first", "smtp.gmail.com"), ("second", "smtp.acme.example"), ("third", "smtp.gmail.com"))
    ]
    campaign = make_campaign(member, tuple(boxes), people=9, name="autumn", zones=("", "Europe/Athens"))
    for n, row in enumerate(Enrollment.objects.filter(campaign=campaign).order_by("pk")):
        domain, receiver = (("gmail.com", "google"), ("gmx.de", "other"), (f"example{n}.com", "other"))[n % 3]
        email = f"x{n}@{domain}"
        Contact.objects.filter(pk=row.contact_id).update(email=email, email_key=email, domain=domain)
        Enrollment.objects.filter(pk=row.pk).update(receiver=receiver)
    set_senders(
        member, campaign, [one.pk for one in boxes], rotation=rotation,
        weights={one.pk: number for number, one in enumerate(boxes, 1)} if rotation is Rotation.WEIGHTED else None,
    )  # fmt: skip
    first, second, third = boxes
    for box, side, hours in (
        (first, "google", 2), (third, "google", 50), (second, "gmx.de", 26), (third, "gmx.de", 3),
        *([(second, "google", 29), (first, "gmx.de", 27)] if of_all else []),
    ):  # fmt: skip
        until = START + timedelta(hours=hours, minutes=7)
        Cooldown.objects.create(mailbox=box, side=side, since=START, until=until, words="550 Spam")
    _comes_true(campaign, 27)


def test_by_weights_every_message_leaves_when_and_from_where_it_was_foreseen(member: Member) -> None:
    gap = {"gap_min_s": 300, "gap_max_s": 900}
    light = make_sender(member, "light@acme.example", daily_limit=9, hourly_limit=5, **gap)
    heavy = make_sender(member, "heavy@acme.example", daily_limit=9, hourly_limit=9, **gap)
    fresh = make_sender(member, "fresh@acme.example", daily_limit=9, hourly_limit=9, **gap, **RAMPED)
    senders = (light, heavy, fresh)
    campaign = make_campaign(member, senders, people=18, name="autumn", zones=ZONES, new_leads_per_day=6)
    set_senders(
        member,
        campaign,
        [one.pk for one in senders],
        rotation=Rotation.WEIGHTED,
        weights={light.pk: 1, heavy.pk: 3, fresh.pk: 2},
    )
    _comes_true(campaign, 54)


def test_by_provider_every_message_leaves_when_and_from_where_it_was_foreseen(member: Member) -> None:
    gap = {"gap_min_s": 300, "gap_max_s": 900}
    own = make_sender(member, "own@acme.example", daily_limit=6, hourly_limit=3, **gap)
    google = make_sender(member, "me@gmail.com", smtp_host="smtp.gmail.com", daily_limit=4, hourly_limit=3, **gap)
    campaign = make_campaign(member, (own, google), people=18, name="autumn")
    rows = Enrollment.objects.filter(campaign=campaign).order_by("pk")
    Enrollment.objects.filter(pk__in=[row.pk for row in rows[::3]]).update(receiver=Receiver.GOOGLE)
    Enrollment.objects.filter(pk__in=[row.pk for row in rows[1::3]]).update(receiver=Receiver.YAHOO)
    set_senders(member, campaign, [own.pk, google.pk], rotation=Rotation.PROVIDER)
    book = _comes_true(campaign, 54)
    of_google = {row.pk for row in rows[::3]}
    assert {one.mailbox_id for one in book if one.person_id in of_google} == {google.pk}
    assert {one.mailbox_id for one in book if one.person_id not in of_google} == {own.pk, google.pk}


def test_where_people_go_different_ways_every_message_is_foreseen(member: Member) -> None:
    mailbox = make_sender(member, daily_limit=9, hourly_limit=5, gap_min_s=300, gap_max_s=900)
    campaign = make_campaign(member, (mailbox,), people=8, name="autumn", zones=ZONES)
    one, two = (Path.objects.create(campaign=campaign, number=number, name=f"Path {number}") for number in (1, 2))
    for position, days in ((101, 1), (201, 2)):
        step = make_step(campaign, position, subject="", body=f"Good day {position}").step
        Step.objects.filter(pk=step.pk).update(wait_amount=days, thread=StepThread.REPLY)
    behind = dict(Step.objects.filter(campaign=campaign).values_list("position", "pk"))
    make_branch(behind[1], one, where="title is boss")
    make_branch(behind[2], None, where="title is done")
    make_branch(behind[3], two)
    make_branch(behind[101], two, where="country is DE")
    rows = list(Contact.objects.order_by("pk"))
    for row, title, country in zip(rows, ("boss", "done", "boss", ""), ("DE", "DE", "", "DE"), strict=False):
        Contact.objects.filter(pk=row.pk).update(title=title, country=country)
    book = _comes_true(campaign, 3 + 2 + 2 + 5 * 4)
    of_person = [[one.position for one in book if one.person_id == row.enrollments.get().pk] for row in rows[:4]]
    assert of_person == [[1, 101, 201], [1, 2], [1, 101], [1, 2, 3, 201]]
    assert set(Enrollment.objects.values_list("state", flat=True)) == {"finished"}


def _comes_true(campaign: Campaign, count: int) -> list[Departure]:
    expected = foreseen(campaign, START)
    book = live(START)
    assert len(expected) == len(book) == count
    for one, real in zip(expected, book, strict=True):
        assert (one.mailbox_id, one.person_id, one.position) == (real.mailbox_id, real.person_id, real.position)
        assert abs(one.at - real.at) < NEAR
    return book


def _by_day_and_mailbox(some: list[Departure]) -> Counter[tuple[object, int]]:
    return Counter((one.at.date(), one.mailbox_id) for one in some)
