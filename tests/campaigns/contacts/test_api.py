"""Contacts, lists, tags and suppressions over HTTP."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from psycopg.errors import DeadlockDetected

from campaigns.contacts.models import Contact, ContactEdit, ContactList, LiftedSuppression, Suppression
from campaigns.contacts.services import create_contact, sweep_erasures, upserts
from campaigns.contacts.services.erasing import acknowledge
from campaigns.contacts.services.values import define_texts
from campaigns.contacts.states import ImportPolicy, SuppressionReason
from outreach.accounts.access import Member
from outreach.accounts.keys import Scope
from outreach.accounts.roles import Role
from tests.builders import make_audience, make_campaign, make_contact, make_list, make_member, make_workspace
from tests.programs import Program, program_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Member:
    cache.clear()
    return make_member(make_workspace())


@pytest.fixture
def program(owner: Member) -> Program:
    return program_of(owner)


def test_pages_of_contacts_follow_each_other_without_gap_or_repetition(owner: Member, program: Program) -> None:
    for number in range(5):
        make_contact(owner.workspace, f"p{number}@example.com")
    seen, cursor = [], ""
    for _ in range(3):
        page = program.ask("GET", f"/contacts?limit=2&cursor={cursor}").json()
        seen += [row["email"] for row in page["results"]]
        make_contact(owner.workspace, f"later{len(seen)}@example.com")
        cursor = page["next"]
    assert seen == [f"p{number}@example.com" for number in (4, 3, 2, 1, 0)]
    assert cursor == ""
    wrong = program.ask("GET", "/contacts?cursor=bm9uZQ")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "cursor")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ada", ["ada@example.com"]),
        ("country=de", ["bob@example.com"]),
        ("tag=vip", ["ada@example.com"]),
        ("suppressed=yes", ["bob@example.com"]),
        ("verdict=unchecked&suppressed=no", ["ada@example.com"]),
        ("where=country%20is%20DE", ["bob@example.com"]),
    ],
)
def test_filters_are_those_of_the_page(owner: Member, program: Program, query: str, found: list[str]) -> None:
    make_contact(owner.workspace, "ada@example.com")
    make_contact(owner.workspace, "bob@example.com", country="DE")
    program.ask("POST", "/tags", {"contacts": [Contact.objects.get(email="ada@example.com").pk], "add": ["VIP"]})
    program.ask("POST", "/suppressions", {"value": "bob@example.com"})
    answer = program.ask("GET", f"/contacts?{query}")
    assert [row["email"] for row in answer.json()["results"]] == found


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "list=x", "country=DEU", "verdict=fine", "where=what%20is"])
def test_a_filter_that_makes_no_sense_is_refused_instead_of_left_out(program: Program, query: str) -> None:
    answer = program.ask("GET", f"/contacts?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, query.partition("=")[0])


def test_a_page_costs_the_same_for_one_contact_and_for_twenty(owner: Member, program: Program) -> None:
    program.ask("GET", "/contacts")
    counts = []
    for number in range(20):
        contact = make_contact(owner.workspace, f"p{number}@example.com")
        make_list(owner.workspace, f"L{number}", (contact,))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            program.ask("GET", "/contacts")
        counts.append(len(queries))
    assert counts[0] == counts[-1]


def test_a_contact_is_added_once_and_its_values_are_judged(program: Program) -> None:
    made = program.ask("POST", "/contacts", {"email": " Ada <Ada@Example.com> ", "country": "Germany"})
    assert (made.status_code, made.json()["email"], made.json()["country"]) == (201, "Ada@Example.com", "DE")
    again = program.ask("POST", "/contacts", {"email": "ada@example.com"})
    assert (again.status_code, again.json()["code"]) == (409, "exists")
    for body, field in (
        ({"email": "nobody"}, "email"),
        ({"email": "bob@example.com", "country": "Atlantis"}, "country"),
        ({"email": "bob@example.com", "time_zone": "Mars"}, "time_zone"),
        ({"email": "bob@example.com", "subscriber_kind": "maybe"}, "subscriber_kind"),
        ({"email": "bob@example.com", "fields": {"Not A Name": "x"}}, "fields"),
    ):
        answer = program.ask("POST", "/contacts", body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert Contact.objects.count() == 1


def test_a_change_touches_what_it_names_alone(owner: Member, program: Program) -> None:
    row = make_contact(owner.workspace, "ada@example.com", first_name="Ada", city="London", fields={"a": "1", "b": "2"})
    body = {"city": "", "company": "Example", "subscriber_kind": "companies", "fields": {"a": None, "c": "3"}}
    told = program.ask("PATCH", f"/contacts/{row.pk}", body).json()
    assert (told["first_name"], told["city"], told["company"]) == ("Ada", "", "Example")
    assert (told["subscriber_kind"], told["country"]) == ("companies", "")
    assert told["fields"] == {"b": "2", "c": "3"}
    make_contact(owner.workspace, "bob@example.com")
    taken = program.ask("PATCH", f"/contacts/{row.pk}", {"email": "BOB@example.com"})
    assert (taken.status_code, taken.json()["code"]) == (409, "exists")


def test_a_deleted_contact_is_gone_and_its_suppression_stays(owner: Member, program: Program) -> None:
    row = make_contact(owner.workspace, "ada@example.com")
    program.ask("POST", "/suppressions", {"value": "ada@example.com"})
    assert program.ask("DELETE", f"/contacts/{row.pk}").status_code == 204
    assert program.ask("GET", f"/contacts/{row.pk}").status_code == 404
    made = program.ask("POST", "/contacts", {"email": "ada@example.com"}).json()
    assert made["suppression"]["reason"] == "manual"


def test_what_was_said_about_a_suppression_is_told_to_keys_that_may_read_suppressions(
    owner: Member, program: Program
) -> None:
    program.ask("POST", "/suppressions", {"value": "ada@example.com", "note": "She told us on the phone"})
    narrow = program_of(owner, [Scope.CONTACTS_READ, Scope.CONTACTS_WRITE])
    made = narrow.ask("POST", "/contacts", {"email": "ada@example.com"}).json()
    at = f"/contacts/{made['id']}"
    told = [narrow.ask("GET", at).json(), narrow.ask("PATCH", at, {"city": "London"}).json()]
    told += narrow.ask("GET", "/contacts").json()["results"]
    assert [one["suppression"] for one in (made, *told)] == [{"scope": "address", "reason": "manual"}] * 4
    assert program.ask("GET", at).json()["suppression"]["evidence"] == "She told us on the phone"


def statuses(answer: Any) -> list[str]:
    return [row["status"] for row in answer.json()["results"]]


def test_many_contacts_are_answered_one_by_one(owner: Member, program: Program) -> None:
    make_contact(owner.workspace, "old@example.com", company="Known", fields={"plan": "free"})
    body = {
        "list_name": "Customers",
        "tags": ["crm"],
        "contacts": [
            {"email": "new@example.com", "fields": {"plan": "gold"}},
            {"email": "OLD@example.com", "company": "", "city": "Paris", "fields": {"seats": "5"}},
            {"email": "nobody"},
            {"email": "New@Example.com"},
            {"email": "bad@example.com", "country": "Atlantis"},
        ],
    }
    answer = program.ask("POST", "/contacts/bulk", body)
    assert statuses(answer) == ["created", "updated", "rejected", "rejected", "rejected"]
    told = answer.json()
    assert [told[name] for name in ("created", "updated", "unchanged", "skipped", "rejected")] == [1, 1, 0, 0, 3]
    assert [row["field"] for row in told["results"]] == ["", "", "email", "email", "country"]
    assert told["results"][2]["detail"] == "There is no @ in it."
    assert told["results"][3]["detail"] == "The contact at index 0 has this address already."
    old = Contact.objects.get(email_key="old@example.com")
    assert (old.email, old.company, old.city, old.fields) == (
        "old@example.com", "Known", "Paris", {"plan": "free", "seats": "5"},
    )  # fmt: skip
    assert ContactList.objects.get().members.count() == 2
    assert program.ask("GET", "/contacts?tag=crm").json()["results"][0]["email"] == "new@example.com"
    assert statuses(program.ask("POST", "/contacts/bulk", body))[:2] == ["unchanged", "unchanged"]


@pytest.mark.parametrize(
    ("policy", "status", "company", "city"),
    [("overwrite", "updated", "New", "Rome"), ("fill", "updated", "Known", "Rome"), ("skip", "skipped", "Known", "")],
)
def test_what_happens_to_the_known_is_the_policy(
    owner: Member, program: Program, policy: str, status: str, company: str, city: str
) -> None:
    row = make_contact(owner.workspace, "ada@example.com", company="Known")
    values = {"email": "ada@example.com", "company": "New", "city": "Rome"}
    answer = program.ask("POST", "/contacts/bulk", {"policy": policy, "contacts": [values]})
    row.refresh_from_db()
    assert (statuses(answer), row.company, row.city) == ([status], company, city)


def test_many_contacts_cost_a_few_statements(program: Program) -> None:
    people = [{"email": f"p{number}@example.com", "fields": {"n": str(number)}} for number in range(200)]
    program.ask("POST", "/contacts/bulk", {"contacts": people[:1]})
    for changes in ({}, {"city": "Rome"}):  # the first adds, the second changes
        with CaptureQueriesContext(connection) as queries:
            answer = program.ask("POST", "/contacts/bulk", {"contacts": [person | changes for person in people]})
        assert answer.json()["rejected"] == 0
        assert len(queries) < 30
    assert Contact.objects.filter(city="Rome", fields__n="199").count() == 1


def test_who_changed_what_is_written_down_and_the_erased_stay_away(owner: Member, program: Program) -> None:
    ada, bob = make_contact(owner.workspace, "ada@example.com"), make_contact(owner.workspace, "bob@example.com")
    acknowledge(bob, why="she asked", wanted_by="dpo@acme.example")
    sweep_erasures()
    people = [{"email": "ada@example.com", "city": "Rome"}, {"email": "bob@example.com"}]
    told = program.ask("POST", "/contacts/bulk", {"contacts": people}).json()["results"]
    assert [row["status"] for row in told] == ["updated", "rejected"]
    assert "was erased, and" in told[1]["detail"]
    program.ask("PATCH", f"/contacts/{ada.pk}", {"city": "Oslo"})
    edits = ContactEdit.objects.filter(contact=ada).order_by("pk").values_list("changes", "made_by")
    assert list(edits) == [({"city": ["", "Rome"]}, owner.user.pk), ({"city": ["Rome", "Oslo"]}, owner.user.pk)]
    alone = program.ask("POST", "/contacts", {"email": "bob@example.com"})
    assert (alone.status_code, alone.json()["errors"][0]["field"]) == (422, "email")


@pytest.mark.django_db(transaction=True)
def test_who_is_added_by_somebody_else_at_that_moment_is_brought_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    member = make_member(make_workspace())
    others = [Thread(target=_add_meanwhile, args=[member])]

    def defined(workspace_id: int, fields: dict[str, str]) -> None:  # behind the look at what is known
        if others:
            other = others.pop()
            other.start()
            other.join()
        define_texts(workspace_id, fields)

    monkeypatch.setattr("campaigns.contacts.services.upserts.define_texts", defined)
    entries = [
        upserts.Entry({"email": "ada@example.com", "company": "Ours"}),
        upserts.Entry({"email": "b@example.com"}),
    ]
    outcomes = upserts.upsert_contacts(member, entries, ImportPolicy.OVERWRITE)
    assert [outcome.status for outcome in outcomes] == ["updated", "created"]
    assert list(Contact.objects.order_by("email").values_list("email", "company", "city")) == [
        ("ada@example.com", "Ours", "Rome"),
        ("b@example.com", "", ""),
    ]


def test_who_waited_in_a_circle_with_others_is_added_at_the_second_try(
    owner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_contact(owner.workspace, "ada@example.com")
    trouble = OperationalError()
    trouble.__cause__ = DeadlockDetected()
    calls: list[list[str]] = []

    def defined(workspace_id: int, fields: dict[str, str]) -> None:
        calls.append(sorted(fields))
        if len(calls) == 1:
            raise trouble
        define_texts(workspace_id, fields)

    monkeypatch.setattr("campaigns.contacts.services.upserts.define_texts", defined)
    entries = [
        upserts.Entry({"email": "ada@example.com"}, {"x": "1"}),
        upserts.Entry({"email": "b@example.com"}, {"y": "2"}),
    ]
    outcomes = upserts.upsert_contacts(owner, entries, ImportPolicy.OVERWRITE)
    assert [outcome.status for outcome in outcomes] == ["updated", "created"]
    assert calls == [["x", "y"]] * 2, "the fields of known and of new people are made together"
    ada.refresh_from_db()
    assert ada.fields == {"x": "1"}


def _add_meanwhile(member: Member) -> None:
    create_contact(member.workspace, {"email": "ada@example.com", "city": "Rome"}, {})
    connection.close()


def test_more_than_a_thousand_contacts_and_tags_that_are_none_are_refused_whole(program: Program) -> None:
    many = [{"email": f"p{number}@example.com"} for number in range(1_001)]
    assert program.ask("POST", "/contacts/bulk", {"contacts": many}).status_code == 422
    body = {"contacts": many[:1], "list_name": "x" * 121, "tags": ["ok"]}
    answer = program.ask("POST", "/contacts/bulk", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "name")
    assert not Contact.objects.exists()


def test_lists_are_made_renamed_filled_and_deleted(owner: Member, program: Program) -> None:
    ada, bob = make_contact(owner.workspace, "ada@example.com"), make_contact(owner.workspace, "bob@example.com")
    made = program.ask("POST", "/lists", {"name": " Spring  fair "}).json()
    assert (made["name"], made["size"]) == ("Spring fair", 0)
    assert program.ask("POST", "/lists", {"name": "spring fair"}).json()["code"] == "exists"
    at = f"/lists/{made['id']}"
    changed = program.ask("POST", f"{at}/members", {"add": [ada.pk, bob.pk, ada.pk, 999_999]}).json()
    assert changed == {"added": 2, "removed": 0, "unknown": [999_999]}
    assert program.ask("POST", f"{at}/members", {"remove": [bob.pk]}).json()["removed"] == 1
    assert program.ask("PATCH", at, {"name": "Fair"}).json() == {**made, "name": "Fair", "size": 1}
    told = program.ask("GET", f"/contacts?list={made['id']}").json()["results"]
    assert [(row["email"], row["lists"][0]["name"]) for row in told] == [("ada@example.com", "Fair")]
    make_audience(make_campaign(owner.workspace), ContactList.objects.get())
    assert program.ask("DELETE", at).json()["code"] == "in_use"
    assert [row["name"] for row in program.ask("GET", "/lists").json()["results"]] == ["Fair"]


def test_tags_are_given_and_taken(owner: Member, program: Program) -> None:
    row = make_contact(owner.workspace, "ada@example.com")
    first = program.ask("POST", "/tags", {"contacts": [row.pk, 999_999], "add": ["VIP", "fair 2026"]}).json()
    assert first == {"tagged": 1, "untagged": 0}
    program.ask("POST", "/tags", {"contacts": [row.pk], "remove": ["fair 2026"]})
    assert program.ask("GET", "/tags").json() == ["vip"]
    assert program.ask("GET", f"/contacts/{row.pk}").json()["tags"] == ["vip"]


def test_a_suppression_is_news_once(program: Program) -> None:
    first = program.ask("POST", "/suppressions", {"value": " Ada@Example.com", "note": "on the phone"})
    again = program.ask("POST", "/suppressions", {"value": "ada@example.com", "note": "by mail"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (first.json()["scope"], first.json()["evidence"]) == ("address", "on the phone")
    kinds = {
        text: program.ask("POST", "/suppressions", {"value": text}) for text in ("x.org", "*@*.gov", "nobody at all")
    }
    assert [answer.status_code for answer in kinds.values()] == [201, 201, 422]
    assert program.ask("GET", "/suppressions?reason=manual&q=x").json()["results"][0]["value"] == "x.org"


def test_what_binds_is_lifted_by_an_admin_who_types_it_and_why_is_kept(owner: Member) -> None:
    row = Suppression.objects.create(
        workspace=owner.workspace, value="ada@example.com", reason=SuppressionReason.OPTED_OUT
    )
    at = f"/suppressions/{row.pk}"
    member, admin = (program_of(make_member(owner.workspace, role)) for role in (Role.MEMBER, Role.ADMIN))
    assert admin.ask("DELETE", at).json()["errors"][0]["field"] == "why"
    for program, query in ((member, "why=x&typed=ada@example.com"), (admin, "why=x"), (admin, "why=x&typed=bob@x.com")):
        answer = program.ask("DELETE", f"{at}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (403, "may_not_lift")
    assert Suppression.objects.exists()
    assert admin.ask("DELETE", f"{at}?why=She%20asked&typed=ada@example.com").status_code == 204
    assert not Suppression.objects.exists()
    lifted = LiftedSuppression.objects.get()
    assert (lifted.why, lifted.lifted_by) == ("She asked", "admin@acme.example")
