"""The pages over all rooms: who may see them, what hostile words do, how often they ask the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.models import Workspace
from outreach.accounts.roles import Role
from sending.bounces import Kind
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from tests.builders import make_member, make_workspace
from tests.sending.reports.busy import (
    AT,
    EVIL,
    Busy,
    add_attempt,
    make_quiet,
    page_of,
    rows_behind,
    signed_in,
)

pytestmark = pytest.mark.django_db
REGIONS = {"home": "live", "messages": "messages", "results": "live", "log": "log"}


@pytest.fixture
def quiet() -> Busy:
    return make_quiet(make_member(make_workspace()))


def address(busy: Busy, name: str) -> str:
    args = {"results": [busy.campaign.pk], "message": [getattr(OutboundMessage.objects.first(), "pk", 1)]}
    return busy.member.url(f"reports:{name}", *args.get(name, []))


@pytest.mark.parametrize("name", ["home", "messages", "message", "results", "log"])
def test_viewers_read_and_strangers_find_nothing(quiet: Busy, name: str) -> None:
    quiet.write("ada", quiet.first)
    url = address(quiet, name)
    stranger = make_member(make_workspace("other"))
    assert signed_in(make_member(quiet.member.workspace, Role.VIEWER)).get(url).status_code == 200
    assert signed_in(stranger).get(url).status_code == 404
    assert Client().get(url).status_code == 302
    assert signed_in(quiet.member).post(url).status_code == 405
    own = url.replace(f"/{quiet.member.workspace.slug}/", f"/{stranger.workspace.slug}/")
    answer = signed_in(stranger).get(own)
    assert answer.status_code == (404 if name in {"message", "results"} else 200)
    assert "ada@autumn.example" not in answer.text


@pytest.mark.parametrize("name", REGIONS)
def test_region_alone_is_the_region_of_the_page(quiet: Busy, name: str) -> None:
    quiet.write("ada", quiet.first)
    url = address(quiet, name)
    page, region = page_of(quiet.member, url), page_of(quiet.member, url, hx_request="true")
    assert region.strip().startswith(f'<div id="{REGIONS[name]}"')
    assert "<html" not in region
    assert "".join(region.split()) in "".join(page.split())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("home", "Connect a mailbox"), ("home", "Quiet so far"), ("messages", "No message yet"),
        ("results", "No results yet"), ("log", "Quiet so far"),
    ],
)  # fmt: skip
def test_empty_pages_say_what_belongs_there_and_lead_on(quiet: Busy, name: str, words: str) -> None:
    page = page_of(quiet.member, address(quiet, name))
    assert words in page.partition("<main")[2]


@pytest.mark.parametrize("headers", [{}, {"hx_request": "true"}])
@pytest.mark.parametrize("name", ["home", "messages", "message", "results", "log"])
def test_hostile_words_are_shown_as_words(quiet: Busy, name: str, headers: dict[str, str]) -> None:
    message = quiet.write("ada", quiet.first, MessageState.FAILED)
    add_attempt(message, reply_text=EVIL, category=EVIL[:20], transcript=[{"side": "server", "text": EVIL, "at_ms": 1}])
    quiet.answer(message)
    quiet.tell(EventKind.FAILED, message, words=EVIL, text=EVIL)
    words = dict.fromkeys(("subject", "body_text", "reason", "reply_text", "recipient"), EVIL)
    OutboundMessage.objects.update(reply_code=550, **words)
    InboundMessage.objects.update(subject=EVIL)
    Campaign.objects.update(name=EVIL)
    Contact.objects.update(email=EVIL)
    Mailbox.objects.update(display_name=EVIL, state_reason=EVIL)
    Workspace.objects.update(name=EVIL)
    page = page_of(quiet.member, address(quiet, name), **headers)
    assert "<script>alert" not in page
    if name != "results" or not headers:  # its region alone shows no words of strangers
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page, "shown, escaped once, not run"
    assert "&amp;lt;" not in page
    assert "onload='x" not in page


def test_each_page_asks_as_often_for_20_rows_as_for_1(
    quiet: Busy, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def add(number: int) -> None:
        message = quiet.write(f"p{number}", quiet.first, hold_code="window")
        quiet.answer(message, Kind.HUMAN_REPLY, EventKind.REPLIED)

    client = signed_in(quiet.member)
    add(0)
    asked = {}
    for name in REGIONS:
        with CaptureQueriesContext(connection) as for_one:
            client.get(address(quiet, name))
        asked[name] = len(for_one)
    for number in range(1, 20):
        add(number)
    for name, count in asked.items():
        with django_assert_num_queries(count):
            assert client.get(address(quiet, name)).status_code == 200


def test_home_asks_as_often_for_5_campaigns_as_for_1(
    quiet: Busy, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    quiet.write("p0", quiet.first, hold_code="window")
    client, url = signed_in(quiet.member), address(quiet, "home")
    with CaptureQueriesContext(connection) as for_one:
        client.get(url)
    for number in range(1, 5):
        more = make_quiet(quiet.member, f"More{number}")
        more.write(f"p{number}", more.first, hold_code="window")
    with django_assert_num_queries(len(for_one)):
        client.get(url)


def test_story_of_a_message_asks_as_often_for_20_of_everything_as_for_1(
    quiet: Busy, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    message = quiet.write("ada", quiet.first)

    def add(number: int) -> None:
        add_attempt(message, number)
        quiet.tell(EventKind.DEFERRED, message)
        quiet.answer(message)

    add(1)
    client, url = signed_in(quiet.member), address(quiet, "message")
    with CaptureQueriesContext(connection) as for_one:
        client.get(url)
    for number in range(2, 21):
        add(number)
    with django_assert_num_queries(len(for_one)):
        assert client.get(url).text.count("Attempt ") >= 20


def test_story_of_a_message_tells_attempts_events_and_answers_in_order(quiet: Busy) -> None:
    message = quiet.write("ada", quiet.first, MessageState.IN_DOUBT)
    add_attempt(message, 2, outcome="in_doubt", reply_code=None)
    add_attempt(message, 1, outcome="deferred", reply_code=451, reply_text="Try later", category="temporary")
    quiet.tell(EventKind.REPLIED, message, words="A person answered")
    quiet.answer(message)
    page = page_of(quiet.member, address(quiet, "message"))
    places = [page.index(words) for words in ("Attempt 1", "Try later", "understood as temporary", "Attempt 2")]
    assert places == sorted(places)
    story = page.partition("The story")[2]
    told = ("Claimed", "Marked as leaving", "Attempted", "In doubt", "A person answered")
    places = [story.index(words) for words in told]
    assert places == sorted(places)
    assert "never sent again by itself" in page
    assert quiet.member.url("inbox:detail", InboundMessage.objects.get().pk) in page
    assert quiet.member.url("contacts:detail", message.contact_id) in page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 5), ("?kind=sent", 1), ("?kind=replied", 2), ("?kind=replied&day=2026-01-05", 1), ("?day=2026-01-05", 1),
        ("?kind=replied&since=2026-01-05", 2), ("?kind=replied&since=2026-01-06", 1), ("?campaign=0", 0),
        ("?kind=nonsense", 5), ("?kind=%00&day=%00&since=%00&campaign=%00", 5), ("?day=0001-01-01", 5),
        ("?day=9999-12-31&since=2026-02-30", 5), ("?campaign=9999999999999999999999", 5), ("?campaign=-1", 5),
        ("?after=nonsense&before=nonsense", 5), ("?mailbox=0", 0), ("?mailbox=%00", 5), ("?kind=sent&mailbox=-1", 1),
    ],
)  # fmt: skip
def test_log_is_narrowed_by_what_makes_sense_in_the_url(quiet: Busy, query: str, count: int) -> None:
    message = quiet.write("ada", quiet.first)
    quiet.tell(EventKind.REPLIED, message, at=AT)
    quiet.tell(EventKind.REPLIED, message, at=AT + timedelta(days=3))
    quiet.tell(EventKind.STOPPED, message)
    assert rows_behind(quiet.member, address(quiet, "log") + query) == count


def test_log_of_a_campaign_is_its_own_and_its_filters_stay_in_the_links(quiet: Busy) -> None:
    message = quiet.write("ada", quiet.first)
    other = make_quiet(quiet.member, "Winter")
    other.write("bob", other.first)
    for minute in range(120):
        quiet.tell(EventKind.HELD, message, at=AT + timedelta(minutes=minute // 2))
    url = address(quiet, "log") + f"?kind=held&campaign={quiet.campaign.pk}"
    page = page_of(quiet.member, url)
    assert "kind=held" in page.partition('rel="next"')[2]
    assert '<option value="held" selected>' in page
    assert rows_behind(quiet.member, url) == 120, "each once, though two at a time share their instant"
    assert rows_behind(quiet.member, address(quiet, "log") + f"?campaign={other.campaign.pk}") == 2


def test_log_still_tells_of_those_who_are_gone(quiet: Busy) -> None:
    quiet.write("ada", quiet.first)
    Contact.objects.all().delete()
    page = page_of(quiet.member, address(quiet, "log"))
    assert page.count('data-label="When"') == 2
    assert "ada@autumn.example" not in page


def test_log_names_nobody_of_another_workspace(quiet: Busy) -> None:
    theirs = make_quiet(make_member(make_workspace("other")), "Foreign")
    message = theirs.write("eve", theirs.first)
    about: dict[str, Any] = {"contact_id": message.contact_id, "campaign_id": message.campaign_id}
    record([Entry(quiet.member.workspace.pk, EventKind.SENT, AT, **about)])
    page = page_of(quiet.member, address(quiet, "log"))
    assert page.count('data-label="When"') == 1
    assert "eve@foreign.example" not in page
    assert "Foreign" not in page


def walk(busy: Busy, **filters: Any) -> int:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return rows_behind(busy.member, f"{busy.member.url('reports:messages')}?{query}")


def test_messages_are_found_by_wording_by_answer_and_by_having_gone(quiet: Busy) -> None:
    ada = quiet.write("ada", quiet.first)
    quiet.answer(ada)
    quiet.answer(ada)
    quiet.answer(quiet.write("bob", quiet.other), Kind.BOUNCE)
    quiet.write("cy", quiet.other, MessageState.ASSUMED_SENT)
    quiet.write("di", quiet.other, MessageState.FAILED)
    assert walk(quiet, variant=quiet.other.pk) == 3
    assert walk(quiet, variant=quiet.other.pk, version=1) == 3
    assert walk(quiet, variant=quiet.other.pk, version=2) == 0
    assert walk(quiet, answer="human_reply") == 1
    assert walk(quiet, answer="bounce", variant=quiet.other.pk) == 1
    assert walk(quiet, state="went") == 3
    assert walk(quiet, answer="nonsense", variant="x") == 4
    page = page_of(quiet.member, quiet.member.url("reports:messages") + "?state=went&answer=bounce")
    assert '<option value="went" selected>Sent or assumed sent</option>' in page
    assert "Answered: bounce" in page


def test_pages_of_messages_lead_through_each_once_within_the_filters(quiet: Busy) -> None:
    for number in range(110):
        quiet.write(f"p{number}", quiet.first)
    quiet.write("failed", quiet.first, MessageState.FAILED)
    assert walk(quiet, state="sent", q="p") == 110
    assert walk(quiet) == 111


def test_search_leaves_nobody_out_among_many_who_begin_alike(quiet: Busy) -> None:
    """They stand in the middle of the many, in whatever order the database meets these."""

    def add_many(begin: str, domain: str) -> None:
        keys = [f"{begin}{number:04}@{domain}" for number in range(1_100)]
        made = [Contact(workspace=quiet.member.workspace, email=key, email_key=key, domain=domain) for key in keys]
        Contact.objects.bulk_create(made)

    add_many("aa", "x.aaa")
    quiet.write("ama", quiet.first)
    quiet.write("amb", quiet.first)
    add_many("az", "x.zzz")
    assert walk(quiet, q="a") == 2


def test_the_people_of_a_campaign_and_its_messages_are_given_out_as_files(quiet: Busy) -> None:
    quiet.write("ada", quiet.first)
    client = signed_in(quiet.member)
    people = client.get(quiet.member.url("reports:campaign_file", quiet.campaign.pk)).getvalue().decode().splitlines()
    assert people[0].startswith('\ufeff"email","first name"')
    assert people[1].startswith('"ada@autumn.example"')
    listed = quiet.member.url("reports:messages_file")
    messages = client.get(listed, {"q": "ada"}).getvalue().decode().splitlines()
    assert len(messages) == 2
    assert '"sent"' in messages[1]
    assert len(client.get(listed, {"q": "nobody"}).getvalue().decode().splitlines()) == 1
    assert client.get(listed, {"format": "xlsx"}).getvalue().startswith(b"PK")
