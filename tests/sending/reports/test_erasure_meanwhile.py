"""What happens to a person while they are erased and after it: nothing of them comes back by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.http import Http404

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact, MayNotLift
from campaigns.contacts.models import (
    Contact,
    ContactEdit,
    ContactImport,
    ContactNote,
    Erasure,
    LiftedSuppression,
    RejectedRow,
    Suppression,
)
from campaigns.contacts.person import LABEL
from campaigns.contacts.services.upserts import Entry
from campaigns.contacts.states import ErasureState, ImportPolicy, ImportState, SuppressionReason
from outreach.accounts.access import Member
from outreach.accounts.models import KeptAnswer
from outreach.kit import clock, gate
from tests.builders import make_contact, make_import, make_member, make_workspace
from tests.sending.inbox.scene import come_in, mail, make_scene
from tests.sending.planner.stage import wait_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


def erased(member: Member, contact: Contact) -> Erasure:
    row = services.erase(member, contact, typed=contact.email, why="Asked by mail")
    row.refresh_from_db()
    return row


def test_a_page_that_was_open_during_the_erasure_puts_nothing_back() -> None:
    member = make_member(make_workspace())
    seen = make_contact(member.workspace, "ada@x.com")
    row = erased(member, Contact.objects.get(pk=seen.pk))
    assert row.state == ErasureState.DONE
    with pytest.raises(BadContact, match="gone"):
        services.edit_contact(seen, {"email": "new@x.com", "first_name": "Ada"}, {"pet": "Cat"}, by=member.user)
    with pytest.raises(BadContact, match="gone"):
        services.add_note(member, seen, "Ada called")
    kept = Contact.objects.get()
    assert (kept.email, kept.first_name, kept.fields) == (LABEL, "", {})
    assert not ContactEdit.objects.exists()
    assert not ContactNote.objects.exists()


@pytest.mark.django_db  # what follows the commit of the acknowledgement does not run: as after a crash
def test_from_the_acknowledgement_on_a_person_counts_as_erased() -> None:
    scene = make_scene()
    member = make_member(scene.contact.workspace, email="boss@example.com")
    row = erased(member, scene.contact)
    assert row.state == ErasureState.WANTED
    with pytest.raises(Http404):
        queries.contact_for(member, scene.contact.pk)
    answer = come_in(scene, mail(sender=scene.contact.email, in_reply_to=scene.message.message_id, subject="Forget me"))
    assert answer.contact_id == scene.contact.pk
    assert (answer.from_address, answer.subject, bytes(answer.raw)) == ("", "", b"")
    since = Contact.objects.get(pk=scene.contact.pk).erased_at
    services.sweep_erasures()
    kept = Contact.objects.get(pk=scene.contact.pk)
    assert (kept.email, kept.erased_at) == (LABEL, since)


def create(member: Member) -> None:
    with pytest.raises(BadContact, match="was erased"):
        services.create_contact(member.workspace, {"email": "ada@x.com"}, {})


def move(member: Member) -> None:
    bob = Contact.objects.get(email="bob@x.com")
    with pytest.raises(BadContact, match="was erased"):
        services.edit_contact(bob, {"email": "ada@x.com"}, {}, by=member.user)


def upsert(member: Member) -> None:
    services.upsert_contacts(member, [Entry({"email": "ada@x.com", "first_name": "Ada"})], ImportPolicy.OVERWRITE)


def suppress(member: Member) -> None:
    services.suppress(member.workspace, "ada@x.com", SuppressionReason.MANUAL, evidence="Ada said so")


@pytest.mark.parametrize("act", [create, move, upsert, suppress])
def test_who_is_erased_at_this_moment_is_not_written_down_again(act: Callable[[Member], None]) -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, "ada@x.com")
    make_contact(member.workspace, "bob@x.com")
    failed: list[BaseException] = []

    def run() -> None:
        try:
            act(member)
        except BaseException as error:  # noqa: BLE001  handed to the test
            failed.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    with transaction.atomic():
        gate.hold_shut(member.workspace.pk)
        thread.start()
        wait_for_a_lock()
        services.erase(member, contact, typed="ada@x.com", why="Asked by mail")
    thread.join(30)
    assert not thread.is_alive()
    assert failed == []
    services.sweep_erasures()
    assert not Contact.objects.filter(email_key="ada@x.com").exists()
    assert {row.scope for row in Suppression.objects.all()} == {"erased"}
    assert queries.suppression_named(member, "ada@x.com").scope == "erased"


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("reason", [SuppressionReason.OPTED_OUT, SuppressionReason.COMPLAINED])
def test_what_a_person_asked_for_stays_the_reason_whenever_they_said_it(
    reason: SuppressionReason, *, is_after: bool
) -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, "ada@x.com")
    if not is_after:
        services.suppress(member.workspace, "ada@x.com", reason, evidence="stop")
    erased(member, contact)
    if is_after:
        services.suppress(member.workspace, "ada@x.com", reason, evidence="stop")
    services.suppress(member.workspace, "ada@x.com", SuppressionReason.MANUAL, evidence="stop")
    row = Suppression.objects.get()
    assert (row.scope, row.reason, row.evidence) == ("erased", reason, "")
    with pytest.raises(MayNotLift, match="Type the address"):
        services.lift(member, row, why="She came back")
    services.lift(member, row, why="She came back", typed="ada@x.com")
    assert LiftedSuppression.objects.get().reason == reason


def test_a_later_mail_from_an_erased_person_is_kept_without_its_content() -> None:
    scene = make_scene()
    member = make_member(scene.contact.workspace, email="boss@example.com")
    erased(member, scene.contact)
    theirs = come_in(scene, mail(sender=f"Ada <{scene.contact.email.upper()}>", subject="A new question"))
    assert (theirs.from_name, theirs.from_address, theirs.subject, bytes(theirs.raw)) == ("", "", "", b"")
    another = come_in(scene, mail(sender="bob@x.example", subject="A new question"))
    assert another.subject == "A new question"


def test_the_address_as_it_was_written_is_looked_for_until_the_end() -> None:
    member = make_member(make_workspace())
    contact = make_contact(member.workspace, "Jörg@müller.de")
    file = make_import(member.workspace, state=ImportState.RUNNING)
    row = erased(member, contact)
    assert row.state == ErasureState.WANTED
    RejectedRow.objects.create(contact_import=file, line=2, cause="Too long", original="jörg@MÜLLER.de,Jörg,0171")
    answer = {"status": 201, "content_type": "application/json", "body": json.dumps({"email": contact.email}).encode()}
    KeptAnswer.objects.create(workspace=member.workspace, key="k", fingerprint="f", created_at=clock.now(), **answer)
    ContactImport.objects.update(state=ImportState.DONE)
    Erasure.objects.update(look_at=clock.now() - timedelta(seconds=1))
    assert services.sweep_erasures() == 1
    assert RejectedRow.objects.get().original == ""
    assert not KeptAnswer.objects.exists()
    row.refresh_from_db()
    assert (row.state, row.address, row.given) == (ErasureState.DONE, "", "")
