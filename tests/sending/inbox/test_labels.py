"""What an answer says, by itself or by a person, and where that leads: only where a branch was set up for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.errors import IllegalMove
from campaigns.sequences.models import Path, Step
from campaigns.sequences.services import move_campaign
from campaigns.sequences.states import CampaignState, ReplyClass
from outreach.accounts.roles import Role
from outreach.kit import clock
from sending.bounces import Kind
from sending.inbox.labelling import label
from sending.inbox.models import InboundMessage
from sending.ledger.kinds import EventKind, How
from sending.ledger.models import Event
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.outbox.sweeper import sweep
from sending.planner.ending import archive, call_off_ended
from sending.planner.models import Enrollment
from sending.planner.progress.advancing import Sent, advance
from sending.planner.progress.leading import Answer, Led, Reached, lead
from sending.planner.services import stop
from sending.planner.states import EnrollmentState, StopReason
from sending.reports.feedback import of_campaign
from tests.builders import make_branch, make_member, make_message, make_open_windows, make_step
from tests.sending.inbox.scene import NEXT_AT, Scene, come_in, mail, make_scene
from tests.sending.inbox.test_pages import signed_in

pytestmark = pytest.mark.django_db

POSITIVE, NEGATIVE, AWAY = ReplyClass.POSITIVE, ReplyClass.NEGATIVE, ReplyClass.OUT_OF_OFFICE


@pytest.fixture
def scene() -> Scene:
    """Step 1 leads good answers to path 1 and absences to path 2, whose first messages wait two days."""
    scene = make_scene()
    make_open_windows(scene.campaign)
    move_campaign(scene.campaign.pk, CampaignState.RUNNING, launched_at=clock.now())
    for number, name in ((1, "Interested"), (2, "Back at work")):
        path = Path.objects.create(campaign=scene.campaign, number=number, name=name)
        step = make_step(scene.campaign, number * 100 + 1).step
        Step.objects.filter(pk=step.pk).update(wait_amount=2)
        make_branch(scene.message.step_id or 0, path, reply=POSITIVE if number == 1 else AWAY)
    return scene


def says(scene: Scene, row: InboundMessage, what: ReplyClass | None) -> Led | None:
    return label(scene.member, row, what)


def answered(scene: Scene, *, ago: timedelta = timedelta(hours=1)) -> InboundMessage:
    return come_in(scene, mail("About your mail.", in_reply_to=scene.message.message_id), at=clock.now() - ago)


def away(scene: Scene, text: str = "I am away.") -> InboundMessage:
    """Let a machine answer."""
    note = mail(text, auto_submitted="auto-replied", in_reply_to=scene.message.message_id)
    return come_in(scene, note, at=clock.now())


def leave_in_doubt(scene: Scene) -> OutboundMessage:
    """Put step 2 under way, so that nobody knows whether it has left."""
    second = Step.objects.get(campaign=scene.campaign, position=2)
    made = make_message(scene.person, second.variants.get(), scene.mailbox)
    OutboundMessage.objects.filter(pk=made.pk).update(state=MessageState.IN_DOUBT, sent_at=None, dot_at=clock.now())
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None)
    return made


def test_an_answer_leads_on_once_a_person_has_said_what_it_says(scene: Scene) -> None:
    row = answered(scene)
    assert scene.stands == ("stopped", "replied"), "an answer stops the sequence"
    led = says(scene, row, POSITIVE)
    assert led == Led(leads=True, words="Answered, positive: goes on in Interested.")
    person = scene.person
    assert (person.state, person.stop_reason, person.ended_at) == ("active", "", None)
    assert (person.next_position, person.due_at, person.led_to) == (101, person.led_until, None)
    assert person.due_at == row.received_at + timedelta(days=2), "the wait counts from the answer"
    event = Event.objects.get(kind=EventKind.BRANCHED)
    assert (event.data["path"], event.data["position"], event.data["words"]) == (1, 101, led.words)


def test_a_wait_that_is_over_when_the_answer_is_labelled_is_not_waited_for_again(scene: Scene) -> None:
    says(scene, answered(scene, ago=timedelta(days=9)), POSITIVE)
    assert abs(scene.person.due_at - clock.now()) < timedelta(minutes=1)  # type: ignore[operator]  # it is active


def test_without_a_branch_for_it_no_answer_leads_anywhere(scene: Scene) -> None:
    row = answered(scene)
    led = says(scene, row, NEGATIVE)
    assert led is not None
    assert not led.leads
    assert scene.stands == ("stopped", "replied")
    row.refresh_from_db()
    assert (row.label, row.labelled_by) == (NEGATIVE, scene.member.user)


def test_the_nearest_branch_behind_the_last_message_counts(scene: Scene) -> None:
    second = Step.objects.get(campaign=scene.campaign, position=2)
    three = Path.objects.create(campaign=scene.campaign, number=3, name="Late")
    make_step(scene.campaign, 301)
    make_message(scene.person, second.variants.get(), scene.mailbox)
    row = answered(scene)
    says(scene, row, POSITIVE)
    assert scene.person.next_position == 101, "that of step 1 holds behind step 2, too"
    make_branch(second.pk, three, reply=POSITIVE)
    says(scene, row, None)
    says(scene, row, POSITIVE)
    assert scene.person.next_position == 301


@pytest.mark.parametrize("reason", [StopReason.OPTED_OUT, StopReason.BOUNCED, StopReason.REMOVED])
def test_whatever_else_ended_the_sequence_goes_on_to_do_so(scene: Scene, reason: StopReason) -> None:
    row = answered(scene)
    stop(scene.person, reason)
    led = says(scene, row, POSITIVE)
    assert led is not None
    assert not led.leads
    assert scene.stands == ("stopped", reason)


def test_nobody_whose_address_is_suppressed_is_led_on(scene: Scene) -> None:
    row = answered(scene)
    suppress(scene.workspace, scene.contact.email_key, SuppressionReason.OPTED_OUT)
    led = says(scene, row, POSITIVE)
    assert led is not None
    assert led == Led(leads=False, words="ada@x.example is suppressed: opted out.")


def test_an_absence_leads_by_itself_and_waits_for_the_return(scene: Scene) -> None:
    now = clock.now()
    back = (now + timedelta(days=10)).date()
    note = mail(f"I am back on {back}.", auto_submitted="auto-replied", in_reply_to=scene.message.message_id)
    come_in(scene, note, at=now)
    person = scene.person
    assert (person.state, person.next_position, person.hold_code) == ("active", 201, "absent")
    assert person.due_at == datetime.combine(back + timedelta(days=1), time(), tzinfo=UTC)


def test_the_word_of_a_person_wins_over_that_of_the_mail(scene: Scene) -> None:
    row = away(scene)
    assert scene.person.next_position == 201
    says(scene, row, NEGATIVE)
    assert scene.stands == ("stopped", "replied"), "a person has answered, and no branch is set up for that"
    says(scene, row, POSITIVE)
    assert (scene.person.state, scene.person.next_position) == ("active", 101)


def test_another_word_takes_back_what_the_first_has_led_to(scene: Scene) -> None:
    row = answered(scene)
    says(scene, row, POSITIVE)
    says(scene, row, NEGATIVE)
    person = scene.person
    assert (person.state, person.stop_reason, person.led_until) == ("stopped", "replied", None)
    says(scene, row, POSITIVE)
    says(scene, row, None)
    assert scene.stands == ("stopped", "replied")
    assert InboundMessage.objects.get(pk=row.pk).labelled_at is None


def test_what_was_made_for_somebody_on_a_path_is_not_called_back_by_another_word(scene: Scene) -> None:
    row = away(scene)
    says(scene, row, POSITIVE)
    first = Step.objects.get(campaign=scene.campaign, position=101)
    make_message(scene.person, first.variants.get(), scene.mailbox)
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None)
    says(scene, row, AWAY)
    assert (scene.person.state, scene.person.next_position, scene.person.led_to) == ("sending", 101, None)


def test_nobody_is_led_back_before_what_was_made_for_them(scene: Scene) -> None:
    row = answered(scene)
    says(scene, row, AWAY)
    first = Step.objects.get(campaign=scene.campaign, position=201)
    made = make_message(scene.person, first.variants.get(), scene.mailbox)
    OutboundMessage.objects.filter(pk=made.pk).update(state=MessageState.CANCELLED, sent_at=None, dot_at=None)
    come_in(scene, mail("Wait.", in_reply_to=scene.message.message_id), at=clock.now())
    led = says(scene, row, POSITIVE)
    assert led == Led(leads=False, words="A message of another path was made for them already.")
    assert scene.stands == ("stopped", "replied")


def test_a_claim_that_comes_before_the_answer_is_seen_by_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """It commits while the answer waits for the person's row."""
    first = Step.objects.get(campaign=scene.campaign, position=201)

    def after_a_claim(enrollment: Enrollment, answer: Answer, reached: Callable[[], Reached]) -> Led:
        made = make_message(enrollment, first.variants.get(), scene.mailbox)
        OutboundMessage.objects.filter(pk=made.pk).update(
            state=MessageState.CLAIMED, lease_until=NEXT_AT, sent_at=None, dot_at=None
        )
        Enrollment.objects.update(state=EnrollmentState.SENDING, next_position=201, due_at=None)
        return lead(enrollment, answer, reached)

    monkeypatch.setattr("sending.inbox.labelling.lead", after_a_claim)
    away(scene)
    assert (scene.person.state, scene.person.next_position, scene.person.led_to) == ("sending", 201, None)


def test_nobody_goes_on_while_a_message_of_the_old_path_may_leave(scene: Scene) -> None:
    second = Step.objects.get(campaign=scene.campaign, position=2)
    doubted = make_message(scene.person, second.variants.get(), scene.mailbox)
    OutboundMessage.objects.filter(pk=doubted.pk).update(state=MessageState.IN_DOUBT, sent_at=None, dot_at=clock.now())
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None)
    row = answered(scene)
    says(scene, row, POSITIVE)
    assert (scene.person.state, scene.person.led_to) == ("stopped", 101)
    assert sweep()["led_on"] == 0
    OutboundMessage.objects.filter(pk=doubted.pk).update(state=MessageState.SENT, sent_at=clock.now())
    assert sweep()["led_on"] == 1
    assert (scene.person.state, scene.person.next_position, scene.person.led_to) == ("active", 101, None)


def test_whom_a_message_was_made_for_meanwhile_an_answer_leads_nowhere_any_more(scene: Scene) -> None:
    says(scene, answered(scene), POSITIVE)
    first = Step.objects.get(campaign=scene.campaign, position=101)
    make_message(scene.person, first.variants.get(), scene.mailbox)
    stop(scene.person, StopReason.REPLIED)
    Enrollment.objects.update(led_to=101, led_until=clock.now())
    assert sweep()["led_on"] == 0
    assert (scene.stands, scene.person.led_to) == (("stopped", "replied"), None)
    Enrollment.objects.update(
        state="sending", stop_reason="", stop_detail="", ended_at=None, next_position=101, led_to=101,
        led_until=clock.now(),
    )  # fmt: skip
    make_step(scene.campaign, 102)
    advance([Sent(scene.person.pk, 101, clock.now())])
    assert (scene.person.state, scene.person.next_position, scene.person.led_to) == ("active", 102, None)


def test_another_answer_stops_whoever_was_led_on(scene: Scene) -> None:
    says(scene, answered(scene), POSITIVE)
    come_in(scene, mail("Wait, not now.", in_reply_to=scene.message.message_id), at=clock.now())
    assert scene.stands == ("stopped", "replied")


@pytest.mark.parametrize(("later", "position"), [(POSITIVE, 101), (AWAY, 201)])
@pytest.mark.parametrize("corrected", [NEGATIVE, None, AWAY])
def test_another_word_about_an_older_answer_takes_back_nothing_that_a_later_one_led_to(
    scene: Scene, later: ReplyClass, position: int, corrected: ReplyClass | None
) -> None:
    first = answered(scene, ago=timedelta(hours=2))
    says(scene, first, POSITIVE)
    second = come_in(scene, mail("Once more.", in_reply_to=scene.message.message_id), at=clock.now())
    says(scene, second, later)
    assert scene.person.next_position == position
    led = says(scene, first, corrected)
    assert led == Led(leads=False, words="A later answer has led them on: nothing follows from this one.")
    assert (scene.person.state, scene.person.next_position) == ("active", position)
    first.refresh_from_db()
    assert first.label == (corrected or ""), "it is kept all the same"


def test_a_mail_of_a_machine_leads_nobody_whom_a_person_has_led(scene: Scene) -> None:
    says(scene, answered(scene), POSITIVE)
    away(scene)
    assert (scene.person.next_position, scene.person.hold_code) == (101, "absent"), "but it lets them wait"


def test_a_mail_of_a_machine_leads_nobody_who_has_answered(scene: Scene) -> None:
    answered(scene)
    away(scene)
    assert scene.stands == ("stopped", "replied")


@pytest.mark.parametrize("text", ["We have received your request.", "We will get back to you right away."])
def test_a_machine_that_has_got_our_mail_is_no_absence(scene: Scene, text: str) -> None:
    before = scene.person.due_at
    row = away(scene, text)
    assert scene.person.next_position == 2
    assert (scene.person.due_at, scene.person.hold_code) == (before, ""), "and nothing waits for it"
    row.refresh_from_db()
    assert "nobody is away" in row.followed
    says(scene, row, NEGATIVE)
    assert scene.stands == ("stopped", "replied"), "a person has written it after all"


def test_an_absence_that_is_heard_of_while_a_lead_waits_is_kept(scene: Scene) -> None:
    doubted = leave_in_doubt(scene)
    says(scene, answered(scene, ago=timedelta(days=3)), POSITIVE)
    away(scene)
    assert scene.person.led_to == 101
    OutboundMessage.objects.filter(pk=doubted.pk).update(state=MessageState.SENT, sent_at=clock.now())
    sweep()
    person = scene.person
    assert (person.state, person.next_position, person.hold_code) == ("active", 101, "absent")
    assert person.due_at is not None
    assert person.due_at > clock.now() + timedelta(days=6)


def test_the_same_word_leads_nowhere_anew(scene: Scene) -> None:
    first = Step.objects.get(campaign=scene.campaign, position=101)
    make_branch(first.pk, Path.objects.get(number=2), reply=POSITIVE)
    make_step(scene.campaign, 102)
    row = answered(scene)
    says(scene, row, POSITIVE)
    make_message(scene.person, first.variants.get(), scene.mailbox, at=clock.now())
    Enrollment.objects.update(next_position=102, led_until=None)
    assert says(scene, row, POSITIVE) == Led(
        leads=False, words="That was said of it before: nothing follows from it anew."
    )
    assert scene.person.next_position == 102


def test_an_answer_leads_from_what_had_left_before_it_came(scene: Scene) -> None:
    second = Step.objects.get(campaign=scene.campaign, position=2)
    make_branch(second.pk, Path.objects.get(number=2), reply=POSITIVE)
    row = answered(scene)
    make_message(scene.person, second.variants.get(), scene.mailbox, at=clock.now())
    says(scene, row, POSITIVE)
    assert scene.person.next_position == 101, "not from the step that left behind it"


def test_a_word_without_a_branch_stops_whoever_is_on_the_path_of_the_one_before(scene: Scene) -> None:
    row = answered(scene)
    says(scene, row, POSITIVE)
    make_step(scene.campaign, 102)
    first = Step.objects.get(campaign=scene.campaign, position=101)
    make_message(scene.person, first.variants.get(), scene.mailbox)
    Enrollment.objects.update(next_position=102, led_until=None)
    says(scene, row, NEGATIVE)
    assert scene.stands == ("stopped", "replied")


def test_the_first_message_of_a_path_waits_behind_the_one_that_was_under_way(scene: Scene) -> None:
    row = answered(scene, ago=timedelta(days=5))
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None, stop_reason="", stop_detail="", ended_at=None)
    says(scene, row, POSITIVE)
    now = clock.now()
    advance([Sent(scene.person.pk, 2, now)])
    person = scene.person
    assert (person.state, person.next_position) == ("active", 101)
    assert person.due_at == person.led_until == now + timedelta(days=2)


def test_whoever_is_to_be_led_on_is_still_to_be_written_to(scene: Scene) -> None:
    doubted = leave_in_doubt(scene)
    says(scene, answered(scene), POSITIVE)
    with pytest.raises(IllegalMove, match="1 of its people are still to be written to"):
        archive(scene.member, scene.campaign)
    move_campaign(scene.campaign.pk, CampaignState.STOPPED)
    OutboundMessage.objects.filter(pk=doubted.pk).update(state=MessageState.SENT, sent_at=clock.now())
    assert sweep()["led_on"] == 0, "an ended campaign leads nobody on"
    assert call_off_ended() == 1
    assert (scene.stands, scene.person.led_to) == (("stopped", "replied"), None)


def test_an_opt_out_that_a_person_reads_in_an_answer_is_counted_as_such(scene: Scene) -> None:
    row = answered(scene)
    says(scene, row, ReplyClass.OPT_OUT)
    says(scene, row, ReplyClass.OPT_OUT)
    assert of_campaign(scene.campaign).ways == [(How.MEMBER, 1)]


def test_a_word_about_an_answer_to_no_campaign_stops_what_runs_for_its_writer(scene: Scene) -> None:
    row = come_in(scene, mail("I am back and read your mail."), at=clock.now() - timedelta(hours=1))
    InboundMessage.objects.update(kind=Kind.AUTO_REPLY, answers=None, enrollment=None)
    Enrollment.objects.update(state=EnrollmentState.ACTIVE, stop_reason="", ended_at=None, due_at=clock.now())
    row.refresh_from_db()
    assert says(scene, row, AWAY) is None
    assert Enrollment.objects.get().state == EnrollmentState.ACTIVE
    assert says(scene, row, POSITIVE) is None
    assert Enrollment.objects.get().stop_reason == StopReason.REPLIED


def test_mail_and_conversation_say_beside_the_choice_what_a_word_brings_with_it(scene: Scene) -> None:
    row, client = answered(scene), signed_in(scene.member)
    pages = [scene.member.url("inbox:detail", row.pk), scene.member.url("inbox:thread", row.thread_id)]
    told = {
        "A branch of the campaign may lead on by it": {},
        "It belongs to no campaign, so no branch leads on by it. What a person has answered stops what still runs for "
        "ada@x.example": {"enrollment": None},
        "An opt-out suppresses ada@x.example for good; all else is kept with the conversation, and nothing": {
            "enrollment": None, "contact": None,
        },
    }  # fmt: skip
    for words, values in told.items():
        if values:
            InboundMessage.objects.update(**values)
        for page in pages:
            assert words in client.get(page).text, (words, page)


def test_the_page_says_who_has_said_what_and_where_it_leads(scene: Scene) -> None:
    row = answered(scene)
    client = signed_in(scene.member)
    url = scene.member.url("inbox:label", row.pk)
    page = client.post(url, {"label": "positive"}, follow=True).text
    assert "Kept. Answered, positive: goes on in Interested." in page
    assert "Positive, says owner@acme.example" in page
    assert "That cannot be said" in client.post(url, {"label": "furious"}, follow=True).text
    viewer = make_member(scene.workspace, Role.VIEWER)
    assert 'name="label"' not in signed_in(viewer).get(viewer.url("inbox:detail", row.pk)).text
    with pytest.raises(PermissionDenied):
        label(viewer, row, NEGATIVE)
