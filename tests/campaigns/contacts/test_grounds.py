"""A ground that an import states for people who are known stands beside theirs, and an undo takes it off again."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.test import Client

from campaigns.contacts import queries, services
from campaigns.contacts.models import Contact, ContactGround, ContactImport
from campaigns.contacts.parts import Person
from campaigns.contacts.person import PART
from campaigns.contacts.states import (
    FURTHER_GROUNDS,
    ImportPolicy,
    ImportState,
    LegalBasis,
    SuppressionReason,
)
from campaigns.contacts.undo_command import run_undo_import
from outreach.accounts.access import Member
from tests.builders import make_contact, make_import, make_member, make_suppression, make_workspace
from tests.campaigns.contacts.test_dry_runs import difference

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


def uploaded(
    member: Member,
    text: str,
    basis: LegalBasis = LegalBasis.CONSENT,
    policy: ImportPolicy = ImportPolicy.OVERWRITE,
) -> ContactImport:
    row = services.store_upload(member.workspace, "agreed.csv", [text.encode()])
    row.legal_basis, row.policy, row.source = basis, policy, "Forms of the spring fair"
    services.choose(row, row.mapping, "")
    return row


def run(row: ContactImport) -> ContactImport:
    services.confirm_onto(row, row.mapping, "", hint=False)
    services.run_import(row.pk)
    row.refresh_from_db()
    assert row.state == ImportState.DONE, row.problem
    return row


def stated(contact: Contact) -> list[str]:
    return [one.basis for one in queries.grounds_of(contact)]


def test_the_words_of_the_grounds_stand_in_the_order_of_what_they_permit() -> None:
    order = [
        LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.INQUIRY, LegalBasis.INTEREST, LegalBasis.PUBLISHED,
        LegalBasis.UNSTATED,
    ]  # fmt: skip
    assert all(better < worse for better, worse in pairwise(order))
    assert set(order) == set(LegalBasis)


@pytest.mark.parametrize("policy", ImportPolicy)
@pytest.mark.parametrize("basis", LegalBasis)
def test_a_consent_goes_on_record_for_the_known_whatever_the_policy(
    member: Member, basis: LegalBasis, policy: ImportPolicy
) -> None:
    first = make_import(member.workspace, "first.csv", legal_basis=LegalBasis.INTEREST)
    ada = make_contact(member.workspace, "ada@x.com", first_name="Ada", origin=first)
    row = uploaded(member, "email,first name\nada@x.com,Ada\nbob@x.com,Bob\n", basis, policy)
    is_kept = basis in FURTHER_GROUNDS
    foreseen = difference(row)
    assert (foreseen.grounded, foreseen.refused, foreseen.unchanged) == (is_kept, 0, 1)
    assert not stated(ada), "a dry run writes nothing"
    assert run(row).rows_grounded == is_kept
    ada.refresh_from_db()
    assert (ada.origin, stated(ada)) == (first, [basis] if is_kept else []), "beside theirs, and in place of nothing"
    assert queries.basis_of(ada) == min(basis, LegalBasis.INTEREST)
    assert not stated(Contact.objects.get(email="bob@x.com")), "who is new has it from their import"


def test_a_weaker_statement_weakens_nothing(member: Member) -> None:
    agreed = make_import(member.workspace, legal_basis=LegalBasis.CONSENT)
    ada = make_contact(member.workspace, "ada@x.com", origin=agreed)
    run(uploaded(member, "email\nada@x.com\n", LegalBasis.CONTRACT))
    run(uploaded(member, "email\nada@x.com\n", LegalBasis.UNSTATED))
    assert (stated(ada), queries.basis_of(ada)) == ([LegalBasis.CONTRACT], LegalBasis.CONSENT)


@pytest.mark.parametrize(
    ("reason", "is_kept"),
    [
        (SuppressionReason.OPTED_OUT, False),
        (SuppressionReason.COMPLAINED, False),
        (SuppressionReason.MANUAL, True),
    ],
)
def test_who_said_no_is_not_said_to_have_agreed(member: Member, reason: SuppressionReason, *, is_kept: bool) -> None:
    ada = make_contact(member.workspace, "ada@x.com")
    make_suppression(member.workspace, "ada@x.com", reason=reason)
    row = uploaded(member, "email\nada@x.com\n")
    foreseen = difference(row)
    assert (foreseen.grounded, foreseen.refused) == (is_kept, not is_kept)
    assert (run(row).rows_grounded, len(stated(ada))) == (is_kept, is_kept)
    assert queries.is_suppressed(member.workspace.pk, "ada@x.com"), "a statement lifts nothing"


def test_an_undo_takes_its_own_off_the_record_and_leaves_those_of_others(member: Member) -> None:
    ada = make_contact(member.workspace, "ada@x.com")
    first = run(uploaded(member, "email\nada@x.com\nbob@x.com\n"))
    second = run(uploaded(member, "email\nada@x.com\nbob@x.com\n", LegalBasis.CONTRACT))
    assert stated(ada) == [LegalBasis.CONTRACT, LegalBasis.CONSENT]
    assert queries.undo_preview(first).grounds == 1
    said: list[str] = []
    assert run_undo_import(first.pk, said.append, is_dry_run=False, is_json=True) == 0
    assert '"grounds": 1' in said[0]
    assert stated(ada) == [LegalBasis.CONTRACT]
    bob = Contact.objects.get(email="bob@x.com")
    assert stated(bob) == [LegalBasis.CONTRACT], "he stays, since the later file has him"
    services.undo_import(second, by=member.user, hint=False)
    assert not ContactGround.objects.exists()


def test_the_pages_tell_what_is_stated_when_and_by_which_file(member: Member, client: Client) -> None:
    client.force_login(member.user)
    ada = make_contact(member.workspace, "ada@x.com")
    make_contact(member.workspace, "cy@x.com")
    make_suppression(member.workspace, "cy@x.com", reason=SuppressionReason.OPTED_OUT)
    row = uploaded(member, "email\nada@x.com\ncy@x.com\n")
    difference(row)
    page = client.get(member.url("contacts:import_changes", row.pk)).text
    assert "“They agreed to be written to” goes on record for 1 person known already" in page
    assert "“They agreed to be written to” does not go on record for 1 person" in page
    run(row)
    page = client.get(member.url("contacts:import_result", row.pk)).text
    assert "1 person known before has this ground on record now" in page
    page = client.get(member.url("contacts:detail", ada.pk)).text
    assert "They agreed to be written to: stated by the import of agreed.csv" in page
    assert "Forms of the spring fair" in page
    letter = queries.origin_letter(member, ada)
    assert "You agreed to be written to (GDPR, article 6 (1) (a)). That was put down on" in letter
    assert "[Say here on what ground" not in letter
    assert "1 person known before" in client.get(member.url("contacts:import_undo", row.pk)).text


def test_it_is_told_to_the_person_and_goes_with_them(member: Member) -> None:
    ada = make_contact(member.workspace, "ada@x.com")
    run(uploaded(member, "email\nada@x.com\n"))
    [section] = [one for one in queries.data_of(member, ada).sections if one.name == "Grounds stated by later imports"]
    [told] = section.rows
    assert (told["basis"], told["contact_import__filename"]) == ("consent", "agreed.csv")
    PART.erases(Person(member.workspace.pk, ada.pk, ada.email_key, ada.email))
    assert not ContactGround.objects.exists()


def test_the_result_leads_to_whom_it_updated_and_whom_it_left_as_they_were(member: Member, client: Client) -> None:
    client.force_login(member.user)
    for name, title in (("ada", "CTO"), ("bob", "CFO"), ("di", "CIO")):
        make_contact(member.workspace, f"{name}@x.com", title=title)
    row = run(uploaded(member, "email,title\nada@x.com,CEO\nbob@x.com,CFO\ncy@x.com,COO\n"))
    page = client.get(member.url("contacts:import_result", row.pk)).text
    expected = {"": ["cy@x.com"], "updated": ["ada@x.com"], "unchanged": ["bob@x.com"]}
    for did, emails in expected.items():
        filters = queries.Filters(import_id=row.pk, import_as=did)
        assert f"?{filters.as_query()}".replace("&", "&amp;") in page
        answer = client.get(f"{member.url('contacts:list')}?{filters.as_query()}").text
        assert [name for name in ("ada", "bob", "cy", "di") if f"{name}@x.com" in answer] == [emails[0][:-6]]
        found = queries.contacts_of(member, filters)
        assert list(found.values_list("email", flat=True)) == emails
    services.undo_import(row, by=member.user, hint=False)
    page = client.get(member.url("contacts:import_result", row.pk)).text
    assert "as=updated" not in page, "it is no longer on record who they were"
