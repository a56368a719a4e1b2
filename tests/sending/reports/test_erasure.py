"""Everything about a person: given in one file, erased for good, and the same list of tables for both."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import CharField
from django.test import Client

from campaigns.contacts import queries, services
from campaigns.contacts.core.difference import Difference
from campaigns.contacts.errors import BadContact, MayNotErase
from campaigns.contacts.models import (
    Contact,
    ContactGround,
    ContactList,
    DryRun,
    Erasure,
    ImportChange,
    LiftedSuppression,
    RejectedRow,
    Suppression,
)
from campaigns.contacts.parts import Person, parts
from campaigns.contacts.person import LABEL
from campaigns.contacts.prints import prints_of, refusing_prints
from campaigns.contacts.states import ErasureState, ImportState, SuppressionReason
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.models import KeptAnswer, Workspace
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.guard.models import Stranger
from sending.guard.prints import person_print
from sending.inbox.models import Answer, InboundMessage
from sending.inbox.threads.answers import keep_draft
from sending.inbox.threads.placing import place
from sending.inbox.threads.services import add_note
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.queries import totals
from sending.links.services import keep_personal
from sending.mailboxes.models import ConnectionTest, HealthChange, Mailbox, MailboxClock, Spending
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import CampaignGround, Enrollment, GroundCover, Pause
from sending.rehearsal.models import Rehearsal, RehearsedArrival, RehearsedMessage, RehearsedPerson
from sending.tracking.models import Hit
from tests.builders import make_contact, make_import, make_member, make_set_aside, make_workspace
from tests.sending.reports.test_contact_page import make_busy
from tests.worlds import models_of_rooms, rows_of

pytestmark = pytest.mark.django_db
SECRET = "quokka"  # stands in each row about the person and nowhere else
DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


def make_person(member: Member) -> Contact:
    """Make somebody of whom every table has something."""
    email = f"{SECRET}@x.com"
    contact = make_busy(member, email)
    workspace = member.workspace
    plain = ("email", "email_key", "domain", "verdict", "country", "time_zone", "subscriber_kind")
    texts = [one.name for one in Contact._meta.concrete_fields if isinstance(one, CharField) and one.name not in plain]
    Contact.objects.filter(pk=contact.pk).update(**dict.fromkeys(texts, SECRET), fields={"pet": SECRET})
    services.add_note(member, contact, f"A {SECRET} lover")
    leads = ContactList.objects.filter(members__contact=contact)[0]
    until = clock.now().date() + timedelta(days=30)
    services.weigh_interest(member, leads, services.Weighing("We sell tea.", "Names only.", "They expect it.", until))
    message = OutboundMessage.objects.get(contact=contact)
    OutboundMessage.objects.filter(pk=message.pk).update(body_text=f"Dear {SECRET}", reply_text=f"250 {email}")
    Hit.objects.create(
        id=uuid.uuid4(), workspace=workspace, message_id=message.pk, contact_id=contact.pk, kind="click", at=DAY,
        method="GET", agent=SECRET, network="198.51.100.0/24",
    )  # fmt: skip
    keep_personal([(contact.pk, f"https://acme.example/?pet={SECRET}")])
    Attempt.objects.create(
        id=uuid.uuid4(),
        message=message,
        number=1,
        outcome="accepted",
        reply_text=f"250 {email}",
        transcript=[{"side": "client", "text": f"RCPT TO:<{email}>"}],
        started_at=DAY,
        ended_at=DAY,
    )
    InboundMessage.objects.filter(contact=contact).update(
        from_address=email.upper(), from_name=SECRET, text=SECRET, raw=SECRET.encode(), evidence=[{"words": SECRET}]
    )
    thread = place(InboundMessage.objects.get(contact=contact), (), None)
    add_note(member, thread, SECRET)
    keep_draft(member, thread, SECRET)
    Answer.objects.create(message=message, thread=thread, token=uuid.uuid4(), overruled=f"{email} is suppressed")
    mailbox = InboundMessage.objects.filter(contact=contact)[0].mailbox
    make_set_aside(mailbox, raw=f"From: {email}".encode())
    Pause.objects.create(workspace=workspace, scope="address", value=contact.email_key, words="Full", until=DAY)
    assert message.campaign is not None
    rehearsal = Rehearsal.objects.create(
        workspace=workspace, campaign=message.campaign, days=30, state="done", finished_at=DAY,
        report={
            "checks": [{"promise": "Nobody got a message twice", "broken": 1, "examples": [contact.pk]}],
            "findings": [{"code": "mailbox", "tone": "red", "count": 1, "words": f"550 <{email.title()}>: blocked"}],
        },
    )  # fmt: skip
    rehearsed = RehearsedMessage.objects.create(
        rehearsal=rehearsal, contact=contact, recipient=email, mailbox="me@acme.example", position=1, at=DAY,
        outcome="accepted", subject=SECRET, message_id="<1@x>", raw=SECRET.encode(),
    )  # fmt: skip
    RehearsedArrival.objects.create(message=rehearsed, at=DAY, part="reply", subject=SECRET, raw=SECRET.encode())
    RehearsedPerson.objects.create(rehearsal=rehearsal, contact=contact, email=email, state="active", messages=1)
    Enrollment.objects.filter(contact=contact).update(hold_detail=f"Out of office: {SECRET}")
    Event.objects.create(
        workspace=workspace, at=DAY, kind=EventKind.FAILED, contact_id=contact.pk, data={"words": email, "code": 550}
    )
    mailbox = message.mailbox
    Spending.objects.create(mailbox=mailbox, workspace_id=workspace.pk, contact_id=contact.pk, domain="x.com")
    HealthChange.objects.create(mailbox=mailbox, at=DAY, cause="complaint", percent=50, words=f"{email} complained")
    Mailbox.objects.filter(pk=mailbox.pk).update(state_reason=f"550 <{email}>: blocked")
    words = ("hold_words", "follow_up_hold_words", "new_hold_words", "backoff_words")
    MailboxClock.objects.update_or_create(
        mailbox=mailbox, defaults=dict.fromkeys(words, f"451 <{email.upper()}>: later")
    )
    Event.objects.create(
        workspace=workspace,
        at=DAY,
        kind=EventKind.MAILBOX_PAUSED,
        mailbox_id=mailbox.pk,
        data={"words": f"550 <{email.title()}>: blocked", "state": "paused"},
    )
    ConnectionTest.objects.create(mailbox=mailbox, protocol="mail", recipient=email, passed=True)
    Stranger.objects.create(message_id="<1@x>", person=person_print(email), workspace=workspace, written_at=DAY)
    RejectedRow.objects.create(
        contact_import=make_import(workspace), line=2, cause="Too long", original=f"{email.title()},1"
    )
    ImportChange.objects.create(
        contact_import=make_import(
            workspace, notes=[f"Country is not known in 1 row (line 2, “{email} {SECRET}”); left empty there."]
        ),
        contact=contact,
        updated_before=DAY,
        changes={"title": [email, "CEO"]},
    )
    ContactGround.objects.create(contact=contact, contact_import=make_import(workspace), basis="consent", stated_at=DAY)
    make_ground(message.campaign, contact)
    DryRun.objects.create(
        contact_import=make_import(workspace),
        state="done",
        difference=Difference(created_samples=[[email, SECRET]]).as_json(),
        queued_at=DAY,
        finished_at=DAY,
    )
    answer = {"status": 201, "content_type": "application/json", "body": json.dumps({"email": email}).encode()}
    KeptAnswer.objects.create(workspace=workspace, key="k", fingerprint="f", created_at=DAY, **answer)
    lifted = {"scope": "address", "value": email, "reason": "manual", "evidence": SECRET, "why": SECRET}
    LiftedSuppression.objects.create(
        workspace=workspace, suppressed_at=DAY, lifted_at=DAY, lifted_by=member.user.email, **lifted
    )
    contact.refresh_from_db()
    return contact


def make_refusal(workspace: Workspace, contact: Contact) -> None:
    """Let them refuse one sender, and have refused another one until somebody lifted that."""
    (print_, *_) = refusing_prints(workspace.pk, contact.email_key)
    Suppression.objects.create(
        workspace=workspace, scope="sender", value=f"{print_}:me@acme.example", reason="opted_out", evidence="The page"
    )
    LiftedSuppression.objects.create(
        workspace=workspace, scope="sender", value=f"{print_}:you@acme.example", reason="opted_out", evidence=SECRET,
        why=SECRET, suppressed_at=DAY, lifted_at=DAY, lifted_by="t",
    )  # fmt: skip


def make_ground(campaign: Campaign, contact: Contact) -> None:
    ground = CampaignGround.objects.create(
        campaign=campaign, basis="consent", words="Forms of the fair.", stated_by="t", stated_at=DAY
    )
    GroundCover.objects.create(ground=ground, first_id=contact.pk, last_id=contact.pk, ids=[contact.pk])
    make_refusal(campaign.workspace, contact)


def rows_with(member: Member, text: str) -> list[str]:
    """Return the rows of the workspace in which a text stands, in any case."""
    found = [f"{label}: {row}" for label, rows in rows_of(member.workspace).items() for row in rows]
    return [row for row in found if text in row.lower()]


def erased(member: Member, contact: Contact) -> Erasure:
    row = services.erase(member, contact, typed=contact.email, why="Asked by mail")
    services.sweep_erasures()
    row.refresh_from_db()
    return row


def test_the_file_holds_everything_and_a_page_shows_the_same() -> None:
    member = make_member(make_workspace())
    contact = make_person(member)
    client = Client()
    client.force_login(member.user)
    answer = client.get(member.url("contacts:data_file", contact.pk))
    content = json.loads(answer.text)
    assert [one["name"] for one in content["sections"] if not one["rows"]] == []
    assert {one["name"] for one in content["sections"]} >= {
        "Contact",
        "Notes",
        "Messages",
        "Mails that came in",
        "Events",
    }
    assert answer["Content-Disposition"].startswith("attachment")
    page = client.get(member.url("contacts:data", contact.pk)).text
    for words in (f"A {SECRET} lover", f"Dear {SECRET}", f"RCPT TO:&lt;{SECRET}@x.com&gt;", "Met at the spring fair"):
        assert words in page


def test_nothing_of_the_person_is_left_and_every_count_stays() -> None:
    member = make_member(make_workspace())
    other = make_busy(member, "bob@y.com")
    before = len(rows_with(member, "bob@y.com"))
    contact = make_person(member)
    counts = totals(member.workspace.pk)
    sent = OutboundMessage.objects.filter(workspace=member.workspace, state=MessageState.SENT).count()
    row = erased(member, contact)
    assert (row.state, row.address, row.wanted_by) == (ErasureState.DONE, "", member.user.email)
    assert rows_with(member, SECRET) == []
    assert len(rows_with(member, "bob@y.com")) == before
    assert OutboundMessage.objects.filter(workspace=member.workspace, state=MessageState.SENT).count() == sent
    now = totals(member.workspace.pk)
    assert {kind for kind in counts if counts[kind] != now[kind]} <= {EventKind.STOPPED}
    assert set(queries.contacts_of(member, queries.Filters())) == {other}
    assert not Stranger.objects.exists()
    assert not KeptAnswer.objects.exists()
    assert bytes(InboundMessage.objects.get(contact=contact).raw) == b""
    message = OutboundMessage.objects.get(contact=contact)
    assert (message.recipient, message.state, message.sent_at is None) == (LABEL, MessageState.SENT, False)
    assert Enrollment.objects.get(contact=contact).stop_detail == "The person was erased."
    kept = Event.objects.get(contact_id=contact.pk, kind=EventKind.FAILED)
    assert kept.data == {"code": 550}
    report = Rehearsal.objects.get().report
    assert report is not None
    assert report["checks"] == [{"promise": "Nobody got a message twice", "broken": 1, "examples": []}]
    of_mailbox = Event.objects.get(kind=EventKind.MAILBOX_PAUSED)
    assert of_mailbox.data == {"words": "The person was erased.", "state": "paused"}


def test_the_person_is_known_again_wherever_an_address_comes_in() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, "ada@x.com")
    erased(member, contact)
    with pytest.raises(BadContact, match="was erased, and"):
        services.create_contact(member.workspace, {"email": "ADA@x.com"}, {})
    bob = make_contact(member.workspace, "bob@x.com")
    with pytest.raises(BadContact, match="was erased, and"):
        services.edit_contact(bob, {"email": "ada@x.com"}, {})
    assert queries.is_suppressed(member.workspace.pk, "ada@x.com")
    assert not queries.is_suppressed(make_workspace("other").pk, "ada@x.com")
    assert not services.suppress(member.workspace, "Ada@x.com", SuppressionReason.OPTED_OUT, evidence="ada@x.com")
    file = services.store_upload(member.workspace, "old.csv", [b"email,name\nAda@X.com,Ada\ncy@x.com,Cy\n"])
    services.confirm(file, file.mapping, None, hint=False)
    services.run_import(file.pk)
    file.refresh_from_db()
    assert (file.state, file.rows_created, file.rows_rejected) == (ImportState.DONE, 1, 1)
    row = file.rejected.get()
    assert (row.line, row.original) == (2, "")
    assert rows_with(member, "ada@x.com") == []


def test_only_an_admin_who_types_the_address_erases_and_only_who_knows_it_lifts_that() -> None:
    workspace = make_workspace()
    admin, member = make_member(workspace, Role.ADMIN), make_member(workspace, Role.MEMBER)
    contact = make_contact(workspace, "ada@x.com")
    client = Client()
    client.force_login(member.user)
    assert client.post(member.url("contacts:erasure", contact.pk)).status_code == 403
    with pytest.raises(MayNotErase, match="admin"):
        services.erase(member, contact, typed="ada@x.com", why="x")
    client.force_login(admin.user)
    url = admin.url("contacts:erasure", contact.pk)
    for body in ({"typed": "ada", "why": "x"}, {"typed": "ada@x.com", "why": ""}):
        assert client.post(url, body).status_code == 422
    assert client.post(url, {"typed": "Ada@x.com", "why": "Asked on 5 May"}).status_code == 302
    services.sweep_erasures()
    page = client.get(admin.url("contacts:erasures")).text
    assert prints_of(workspace.pk, "ada@x.com")[0] in page
    assert "Asked on 5 May" in page
    assert client.get(admin.url("contacts:detail", contact.pk)).status_code == 404
    row = Suppression.objects.get()
    lift = admin.url("contacts:suppression_lift", row.pk)
    assert client.post(lift, {"typed": row.value, "why": "x"}).status_code == 422
    assert client.post(lift, {"typed": " ada@X.com", "why": "She came back"}).status_code == 302
    services.create_contact(workspace, {"email": "ada@x.com"}, {})


def test_an_erasure_goes_on_after_a_crash_between_any_two_rooms() -> None:
    member = make_member(make_workspace())
    contact = make_person(member)
    row = services.erase(member, contact, typed=contact.email, why="x")
    person = Person(member.workspace.pk, contact.pk, contact.email_key, contact.email)
    for part in list(reversed(parts()))[:3]:
        part.erases(person)
    assert rows_with(member, SECRET)
    assert services.sweep_erasures() == 1
    assert rows_with(member, SECRET) == []
    assert services.sweep_erasures() == 0
    row.refresh_from_db()
    assert row.state == ErasureState.DONE


def test_what_is_on_its_way_is_waited_for_and_erased_at_its_end() -> None:
    member = make_member(make_workspace())
    contact = make_person(member)
    messages = OutboundMessage.objects.filter(contact=contact)
    messages.update(state=MessageState.DOT_PENDING, sent_at=None, lease_until=DAY)
    row = erased(member, contact)
    assert row.state == ErasureState.WANTED
    assert row.look_at is not None
    assert row.look_at > clock.now()
    messages.update(state=MessageState.SENT, sent_at=DAY, lease_until=None, reply_text=f"250 {SECRET}")
    assert services.sweep_erasures() == 0, "it is not looked at yet"
    Erasure.objects.update(look_at=clock.now() - timedelta(seconds=1))
    assert services.sweep_erasures() == 1
    assert rows_with(member, SECRET) == []


def test_whom_a_running_import_brings_back_is_erased_again() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, f"{SECRET}@x.com")
    running = make_import(member.workspace, state=ImportState.RUNNING)
    assert erased(member, contact).state == ErasureState.WANTED
    make_contact(member.workspace, f"{SECRET}@x.com", origin=running)
    type(running).objects.update(state=ImportState.FAILED)
    Erasure.objects.update(look_at=clock.now() - timedelta(seconds=1))
    while services.sweep_erasures():
        pass
    assert not Erasure.objects.filter(state=ErasureState.WANTED).exists()
    assert rows_with(member, SECRET) == []


def test_an_import_that_began_later_does_not_hold_up_an_erasure() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, "ada@x.com")
    make_import(member.workspace, state=ImportState.RUNNING, started_at=clock.now())
    assert erased(member, contact).state == ErasureState.WANTED
    long_ago = clock.now() - timedelta(hours=1)
    Erasure.objects.update(wanted_at=long_ago, look_at=long_ago)
    make_import(member.workspace, "b.csv", state=ImportState.QUEUED)
    assert services.sweep_erasures() == 1, "each began an hour after it"


@pytest.mark.parametrize(
    "columns", [{"state": ImportState.QUEUED, "attempts": 1}, {"state": ImportState.RUNNING, "attempts": 2}]
)
def test_an_import_whose_worker_died_is_waited_for(columns: dict[str, Any]) -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, "ada@x.com")
    later = clock.now() + timedelta(hours=1)
    make_import(member.workspace, started_at=later, **columns)
    assert erased(member, contact).state == ErasureState.WANTED


def test_what_a_dry_run_shows_that_runs_during_the_erasure_goes() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, f"{SECRET}@x.com")
    file = make_import(member.workspace)
    trial = DryRun.objects.create(contact_import=file, state="running", queued_at=DAY, started_at=DAY)
    row = erased(member, contact)
    assert row.state == ErasureState.WANTED
    DryRun.objects.filter(pk=trial.pk).update(
        state="done",
        difference=Difference(created_samples=[[f"{SECRET}@x.com", ""]]).as_json(),
        finished_at=clock.now(),
    )
    Erasure.objects.update(look_at=clock.now() - timedelta(seconds=1))
    assert services.sweep_erasures() == 1
    assert rows_with(member, SECRET) == []


def test_an_event_still_cannot_be_changed() -> None:
    member = make_member(make_workspace())
    contact = make_person(member)
    erased(member, contact)
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        Event.objects.update(data={})


# Names of columns that hold, or lead to, a person's data.
_TELLING = ("contact", "contact_id", "recipient", "from_address", "from_name", "email", "email_key", "original",
            "transcript", "person", "value", "address", "body", "difference")  # fmt: skip
# Tables with such a column that hold nothing of a person outside.
_OURS = {
    "accounts.User": "who signs in",
    "contacts.Erasure": "a print, and the address only until the erasure is done",
    "postmaster.ReportedSpan": "addresses of servers",
    "tracking.GoneContact": "the print of a contact who was deleted",
}


def test_every_table_with_data_about_a_person_is_given_and_erased_by_its_room() -> None:
    held = {label for part in parts() for label in part.holds}
    telling = {
        model._meta.label
        for model in models_of_rooms()
        if {field.attname for field in model._meta.concrete_fields} & set(_TELLING)
        or {field.name for field in model._meta.concrete_fields} & set(_TELLING)
    }
    assert telling - held == set(_OURS)


def test_the_answer_to_where_an_address_came_from() -> None:
    member = make_member(make_workspace())
    contact = make_person(member)
    ContactGround.objects.all().delete()
    client = Client()
    client.force_login(member.user)
    page = client.get(member.url("contacts:origin", contact.pk)).text
    for words in (
        "imported from the file “fair.csv”",
        "Its source: Met at the spring fair",
        "05 January 2026: A question",
        "[Say here on what ground",
        "1 Main Street, Springfield",
        "You may object at any time",
    ):
        assert words in page
