from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.contacts.command import run_import
from campaigns.contacts.models import Contact, ContactImport, ContactList
from tests.builders import make_list, make_workspace

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
