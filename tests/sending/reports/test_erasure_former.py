"""Who changed their address is forgotten, and kept away, by each address that was theirs."""

from __future__ import annotations

import pytest
from django.test import Client

from campaigns.contacts import queries, services
from campaigns.contacts.models import Contact, Erasure, RejectedRow, Suppression
from campaigns.contacts.states import ErasureState, ImportState, SuppressionReason, SuppressionScope
from outreach.accounts.access import Member
from sending.inbox.models import InboundMessage
from sending.planner.models import Pause
from tests.builders import make_contact, make_import, make_member, make_workspace
from tests.sending.reports.test_contact_page import make_busy
from tests.sending.reports.test_erasure import DAY, erased, rows_with

pytestmark = pytest.mark.django_db
OLD = ("Quokka@Old.example", "quokka@older.example")


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


def moved(member: Member, contact: Contact, email: str) -> None:
    assert services.edit_contact(contact, {"email": email}, {}, by=member.user)
    contact.refresh_from_db()


def make_moved(member: Member) -> Contact:
    """Make somebody whose second address was OLD[0], of which several tables have something."""
    contact = make_busy(member, OLD[1])
    moved(member, contact, OLD[0])
    InboundMessage.objects.filter(contact=contact).update(from_address=OLD[0].lower(), contact=None)
    Pause.objects.create(
        workspace=member.workspace, scope="address", value=contact.email_key, words="Full", until=DAY
    )  # fmt: skip
    RejectedRow.objects.create(
        contact_import=make_import(member.workspace), line=2, cause="Too long", original=f"{OLD[0]},1"
    )
    services.suppress(member.workspace, OLD[0], SuppressionReason.OPTED_OUT, evidence=f"{OLD[0]} wrote: stop")
    moved(member, contact, "new@x.example")
    return contact


def test_former_addresses_are_given_erased_and_barred(member: Member) -> None:
    contact = make_moved(member)
    sections = {one.name: one.rows for one in queries.data_of(member, contact).sections}
    for name in ("Rest of the address", "Mails that came in", "Rows of files that were not imported"):
        assert len(sections[name]) == 1, name
    assert [row["value"] for row in sections["Suppression"]] == [OLD[1], OLD[0].lower()], "as they were written down"
    assert erased(member, contact).state == ErasureState.DONE
    for address in (*OLD, "new@x.example"):
        assert rows_with(member, address.lower()) == []
        assert queries.is_suppressed(member.workspace.pk, address.lower())
    reasons = Suppression.objects.filter(scope=SuppressionScope.ERASED).values_list("reason", flat=True)
    assert sorted(reasons) == ["erased", "opted_out", "opted_out"]
    assert set(Erasure.objects.values_list("state", "address", "given")) == {(ErasureState.DONE, "", "")}
    text = "email\n" + "\n".join((*OLD, "new@x.example", "else@x.example")) + "\n"
    file = services.store_upload(member.workspace, "old.csv", [text.encode()])
    services.confirm(file, file.mapping, None, hint=False)
    services.run_import(file.pk)
    file.refresh_from_db()
    assert (file.state, file.rows_created, file.rows_rejected) == (ImportState.DONE, 1, 3)
    assert rows_with(member, "quokka") == []


def test_an_address_that_is_somebody_elses_now_is_theirs(member: Member) -> None:
    contact = make_contact(member.workspace, "ada@x.example")
    moved(member, contact, "new@x.example")
    other = make_contact(member.workspace, "ada@x.example")
    client = Client()
    client.force_login(member.user)
    page = client.get(member.url("contacts:erasure", contact.pk)).text
    assert "those of other contacts now" in page
    assert member.url("contacts:detail", other.pk) in page
    erased(member, contact)
    other.refresh_from_db()
    assert (other.email, other.erased_at) == ("ada@x.example", None)
    assert not queries.is_suppressed(member.workspace.pk, "ada@x.example")
    assert queries.is_suppressed(member.workspace.pk, "new@x.example")


def test_who_types_a_former_address_lifts_the_print_of_that_one(member: Member) -> None:
    contact = make_contact(member.workspace, "ada@x.example")
    moved(member, contact, "new@x.example")
    client = Client()
    client.force_login(member.user)
    page = client.get(member.url("contacts:erasure", contact.pk)).text
    assert "what was their address before: <b>ada@x.example</b>." in page
    erased(member, contact)
    lift = member.url("contacts:suppression_lift", Suppression.objects.order_by("pk")[1].pk)
    assert client.post(lift, {"typed": "ada@x.example", "why": "She came back"}).status_code == 302
    services.create_contact(member.workspace, {"email": "ada@x.example"}, {})
    assert queries.is_suppressed(member.workspace.pk, "new@x.example")


def test_a_running_import_that_brings_a_former_address_back_is_waited_for(member: Member) -> None:
    contact = make_contact(member.workspace, OLD[1])
    moved(member, contact, "new@x.example")
    running = make_import(member.workspace, state=ImportState.RUNNING)
    assert erased(member, contact).state == ErasureState.WANTED
    make_contact(member.workspace, OLD[1], origin=running)
    type(running).objects.update(state=ImportState.FAILED)
    Erasure.objects.update(look_at=DAY)
    while services.sweep_erasures():
        pass
    assert not Erasure.objects.filter(state=ErasureState.WANTED).exists()
    assert rows_with(member, "quokka") == []
    assert list(Contact.objects.values_list("email", flat=True)) == ["Erased person", "Erased person"]
