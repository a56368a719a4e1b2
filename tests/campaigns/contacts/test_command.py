from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.contacts.command import run_import
from campaigns.contacts.import_options import ImportOptions
from campaigns.contacts.models import Contact, ContactImport, ContactList
from campaigns.contacts.undo_command import run_undo_import
from tests.builders import make_contact, make_list, make_workspace
from tests.campaigns.contacts.workbooks import Sheet, workbook

pytestmark = pytest.mark.django_db


def run(path: Path, workspace: str = "acme", list_name: str = "Leads") -> tuple[int, str]:
    said: list[str] = []
    code = run_import(path, workspace, list_name, said.append)
    return code, "\n".join(said)


def test_a_file_is_imported_onto_a_new_list_and_the_counts_are_told(tmp_path: Path) -> None:
    make_workspace()
    path = tmp_path / "leads.csv"
    path.write_text("email;name\nada@x.com;Ada Lovelace\nbroken;x\nADA@x.com;again\n")
    code, said = run(path)
    assert code == 0
    assert "3 rows: 1 created, 0 updated, 0 unchanged, 2 rejected." in said
    assert "name -> Full name (split in two)" in said
    assert "line 3: There is no @ in it." in said
    assert "line 4: Same address as line 2." in said
    assert ContactList.objects.get().members.count() == 1


def test_a_list_that_is_there_is_used_whatever_its_case(tmp_path: Path) -> None:
    leads = make_list(make_workspace(), "Leads")
    path = tmp_path / "leads.csv"
    path.write_text("email\nada@x.com\n")
    assert run(path, list_name="LEADS")[0] == 0
    assert leads.members.count() == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04rest", "damaged"),
        (b"name\nAda\n", "No column holds e-mail addresses"),
    ],
)
def test_a_file_that_cannot_be_imported_ends_with_1_and_the_reason(tmp_path: Path, content: bytes, words: str) -> None:
    make_workspace()
    path = tmp_path / "leads.csv"
    path.write_bytes(content)
    code, said = run(path)
    assert code == 1
    assert words in said
    assert not ContactImport.objects.exists()
    assert not ContactList.objects.exists()


def test_a_file_without_a_single_usable_row_ends_with_1(tmp_path: Path) -> None:
    make_workspace()
    path = tmp_path / "leads.csv"
    path.write_text("email\nnope\n")
    assert run(path)[0] == 1
    assert not Contact.objects.exists()


def test_a_wrong_workspace_path_or_list_ends_with_2_and_says_which(tmp_path: Path) -> None:
    make_workspace()
    path = tmp_path / "leads.csv"
    assert run(path) == (2, f"{path} cannot be read: No such file or directory.")
    path.write_text("email\nada@x.com\n")
    code, said = run(path, workspace="nowhere")
    assert code == 2
    assert "There is no workspace “nowhere”. Known: acme." in said
    code, said = run(path, list_name="x" * 200)
    assert code == 2
    assert "--list" in said
    assert not ContactImport.objects.exists()
    assert not Contact.objects.exists()


def test_options_of_the_command_are_those_of_the_pages(tmp_path: Path) -> None:
    workspace = make_workspace()
    make_contact(workspace, "ada@x.com", company="Old")
    path = tmp_path / "leads.xlsx"
    people = Sheet("People", [["email", "company", "size"], ["ada@x.com", "New", "1,234"], ["bob@x.com", "B", "2"]])
    path.write_bytes(workbook(Sheet("Notes", [["nothing"], ["here"]]), people))
    said: list[str] = []
    options = ImportOptions(
        sheet="people", policy="fill", tags="VIP", source="a fair", legal_basis="consent", kinds=["size=number:comma"],
        basis_on="2026-01-31", basis_page="https://fair.example/", subscribers="individuals", is_json=True,
    )  # fmt: skip
    tried = replace(options, is_dry_run=True)
    assert run_import(path, "acme", "Leads", said.append, tried) == 0
    assert not ContactImport.objects.exists()
    assert run_import(path, "acme", "Leads", said.append, options) == 0
    foreseen, done = map(json.loads, said)
    assert (foreseen["created"], foreseen["changed"], foreseen["unchanged"]) == (1, 1, 0)
    assert list(foreseen["changes"]) == ["fields.size"]
    assert (done["rows"]["created"], done["rows"]["updated"], done["state"]) == (1, 1, "done")
    row = ContactImport.objects.get()
    assert (row.policy, row.tags, row.source, row.legal_basis) == ("fill", ["vip"], "a fair", "consent")
    assert (str(row.basis_on), row.basis_page) == ("2026-01-31", "https://fair.example/")
    assert row.subscribers == "individuals"
    ada = Contact.objects.get(email="ada@x.com")
    assert (ada.company, ada.fields) == ("Old", {"size": "1.234"})


def test_a_dry_run_of_the_command_prints_the_difference_and_keeps_nothing(tmp_path: Path) -> None:
    make_contact(make_workspace(), "ada@x.com", company="Old")
    path = tmp_path / "leads.csv"
    path.write_text("email,company\nada@x.com,New\nbob@x.com,B\nbroken,x\n")
    said: list[str] = []
    assert run_import(path, "acme", "Leads", said.append, ImportOptions(is_dry_run=True)) == 0
    told = "\n".join(said)
    assert "3 rows: 1 would be new, 1 changed, 0 unchanged, 1 rejected" in told
    assert "ada@x.com: “Old” -> “New”" in told
    assert "line 4: broken,x" in told
    assert not ContactImport.objects.exists()
    assert Contact.objects.get().company == "Old"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ImportOptions(policy="perhaps"), "--policy: “perhaps” is none of overwrite, fill, skip."),
        (ImportOptions(legal_basis="x"), "--legal-basis"),
        (ImportOptions(basis_on="31.1."), "--basis-on: Write the day of the ground as 2026-11-27."),
        (ImportOptions(subscribers="x"), "--subscribers"),
        (ImportOptions(sheet="2"), "--sheet: there is no “2”. There is: no sheet, this is a text."),
        (ImportOptions(kinds=["colour=text"]), "the file has no own field “colour”. It has: size."),
        (ImportOptions(kinds=["size=long"]), "--kind: “long” is none of text, number"),
        (ImportOptions(tags="x" * 50), "--tags: The tag"),
    ],
)
def test_a_wrong_option_ends_with_2_and_keeps_nothing(tmp_path: Path, options: ImportOptions, words: str) -> None:
    make_workspace()
    path = tmp_path / "leads.csv"
    path.write_text("email,size\nada@x.com,1\n")
    said: list[str] = []
    assert run_import(path, "acme", "Leads", said.append, options) == 2
    assert words in "\n".join(said)
    assert not ContactImport.objects.exists()


def undo(number: int, **wishes: bool) -> tuple[int, str]:
    said: list[str] = []
    code = run_undo_import(number, said.append, **{"is_dry_run": False, "is_json": False, **wishes})
    return code, "\n".join(said)


def test_an_import_is_taken_back_by_the_number_that_it_told_and_only_once(tmp_path: Path) -> None:
    workspace = make_workspace()
    make_contact(workspace, "bob@x.com", first_name="Bob")
    path = tmp_path / "leads.csv"
    path.write_text("email,first name\nada@x.com,Ada\nbob@x.com,Robert\n")
    _, said = run(path)
    number = ContactImport.objects.get().pk
    assert f"outreach undo-import {number}" in said

    code, said = undo(number, is_dry_run=True)
    assert (code, Contact.objects.count()) == (0, 2)
    assert "1 contacts would be removed, 1 would get values back" in said

    Contact.objects.get(email_key="ada@x.com").notes.create(text="Met her.")
    code, said = undo(number)
    assert code == 0
    assert "Undone: 0 contacts removed, 1 got values back" in said
    assert "  1 stay: " in said
    assert Contact.objects.get(email_key="bob@x.com").first_name == "Bob"

    assert undo(number) == (1, f"Import {number} cannot be undone: it was undone already.")
    assert undo(number + 1)[0] == 2


def test_what_an_undo_did_is_told_as_one_object(tmp_path: Path) -> None:
    make_workspace()
    path = tmp_path / "leads.csv"
    path.write_text("email\nada@x.com\n")
    run(path)
    number = ContactImport.objects.get().pk
    assert json.loads(undo(number, is_dry_run=True, is_json=True)[1])["removed"] == 1
    told = json.loads(undo(number, is_json=True)[1])
    assert (told["state"], told["removed"], told["kept"]) == ("undone", 1, {})
