"""The page of reference: what a workspace may write, and a text that is tried on it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.services import define_fields
from campaigns.sequences.variables import known_variables
from outreach.accounts.access import Member
from tests.builders import make_contact
from tests.campaigns.sequences.browser import client_of, htmx_of
from tests.campaigns.sequences.drafts import make_editor

pytestmark = pytest.mark.django_db


def text_of(page: str) -> str:
    """Return what a person reads on a page, its blanks as one."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def member() -> Member:
    return make_editor()


def tried(member: Member, text: str) -> str:
    return text_of(htmx_of(member).get(member.url("sequences:language"), {"text": text}).text)


def test_reference_tells_filters_limits_and_the_fields_of_the_workspace(member: Member) -> None:
    make_contact(member.workspace, fields={"shoe_size": "42"})
    page = text_of(client_of(member).get(member.url("sequences:language")).text)
    for words in (
        "shoe_size your own field",
        "first_name The contact's first name",
        "truncate(12)",
        "64,000 characters",
    ):
        assert words in page, words


def test_a_field_is_known_however_many_newer_contacts_lack_it(member: Member) -> None:
    define_fields(member.workspace.pk, {"industry": (FieldKind.TEXT, "Industry")})
    assert "industry" in known_variables(member.workspace.pk)


def test_a_text_is_tried_on_the_newest_contact(member: Member) -> None:
    assert "as read by Ada Lovelace, who is made up Hi Ada" in tried(member, "Hi {{ first_name }}")
    make_contact(member.workspace, "zoe@example.com", first_name="Zoe <b>")
    assert "as read by zoe@example.com Hi Zoe <b>" in tried(member, "Hi {{ first_name }}")
    assert "zoe@example.com lacks city." in tried(member, "{{ city }}")


def test_what_the_language_does_not_have_is_told_with_its_place_and_what_may_have_been_meant(member: Member) -> None:
    told = tried(member, "Hi\n{{ frist_name }}")
    assert "Line 2, column 4: There is no “frist_name”. Did you mean first_name?" in told
    assert "The language has no loops." in tried(member, "{% for a in b %}{% endfor %}")


@pytest.mark.parametrize(
    "text", ["\0", "{{" * 3_000, "{a", "\ud800", "x" * 100_000], ids=["nul", "open", "choice", "half", "long"]
)
def test_no_text_breaks_the_page(member: Member, text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass").decode("latin-1")
    assert client_of(member).get(member.url("sequences:language"), {"text": raw}).status_code == 200
