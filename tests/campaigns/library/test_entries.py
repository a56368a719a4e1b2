"""The library's own pages: templates and snippets are kept, found, changed and forgotten, and nothing odd gets in."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from campaigns.library import services
from campaigns.library.models import Snippet, StepTemplate
from campaigns.library.services import entries
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from tests.builders import make_member, make_snippet, make_template, make_workspace
from tests.campaigns.sequences.browser import client_of
from tests.programs import program_of

pytestmark = pytest.mark.django_db
TEXT = "Hi {{ first_name|default('there') }},\r\n\r\nI saw [[what you noticed]].\r\n"


@pytest.fixture
def member() -> Member:
    return make_member(make_workspace())


@pytest.fixture
def client(member: Member) -> Client:
    return client_of(member)


def test_template_is_kept_with_one_sign_for_each_line_end_and_tells_its_places(client: Client, member: Member) -> None:
    values = {"name": " First   letter ", "note": "To founders", "subject": "About [[your product]]", "text": TEXT}
    page = client.post(member.url("library:template_new"), values, follow=True)
    row = StepTemplate.objects.get()
    assert (row.name, row.note, row.subject) == ("First letter", "To founders", "About [[your product]]")
    assert (row.body_text, row.created_by) == (TEXT.replace("\r\n", "\n"), member.user)
    assert "<li>your product</li><li>what you noticed</li>" in page.text
    assert "still to be filled in" not in page.text
    assert "First letter" in client.get(member.url("library:templates")).text


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"text": "Hi {{ frist_name }}"}, "Line 1, column 7: There is no “frist_name”. Did you mean first_name?"),
        ({"subject": "{{ 7 * 7 }}"}, "Line 1, column"),
        ({"text": "{one}"}, "This choice has one wording only."),
        ({"text": " \n"}, "Write its text."),
        ({"name": "a\u200bb"}, "The name has invisible characters."),
        ({"name": "FIRST letter"}, "There is one named FIRST letter already."),
        ({"text": " ".join(f"[[{n}]]" for n in range(21))}, "It leaves 21 places to fill in; 20 is the most."),
        ({"text": "x" * 64_001}, "64000 characters"),
    ],
)
def test_what_the_library_does_not_take_is_told_beside_its_field(
    client: Client, member: Member, changes: dict[str, str], cause: str
) -> None:
    make_template(member.workspace, "First letter")
    values = {"name": "Another", "note": "", "subject": "Hello", "text": "Good day", **changes}
    refused = client.post(member.url("library:template_new"), values)
    assert (refused.status_code, StepTemplate.objects.count()) == (422, 1)
    assert cause.replace("'", "&#x27;") in refused.text


def test_html_is_cleaned_and_an_image_in_it_is_told(client: Client, member: Member) -> None:
    values = {"name": "Rich", "note": "", "subject": "Hello", "text": "Hi"}
    html = "<p onclick='x()'>Hi <b>[[who]]</b><script>alert(1)</script></p>"
    page = client.post(member.url("library:template_new"), {**values, "html": html}, follow=True)
    assert StepTemplate.objects.get().body_html == "<p>Hi <b>[[who]]</b></p>"
    assert "<li>who</li>" in page.text
    bad = {**values, "name": "Bad", "html": '<img src="data:image/png;base64,AAAA">'}
    assert client.post(member.url("library:template_new"), bad).status_code == 422
    refused = program_of(member).ask("POST", "/templates", {"name": "Bad", "text": "Hi", "html": bad["html"]})
    assert [one["field"] for one in refused.json()["errors"]] == ["html"]


def test_two_who_change_one_template_are_told_and_the_second_may_replace(client: Client, member: Member) -> None:
    row = make_template(member.workspace)
    seen = services.mark_of(row.updated_at)
    url, values = member.url("library:template", row.pk), {"name": "Letter", "note": "", "subject": "Hello"}
    assert client.post(url, {**values, "text": "Theirs", "seen": seen}).status_code == 302
    refused = client.post(url, {**values, "text": "Mine", "seen": seen})
    assert refused.status_code == 422
    assert '<div class="mail-text">Theirs</div>' in refused.text
    row.refresh_from_db()
    assert row.body_text == "Theirs"
    again = client.post(url, {**values, "text": "Mine", "seen": services.mark_of(row.updated_at)})
    row.refresh_from_db()
    assert (again.status_code, row.body_text) == (302, "Mine")


def test_snippet_is_kept_changed_and_forgotten(client: Client, member: Member) -> None:
    client.post(member.url("library:snippet_new"), {"name": "Who we are", "text": "We are Acme."})
    row = Snippet.objects.get()
    seen = services.mark_of(row.updated_at)
    client.post(member.url("library:snippet", row.pk), {"name": "Us", "text": "Acme makes tea.", "seen": seen})
    row.refresh_from_db()
    assert (row.name, row.text) == ("Us", "Acme makes tea.")
    assert 'data-text="Acme makes tea."' in client.get(member.url("library:snippets")).text
    assert "goes away" in client.get(member.url("library:snippet_removal", row.pk)).text
    client.post(member.url("library:snippet_removal", row.pk))
    assert not Snippet.objects.exists()


def test_lists_are_searched_and_paged_at_the_same_cost(
    client: Client, member: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    url = member.url("library:templates")
    make_template(member.workspace, "Letter 00", text="About tea")
    client.get(url)
    with django_assert_num_queries(5):
        client.get(url)
    for number in range(1, 52):
        make_template(member.workspace, f"Letter {number:02}")
    with django_assert_num_queries(5):
        page = client.get(url).text
    assert ("Letter 49" in page, "Letter 50" in page, "Next" in page) == (True, False, True)
    found = client.get(url, {"q": "TEA"}).text
    assert ("Letter 00" in found, "Letter 01" in found) == (True, False)
    assert "Nothing found" in client.get(url, {"q": "coffee\0"}).text


def test_viewer_reads_the_library_and_is_offered_no_change(member: Member) -> None:
    viewer = make_member(member.workspace, Role.VIEWER)
    template, snippet = make_template(member.workspace), make_snippet(member.workspace)
    client = client_of(viewer)
    for url in (viewer.url("library:template", template.pk), viewer.url("library:snippet", snippet.pk)):
        page = client.get(url).text
        assert "Save template" not in page
        assert "Save snippet" not in page
        assert "Delete" not in page
        assert client.post(url, {"name": "x", "text": "x"}).status_code == 403


def test_library_has_an_end(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "MOST_ENTRIES", 1)
    make_snippet(member.workspace)
    refused = client_of(member).post(member.url("library:snippet_new"), {"name": "Two", "text": "2"})
    assert refused.status_code == 422
    assert "A library holds 1 of them at most." in refused.text


def test_programs_keep_templates_and_snippets_by_the_same_rules(member: Member) -> None:
    program = program_of(member)
    made = program.ask("POST", "/templates", {"name": "Letter", "text": "Hi,\n\n[[what you noticed]]"}).json()
    assert (made["places"], made["subject"]) == (["what you noticed"], "")
    refused = program.ask("PATCH", f"/templates/{made['id']}", {"text": "Hi {{ frist_name }}", "subject": "{one}"})
    assert [one["field"] for one in refused.json()["errors"]] == ["subject", "text"]
    taken = program.ask("POST", "/templates", {"name": "letter", "text": "x"})
    assert (taken.status_code, taken.json()["code"]) == (409, "exists")
    changed = program.ask("PATCH", f"/templates/{made['id']}", {"note": "To founders"}).json()
    assert (changed["note"], changed["text"]) == ("To founders", "Hi,\n\n[[what you noticed]]")
    assert program.ask("GET", "/templates?q=founders").json()["results"] == [changed]
    snippet = program.ask("POST", "/snippets", {"name": "Us", "text": "We make tea."}).json()
    assert program.ask("PATCH", f"/snippets/{snippet['id']}", {"name": "We"}).json()["text"] == "We make tea."
    assert program.ask("DELETE", f"/snippets/{snippet['id']}").status_code == 204
    assert program.ask("GET", "/snippets").json()["results"] == []


def test_changes_of_two_programs_at_once_are_both_kept(member: Member) -> None:
    old, older = make_template(member.workspace), make_snippet(member.workspace)
    services.merge_template(StepTemplate.objects.get(pk=old.pk), {"subject": "Theirs"})
    services.merge_template(old, {"text": "Mine"})
    services.merge_snippet(Snippet.objects.get(pk=older.pk), {"text": "Theirs"})
    services.merge_snippet(older, {"name": "Mine"})
    row, snippet = StepTemplate.objects.get(), Snippet.objects.get()
    assert (row.subject, row.body_text, snippet.text, snippet.name) == ("Theirs", "Mine", "Theirs", "Mine")
