"""Models that are loaded by prepared statements are those that Django would load."""

from __future__ import annotations

import pytest
from django.forms.models import model_to_dict

from campaigns.contacts.models import Contact
from outreach.accounts.models import Workspace
from outreach.kit import statements
from outreach.kit.loading import Columns, load, parts_of
from tests.builders import make_contact, make_member, make_workspace

pytestmark = pytest.mark.django_db


def make_person() -> Contact:
    member = make_member(make_workspace("acme"))
    return make_contact(
        member.workspace, "ada@example.com", first_name='"Ada"', fields={"size": [1, "ä"], "none": None}
    )


def by_key(columns: Columns[Contact], pk: int) -> Contact:
    (found,) = load(columns, f"SELECT {columns.text} FROM contacts_contact c WHERE c.id = %s", [pk])  # noqa: S608
    return found


def test_a_model_is_the_same_with_its_values_read_and_its_state_known() -> None:
    person = make_person()
    found = by_key(Columns(Contact, "c"), person.pk)
    there = Contact.objects.get(pk=person.pk)
    assert found == there
    assert model_to_dict(found) == model_to_dict(there)
    assert found.fields == {"size": [1, "ä"], "none": None}
    assert found.created_at == there.created_at
    assert not found._state.adding


def test_what_is_left_out_is_read_when_it_is_asked_for() -> None:
    person = make_person()
    for columns in (Columns(Contact, "c", only=("email",)), Columns(Contact, "c", without=("city", "created_at"))):
        found = by_key(columns, person.pk)
        assert {"created_at", "city"} <= found.get_deferred_fields()
        assert "email" not in found.get_deferred_fields()
        assert found.created_at == person.created_at


def test_a_row_of_several_models_is_taken_apart() -> None:
    person = make_person()
    first, second = Columns(Contact, "c", only=("email",)), Columns(Workspace, "w")
    source = "contacts_contact c JOIN accounts_workspace w ON w.id = c.workspace_id"
    (row,) = statements.run(f"SELECT {first.text}, {second.text} FROM {source}")  # noqa: S608
    assert list(parts_of(row, first, second)) == [person, person.workspace]
