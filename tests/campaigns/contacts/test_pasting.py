from __future__ import annotations

import time

import pytest
from django.test import Client

from campaigns.contacts.core.pasting import table_of
from campaigns.contacts.forms import PASTE_LIMIT
from campaigns.contacts.models import ContactImport
from outreach.accounts.roles import Role
from tests.builders import make_member, make_workspace


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Ada Lovelace <ada@x.com>, bob@x.com", ["ada@x.com\tAda Lovelace", "bob@x.com\t"]),
        ('"Lovelace, Ada" <ada@x.com>; <bob@x.com>;', ["ada@x.com\tLovelace, Ada", "bob@x.com\t"]),
        ("Ada <ada@x.com>\r\nBob Byte <bob@x.com>\r\n", ["ada@x.com\tAda", "bob@x.com\tBob Byte"]),
        ("ada@x.com, bob@x.com; cy@x.com", ["ada@x.com\t", "bob@x.com\t", "cy@x.com\t"]),
        ("ada@x.com,\nbob@x.com", ["ada@x.com\t", "bob@x.com\t"]),
        ("ada@x.com", ["ada@x.com\t"]),
    ],
)
def test_recipients_become_rows(text: str, rows: list[str]) -> None:
    assert table_of(text) == "\n".join(["email\tfull name", *rows])


@pytest.mark.parametrize(
    "text",
    [
        "email\tname\nada@x.com\tAda\n",
        "email,name\nada@x.com,Ada",
        "ada@x.com\nbob@x.com\n",
        "ada@x.com,boss@x.com\nbob@x.com,chief@x.com",
        "email,note\nada@x.com,a <b> c\n",
        "Ada <ada@x.com>, and Bob",
        "",
        "  \n ",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert table_of(text) == text


@pytest.mark.parametrize(
    "text", ["<" + "a" * PASTE_LIMIT, "<" + '"' * PASTE_LIMIT, "a <" * (PASTE_LIMIT // 3), " " * PASTE_LIMIT + "<"]
)
def test_a_hostile_paste_takes_no_time(text: str) -> None:
    before = time.process_time()
    assert table_of(text) == text
    assert time.process_time() - before < 1


@pytest.mark.django_db
def test_pasted_rows_are_an_upload() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = Client()
    client.force_login(member.user)
    page = client.post(member.url("contacts:import"), {"pasted": "email\tVorname\r\nada@x.com\tÄda\r\n"}, follow=True)
    row = ContactImport.objects.get()
    assert (row.filename, row.delimiter, row.mapping) == (
        "Pasted table", "\t", {"email": "email", "Vorname": "first_name"},
    )  # fmt: skip
    assert "Äda" in page.text
    assert 'value="Pasted table"' in page.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("  ", "Choose a file, or paste rows below."),
        ("name\nAda", "No column holds e-mail addresses"),
        ("x" * (PASTE_LIMIT + 1), "at most 1000000 characters"),
    ],
)
def test_a_paste_that_is_no_table_is_shown_again_with_words(pasted: str, words: str) -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = Client()
    client.force_login(member.user)
    answer = client.post(member.url("contacts:import"), {"pasted": pasted})
    assert answer.status_code == 422
    assert words in answer.text
    assert not ContactImport.objects.exists()
