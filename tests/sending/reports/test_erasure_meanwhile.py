"""What is done to a person at the same time as they are erased: nothing of them comes back by it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connection, transaction
from django.http import Http404

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact, ContactEdit, ContactNote, Erasure, Suppression
from campaigns.contacts.person import LABEL
from campaigns.contacts.services.upserts import Entry
from campaigns.contacts.states import ErasureState, ImportPolicy, SuppressionReason
from outreach.accounts.access import Member
from outreach.kit import gate
from tests.builders import make_contact, make_member, make_workspace
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
    with pytest.raises(BadContact, match="was erased on request"):
        services.create_contact(member.workspace, {"email": "ada@x.com"}, {})


def move(member: Member) -> None:
    bob = Contact.objects.get(email="bob@x.com")
    with pytest.raises(BadContact, match="was erased on request"):
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
