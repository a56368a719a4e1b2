"""What a rehearsal plays: the forecast's messages where nothing comes back, and what follows from what does."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest

from campaigns.contacts.models import Contact, ContactImport, Segment
from campaigns.contacts.services import suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import Branch, Campaign, Path, Step, Variant
from outreach.accounts.access import Member
from sending.mailboxes.models import Cooldown, Mailbox
from sending.pacing.rotation import Rotation
from sending.pacing.simulation import simulate
from sending.planner.forecast.people import draft_number
from sending.planner.forecast.scenes import scene_of
from sending.planner.models import Enrollment, Pause
from sending.planner.services import set_senders
from sending.planner.states import EnrollmentState, PauseScope
from sending.rehearsal.telling import Arrival, Message, Standing, Told
from sending.sandbox.behaviour import Behaviour
from tests.builders import make_campaign, make_enrollment, make_message, make_running_campaign, make_step
from tests.sending.planner.stage import make_sender, make_team
from tests.sending.rehearsal.drafts import DAY, START, finding, make_draft, make_people, of, play, report_of

pytestmark = pytest.mark.django_db(transaction=True)
GAP: dict[str, Any] = {"gap_min_s": 300, "gap_max_s": 900}


@pytest.fixture
def member() -> Member:
    return make_team()


def make_boxes(member: Member) -> tuple[Mailbox, ...]:
    return (
        make_sender(member, "first@acme.example", daily_limit=9, hourly_limit=4, **GAP),
        make_sender(member, "second@acme.example", daily_limit=9, hourly_limit=9, ramp_on=True, ramp_start=3, **GAP),
    )


def foreseen(campaign: Campaign) -> list[tuple[object, ...]]:
    """Return the forecast's messages: who, which step, from where, when."""
    run = simulate(scene_of(campaign, now=START).scenario, until=START + 400 * DAY)
    addresses = dict(Mailbox.objects.values_list("pk", "address"))
    people = {draft_number(pk): pk for pk in Contact.objects.values_list("pk", flat=True)}
    people |= dict(Enrollment.objects.values_list("pk", "contact_id"))
    return [
        (people[one.person_id], one.position, addresses[one.mailbox_id], one.at)
        for one in run.departures
        if one.campaign_id == campaign.pk
    ]


def played(told: list[Told]) -> list[tuple[object, ...]]:
    return [(one.contact_id, one.position, one.mailbox, one.at) for one in of(told, Message)]


def test_the_messages_of_a_draft_are_those_of_its_forecast_instant_by_instant(member: Member) -> None:
    boxes = make_boxes(member)
    make_running_campaign(member, tuple(make_people(member, 3)), boxes[:1], steps=2, name="Beside")
    people = list(Contact.objects.order_by("pk"))
    draft = make_draft(member, people, boxes)
    Campaign.objects.filter(pk=draft.pk).update(new_leads_per_day=2)
    draft.refresh_from_db()
    expected = foreseen(draft)
    told = play(draft)
    assert played(told) == expected
    assert len(expected) == 9
    report = report_of(told)
    assert report.forecast == {"foreseen": 9, "left": 9, "same": 9}
    assert report.ending == "done"
    assert [(one["campaign"], one["messages"]) for one in report.others] == [("Beside", 6)]
    assert {one.state for one in of(told, Standing)} == {"finished"}


def test_by_weights_over_time_zones_it_is_the_forecast_as_well(member: Member) -> None:
    light, heavy = make_boxes(member)
    draft = make_draft(member, make_people(member, 12), (light, heavy))
    set_senders(member, draft, [light.pk, heavy.pk], rotation=Rotation.WEIGHTED, weights={light.pk: 1, heavy.pk: 3})
    expected = foreseen(draft)
    assert played(play(draft)) == expected
    assert len(expected) == 36


def test_a_running_campaign_goes_on_from_where_it_stands(member: Member) -> None:
    box = make_sender(member, **GAP)
    people = make_people(member, 4)
    draft = make_draft(member, people, (box,))
    variant = Variant.objects.get(step__campaign=draft, step__position=1)
    Campaign.objects.filter(pk=draft.pk).update(state="paused", launched_at=START - 3 * DAY)
    draft.refresh_from_db()
    begun = {"mailbox": box, "begun_at": START - 2 * DAY, "last_sent_at": START - 2 * DAY}
    waiting = make_enrollment(draft, people[0], next_position=2, due_at=START, **begun)
    before = make_message(waiting, variant, box, at=START - 2 * DAY)
    make_enrollment(draft, people[1], next_position=2, due_at=None, state=EnrollmentState.SENDING, **begun)
    make_enrollment(draft, people[2], due_at=START)
    make_enrollment(draft, people[3], state=EnrollmentState.FINISHED, due_at=None, next_position=4)
    expected = foreseen(draft)
    told = play(draft)
    assert played(told) == expected
    assert Counter(one.contact_id for one in of(told, Message)) == {
        people[0].pk: 2, people[1].pk: 1, people[2].pk: 3,
    }  # fmt: skip
    first = next(one for one in of(told, Message) if one.contact_id == people[0].pk)
    assert message_from_bytes(first.raw)["In-Reply-To"] == before.message_id, "the thread goes on"


def test_branches_by_field_lead_as_they_would(member: Member) -> None:
    people = make_people(member, 4)
    draft = make_draft(member, people, (make_sender(member, **GAP),), steps=1)
    Contact.objects.filter(pk__in=[people[0].pk, people[1].pk]).update(company="Acme")
    path = Path.objects.create(campaign=draft, number=1, name="Big ones")
    for position in (101, 102):
        variant = make_step(draft, position, subject="", body="Of the path")
        Step.objects.filter(pk=variant.step_id).update(thread="reply", wait_amount=1)
    first = Step.objects.get(campaign=draft, position=1)
    Branch.objects.create(step=first, place=1, kind="field", where='company is "Acme"', path=path)
    expected = foreseen(draft)
    told = play(draft)
    assert played(told) == expected
    steps: dict[int, list[int]] = {one.contact_id: [] for one in of(told, Standing)}
    for one in of(told, Message):
        steps[one.contact_id].append(one.position)
    assert list(steps.values()) == [[1, 101, 102], [1, 101, 102], [1], [1]]
    assert not [one for one in report_of(told).checks if one["broken"]]


def test_rests_and_pauses_hold_as_in_the_forecast(member: Member) -> None:
    people = make_people(member, 4)
    draft = make_draft(member, people, (make_sender(member, **GAP),), steps=1)
    until = START + 9 * DAY
    for scope, value, ends in (
        (PauseScope.ADDRESS, people[0].email_key, until),
        (PauseScope.COMPANY, people[1].domain, None),
    ):
        Pause.objects.create(workspace=member.workspace, scope=scope, value=value, words="Rests.", until=ends)
    expected = foreseen(draft)
    told = play(draft)
    assert played(told) == expected
    left = {one.contact_id: one.at for one in of(told, Message)}
    assert left.keys() == {people[0].pk, people[2].pk, people[3].pk}
    assert left[people[0].pk] >= until


def test_a_provider_that_is_left_alone_is_left_alone_on_the_stage(member: Member) -> None:
    box = make_sender(member, **GAP)
    people = make_people(member, 2)
    draft = make_draft(member, people, (box,), steps=1)
    until = START + 3 * DAY
    Cooldown.objects.create(mailbox=box, side=people[0].domain, since=START, until=until, words="Distrusts.")
    left = {one.contact_id: one.at for one in of(play(draft), Message)}
    assert left[people[0].pk] >= until > left[people[1].pk]


@pytest.mark.parametrize("ask", ["segment is {segment}", "import is {file}", "not mailed in {elsewhere}"])
def test_what_conditions_of_branches_ask_stands_on_the_stage(member: Member, ask: str) -> None:
    people = make_people(member, 2)
    segment = Segment.objects.create(workspace=member.workspace, name="Acme", where='company is "Acme"')
    file = ContactImport.objects.create(workspace=member.workspace, filename="a.csv", size_bytes=1)
    Contact.objects.filter(pk=people[0].pk).update(company="Acme", origin=file)
    elsewhere = make_campaign(member.workspace, "Elsewhere")
    draft = make_draft(member, people, (make_sender(member, **GAP),), steps=1)
    path = Path.objects.create(campaign=draft, number=1, name="Aside")
    make_step(draft, 101, subject="Of the path", body="Of the path")
    where = ask.format(segment=segment.pk, file=file.pk, elsewhere=elsewhere.pk)
    Branch.objects.create(
        step=Step.objects.get(campaign=draft, position=1), place=1, kind="field", where=where, path=path
    )
    expected = foreseen(draft)
    told = play(draft)
    assert played(told) == expected
    assert 101 in {one.position for one in of(told, Message)}
    assert not [one for one in report_of(told).checks if one["broken"]]


def test_every_message_is_a_whole_mail_that_can_be_read(member: Member) -> None:
    draft = make_draft(member, make_people(member, 2), make_boxes(member)[:1], steps=2)
    mails = {(one.contact_id, one.position): one for one in of(play(draft), Message)}
    ada = Contact.objects.order_by("pk")[0]
    first, second = (message_from_bytes(mails[ada.pk, position].raw, policy=policy.default) for position in (1, 2))
    assert first["To"] == "Ada0 <p0@example0.com>"
    assert first["From"].addresses[0].addr_spec == "first@acme.example"
    assert "Ada0, this is number 1" in first.get_content()
    assert first["List-Unsubscribe"]
    assert second["In-Reply-To"] == first["Message-ID"] == mails[ada.pk, 1].message_id
    assert second["Subject"] == "Re: A question"
    assert mails[ada.pk, 2].label == "A"


@pytest.mark.parametrize(
    ("part", "people", "reason", "kind"),
    [
        (Behaviour.REPLY, 3, "replied", "human_reply"),
        (Behaviour.OPT_OUT, 3, "opted_out", "opt_out"),
        (Behaviour.BOUNCE, 3, "bounced", "bounce"),
        (Behaviour.COMPLAIN, 1, "complained", "complaint"),  # two would pause the campaign
    ],
)
def test_what_comes_back_is_understood_by_the_inbox_and_ends_the_sequence(
    member: Member, part: Behaviour, people: int, reason: str, kind: str
) -> None:
    draft = make_draft(member, make_people(member, people), (make_sender(member),), steps=4)
    told = play(draft, shares={part: 1000}, seed=6)
    assert {one.kind for one in of(told, Arrival)} == {kind}
    stand = Counter((one.state, one.reason) for one in of(told, Standing))
    # who answers the last message had finished before
    assert stand["stopped", reason] + stand["finished", ""] == people
    assert stand["stopped", reason]
    heard = {one.answers: one.at for one in of(told, Arrival)}
    for one in of(told, Message):
        later = [other for other in of(told, Message) if other.contact_id == one.contact_id and other.at > one.at]
        assert not [other for other in later if one.message_id in heard and other.at > heard[one.message_id]]
    assert not [one for one in report_of(told).checks if one["broken"]]


def test_an_absence_lets_the_follow_up_wait_until_the_return(member: Member) -> None:
    draft = make_draft(member, make_people(member, 2), (make_sender(member),), steps=2)
    told = play(draft, shares={Behaviour.OUT_OF_OFFICE: 1000})
    assert [one.kind for one in of(told, Arrival)] == ["auto_reply"] * 2
    for person in Contact.objects.all():
        first, second = (one.at for one in of(told, Message) if one.contact_id == person.pk)
        assert second - first > timedelta(days=5)


def test_a_server_that_refuses_is_tried_as_in_life(member: Member) -> None:
    draft = make_draft(member, make_people(member, 2), (make_sender(member),), steps=1)
    greylisted = of(play(draft, shares={Behaviour.GREYLIST: 1000}), Message)
    assert Counter(one.outcome for one in greylisted) == {"deferred": 2, "accepted": 2}
    assert greylisted[0].words == "450 4.7.1 Greylisted, please try again later"
    told = play(draft, shares={Behaviour.REFUSE: 1000})
    assert Counter(one.outcome for one in of(told, Message)) == {"refused": 2}
    assert {(one.state, one.reason, one.messages) for one in of(told, Standing)} == {("stopped", "bounced", 0)}
    assert finding(report_of(told), "nothing")


def test_a_mailbox_that_hears_opt_outs_by_another_one_hears_them_on_the_stage(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sending.links.addresses._host", "")
    make_sender(member, "office@acme.example")
    draft = make_draft(member, make_people(member, 1), (make_sender(member, reply_to="Office@acme.example"),), steps=1)
    expected = foreseen(draft)
    assert played(play(draft)) == expected != []


def test_a_guard_that_would_pause_the_campaign_does(member: Member) -> None:
    boxes = (make_sender(member, gap_min_s=60, gap_max_s=60),)
    draft = make_draft(member, make_people(member, 40), boxes, steps=1)
    report = report_of(play(draft, shares={Behaviour.BOUNCE: 150}, seed=2))
    assert report.ending == "stopped"
    assert "A guard paused it" in str(finding(report, "paused")["words"])
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_the_report_tells_who_lacks_what_and_who_is_left_out(member: Member) -> None:
    people = make_people(member, 4)
    draft = make_draft(member, people, (make_sender(member),), steps=1)
    Variant.objects.filter(step__campaign=draft).update(body_text="Dear {{ company }}")
    Contact.objects.filter(pk__in=[people[0].pk, people[1].pk]).update(company="Acme")
    suppress(member.workspace, people[1].email, SuppressionReason.MANUAL)
    told = play(draft, days=3)
    report = report_of(told)
    assert finding(report, "mend")["count"] == 2
    assert "company" in of(told, Standing)[2].words
    assert not re.search(r"p\d@|company", str(report)), "a report has no words about anybody"
    assert finding(report, "skipped")["count"] == 1
    assert report.ending == "done", "nobody mends a contact in a rehearsal"
    assert [(one.contact_id, one.state, one.reason) for one in of(told, Standing)] == [
        (people[0].pk, "finished", ""),
        (people[1].pk, "skipped", "suppressed"),
        (people[2].pk, "active", "missing_value"),
        (people[3].pk, "active", "missing_value"),
    ]


def test_the_same_seed_plays_the_same_and_another_one_differs(member: Member) -> None:
    draft = make_draft(member, make_people(member, 12), (make_sender(member),), steps=2)
    shares = {Behaviour.REPLY: 300, Behaviour.OUT_OF_OFFICE: 200}
    one, again, other = (play(draft, shares=shares, seed=seed) for seed in (7, 7, 8))
    assert played(one) == played(again)
    assert [(a.at, a.part) for a in of(one, Arrival)] == [(a.at, a.part) for a in of(again, Arrival)]
    assert played(one) != played(other)
