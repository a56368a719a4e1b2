"""Destinations are written down once, checked by the code and by the database."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from campaigns.contacts.models import Contact
from campaigns.contacts.services import delete_contacts
from outreach.kit import clock
from sending.links.models import Destination, PersonalDestination
from sending.links.services import addresses_of, destination, keep_destinations, keep_personal
from tests.builders import make_contact, make_workspace

pytestmark = pytest.mark.django_db
LONG = "https://acme.example/?" + "a=b&" * 490


def test_the_same_address_is_one_row_of_each_workspace() -> None:
    one, two = make_workspace(), make_workspace("other")
    wanted = {(one.pk, "https://acme.example/"), (two.pk, "https://acme.example/"), (one.pk, LONG)}
    first = keep_destinations(wanted)
    assert keep_destinations(wanted) == first
    assert Destination.objects.count() == len(set(first.values())) == 3
    assert destination(first[one.pk, LONG]) == (one.pk, LONG)
    assert destination(max(first.values()) + 1) is None


def test_what_is_no_destination_gets_no_number() -> None:
    workspace = make_workspace()
    assert keep_destinations({(workspace.pk, "javascript:alert(1)"), (workspace.pk, "http://10.0.0.1/")}) == {}


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "https://a@evil.example/", "https://a.example/x\r\ny", "https://"]
)
def test_the_database_refuses_what_no_browser_should_be_sent_to(url: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Destination.objects.create(workspace=make_workspace(), url=url)


def test_a_known_destination_costs_no_query() -> None:
    workspace = make_workspace()
    number = Destination.objects.create(workspace=workspace, url="https://acme.example/").pk
    destination(number)
    Destination.objects.all().delete()
    assert destination(number) == (workspace.pk, "https://acme.example/")


def test_the_address_of_one_person_is_theirs_and_has_a_number_of_its_own() -> None:
    ada = make_contact(make_workspace(), "ada@x.test")
    eve = make_contact(ada.workspace, "eve@x.test")
    wanted = {(one.pk, "https://acme.example/?to=you") for one in (ada, eve)}
    first = keep_personal(wanted)
    assert keep_personal(wanted) == first
    (shared,) = keep_destinations({(ada.workspace_id, "https://acme.example/")}).values()
    assert len({shared, *first.values()}) == 3
    assert destination(first[ada.pk, "https://acme.example/?to=you"]) == (
        ada.workspace_id, "https://acme.example/?to=you",
    )  # fmt: skip
    assert addresses_of(ada.workspace_id, [shared, *first.values()]).keys() == {shared, *first.values()}
    assert keep_personal({(ada.pk, "https://acme.example/"), (ada.pk, "javascript:alert(1)")}) == {
        (ada.pk, "https://acme.example/"): shared
    }, "what a wording has for everybody is nobody's"


def test_the_address_of_one_person_goes_with_them() -> None:
    ada = make_contact(make_workspace(), "ada@x.test")
    (number,) = keep_personal({(ada.pk, "https://acme.example/?to=ada")}).values()
    assert destination(number) == (ada.workspace_id, "https://acme.example/?to=ada")
    assert delete_contacts(ada.workspace, [ada.pk]) == 1
    assert destination(number) is None, "no process remembers it"


def test_of_whoever_is_erased_or_gone_no_address_is_written_down() -> None:
    ada = make_contact(make_workspace(), "ada@x.test")
    Contact.objects.filter(pk=ada.pk).update(erased_at=clock.now())
    assert keep_personal({(ada.pk, "https://acme.example/"), (ada.pk + 1, "https://acme.example/")}) == {}
    assert not PersonalDestination.objects.exists()
