"""The inbox in three columns: scopes, conversations, one conversation; what changed comes by itself."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.inbox.models import Thread
from sending.inbox.threads.queries import thread_for, version_of
from sending.inbox.threads.states import Scope, ThreadState
from tests.builders import make_member, make_workspace
from tests.sending.inbox.scene import CAME_AT, Scene, come_in, days, dsn, mail, make_scene, with_attached

EVIL = "\"><script>alert(1)</script>{{ member }}' onload='x"


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def write(scene: Scene, number: int, *, text: str = "Hello") -> Thread:
    """Let a stranger begin conversation `number`, each later than the one before."""
    raw = mail(text, sender=f"Guest {number} <guest{number}@y.example>", subject=f"Talk {number}")
    row = come_in(scene, raw, at=CAME_AT + days(number))
    assert row.thread is not None
    return row.thread


def listed(page: str) -> list[str]:
    found = re.findall(r'class="thread-subject truncate">([^<]*)', page)
    return [subject.strip() for subject in found]


def inbox(member: Member, query: str = "", **headers: str) -> str:
    answer = signed_in(member, **headers).get(member.url("inbox:list") + query)
    assert answer.status_code == 200
    return answer.text


def counts(page: str) -> dict[str, str]:
    return dict(re.findall(r"<span>([^<]+)</span><span class=\"num muted\">([^<]+)</span>", page))


def test_each_scope_lists_its_conversations_newest_first_and_counts_them(scene: Scene) -> None:
    talks = [write(scene, number) for number in range(6)]
    come_in(scene, dsn("<nobody@x>"), at=CAME_AT + days(9))
    rows = Thread.objects.filter
    rows(pk=talks[0].pk).update(state=ThreadState.DONE, done_at=CAME_AT)
    rows(pk=talks[1].pk).update(state=ThreadState.SNOOZED, snoozed_until=CAME_AT)
    rows(pk=talks[2].pk).update(is_unread=False, assignee=scene.member.user)
    rows(pk=talks[3].pk).update(is_awaiting=False)
    expected = {
        Scope.ALL: [5, 4, 3, 2],
        Scope.UNREAD: [5, 4, 3],
        Scope.AWAITING: [5, 4, 2],
        Scope.MINE: [2],
        Scope.SNOOZED: [1],
        Scope.DONE: [0],
    }
    for scope, numbers in expected.items():
        assert listed(inbox(scene.member, f"?scope={scope}")) == [f"Talk {number}" for number in numbers]
    assert listed(inbox(scene.member, "?scope=machines")) == ["Undelivered Mail Returned to Sender"]
    assert list(counts(inbox(scene.member)).values()) == ["4", "3", "3", "1", "1", "1", "1"]


def test_what_is_mine_is_nobody_elses(scene: Scene) -> None:
    Thread.objects.filter(pk=write(scene, 1).pk).update(assignee=scene.member.user)
    other = make_member(scene.workspace, Role.MEMBER)
    assert listed(inbox(other, "?scope=mine")) == []
    assert counts(inbox(other))["Mine"] == "0"


def test_pages_of_a_scope_keep_it_in_their_links(scene: Scene) -> None:
    for number in range(53):
        write(scene, number)
    page = inbox(scene.member, "?scope=unread")
    assert len(listed(page)) == 50
    (older,) = re.findall(r'rel="next" href="([^"]+)"', page)
    assert listed(inbox(scene.member, older.replace("&amp;", "&"))) == ["Talk 2", "Talk 1", "Talk 0"]
    assert "scope=unread" in older
    assert re.search(r'href="[^"]+/threads/\d+\?scope=unread"', page)


def test_search_finds_words_of_text_subject_and_writer_wherever_the_conversation_lies(scene: Scene) -> None:
    talk = write(scene, 1, text="The quarterly budget is approved")
    write(scene, 2, text="Nothing of the kind")
    Thread.objects.filter(pk=talk.pk).update(state=ThreadState.DONE, done_at=CAME_AT)
    for words in ("budget", "BUDGET quarterly", '"quarterly budget"', "guest1@y.example", "talk -2 budget"):
        assert listed(inbox(scene.member, f"?q={words}")) == ["Talk 1"], words
    for words in ("budget nothing", '"budget quarterly"', "-budget approved"):
        assert listed(inbox(scene.member, f"?q={words}")) == [], words
    assert listed(inbox(scene.member, "?scope=unread&q=budget")) == []
    assert listed(inbox(make_member(make_workspace("other")), "?q=budget")) == []


@pytest.mark.parametrize("query", ["?scope=nonsense", "?after=nonsense", "?scope=%00", "?before=%00&q=%00"])
def test_filters_that_make_no_sense_are_left_out(scene: Scene, query: str) -> None:
    write(scene, 1)
    assert listed(inbox(scene.member, query)) == ["Talk 1"]


def test_list_asked_again_answers_only_when_something_has_changed(scene: Scene) -> None:
    talk = write(scene, 1)
    client = signed_in(scene.member, hx_request="true")
    (again,) = re.findall(r'hx-get="([^"]+)" hx-trigger="every 5s, threads', inbox(scene.member))
    url = again.replace("&amp;", "&")
    assert client.get(url).status_code == 204
    Thread.objects.filter(pk=talk.pk).update(is_awaiting=False, version=talk.version + 1)
    answer = client.get(url)
    assert (answer.status_code, listed(answer.text)) == (200, ["Talk 1"])
    assert counts(answer.text)["Awaiting answer"] == "0"
    assert "<html" not in answer.text


def test_region_alone_is_the_region_of_the_page(scene: Scene) -> None:
    write(scene, 1)
    page, region = inbox(scene.member), inbox(scene.member, hx_request="true")
    assert "".join(region.split()) in "".join(page.split())


def test_page_asks_as_often_for_20_conversations_as_for_1(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client, url = signed_in(scene.member), scene.member.url("inbox:list")
    write(scene, 0)
    with CaptureQueriesContext(connection) as for_one:
        client.get(url)
    for number in range(1, 20):
        write(scene, number)
    with django_assert_num_queries(len(for_one)):
        assert len(listed(client.get(url).text)) == 20


def test_conversation_shows_both_sides_in_order_beside_its_list(scene: Scene) -> None:
    row = come_in(scene, mail("Yes, tell me more", in_reply_to=scene.message.message_id))
    page = signed_in(scene.member).get(scene.member.url("inbox:thread", row.thread_id)).text
    ours, theirs = page.index(f'id="sent{scene.message.pk}"'), page.index(f'id="mail{row.pk}"')
    assert ours < theirs
    assert 'aria-current="true"' in page
    assert scene.member.url("reports:results", scene.campaign.pk) in page


def test_conversation_asked_again_answers_only_when_it_has_changed(scene: Scene) -> None:
    talk = write(scene, 1)
    client = signed_in(scene.member, hx_request="true")
    url = scene.member.url("inbox:thread", talk.pk)
    version = version_of(thread_for(scene.member, talk.pk))
    assert client.get(f"{url}?version={version}").status_code == 204
    come_in(scene, mail("More", sender="Guest 1 <guest1@y.example>", subject="Re: Talk 1"), at=CAME_AT + days(5))
    answer = client.get(f"{url}?version={version}")
    assert answer.status_code == 200
    assert answer.text.strip().startswith('<div id="talk"')


def test_opening_marks_as_read_by_a_post_of_the_page_and_u_marks_as_unread(scene: Scene) -> None:
    talk = write(scene, 1)
    url = scene.member.url("inbox:thread_read", talk.pk)
    client = signed_in(scene.member)
    client.get(scene.member.url("inbox:thread", talk.pk))
    assert Thread.objects.get(pk=talk.pk).is_unread, "reading an address changes nothing"
    answer = client.post(url, headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (204, "threads")
    assert not Thread.objects.get(pk=talk.pk).is_unread
    client.post(url, {"unread": "1"})
    assert Thread.objects.get(pk=talk.pk).is_unread


def test_done_puts_away_and_leads_back_to_the_list_and_it_can_be_taken_up(scene: Scene) -> None:
    talk = write(scene, 1)
    client = signed_in(scene.member)
    sent = {"list": "scope=unread&evil=https://x.example"}
    answer = client.post(scene.member.url("inbox:thread_done", talk.pk), sent)
    assert answer.headers["Location"] == scene.member.url("inbox:list") + "?scope=unread"
    assert listed(inbox(scene.member)) == []
    assert listed(inbox(scene.member, "?scope=done")) == ["Talk 1"]
    client.post(scene.member.url("inbox:thread_open", talk.pk))
    assert listed(inbox(scene.member)) == ["Talk 1"]


def test_viewers_read_and_do_nothing(scene: Scene) -> None:
    talk = write(scene, 1)
    client = signed_in(make_member(scene.workspace, Role.VIEWER))
    page = client.get(scene.member.url("inbox:thread", talk.pk)).text
    assert "data-key=" not in page
    for name in ("inbox:thread_read", "inbox:thread_done", "inbox:thread_open"):
        assert client.post(scene.member.url(name, talk.pk)).status_code == 403


def test_hostile_words_are_shown_as_words(scene: Scene) -> None:
    talk = write(scene, 1)
    Thread.objects.update(name=EVIL, subject=EVIL, snippet=EVIL, address=EVIL)
    for url in (scene.member.url("inbox:list"), scene.member.url("inbox:thread", talk.pk)):
        page = signed_in(scene.member).get(url + "?q=").text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "&amp;lt;" not in page


def test_what_is_attached_stands_at_its_mail_and_is_given_out_to_be_saved(scene: Scene) -> None:
    raw = with_attached(b"<script>alert(1)</script>", name='"../<b>evil</b>.html"', content_type="text/html")
    row = come_in(scene, raw)
    assert row.attached == [{"number": 1, "name": "b .html", "content_type": "text/html", "size_bytes": 25}]
    client, url = signed_in(scene.member), scene.member.url("inbox:attached", row.pk, 1)
    page = client.get(scene.member.url("inbox:thread", row.thread_id)).text
    assert f'href="{url}" download' in page
    assert "<script>alert" not in page
    answer = client.get(url)
    assert (answer.headers["Content-Type"], answer.content) == (
        "application/octet-stream", b"<script>alert(1)</script>",
    )  # fmt: skip
