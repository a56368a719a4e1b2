"""Answers that may ask for no more messages: a person decides, nobody is suppressed, no campaign writes meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.sequences.states import ReplyClass
from outreach.kit import clock
from sending.inbox.labelling import class_of, label
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.pacing import HoldCode
from sending.planner.models import Enrollment, Pause
from sending.planner.services import hold_if_soft
from sending.planner.states import PauseScope
from tests.sending.inbox.scene import Scene, come_in, mail, make_scene, second_campaign
from tests.sending.inbox.test_pages import signed_in

pytestmark = pytest.mark.django_db
MAY_ASK = "Before you unsubscribe me: what does it cost?"


@pytest.fixture
def scene() -> Scene:
    return make_scene()


def answer(scene: Scene, text: str = MAY_ASK, **headers: str) -> InboundMessage:
    return come_in(scene, mail(text, in_reply_to=scene.message.message_id, **headers))


def held(scene: Scene) -> set[str]:
    return set(
        Pause.objects.filter(workspace=scene.workspace, scope=PauseScope.ADDRESS).values_list("value", flat=True)
    )


def test_it_is_an_answer_that_is_shown_as_an_opt_out_and_suppresses_nobody(scene: Scene) -> None:
    row = answer(scene)
    assert (row.kind, row.guess, row.guess_is_certain) == ("human_reply", ReplyClass.OPT_OUT, False)
    assert class_of(row) is ReplyClass.OPT_OUT
    assert [(one["layer"], one["rule"]) for one in row.evidence] == [("opt-out", "mention")]
    assert scene.suppressed() == {}
    assert scene.stands == ("stopped", "replied")
    assert row.followed.startswith("The sequence was stopped. It may ask for no more messages: nobody is suppressed")


def test_no_other_campaign_writes_before_a_person_has_said_what_it_says(scene: Scene) -> None:
    second_campaign(scene, scene.contact, scene.mailbox)
    row = answer(scene, sender="Ada <ada@home.example>")
    assert held(scene) == {"ada@x.example", "ada@home.example"}
    pause = Pause.objects.get(value="ada@x.example")
    assert pause.until is not None
    assert pause.until > clock.now() + timedelta(days=365)
    told = Event.objects.get(kind=EventKind.HELD)
    assert (told.contact_id, told.data["code"]) == (scene.contact.pk, "address_held")
    Enrollment.objects.filter(state="active").update(hold_code=HoldCode.ADDRESS_HELD, hold_detail="It waits.")
    label(scene.member, row, ReplyClass.NEUTRAL)
    assert held(scene) == set()
    assert Enrollment.objects.get(state="active").hold_code == "", "looked at again"
    assert scene.suppressed() == {}


def test_a_person_who_reads_an_opt_out_in_it_suppresses_and_stops_all(scene: Scene) -> None:
    second_campaign(scene, scene.contact, scene.mailbox)
    label(scene.member, answer(scene), ReplyClass.OPT_OUT)
    assert scene.suppressed() == {"ada@x.example": "opted_out"}
    assert not Enrollment.objects.filter(state="active").exists()
    assert held(scene) == set()


def test_a_word_that_is_taken_back_lets_them_wait_again(scene: Scene) -> None:
    row = answer(scene)
    label(scene.member, row, ReplyClass.OTHER)
    label(scene.member, row, None)
    assert held(scene) == {"ada@x.example"}


def test_they_wait_while_another_of_their_answers_is_unread(scene: Scene) -> None:
    first, second = answer(scene), answer(scene, "How do people unsubscribe?")
    label(scene.member, first, ReplyClass.OTHER)
    assert held(scene) == {"ada@x.example"}
    label(scene.member, second, ReplyClass.OTHER)
    assert held(scene) == set()


def test_a_rest_for_another_reason_neither_shortens_the_wait_nor_ends_with_it(scene: Scene) -> None:
    row = answer(scene)
    until = Pause.objects.get().until
    for day in (1, 5, 9):
        Event.objects.create(
            workspace=scene.workspace, kind=EventKind.BOUNCED_SOFT, at=clock.now() - timedelta(days=day),
            contact_id=scene.contact.pk, data={"category": "mailbox_full"},
        )  # fmt: skip
    assert hold_if_soft(scene.contact, ["mailbox_full"])
    assert Pause.objects.get().until == until
    Pause.objects.update(words="It rests for another reason.")
    label(scene.member, row, ReplyClass.OTHER)
    assert held(scene) == {"ada@x.example"}


def test_a_stranger_is_shown_and_holds_nobody(scene: Scene) -> None:
    row = come_in(scene, mail(MAY_ASK, sender="eve@y.example"))
    assert (row.guess, held(scene)) == (ReplyClass.OPT_OUT, set())


def test_both_pages_ask_and_take_the_word(scene: Scene) -> None:
    client = signed_in(scene.member)
    row = answer(scene)
    page = client.get(scene.member.url("inbox:thread", row.thread_id)).text
    assert "Does it ask for no more messages?" in page
    alone = client.get(scene.member.url("inbox:detail", row.pk)).text
    assert "no campaign writes to ada@x.example before that" in alone
    client.post(scene.member.url("inbox:label", row.pk), {"label": "other", "back": "thread"})
    page = client.get(scene.member.url("inbox:thread", row.thread_id)).text
    assert "Does it ask for no more messages?" not in page
    assert held(scene) == set()
