"""What the rules take an answer to say: shown, led by only where certain, corrected by people and learnt from."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.sequences.models import Campaign, Path, Step
from campaigns.sequences.states import CampaignState, ReplyClass
from sending.inbox.labelling import class_of, label
from sending.inbox.models import InboundMessage, LabelChange
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from tests.builders import make_branch, make_open_windows, make_step
from tests.sending.inbox.scene import NEXT_AT, Scene, come_in, mail, make_scene

pytestmark = pytest.mark.django_db
POSITIVE, NEGATIVE, OTHER = ReplyClass.POSITIVE, ReplyClass.NEGATIVE, ReplyClass.OTHER


@pytest.fixture
def scene() -> Scene:
    return make_scene()


@pytest.fixture
def branched(scene: Scene) -> Scene:
    """Let positive answers behind step 1 lead to path 1."""
    make_open_windows(scene.campaign)
    Campaign.objects.update(state=CampaignState.RUNNING, launched_at=NEXT_AT)
    path = Path.objects.create(campaign=scene.campaign, number=1, name="Interested")
    make_step(scene.campaign, 101)
    make_branch(Step.objects.get(campaign=scene.campaign, position=1).pk, path, reply=POSITIVE)
    return scene


def answer(scene: Scene, text: str, **headers: str) -> InboundMessage:
    return come_in(scene, mail(text, in_reply_to=scene.message.message_id, **headers))


@pytest.mark.parametrize(
    ("text", "says", "certain"),
    [
        ("I'm interested, please call me.", POSITIVE, True),
        ("Kein Interesse, danke.", NEGATIVE, True),
        ("Who are you?", None, False),
    ],
)
def test_an_answer_has_the_class_that_its_words_say_or_none(
    scene: Scene, text: str, says: ReplyClass | None, *, certain: bool
) -> None:
    row = answer(scene, text)
    assert (class_of(row), row.guess_is_certain, row.label) == (says, certain, "")
    assert scene.stands == ("stopped", "replied"), "whatever it says"


def test_a_referral_and_a_not_now_keep_whom_and_when(scene: Scene) -> None:
    assert answer(scene, "Please reach out to bob@x.example.").named_address == "bob@x.example"
    assert answer(scene, "Not now, get back to me in March: 15 March 2026.").again_on == date(2026, 3, 15)


def test_only_a_certain_class_leads_on_by_itself(branched: Scene) -> None:
    row = answer(branched, "I'm interested.")
    assert branched.stands == ("active", "")
    assert branched.person.next_position == 101
    assert row.followed.startswith("The sequence was stopped. ")


def test_an_uncertain_class_waits_for_a_person(branched: Scene) -> None:
    row = answer(branched, "Where did you get my address? I'm interested.")
    assert (row.guess, row.guess_is_certain) == (POSITIVE, False)
    assert branched.stands == ("stopped", "replied")
    led = label(branched.member, row, POSITIVE)
    assert led is not None
    assert led.leads, "what was only guessed has led nowhere"
    assert branched.person.next_position == 101


def test_a_persons_word_takes_back_where_a_certain_class_has_led(branched: Scene) -> None:
    row = answer(branched, "I'm interested.")
    label(branched.member, row, NEGATIVE)
    assert branched.stands == ("stopped", "replied")
    row.refresh_from_db()
    assert class_of(row) is NEGATIVE


def test_a_second_answer_leads_nobody_without_a_person(branched: Scene) -> None:
    answer(branched, "Who are you?")
    answer(branched, "I'm interested.")
    assert branched.stands == ("stopped", "replied")


def test_a_message_in_hand_is_called_back_although_the_answer_leads_on(branched: Scene) -> None:
    Enrollment.objects.update(state="sending", due_at=None)
    OutboundMessage.objects.create(
        **{
            field.attname: getattr(branched.message, field.attname)
            for field in OutboundMessage._meta.concrete_fields
            if field.attname not in {"id", "message_id", "step_id", "state", "dot_at", "sent_at", "lease_until"}
        },
        step=Step.objects.get(campaign=branched.campaign, position=2),
        message_id="<2@acme.example>",
        state=MessageState.CLAIMED,
        lease_until=branched.message.not_after,
    )
    answer(branched, "I'm interested.")
    assert branched.stands == ("stopped", "replied"), "the mark asks for this, and is refused"
    assert branched.person.led_to == 101


def test_a_correction_is_remembered_with_who_when_and_before(scene: Scene) -> None:
    row = answer(scene, "I'm interested.")
    label(scene.member, row, OTHER)
    label(scene.member, row, None)
    first, second = LabelChange.objects.order_by("pk")
    assert (first.before, first.after, first.rule, first.by) == (POSITIVE, OTHER, "wants-a-meeting", scene.member.user)
    assert (second.before, second.after) == (OTHER, "")


def test_the_next_answer_of_the_same_person_is_taken_as_a_person_took_the_last(scene: Scene) -> None:
    label(scene.member, answer(scene, "I'm interested."), NEGATIVE)
    again = answer(scene, "Still, I'm interested.")
    assert (again.guess, again.guess_is_certain) == (NEGATIVE, False)
    assert again.evidence[-1]["rule"] == "said-before"
    other = come_in(scene, mail("I'm interested.", sender="eve@y.example"))
    assert other.guess == POSITIVE, "of others nothing was said"


def test_a_correction_counts_in_its_workspace_alone(scene: Scene) -> None:
    theirs = make_scene("theirs")
    label(theirs.member, answer(theirs, "I'm interested."), NEGATIVE)
    assert answer(scene, "I'm interested.").guess == POSITIVE


def test_an_opt_out_that_a_person_reads_suppresses_at_once(scene: Scene) -> None:
    row = answer(scene, "Leave me in peace", sender="Ada <ada@home.example>")
    label(scene.member, row, ReplyClass.OPT_OUT)
    assert scene.suppressed() == {"ada@home.example": "opted_out", "ada@x.example": "opted_out"}
    assert scene.stands == ("stopped", "replied"), "it was over by then"
