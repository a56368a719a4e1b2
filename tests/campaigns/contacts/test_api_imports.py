"""Imports over HTTP: the same path as the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.contacts.models import Contact, ContactImport, ContactList, DryRun, ImportChunk
from campaigns.contacts.services import run_dry_run, run_import
from campaigns.contacts.services.chunks import SIZE_LIMIT_BYTES
from outreach.accounts.access import Member
from tests.builders import make_contact, make_member, make_workspace
from tests.campaigns.contacts.workbooks import Sheet, workbook
from tests.programs import API, Program, program_of

pytestmark = pytest.mark.django_db
LEADS = "Mail;Vorname;Plan\nada@example.com;Ada;gold\nnobody;Bob;\nold@example.com;Olga;free\n"


@pytest.fixture
def owner() -> Member:
    cache.clear()
    return make_member(make_workspace())


@pytest.fixture
def program(owner: Member) -> Program:
    return program_of(owner)


def send(program: Program, content: bytes, name: str = "leads.csv", **fields: str) -> Any:
    return program.send("/imports", {"file": SimpleUploadedFile(name, content), **fields})


def test_a_file_is_imported_in_one_request(owner: Member, program: Program) -> None:
    make_contact(owner.workspace, "old@example.com", first_name="Old")
    answer = send(
        program, LEADS.encode("utf-16"), policy="fill", has_header="", list_name="Spring fair", tags="fair, Vip",
        source="Stand at the fair", legal_basis="inquiry", basis_on="2026-01-31", basis_page="https://fair.example/",
        subscribers="companies",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    at = f"/imports/{answer.json()['id']}"
    run_import(answer.json()["id"])
    told = program.ask("GET", at).json()
    assert (told["state"], told["percent"]) == ("done", 100)
    counts = [told[f"rows_{name}"] for name in ("read", "created", "updated", "unchanged", "skipped", "rejected")]
    assert counts == [3, 1, 1, 0, 0, 1]
    assert told["causes"] == [{"cause": "There is no @ in it.", "rows": 1}]
    assert (told["contact_list"]["name"], told["tags"]) == ("Spring fair", ["fair", "vip"])
    assert (told["source"], told["legal_basis"]) == ("Stand at the fair", "inquiry")
    assert (told["basis_on"], told["basis_page"]) == ("2026-01-31", "https://fair.example/")
    assert told["subscribers"] == "companies"
    for field, value in (("basis_on", "2999-01-01"), ("basis_page", "ftp://x.example/")):
        problem = send(program, LEADS.encode(), **{field: value})
        assert (problem.status_code, problem.json()["errors"][0]["field"]) == (422, field)
    ada, old = Contact.objects.get(email="ada@example.com"), Contact.objects.get(email="old@example.com")
    assert (ada.first_name, ada.fields, old.first_name) == ("Ada", {"plan": "gold"}, "Old")
    assert ContactImport.objects.get().created_by == owner.user
    rejected = program.ask("GET", f"{at}/rejected.csv")
    assert rejected["Content-Type"] == "text/csv; charset=utf-8"
    lines = b"".join(rejected).decode("utf-8-sig").splitlines()
    assert lines == ['"line","cause","original row"', '"3","There is no @ in it.","nobody;Bob;"']
    listed = program.ask("GET", "/imports").json()["results"]
    assert [row["id"] for row in listed] == [told["id"]]


def test_rows_that_the_merge_has_still_to_judge_are_not_told_as_rejected(program: Program) -> None:
    at = f"/imports/{send(program, LEADS.encode()).json()['id']}"
    row = ContactImport.objects.get()
    row.rejected.create(line=3, cause="There is no @ in it.", original="nobody;Bob;")
    row.rejected.create(line=4, cause="", original="old@example.com;Olga;free")
    assert program.ask("GET", at).json()["causes"] == [{"cause": "There is no @ in it.", "rows": 1}]
    lines = b"".join(program.ask("GET", f"{at}/rejected.csv")).decode("utf-8-sig").splitlines()
    assert lines[1:] == ['"3","There is no @ in it.","nobody;Bob;"']


def test_a_file_can_be_looked_at_before_it_is_started(program: Program) -> None:
    stored = send(program, LEADS.encode(), start="false").json()
    assert stored["state"] == "uploaded"
    assert [(one["name"], one["target"]) for one in stored["columns"]] == [
        ("Mail", "email"), ("Vorname", "first_name"), ("Plan", "fields.plan"),
    ]  # fmt: skip
    assert stored["columns"][2]["samples"] == ["gold", "free"]
    at = f"/imports/{stored['id']}"
    wrong = program.ask("POST", f"{at}/start", {"mapping": {"Mehl": "email"}})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "mapping")
    body = {"mapping": {"Vorname": "", "Plan": "company"}, "list_name": "Leads"}
    assert program.ask("POST", f"{at}/start", body).json()["state"] == "queued"
    again = program.ask("POST", f"{at}/start", {**body, "quote": "none"})
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    run_import(stored["id"])
    ada = Contact.objects.get(email="ada@example.com")
    assert (ada.first_name, ada.company, ada.fields) == ("", "gold", {})


def test_how_a_file_is_read_can_be_said(program: Program) -> None:
    content = "ada@example.com,Bücher\n".encode("cp1252")
    fields = {"encoding": "cp1252", "delimiter": ",", "has_header": "false", "quote": "none", "start": "false"}
    told = send(program, content, **fields).json()
    assert [one["samples"] for one in told["columns"]] == [["ada@example.com"], ["Bücher"]]
    mapped = send(
        program, content, has_header="false", mapping='{"Column 2": "fields.shelf"}', kinds='{"shelf": "text"}'
    )
    assert mapped.status_code == 202
    assert ContactImport.objects.latest("pk").mapping == {"Column 1": "email", "Column 2": "fields.shelf"}


@pytest.mark.parametrize("sheet", ["People", "2"])
def test_a_sheet_of_a_workbook_is_chosen_by_name_or_number(program: Program, sheet: str) -> None:
    content = workbook(
        Sheet("Others", [["email"], ["first@example.com"]]), Sheet("People", [["email"], ["second@example.com"]])
    )
    told = send(program, content, "leads.xlsx", sheet=sheet, start="false").json()
    assert (told["sheets"], told["columns"][0]["samples"]) == (["Others", "People"], ["second@example.com"])


@pytest.mark.parametrize(
    ("content", "fields", "code"),
    [
        (b"", {}, "bad_file"),
        (b"name\nAda\n", {}, "bad_file"),
        (b"PK\x03\x04 no archive", {}, "bad_file"),
        (LEADS.encode(), {"sheet": "3"}, "bad_file"),
        (LEADS.encode(), {"encoding": "klingon"}, "invalid"),
        (LEADS.encode(), {"delimiter": "!"}, "invalid"),
        (LEADS.encode(), {"mapping": "{"}, "invalid"),
        (LEADS.encode(), {"mapping": "[1]"}, "invalid"),
        (LEADS.encode(), {"kinds": '{"plan": "colour"}'}, "invalid"),
        (LEADS.encode(), {"policy": "destroy"}, "invalid"),
        (LEADS.encode(), {"tags": "x" * 41}, "invalid"),
        (LEADS.encode(), {"list_name": "x" * 121}, "invalid"),
        (LEADS.encode(), {"source": "\0"}, "invalid"),
    ],
)
def test_a_file_or_a_choice_that_makes_no_sense_leaves_nothing_behind(
    program: Program, content: bytes, fields: dict[str, str], code: str
) -> None:
    answer = send(program, content, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.content
    assert not ContactImport.objects.exists()
    assert not ImportChunk.objects.exists()
    assert not ContactList.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(program: Program) -> None:
    answer = program.client.generic(
        "POST", f"{API}/imports", b"--x--", "multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(SIZE_LIMIT_BYTES + 2**20),
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_form_without_file_or_boundary_is_refused(program: Program) -> None:
    assert program.send("/imports", {"policy": "fill"}).json()["errors"][0]["field"] == "file"
    answer = program.client.generic("POST", f"{API}/imports", b"x", "multipart/form-data")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_pasted_rows_are_imported_and_can_be_cancelled(program: Program) -> None:
    body = {"text": "email\tfirst name\nada@example.com\tAda\n", "name": "CRM", "list_name": "Leads"}
    told = program.ask("POST", "/imports/text", body).json()
    assert (told["state"], told["filename"]) == ("queued", "CRM")
    at = f"/imports/{told['id']}/cancel"
    assert program.ask("POST", at).json()["state"] == "cancelled"
    again = program.ask("POST", at)
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert not Contact.objects.exists()


def test_what_a_file_would_change_is_told_before_it_does(owner: Member, program: Program) -> None:
    make_contact(owner.workspace, "old@example.com", first_name="Old")
    stored = send(program, LEADS.encode(), start="false").json()
    at = f"/imports/{stored['id']}"
    assert program.ask("GET", f"{at}/dry-run").status_code == 404
    body = {"list_name": "Leads", "tags": "fair", "source": "The fair", "mapping": {"Plan": ""}}
    assert program.ask("POST", f"{at}/dry-run", body).json()["state"] == "queued"
    run_dry_run(DryRun.objects.get().pk)
    told = program.ask("GET", f"{at}/dry-run").json()
    assert (told["state"], told["percent"]) == ("done", 100)
    found = told["found"]
    assert [found[name] for name in ("rows", "created", "changed", "unchanged", "rejected")] == [3, 1, 1, 0, 1]
    assert found["changes"] == [{"field": "first_name", "people": 1, "samples": [["old@example.com", "Old", "Olga"]]}]
    assert found["causes"] == [{"cause": "There is no @ in it.", "rows": 1}]
    assert not Contact.objects.filter(first_name="Olga").exists()
    # What was chosen for the dry run is what is started.
    assert program.ask("POST", f"{at}/start", {}).status_code == 202
    run_import(stored["id"])
    row = ContactImport.objects.get()
    assert (row.source, row.tags, row.contact_list and row.contact_list.name) == ("The fair", ["fair"], "Leads")
    assert Contact.objects.get(email="old@example.com").fields == {}
    for late_body in ({}, {"quote": "none"}, {"mapping": {"Mail": "email"}}):  # the file is gone
        late = program.ask("POST", f"{at}/dry-run", late_body)
        assert (late.status_code, late.json()["code"]) == (409, "wrong_state")


@pytest.mark.django_db(transaction=True)
def test_an_import_is_taken_back_once_however_often_it_is_asked() -> None:
    cache.clear()
    owner = make_member(make_workspace())
    program = program_of(owner)
    make_contact(owner.workspace, "old@example.com", first_name="Old")
    at = f"/imports/{send(program, LEADS.encode()).json()['id']}"
    assert program.ask("GET", f"{at}/undo").json()["state"] == "impossible"
    early = program.ask("POST", f"{at}/undo")
    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    run_import(ContactImport.objects.get().pk)
    before = program.ask("GET", f"{at}/undo").json()
    assert [before[name] for name in ("state", "removed", "restored", "kept")] == ["possible", 1, 1, 0]
    for _ in range(2):
        told = program.ask("POST", f"{at}/undo", Idempotency_Key="one")
        assert told.status_code == 202
        assert [told.json()[name] for name in ("state", "removed", "restored", "kept")] == ["undone", 1, 1, 0]
    assert list(Contact.objects.values_list("email", "first_name")) == [("old@example.com", "Old")]
    assert program.ask("GET", at).json()["state"] == "undone"
