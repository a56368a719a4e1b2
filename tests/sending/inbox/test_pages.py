"""The inbox on the page: everything that came in, for members only, whatever strangers wrote into it."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.bounces import Kind
from sending.inbox.models import InboundMessage, MailboxSync
from tests.builders import make_inbound, make_member, make_workspace
from tests.sending.inbox.scene import Scene, come_in, days, mail, make_scene

pytestmark = pytest.mark.django_db
EVIL = "\"><script>alert(1)</script>{{ member }}{% url 'x' %}' onload='x"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def inbox(member: Member, query: str = "", **headers: str) -> str:
    answer = signed_in(member, **headers).get(member.url("inbox:mails") + query)
    assert answer.status_code == 200
    return answer.text


def subjects(page: str) -> list[str]:
    return re.findall(r'data-label="Subject">([^<]*)<', page)


def add(scene: Scene, number: int, *, subject: str = "", **values: object) -> InboundMessage:
    columns = {"received_at": scene.message.created_at + days(number), **values}
    return make_inbound(scene.mailbox, subject=subject or f"Mail {number}", text="", **columns)


def test_everything_that_came_in_is_listed_newest_first(scene: Scene) -> None:
    for number, kind in enumerate(Kind):
        add(scene, number, kind=kind)
    assert subjects(inbox(scene.member)) == [f"Mail {number}" for number in reversed(range(len(Kind)))]


def test_kind_in_the_url_leaves_only_its_mails_and_stays_in_the_links(scene: Scene) -> None:
    for number in range(60):
        add(scene, number, kind=Kind.BOUNCE)
    add(scene, 99, kind=Kind.HUMAN_REPLY)
    page = inbox(scene.member, "?kind=bounce")
    assert len(subjects(page)) == 50
    assert "Mail 99" not in page
    assert '<option value="bounce" selected>' in page
    (older,) = re.findall(r'rel="next" href="([^"]+)"', page)
    second = inbox(scene.member, older.replace("&amp;", "&"))
    assert subjects(second) == [f"Mail {number}" for number in reversed(range(10))]
    assert '<option value="bounce" selected>' in second


@pytest.mark.parametrize("query", ["?kind=nonsense", "?kind=%00", "?after=nonsense", "?before=%00&kind="])
def test_filters_that_make_no_sense_are_left_out(scene: Scene, query: str) -> None:
    add(scene, 1)
    assert subjects(inbox(scene.member, query)) == ["Mail 1"]


def test_empty_inbox_and_empty_filter_say_different_things(scene: Scene) -> None:
    assert "Nothing came back yet" in inbox(scene.member)
    add(scene, 1, kind=Kind.HUMAN_REPLY)
    page = inbox(scene.member, "?kind=complaint")
    assert "Nothing came back yet" not in page
    assert f'href="{scene.member.url("inbox:mails")}"' in page


def test_region_alone_is_the_region_of_the_page(scene: Scene) -> None:
    add(scene, 1, subject=EVIL)
    page, region = inbox(scene.member), inbox(scene.member, hx_request="true")
    assert "<html" not in region
    assert region.strip().startswith('<div id="inbound"')
    assert "".join(region.split()) in "".join(page.split())


def test_page_asks_as_often_for_20_mails_as_for_1(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = signed_in(scene.member), scene.member.url("inbox:mails")
    add(scene, 0, contact=scene.contact)
    with CaptureQueriesContext(connection) as for_one:
        client.get(url)
    for number in range(1, 20):
        add(scene, number, contact=scene.contact)
    with django_assert_num_queries(len(for_one)):
        assert len(subjects(client.get(url).text)) == 20
    assert not any('"raw"' in one["sql"] or '"inbox_message"."text"' in one["sql"] for one in for_one), "no bodies"


def test_mail_says_what_it_was_taken_for_why_and_whom_it_belongs_to(scene: Scene) -> None:
    row = come_in(scene, mail("Please unsubscribe me", in_reply_to=scene.message.message_id))
    page = signed_in(scene.member).get(scene.member.url("inbox:detail", row.pk)).text
    for words in ("Opt-out", "unsubscribe me", "References", "ada@x.example", "Autumn", "Please unsubscribe me"):
        assert words in page
    assert scene.member.url("reports:message", scene.message.pk) in page


@pytest.mark.parametrize("headers", [{}, {"hx_request": "true"}])
def test_hostile_words_are_shown_as_words(scene: Scene, headers: dict[str, str]) -> None:
    row = add(scene, 1, subject=EVIL)
    evidence = [{"layer": EVIL, "rule": EVIL, "words": EVIL}]
    InboundMessage.objects.update(from_address=EVIL, text=EVIL, from_name=EVIL, evidence=evidence)
    for url in (scene.member.url("inbox:mails"), scene.member.url("inbox:detail", row.pk)):
        page = signed_in(scene.member, **headers).get(url).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ member }}{% url" in page, "shown, escaped once, not run"
        assert "&amp;lt;" not in page


def test_viewers_read_and_strangers_find_nothing(scene: Scene) -> None:
    row = add(scene, 1)
    viewer = make_member(scene.workspace, Role.VIEWER)
    stranger = make_member(make_workspace("other"))
    for url in (scene.member.url("inbox:mails"), scene.member.url("inbox:detail", row.pk)):
        assert signed_in(viewer).get(url).status_code == 200
        assert signed_in(stranger).get(url).status_code == 404
        assert Client().get(url).status_code == 302
        assert signed_in(scene.member).post(url).status_code == 405
    assert signed_in(stranger).get(stranger.url("inbox:detail", row.pk)).status_code == 404
    assert "Mail 1" not in inbox(stranger)


def test_mailbox_that_cannot_be_read_is_named_with_its_problem(scene: Scene) -> None:
    sync = MailboxSync.objects.create(mailbox=scene.mailbox)
    assert "cannot be read" not in inbox(scene.member)
    MailboxSync.objects.filter(pk=sync.pk).update(failures=2, problem="The connection was lost.")
    page = inbox(scene.member)
    assert "me@acme.example cannot be read" in page
    assert "The connection was lost." in page
    assert "cannot be read" not in inbox(make_member(make_workspace("other")))
