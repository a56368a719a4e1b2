from __future__ import annotations

import re

import pytest
from django.db.models import ProtectedError

from campaigns.contacts import queries, services
from campaigns.contacts.core.segments import BadQuery, parse
from campaigns.contacts.core.segments.sheets import node_of, sheet_of
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import CustomField, Segment
from outreach.accounts.roles import Role
from tests.builders import make_campaign, make_contact, make_list, make_member, make_segment, make_workspace
from tests.campaigns.contacts.test_pages import signed_in
from tests.campaigns.contacts.trees import VOCABULARY

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", 1),
        ("tag is vip", 1),
        ("not company contains acme", 1),
        ("tag is vip and not suppressed and added last 30", 1),
        ("tag is vip or fields.seats over 10.5", 1),
        ("tag is vip and (list is 3 or replied last 30 in 2) and country is de", 3),
        ("(tag is vip and list is 3) or not (mailed or bounced)", 2),
        ("not (tag is vip or list is 3)", 1),
    ],
)
def test_rows_show_a_condition_and_give_it_back(text: str, groups: int) -> None:
    node = parse(text, VOCABULARY)
    sheet = sheet_of(node)
    assert sheet is not None
    assert len(sheet.groups) == groups
    assert node_of(sheet, VOCABULARY) == node


@pytest.mark.parametrize(
    "text",
    [
        "not not not tag is vip",
        "tag is a or (tag is b and (tag is c or tag is d))",
        "not (not tag is vip and (tag is a or tag is b))",
    ],
)
def test_what_lies_too_deep_for_rows_is_left_to_the_text(text: str) -> None:
    assert sheet_of(parse(text, VOCABULARY)) is None


def test_a_segment_is_kept_as_it_is_written_and_used_inside_another() -> None:
    member = make_member(make_workspace())
    make_contact(member.workspace, "ada@x.com", company="Acme")
    make_contact(member.workspace, "bob@x.com", company="Acme", country="DE")
    acme = services.create_segment(member, " At  Acme ", "company  is ACME")
    assert (acme.name, acme.where) == ("At Acme", "company is acme")
    abroad = services.create_segment(member, "Abroad", f"segment is {acme.pk} and not country is DE")
    assert [row.email for row in queries.contacts_in(abroad)] == ["ada@x.com"]
    with pytest.raises(ProtectedError):
        services.delete_segment(acme)
    services.change_segment(abroad, "Abroad", "tag is vip")
    services.delete_segment(acme)
    assert list(Segment.objects.all()) == [abroad]


@pytest.mark.parametrize("text", ["not list is {list}", "company is acme or not fields.customer is yes"])
def test_a_condition_about_what_is_gone_means_nobody_and_never_everybody(text: str) -> None:
    workspace = make_workspace()
    leads = make_list(workspace, "Never", (make_contact(workspace, "ada@example.com"),))
    make_contact(workspace, "eve@example.com")
    field = CustomField.objects.create(workspace=workspace, name="customer", kind="yes_no")
    where = text.format(list=leads.pk)
    node = queries.read_condition(workspace.pk, where)
    assert queries.contacts_where(workspace, node).count() >= 1
    leads.delete()
    services.delete_field(field)
    with pytest.raises(BadQuery, match=r"There is no (list|field) \w+ any more"):
        queries.read_condition(workspace.pk, where)


@pytest.mark.parametrize("text", ["not mailed in {campaign}", "not import is {upload}"])
def test_a_campaign_or_an_import_that_is_not_there_means_nobody(text: str) -> None:
    member, stranger = make_member(make_workspace()), make_member(make_workspace("other"))
    make_contact(member.workspace, "eve@example.com")
    ours, theirs = (
        text.format(
            campaign=make_campaign(one.workspace).pk,
            upload=services.store_upload(one.workspace, "a.csv", [b"email\na@x.com\n"]).pk,
        )
        for one in (member, stranger)
    )
    node = queries.read_condition(member.workspace.pk, ours)
    assert queries.contacts_where(member.workspace, node).count() == 1
    with pytest.raises(BadQuery, match=r"There is no (campaign|import) \d+ any more"):
        queries.read_condition(member.workspace.pk, theirs)


def test_circles_and_what_says_nothing_are_refused_and_nothing_is_kept() -> None:
    member, stranger = make_member(make_workspace()), make_member(make_workspace("other"))
    one = services.create_segment(member, "One", "tag is a")
    two = services.create_segment(member, "Two", f"not segment is {one.pk}")
    theirs = make_segment(stranger.workspace, "Theirs")
    for where, words in (
        (f"segment is {two.pk}", "part of itself"),
        (f"segment is {one.pk}", "part of itself"),
        (f"segment is {theirs.pk}", f"There is no segment {theirs.pk}"),
        ("  ", "one condition at least"),
        ("tag is", "ends where"),
    ):
        with pytest.raises(BadQuery, match=words):
            services.change_segment(one, "One", where)
        one.refresh_from_db()
        assert one.where == "tag is a"
    with pytest.raises(BadContact, match="exists already"):
        services.create_segment(member, "ONE", "tag is b")
    assert Segment.objects.filter(workspace=member.workspace).count() == 2


def test_the_builder_adds_and_removes_rows_counts_and_saves_without_a_script() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = signed_in(member)
    for n in range(3):
        make_contact(member.workspace, f"p{n}@x.com", company="Acme" if n else "Other", city="Rome" if n == 2 else "")
    leads = make_list(member.workspace, "Leads")
    url = member.url("contacts:segment_new")
    page = client.get(url, {"where": f"company is acme and list is {leads.pk}"}).text
    assert 'value="acme"' in page
    assert f'<option value="{leads.pk}" selected>Leads</option>' in page
    rows = {"join": "all", "g0-join": "all", "g0-what": ["company", "city"], "g0-test": ["is", "not_empty"],
            "g0-value": ["ACME", ""], "g0-campaign": ["", ""]}  # fmt: skip
    first = re.search(r"<button[^>]*>", page[page.index('<form class="stack"') :])
    assert first is not None
    assert 'value="look"' in first[0], "the Enter key presses the first button, which must not remove a row"
    looked = client.post(url, rows | {"do": "look"})
    assert looked.status_code == 200
    assert "company is acme and not city empty" in looked.text
    assert '<b class="num">1</b> contact</a> now' in looked.text
    fewer = client.post(url, rows | {"do": "drop:0:1"}).text
    assert '<b class="num">2</b> contacts</a> now' in fewer
    assert client.post(url, rows | {"do": "add:0"}).text.count('name="g0-what"') == 3
    assert 'name="g1-join"' in client.post(url, rows | {"do": "group"}).text
    broken = client.post(url, rows | {"g0-value": ["", ""], "do": "save", "name": "X"})
    assert broken.status_code == 422
    assert "Say what is compared with." in broken.text
    assert client.post(url, rows | {"do": "save", "name": " "}).status_code == 422
    saved = client.post(url, rows | {"do": "save", "name": "In town"})
    segment = Segment.objects.get()
    assert (saved.status_code, segment.name, segment.where) == (302, "In town", "company is acme and not city empty")
    other = client.post(url, rows | {"g0-what": ["added", "city"], "do": "look"}).text
    assert '<option value="before" selected>is before</option>' in other
    fragment = signed_in(member, hx_request="true").post(url, rows | {"do": "look"})
    assert "<html" not in fragment.text
    assert fragment["HX-Replace-Url"] == "?where=company+is+acme+and+not+city+empty"


def test_what_is_too_deep_or_broken_is_edited_as_text() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    client = signed_in(member)
    url = member.url("contacts:segment_new")
    broken = client.get(url, {"where": "company like x <b>"})
    assert "At character 9: company is a text" in broken.text
    assert "&lt;b&gt;" in broken.text
    deep = "tag is a or (tag is b and (tag is c or tag is d))"
    assert deep in client.get(url, {"where": deep}).text
    assert client.post(url, {"where": deep, "as_text": "1", "do": "save", "name": "Deep"}).status_code == 302
    segment = Segment.objects.get()
    assert segment.where == deep
    question = client.get(member.url("contacts:segment_delete", segment.pk)).text
    assert "Delete this segment?" in question
    client.post(member.url("contacts:segment_delete", segment.pk))
    assert not Segment.objects.exists()


def test_a_condition_in_the_url_narrows_the_list_and_a_broken_one_shows_nobody() -> None:
    member = make_member(make_workspace(), Role.VIEWER)
    client = signed_in(member)
    make_contact(member.workspace, "ada@x.com", company="Acme", country="DE")
    make_contact(member.workspace, "bob@x.com", company="Acme")
    url = member.url("contacts:list")
    page = client.get(url, {"where": "company begins ac", "country": "DE"}).text
    assert "ada@x.com" in page
    assert "bob@x.com" not in page
    assert 'value="company begins ac"' in page
    broken = client.get(url, {"where": "company begins"})
    assert broken.status_code == 200
    assert "At character 15: The condition ends where what company begins is expected." in broken.text
    assert "@x.com" not in broken.text
