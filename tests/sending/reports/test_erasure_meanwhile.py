"""What is done to a person at the same time as they are erased: nothing of them comes back by it."""

from __future__ import annotations

import pytest

from campaigns.contacts import services
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact, ContactEdit, ContactNote, Erasure
from campaigns.contacts.person import LABEL
from campaigns.contacts.states import ErasureState
from outreach.accounts.access import Member
from tests.builders import make_contact, make_member, make_workspace

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
