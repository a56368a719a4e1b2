from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.http import QueryDict

from campaigns.contacts import queries, services
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact, ListMember
from campaigns.contacts.queries import listing, places
from campaigns.contacts.queries.listing import Filters
from campaigns.contacts.states import SuppressionReason
from outreach.accounts.access import Member
from outreach.kit import clock
from outreach.kit.csvfile import csv_lines
from tests.builders import make_contact, make_list, make_member, make_workspace

pytestmark = pytest.mark.django_db


def keys(member: Member, **filters: Any) -> list[str]:
    return sorted(queries.contacts_of(member, Filters(**filters)).values_list("email_key", flat=True))


def test_the_search_finds_addresses_names_companies_and_domains() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    make_contact(workspace, "ada@acme.com", first_name="Ada", last_name="Lovelace", company="Analytical")
    make_contact(workspace, "bob@mail.acme.com", first_name="Bob")
    make_contact(workspace, "cy@notacme.com", first_name="Adam")
    make_contact(make_workspace("other"), "ada@acme.com", first_name="Ada")
    assert keys(member, search="ada@") == ["ada@acme.com"]
    assert keys(member, search="ada") == ["ada@acme.com", "cy@notacme.com"]
    assert keys(member, search="lovel") == ["ada@acme.com"]
    assert keys(member, search="ANALYT") == ["ada@acme.com"]
    assert keys(member, search="ada love") == ["ada@acme.com"]
    assert keys(member, search="ada bob") == []
    assert keys(member, search="@acme.com") == ["ada@acme.com", "bob@mail.acme.com"]
    assert keys(member, search="100%") == []


def test_filters_by_list_country_and_suppression_can_be_combined() -> None:
    workspace = make_workspace()
    member = make_member(workspace)
    ada = make_contact(workspace, "ada@x.com", country="DE")
    make_contact(workspace, "bob@sub.evil.com", country="DE")
    make_contact(workspace, "cy@evil.com", country="FR")
    make_contact(workspace, "dee@notevil.com")
    leads = make_list(workspace, "Leads", (ada,))
    services.suppress_rule(workspace, "evil.com", SuppressionReason.MANUAL)
    services.suppress(workspace, "ada@x.com", SuppressionReason.OPTED_OUT)
    assert keys(member, list_id=leads.pk) == ["ada@x.com"]
    assert keys(member, country="DE") == ["ada@x.com", "bob@sub.evil.com"]
    assert keys(member, suppressed="yes") == ["ada@x.com", "bob@sub.evil.com", "cy@evil.com"]
    assert keys(member, suppressed="no") == ["dee@notevil.com"]
    assert keys(member, suppressed="yes", country="DE", search="@evil.com") == ["bob@sub.evil.com"]
    assert queries.countries_of(member) == ["DE", "FR"]


def test_filters_that_make_no_sense_are_left_out() -> None:
    assert queries.filters_from(QueryDict("q=%00&list=x&country=germany&suppressed=maybe&import=-1")) == Filters(
        country="GE"
    )


def test_a_contact_is_checked_field_by_field() -> None:
    workspace = make_workspace()
    for values, field in [
        ({"email": "nope"}, "email"),
        ({"email": "a@x.com", "country": "Atlantis"}, "country"),
        ({"email": "a@x.com", "time_zone": "Europe/Berln"}, "time_zone"),
        ({"email": "a@x.com", "subscriber_kind": "perhaps"}, "subscriber_kind"),
        ({"email": "a@x.com", "first_name": "x" * 121}, "first_name"),
    ]:
        with pytest.raises(BadContact) as caught:
            services.create_contact(workspace, values, {})
        assert caught.value.field == field
    with pytest.raises(BadContact):
        services.create_contact(workspace, {"email": "a@x.com"}, {"First Name": "x"})
    assert not Contact.objects.exists()


def test_two_contacts_never_share_an_address() -> None:
    workspace = make_workspace()
    services.create_contact(workspace, {"email": "ada@x.com"}, {})
    with pytest.raises(BadContact, match="exists already"):
        services.create_contact(workspace, {"email": " ADA@x.com "}, {})
    bob = services.create_contact(workspace, {"email": "bob@x.com", "first_name": "Bob"}, {"note": "x"})
    with pytest.raises(BadContact, match="Another contact"):
        services.edit_contact(bob, {"email": "Ada@X.com"}, {})
    bob.refresh_from_db()
    assert (bob.email, bob.first_name, bob.fields) == ("bob@x.com", "Bob", {"note": "x"})


def test_only_contacts_of_the_lists_workspace_get_onto_it() -> None:
    ours, theirs = make_workspace("ours"), make_workspace("theirs")
    leads = make_list(ours)
    ada, stranger = make_contact(ours, "ada@x.com"), make_contact(theirs, "eve@x.com")
    assert services.add_to_list(leads, [ada.pk, stranger.pk]) == 1
    assert services.add_to_list(leads, [ada.pk]) == 0
    assert list(leads.members.values_list("contact", flat=True)) == [ada.pk]
    assert services.remove_from_list(leads, [ada.pk, stranger.pk]) == 1


def test_deleting_contacts_takes_their_places_along_and_nobody_elses() -> None:
    ours, theirs = make_workspace("ours"), make_workspace("theirs")
    ada, stranger = make_contact(ours, "ada@x.com"), make_contact(theirs, "eve@x.com")
    make_list(ours, "Leads", (ada,))
    assert services.delete_contacts(ours, [ada.pk, stranger.pk]) == 1
    assert list(Contact.objects.all()) == [stranger]
    assert not ListMember.objects.exists()


def test_a_lists_name_is_its_own_in_any_case() -> None:
    workspace = make_workspace()
    leads = services.create_list(workspace, "  Spring   leads ")
    assert leads.name == "Spring leads"
    with pytest.raises(BadContact, match="exists already"):
        services.create_list(workspace, "spring LEADS")
    assert services.list_named(workspace, "SPRING leads") == leads
    for name in ("", "x" * 121, "a\u202eb"):
        with pytest.raises(BadContact):
            services.create_list(workspace, name)


def test_an_export_is_read_back_by_our_import_and_holds_no_formula() -> None:
    nasty = ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "\t=1", ";=1", "\uff1d1", 'say "hi"\nplease', "plain"]
    text = "".join(csv_lines(["email", "note"], [[f"p{at}@x.com", cell] for at, cell in enumerate(nasty)]))
    assert text.startswith("\ufeff")
    cells = [row[1] for row in csv.reader(io.StringIO(text[1:], newline=""))][1:]
    assert cells == [f"'{cell}" for cell in nasty[:7]] + nasty[7:]
    workspace = make_workspace()
    row = services.store_upload(workspace, "export.csv", [text.encode()])
    services.confirm(row, row.mapping, None, hint=False)
    services.run_import(row.pk)
    notes = {key: fields["note"] for key, fields in Contact.objects.values_list("email_key", "fields")}
    assert notes["p0@x.com"] == nasty[0]
    assert notes["p1@x.com"] == "+1"


def test_a_search_keeps_within_the_other_filters_and_an_export_has_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "SEARCH_LIMIT", 3)
    monkeypatch.setattr(listing, "NAMES_SEARCHED", 4)
    workspace = make_workspace()
    member = make_member(workspace)
    contacts = [make_contact(workspace, f"p{n}@x.com", first_name="Zoe") for n in range(8)]
    leads = make_list(workspace, "Leads", (contacts[7],))
    assert keys(member, search="p", list_id=leads.pk) == ["p7@x.com"]
    assert len(keys(member, search="zoe")) == 4
    assert queries.names_are_cut(member)
    _, count = queries.listed(member, Filters(search="p"))
    assert str(count) == "more than 3"
    assert queries.contacts_of(member, Filters(search="zoe"), every=True).count() == 8


@pytest.mark.parametrize(("few", "tabled"), [(3, 30_000), (0, 30_000), (0, 0)])
def test_a_page_of_few_and_a_page_of_many_hold_the_same_people(
    monkeypatch: pytest.MonkeyPatch, few: int, tabled: int
) -> None:
    """Few are read whole; of many each is asked about on the way, by a table of few places. All must leave the same."""
    monkeypatch.setattr(listing, "FEW", few)
    monkeypatch.setattr(places, "TABLED", tabled)
    workspace = make_workspace()
    member = make_member(workspace)
    ada, bob, cy, _ = (
        make_contact(workspace, f"{name}@x.com", company=company, country="DE")
        for name, company in (("ada", "Zeta"), ("bob", ""), ("cy", "acme"), ("dee", "Beta"))
    )
    leads = make_list(workspace, "Leads", (ada, bob, cy))
    nobodys = make_list(workspace, "Nobody's")
    services.add_tags(workspace, [bob.pk, cy.pk], ["vip"])
    services.suppress(workspace, "cy@x.com", SuppressionReason.OPTED_OUT)
    by_company = next(one for one in queries.SORTS if one.name == "company")

    def page(**filters: Any) -> list[str]:
        rows, count = queries.listed(member, Filters(**filters))
        found = list(by_company.keyed(rows).order_by(by_company.by, "pk"))
        assert count.number == len(found)
        return [row.email[:3] for row in found]

    assert page(list_id=leads.pk) == ["cy@", "ada", "bob"], "who has no company stands last"
    assert page(tag="vip") == ["cy@", "bob"]
    assert page(tag="vip", list_id=leads.pk, suppressed="no") == ["bob"]
    assert page(suppressed="yes") == ["cy@"]
    assert page(suppressed="yes", tag="vip") == ["cy@"]
    assert page(suppressed="no", country="DE") == ["dee", "ada", "bob"]
    assert page(suppressed="yes", country="DE", where="tag is vip") == ["cy@"]
    assert page(tag="nobody") == []
    assert page(where=f"company is ACME or list is {nobodys.pk}") == ["cy@"]


def test_beginnings_of_companies_and_last_names_are_found_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "NAMES_SEARCHED", 0)
    workspace = make_workspace()
    member = make_member(workspace)
    make_contact(workspace, "1@x.com", first_name="Ada", last_name="Lovelace", company="Analytical Engines")
    for n in range(2, 5):
        make_contact(workspace, f"{n}@x.com")
    for search in ("analyt", "LOVEL", "lovelace ada", "ada lovel"):
        assert keys(member, search=search) == ["1@x.com"], search
    assert keys(member, search="engines") == [], "inside of names only the newest are searched"


@pytest.mark.parametrize("filters", [Filters(country="DE"), Filters(verdict="role")])
def test_more_than_the_limit_are_told_by_an_index_and_a_page_has_nobody_who_was_erased(
    filters: Filters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "COUNT_LIMIT", 3)
    member = make_member(make_workspace())
    german = {"country": "DE", "verdict": "role"}
    people = [make_contact(member.workspace, f"p{n}@x.com", **german) for n in range(3)]
    make_contact(member.workspace, "erased@x.com", erased_at=clock.now())
    make_contact(make_workspace("other"), "p9@x.com", **german)
    assert str(queries.listed(member, filters)[1]) == "3"
    people.append(make_contact(member.workspace, "p3@x.com", **german))
    leaving = make_contact(member.workspace, "leaving@x.com", erased_at=clock.now(), **german)
    rows, count = queries.listed(member, filters)
    assert (str(count), set(rows)) == ("more than 3", set(people)), "whose erasure is under way is on no page"
    assert leaving not in queries.contacts_of(member, filters)
