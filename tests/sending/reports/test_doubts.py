"""The page of the doubts: what it tells, whom it lets decide, and that it asks before anything is done."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from outreach.accounts.roles import Role
from sending.inbox.models import SentSearch
from sending.inbox.states import Seen
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import make_member, make_workspace
from tests.sending.reports.busy import AT, EVIL, Busy, make_quiet, page_of, rows_behind, signed_in

pytestmark = pytest.mark.django_db
SENDING: dict[str, Any] = {"state": EnrollmentState.SENDING, "due_at": None}
STOPPED: dict[str, Any] = {"state": EnrollmentState.STOPPED, "due_at": None, "stop_reason": StopReason.REMOVED}


@pytest.fixture
def quiet() -> Busy:
    return make_quiet(make_member(make_workspace()))


def doubt(busy: Busy, name: str = "ada", **person: Any) -> OutboundMessage:
    message = busy.write(name, busy.first, MessageState.IN_DOUBT, **{**SENDING, **person})
    message.reason = "The answer was lost after the message had left: connection reset"
    message.save(update_fields=["reason"])
    return message


def assumed(busy: Busy, name: str = "bob", **person: Any) -> OutboundMessage:
    return busy.write(name, busy.first, MessageState.ASSUMED_SENT, **{"next_position": 2, **person})


def url(busy: Busy, name: str = "doubts", *args: object) -> str:
    return busy.member.url(f"reports:{name}", *args)


def act(busy: Busy, action: str, *messages: OutboundMessage, client: Client | None = None, **more: str) -> str:
    """Post as the page's forms do, and return the page that follows."""
    body = {"message": [one.pk for one in messages], "action": action, **more}
    answer = (client or signed_in(busy.member)).post(url(busy, "doubts_chosen"), body, follow=True)
    assert answer.status_code == 200
    return answer.text


def states(*messages: OutboundMessage) -> list[str]:
    for one in messages:
        one.refresh_from_db()
    return [one.state for one in messages]


def test_page_tells_what_is_known_and_what_comes_next(quiet: Busy) -> None:
    seen = doubt(quiet)
    SentSearch.objects.create(message=seen, looks=2, looked_at=AT, next_at=AT, seen=Seen.NO_COPY)
    assumed(quiet)
    doubt(quiet, "none", state=EnrollmentState.ACTIVE, due_at=AT)
    quiet.write("sent", quiet.first)
    page = page_of(quiet.member, url(quiet))
    body = " ".join(page.partition("<tbody>")[2].partition("</tbody>")[0].split())
    assert body.count("<tr>") == 3
    assert "sent@autumn.example" not in body
    assert "<span>Connection reset</span>" in body
    assert "None, looked <time" in body
    assert "next look <time" in body
    assert "Not looked for yet" in body
    assert f'Counts as sent <time class="when" datetime="{(AT + timedelta(days=1)).isoformat()}' in body
    assert "Counts as sent. Step 2 comes next." in body


@pytest.mark.parametrize(
    ("seen", "words"),
    [(Seen.NO_FOLDER, "shows no Sent folder"), (Seen.REFUSED, "did not search"), (Seen.NO_COPY, "not looked for any")],
)
def test_page_tells_what_came_of_the_search(quiet: Busy, seen: Seen, words: str) -> None:
    SentSearch.objects.create(message=doubt(quiet), looks=9, looked_at=AT, next_at=None, seen=seen)
    assert words in page_of(quiet.member, url(quiet))


def test_filters_live_in_the_url_and_pages_lead_through_each_once(quiet: Busy) -> None:
    for number in range(60):
        doubt(quiet, f"p{number}")
    OutboundMessage.objects.filter(pk__gt=OutboundMessage.objects.earliest("pk").pk + 30).update(
        dot_at=AT + timedelta(hours=1)
    )
    assumed(quiet)
    other = make_quiet(quiet.member, "Winter")
    doubt(other, "eve")
    assert rows_behind(quiet.member, url(quiet)) == 62
    assert rows_behind(quiet.member, f"{url(quiet)}?state=assumed_sent") == 1
    assert rows_behind(quiet.member, f"{url(quiet)}?campaign={other.campaign.pk}") == 1
    assert rows_behind(quiet.member, f"{url(quiet)}?state=sent&campaign=x") == 62, "nonsense is left out"
    assert "Nothing fits" in page_of(quiet.member, f"{url(quiet)}?campaign=0")


def test_home_messages_and_results_lead_here(quiet: Busy) -> None:
    for name, args in (("home", ()), ("messages", ()), ("results", (quiet.campaign.pk,))):
        before = page_of(quiet.member, url(quiet, name, *args))
        assert (url(quiet) in before) == (name == "messages"), "only where there is something to settle"
    doubt(quiet)
    doubt(quiet, "eve")
    assert "2 messages in doubt" in page_of(quiet.member, url(quiet, "home"))
    assert f"{url(quiet)}?state=in_doubt" in page_of(quiet.member, url(quiet, "home"))
    assert f"{url(quiet)}?campaign={quiet.campaign.pk}" in page_of(
        quiet.member, url(quiet, "results", quiet.campaign.pk)
    )


def test_region_alone_is_the_region_of_the_page(quiet: Busy) -> None:
    doubt(quiet)
    page, region = page_of(quiet.member, url(quiet)), page_of(quiet.member, url(quiet), hx_request="true")
    assert region.strip().startswith('<div id="doubts"')
    plain = [re.sub(r'value="[\w]{60,}"', "", "".join(text.split())) for text in (region, page)]
    assert plain[0] in plain[1]


@pytest.mark.parametrize("name", ["doubts", "message"])
def test_viewers_read_and_find_no_button(quiet: Busy, name: str) -> None:
    message = doubt(quiet)
    address = url(quiet, name, *([message.pk] if name == "message" else []))
    assert url(quiet, "doubts_chosen") in page_of(quiet.member, address)
    viewer = signed_in(make_member(quiet.member.workspace, Role.VIEWER))
    page = viewer.get(address).text
    assert "ada@autumn.example" in page
    assert 'name="action"' not in page
    assert 'type="checkbox"' not in page
    for action in ("arrived", "again", "arrived_confirmed", "again_confirmed"):
        answer = viewer.post(url(quiet, "doubts_chosen"), {"message": message.pk, "action": action})
        assert answer.status_code == 403
    assert states(message) == ["in_doubt"]


def test_strangers_neither_see_nor_settle(quiet: Busy) -> None:
    message = doubt(quiet)
    theirs = make_quiet(make_member(make_workspace("other")), "Foreign")
    stranger = signed_in(theirs.member)
    assert stranger.get(url(quiet)).status_code == 404
    assert stranger.post(url(quiet, "doubts_chosen"), {"message": message.pk}).status_code == 404
    for action in ("arrived", "again", "arrived_confirmed", "again_confirmed"):
        page = act(theirs, action, message, client=stranger)
        assert "Tick the messages first" in page
        assert "ada@" not in page
    assert states(message) == ["in_doubt"]


# -- the two acts --
@pytest.mark.parametrize("action", ["arrived", "again"])
def test_each_act_asks_first_and_names_the_count(quiet: Busy, action: str) -> None:
    messages = [doubt(quiet, f"p{number}") for number in range(3)]
    page = act(quiet, action, *messages)
    question = "3 messages arrived?" if action == "arrived" else "Send 3 messages again?"
    assert f"<h1>{question}</h1>" in page
    assert ("3 people may get the same message twice" in page) == (action == "again")
    assert page.count('name="message"') == 3
    assert states(*messages) == ["in_doubt"] * 3
    assert not Event.objects.filter(kind__in=["settled", "sent_again"]).exists()


def test_a_persons_word_settles_all_that_are_ticked(quiet: Busy) -> None:
    messages = [doubt(quiet, "ada"), doubt(quiet, "eve"), assumed(quiet)]
    page = act(quiet, "arrived_confirmed", *messages)
    assert "3 messages count as sent now." in page
    assert states(*messages) == ["sent"] * 3
    assert "Nothing is in doubt" in page
    assert "Nothing was in doubt." in act(quiet, "arrived_confirmed", messages[0])


def test_what_cannot_be_sent_again_is_named_and_left_alone(quiet: Busy) -> None:
    going, called_off = doubt(quiet, "ada"), doubt(quiet, "off", **STOPPED)
    gone = assumed(quiet, "gone")
    assert gone.enrollment is not None
    quiet.write_to(gone.enrollment, quiet.follow_up)
    page = act(quiet, "again", going, called_off, gone)
    assert "<h1>Send 1 message again?</h1>" in page
    assert "off@autumn.example: its sequence was called off" in page
    assert "gone@autumn.example: a later step of its sequence is under way" in page
    assert page.count('name="message"') == 1
    page = act(quiet, "again_confirmed", going, called_off, gone)
    assert "1 message goes out again" in page
    assert "1 message is not sent again: its sequence was called off." in page
    assert states(going, called_off, gone) == ["deferred", "in_doubt", "assumed_sent"]
    assert "Cannot be sent again: a later step" in page


def test_nobody_ticked_changes_nothing(quiet: Busy) -> None:
    message = doubt(quiet)
    for action in ("again_confirmed", "arrived"):
        assert "Tick the messages first" in act(quiet, action)
    page = signed_in(quiet.member).post(
        url(quiet, "doubts_chosen"), {"message": ["x", "-1", "9" * 30], "action": "again_confirmed"}, follow=True
    )
    assert "Tick the messages first" in page.text
    act(quiet, "nonsense", message)
    assert states(message) == ["in_doubt"]


def test_story_offers_the_acts_leads_back_and_tells_who_decided(quiet: Busy) -> None:
    message = doubt(quiet)
    story = url(quiet, "message", message.pk)
    page = page_of(quiet.member, story)
    assert "Send it again…" in page
    assert 'name="back" value="message"' in act(quiet, "again", message, back="message")
    page = act(quiet, "again_confirmed", message, back="message")
    assert "The story" in page
    assert f"To be sent again, as {quiet.member.user.email} decided: it may arrive twice." in page
    assert "It arrived…" in page, "which takes it back"
    assert "Send it again…" not in page
    page = act(quiet, "arrived_confirmed", message, back="message")
    assert f"It arrived, says {quiet.member.user.email}." in page
    assert "It arrived…" not in page


def test_story_of_what_was_never_in_doubt_offers_nothing(quiet: Busy) -> None:
    message = quiet.write("ada", quiet.first, MessageState.DEFERRED)
    assert "What is known" not in page_of(quiet.member, url(quiet, "message", message.pk))


def test_hostile_words_are_shown_as_words(quiet: Busy) -> None:
    message = doubt(quiet)
    OutboundMessage.objects.update(reason=EVIL, recipient=EVIL, subject=EVIL)
    for page in (page_of(quiet.member, url(quiet)), act(quiet, "again", message)):
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_page_asks_as_often_for_20_rows_as_for_1(
    quiet: Busy, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = signed_in(quiet.member)
    doubt(quiet)
    with CaptureQueriesContext(connection) as for_one:
        client.get(url(quiet))
    for number in range(19):
        message = assumed(quiet, f"p{number}")
        SentSearch.objects.create(message=message, looks=1, looked_at=AT, next_at=AT, seen=Seen.NO_COPY)
    with django_assert_num_queries(len(for_one)):
        assert client.get(url(quiet)).status_code == 200
