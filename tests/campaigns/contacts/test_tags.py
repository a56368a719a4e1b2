from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import Client

from campaigns.contacts import queries, services
from campaigns.contacts.core.tags import parse_tags
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact, ContactImport
from outreach.accounts.roles import Role
from tests.builders import make_contact, make_member, make_workspace


def test_tags_are_small_letters_each_once() -> None:
    assert parse_tags("VIP, fair  2026,,vip ,") == ("fair 2026", "vip")
    assert parse_tags(" ,") == ()


@pytest.mark.parametrize("text", ["x" * 41, "a\u200bb", ",".join(f"t{at}" for at in range(11))])
def test_tags_that_nobody_could_find_again_are_refused(text: str) -> None:
    with pytest.raises(BadContact):
        parse_tags(text)


@pytest.mark.django_db
def test_tags_are_given_and_taken_within_the_workspace_only() -> None:
    ours, theirs = make_member(make_workspace("ours")), make_member(make_workspace("theirs"))
    ada, bob = make_contact(ours.workspace, "ada@x.com"), make_contact(ours.workspace, "bob@x.com")
    other = make_contact(theirs.workspace, "cy@x.com")
    assert services.add_tags(ours.workspace, [ada.pk, bob.pk, other.pk], ["vip", "fair"]) == 2
    assert services.add_tags(ours.workspace, [ada.pk], ["vip"]) == 1
    services.add_tags(theirs.workspace, [other.pk], ["vip"])
    assert queries.tags_with(ada) == ["fair", "vip"]
    assert services.remove_tags(ours.workspace, [ada.pk, bob.pk, other.pk], ["vip"]) == 2
    assert queries.tag_names_of(ours) == ["fair"]
    assert queries.tags_with(other) == queries.tag_names_of(theirs) == ["vip"]
    found = queries.contacts_of(ours, queries.filters_from(QueryDict("tag=fair")))
    assert set(found) == {ada, bob}
    assert not queries.contacts_of(ours, queries.filters_from(QueryDict("tag=vip"))).exists()
    services.delete_contacts(ours.workspace, [ada.pk, bob.pk])
    assert queries.tag_names_of(ours) == []


@pytest.mark.django_db
def test_everybody_in_a_file_is_tagged_also_those_who_were_known() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    make_contact(member.workspace, "ada@x.com")
    row = services.store_upload(member.workspace, "a.csv", [b"email\nada@x.com\nbob@x.com\nnope\n"])
    client = Client()
    client.force_login(member.user)
    url = member.url("contacts:import_map", row.pk)
    refused = client.post(url, {"column-0": "email", "tags": "x" * 41})
    assert refused.status_code == 422
    assert "40 fit" in refused.text
    client.post(url, {"column-0": "email", "tags": "Fair 2026, VIP"})
    services.run_import(row.pk)
    row = ContactImport.objects.get()
    assert row.tags == ["fair 2026", "vip"]
    for contact in Contact.objects.all():
        assert queries.tags_with(contact) == ["fair 2026", "vip"]
    page = client.get(member.url("contacts:import_result", row.pk)).text
    assert "?tag=fair%202026" in page


@pytest.mark.django_db
def test_ticked_contacts_are_tagged_and_found_by_the_filter() -> None:
    member = make_member(make_workspace(), Role.MEMBER)
    ada, _ = make_contact(member.workspace, "ada@x.com"), make_contact(member.workspace, "bob@x.com")
    client = Client()
    client.force_login(member.user)
    url = member.url("contacts:selected")
    ticked = {"contact": str(ada.pk), "query": ""}
    assert "Say which tags" in client.post(url, ticked | {"action": "tag"}, follow=True).text
    assert "40 fit" in client.post(url, ticked | {"action": "tag", "tags": "x" * 41}, follow=True).text
    assert "1 contact tagged vip" in client.post(url, ticked | {"action": "tag", "tags": "VIP"}, follow=True).text
    page = client.get(member.url("contacts:list") + "?tag=vip").text
    assert "ada@x.com" in page
    assert "bob@x.com" not in page
    assert ">vip</a>" in client.get(member.url("contacts:detail", ada.pk)).text
    assert "1 tag taken away" in client.post(url, ticked | {"action": "untag", "tags": "vip"}, follow=True).text
    assert queries.tags_with(ada) == []
