"""What only a person decides stands in the conversation: whose a mail is, and whether the company waits."""

from __future__ import annotations

import pytest

from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from outreach.accounts.roles import Role
from sending.inbox.models import InboundMessage, Thread
from sending.planner.models import Pause
from tests.builders import make_contact, make_member
from tests.sending.inbox.scene import SENT_AT, Scene, come_in, enroll, mail, make_scene
from tests.sending.inbox.threads.test_page import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> Scene:
    made = make_scene()
    Campaign.objects.update(state=CampaignState.RUNNING, launched_at=SENT_AT)
    return made


def page_of(scene: Scene, thread: Thread) -> str:
    return signed_in(scene.member).get(scene.member.url("inbox:thread", thread.pk)).text


def colleague(scene: Scene) -> InboundMessage:
    return come_in(scene, mail("Ada has left", sender="Bob <bob@x.example>", subject="Your mail"))


def test_a_suggestion_is_asked_where_the_mail_is_read_and_yes_leads_into_their_conversation(scene: Scene) -> None:
    theirs = come_in(scene, mail("Yes", in_reply_to=scene.message.message_id)).thread
    row = colleague(scene)
    assert row.thread is not None
    page = page_of(scene, row.thread)
    assert "Somebody at x.example, where this mailbox wrote to a colleague." in page
    assert ('data-key="y"' in page, 'data-key="x"' in page) == (True, True)
    sent = {"says": "yes", "back": "thread", "list": "scope=unread"}
    answer = signed_in(scene.member).post(scene.member.url("inbox:suggestion", row.pk), sent)
    assert theirs is not None
    assert answer.headers["Location"] == scene.member.url("inbox:thread", theirs.pk) + "?scope=unread"
    page = page_of(scene, theirs)
    assert f'id="mail{row.pk}"' in page
    assert f"{scene.member.user.email} said so on" in page


def test_no_keeps_the_mail_where_it_is_and_pages_that_are_open_hear_of_it(scene: Scene) -> None:
    row = colleague(scene)
    assert row.thread is not None
    before = Thread.objects.get(pk=row.thread.pk).version
    answer = signed_in(scene.member).post(
        scene.member.url("inbox:suggestion", row.pk), {"says": "no", "back": "thread"}
    )
    assert answer.headers["Location"] == scene.member.url("inbox:thread", row.thread.pk)
    assert 'data-key="y"' not in page_of(scene, row.thread)
    assert Thread.objects.get(pk=row.thread.pk).version > before


def test_the_company_of_whoever_writes_is_paused_and_let_go_from_the_conversation(scene: Scene) -> None:
    enroll(scene.campaign, make_contact(scene.workspace, "eve@x.example"), scene.mailbox)
    talk = come_in(scene, mail("Yes", in_reply_to=scene.message.message_id)).thread
    assert talk is not None
    url = scene.member.url("inbox:thread_company", talk.pk)
    assert "1 other person at x.example" in page_of(scene, talk)
    signed_in(scene.member).post(url)
    assert Pause.objects.get().value == "x.example"
    page = page_of(scene, talk)
    assert "Let them go on" in page
    assert "Nothing is sent to anybody at x.example." in page
    signed_in(scene.member).post(url, {"resume": "1"})
    assert not Pause.objects.exists()


def test_nobody_is_offered_a_company_where_they_have_none_or_none_of_ours_has_written(scene: Scene) -> None:
    enroll(scene.campaign, make_contact(scene.workspace, "eve@x.example"), scene.mailbox)
    free = make_scene("free", "ada@gmail.com")
    stranger = come_in(scene, mail("Hello", sender="who@elsewhere.example", subject="Hi")).thread
    talk = come_in(free, mail("Yes", sender="ada@gmail.com", in_reply_to=free.message.message_id)).thread
    assert stranger is not None
    assert talk is not None
    assert "talk-company" not in page_of(scene, stranger) + page_of(free, talk)
    signed_in(scene.member).post(scene.member.url("inbox:thread_company", stranger.pk))
    signed_in(free.member).post(free.member.url("inbox:thread_company", talk.pk))
    assert not Pause.objects.exists()


def test_viewers_see_what_is_to_be_decided_and_decide_nothing(scene: Scene) -> None:
    row = colleague(scene)
    assert row.thread is not None
    client = signed_in(make_member(scene.workspace, Role.VIEWER))
    page = client.get(scene.member.url("inbox:thread", row.thread.pk)).text
    assert "Nothing follows from it before you say so." in page
    assert "It is somebody else" not in page
    assert client.post(scene.member.url("inbox:thread_company", row.thread.pk)).status_code == 403
