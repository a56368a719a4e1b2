"""What a failure does to the mailbox, the provider, the address and the company: each waits, and each says why."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now
from django.test import Client

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import AGAIN, FIRST, cool_down, cooling_of, warm_up
from sending.mailboxes.models import Cooldown, HealthChange, MailboxClock
from sending.pacing import HoldCode
from sending.planner.claim.held import Held
from sending.planner.models import Enrollment, Pause
from sending.planner.services import let_address_go, pause_company, resume_company
from tests.builders import make_contact, make_mailbox, make_member
from tests.sending.inbox.scene import (
    NEXT_AT,
    Scene,
    come_in,
    complaint,
    days,
    dsn,
    enroll,
    mail,
    make_scene,
    second_campaign,
)

pytestmark = pytest.mark.django_db
DISTRUST = {"status": "5.7.1", "said": "smtp; 550 5.7.1 Service unavailable; client host blocked using a blocklist"}
FULL = {"status": "5.2.2", "said": "smtp; 552 5.2.2 Mailbox full"}


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def codes(scene: Scene, contact: Contact | None = None, *, mailbox_id: int | None = None) -> list[HoldCode]:
    """Return what holds a message of the mailbox to somebody now."""
    who, box = contact or scene.contact, mailbox_id or scene.mailbox.pk
    return [hold.code for hold in Held(cooling_of([box], now=clock.now()), [who], now=clock.now()).of(box, who)]


def also_reported(scene: Scene, email: str, **said: str) -> InboundMessage:
    """Let a report on a message to somebody else come in."""
    other = second_campaign(scene, make_contact(scene.workspace, email), scene.mailbox)
    return come_in(scene, dsn(other.message_id, to=email, message_id="<dsn-b@mx.example>", **said))


def test_distrust_of_a_provider_holds_that_mailbox_from_that_provider_alone() -> None:
    scene = make_scene(email="ada@gmail.com")
    first = come_in(scene, dsn(scene.message.message_id, to="ada@gmail.com", **DISTRUST))
    assert "goes on as before until the report of another recipient says the same." in first.followed
    assert (codes(scene), HealthChange.objects.count()) == ([], 0), "who has got a mail can invent a report on it"
    row = also_reported(scene, "bob@gmail.com", **DISTRUST)
    assert "leaves Google alone until" in row.followed
    assert codes(scene) == [HoldCode.COOLDOWN]
    assert codes(scene, make_contact(scene.workspace, "eve@googlemail.com")) == [HoldCode.COOLDOWN]
    assert codes(scene, make_contact(scene.workspace, "eve@x.example")) == []
    assert codes(scene, mailbox_id=make_mailbox(scene.workspace, "other@acme.example").pk) == []
    assert (scene.suppressed(), scene.stands) == ({}, ("active", ""))
    event = Event.objects.get(kind=EventKind.MAILBOX_COOLED)
    assert (event.mailbox_id, event.data["side"]) == (scene.mailbox.pk, "google")
    assert event.data["words"].endswith("blocklist")
    assert HealthChange.objects.get().cause == "block"


def test_distrust_of_a_company_holds_from_its_domain_alone(scene: Scene) -> None:
    come_in(scene, dsn(scene.message.message_id, **DISTRUST))
    assert codes(scene) == [HoldCode.COOLDOWN]
    assert codes(scene, make_contact(scene.workspace, "eve@y.example")) == []


def test_a_cooldown_is_told_once_lasts_longer_the_second_time_and_ends(scene: Scene) -> None:
    assert cool_down(scene.mailbox.pk, "google", "blocked") is not None
    assert cool_down(scene.mailbox.pk, "google", "blocked again") is None
    first = Cooldown.objects.get()
    assert first.until - first.since == FIRST
    assert warm_up(scene.mailbox, "google")
    assert cooling_of([scene.mailbox.pk], now=clock.now()) == {}
    assert cool_down(scene.mailbox.pk, "google", "and again") is not None
    again = Cooldown.objects.get()
    assert again.until - again.since == AGAIN
    Cooldown.objects.update(until=Now() - days(4))
    cool_down(scene.mailbox.pk, "google", "long ago")
    later = Cooldown.objects.get()
    assert later.until - later.since == FIRST


def test_home_and_the_mailbox_tell_of_a_cooldown_and_a_person_ends_it(scene: Scene) -> None:
    cool_down(scene.mailbox.pk, "google", "550 5.7.1 blocked")
    client = Client()
    client.force_login(scene.member.user)
    assert "me@acme.example leaves Google alone" in client.get(scene.member.url("reports:home")).text
    page = client.get(scene.member.url("mailboxes:detail", scene.mailbox.pk)).text
    assert "550 5.7.1 blocked" in page
    Enrollment.objects.update(hold_code=HoldCode.COOLDOWN, held_since=Now() - days(1), due_at=Now() + days(1))
    client.post(scene.member.url("planner:warmth", scene.mailbox.pk), {"side": "google"})
    assert "leaves Google alone" not in client.get(scene.member.url("reports:home")).text
    assert scene.person.hold_code == ""
    assert scene.person.due_at is not None
    assert scene.person.due_at <= database_now(), "whoever waited for that waits no longer"


def test_a_sandbox_cools_nothing_down(scene: Scene) -> None:
    Workspace.objects.update(time_scale=1000)
    assert cool_down(scene.mailbox.pk, "google", "blocked") is None


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("550 5.4.5 Daily user sending quota exceeded", 24),
        ("550 5.7.0 Domain acme.example has exceeded the max defers and failures per hour (5/5) allowed", 1),
    ],
)
def test_its_own_quota_lets_the_mailbox_wait_until_it_is_whole(scene: Scene, said: str, wait: int) -> None:
    come_in(scene, dsn(scene.message.message_id, status="5.4.5", said=f"smtp; {said}"))
    assert MailboxClock.objects.get().backoff_until is None, "one recipient could have invented it"
    row = also_reported(scene, "bob@y.example", status="5.4.5", said=f"smtp; {said}")
    assert row.followed.endswith("me@acme.example waits until its quota is whole again.")
    state = MailboxClock.objects.get()
    assert state.backoff_until is not None
    assert abs(state.backoff_until - clock.now() - timedelta(hours=wait)) < timedelta(minutes=1)
    assert state.backoff_words.startswith("Its quota is used up: ")
    scene.mailbox.refresh_from_db()
    assert scene.mailbox.state != "blocked", "nobody has to mend anything"
    assert not Cooldown.objects.exists()


def test_a_recipient_who_gets_too_much_is_no_quota_of_ours(scene: Scene) -> None:
    come_in(scene, dsn(scene.message.message_id, status="4.2.1", said="smtp; 450 user is receiving mail too quickly"))
    assert MailboxClock.objects.get().backoff_until is None


def came_back(scene: Scene, day: float, *, category: str = "mailbox_full") -> None:
    """Record that a message to the person came back for now, so many days ago."""
    Event.objects.create(
        workspace=scene.workspace,
        kind=EventKind.BOUNCED_SOFT,
        at=clock.now() - days(day),
        contact_id=scene.contact.pk,
        data={"category": category},
    )


def full_now(scene: Scene) -> str:
    return come_in(scene, dsn(scene.message.message_id, **FULL), at=clock.now()).followed


def test_the_third_day_of_soft_bounces_in_thirty_lets_the_address_rest(scene: Scene) -> None:
    came_back(scene, 2)
    came_back(scene, 9)
    assert "came back for now on 3 days of 30: it rests for 30 days." in full_now(scene)
    assert codes(scene) == [HoldCode.ADDRESS_HELD]
    assert codes(scene, make_contact(scene.workspace, "bob@x.example")) == []
    assert (scene.suppressed(), scene.stands) == ({}, ("active", ""))
    pause = Pause.objects.get()
    assert pause.until is not None
    assert abs(pause.until - clock.now() - days(30)) < timedelta(minutes=1)
    assert Event.objects.get(kind=EventKind.HELD).data["code"] == "address_held"
    assert let_address_go(scene.member, scene.contact)
    assert codes(scene) == []


@pytest.mark.parametrize(
    "before",
    [[], [2], [2, 2.01], [2, 31], [2, 40, 50]],
)
def test_fewer_days_of_soft_bounces_hold_nobody(scene: Scene, before: list[float]) -> None:
    for day in before:
        came_back(scene, day)
    full_now(scene)
    assert codes(scene) == []


def test_bounces_that_are_not_the_addresses_fault_do_not_count(scene: Scene) -> None:
    came_back(scene, 2, category="policy_block")
    came_back(scene, 9, category="content_block")
    full_now(scene)
    assert codes(scene) == []


@pytest.fixture
def company(scene: Scene) -> Scene:
    """Let the campaign run, with a colleague in it and another one in another campaign."""
    enroll(scene.campaign, make_contact(scene.workspace, "bob@x.example"), scene.mailbox)
    second_campaign(scene, make_contact(scene.workspace, "eve@x.example"), scene.mailbox)
    enroll(scene.campaign, make_contact(scene.workspace, "zoe@elsewhere.example"), scene.mailbox)
    Campaign.objects.update(state=CampaignState.RUNNING, launched_at=NEXT_AT)
    return scene


def test_a_paused_company_waits_in_every_campaign_until_a_person_ends_it(company: Scene) -> None:
    assert pause_company(company.member, company.contact) == 2
    held = Enrollment.objects.filter(hold_code="company_paused").values_list("contact__email", flat=True)
    assert set(held) == {"bob@x.example", "eve@x.example"}
    late = make_contact(company.workspace, "new@x.example")
    assert codes(company, late) == [HoldCode.COMPANY_PAUSED], "whoever is imported later, too"
    assert codes(company, Contact.objects.get(email="zoe@elsewhere.example")) == []
    events = Event.objects.filter(kind=EventKind.HELD)
    assert {event.data["code"] for event in events} == {"company_paused"}
    assert company.member.user.email in events[0].data["words"]
    assert resume_company(company.member, "x.example")
    assert not Enrollment.objects.filter(hold_code="company_paused").exists()
    assert codes(company, late) == []
    assert Enrollment.objects.filter(due_at__lte=Now()).count() >= 2, "they are looked at again now"


def test_a_free_provider_is_no_company() -> None:
    scene = make_scene(email="ada@gmail.com")
    assert pause_company(scene.member, scene.contact) == 0
    assert not Pause.objects.exists()


def test_only_members_of_the_workspace_pause_a_company(company: Scene) -> None:
    with pytest.raises(PermissionDenied):
        pause_company(make_member(company.workspace, email="v@acme.example", role=Role.VIEWER), company.contact)
    assert pause_company(make_scene("theirs", "x@y.example").member, company.contact) == 0
    assert not Pause.objects.exists()


# -- who asks for a proof, and who reports on our domain --
def test_a_challenge_stops_nothing_and_says_what_a_person_can_do(scene: Scene) -> None:
    text = "Your message is waiting: Ada uses Boxbe. Click https://boxbe.example/c/1 to be delivered."
    row = come_in(scene, mail(text, in_reply_to=scene.message.message_id))
    assert (row.kind, row.contact) == (Kind.CHALLENGE, scene.contact)
    assert row.followed.startswith("A program of ada@x.example keeps the message until a person proves")
    assert (scene.stands, scene.person.due_at) == (("active", ""), NEXT_AT)
    assert scene.counted() == {EventKind.AUTO_REPLIED: 1}
    assert row.thread is not None
    assert not row.thread.is_talk, "it is among those of machines"


def test_a_report_on_authentication_suppresses_nobody(scene: Scene) -> None:
    fields = "Feedback-Type: auth-failure\r\nAuth-Failure: dmarc\r\nReported-Domain: acme.example"
    raw = complaint(scene.message.message_id).replace(b"Feedback-Type: abuse", fields.encode())
    row = come_in(scene, raw)
    assert (row.kind, row.answers) == (Kind.OTHER, scene.message)
    assert "nobody is suppressed: look at SPF, DKIM and DMARC" in row.followed
    assert "Reported-Domain: acme.example" in row.followed
    assert (scene.suppressed(), scene.stands) == ({}, ("active", ""))
    assert EventKind.COMPLAINED not in scene.counted()
