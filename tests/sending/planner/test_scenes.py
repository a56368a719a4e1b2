"""What a forecast starts from: who waits, who cannot go on by themselves, and who else takes places."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CampaignState
from sending.mailboxes.models import Cooldown, Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import DropCode, HoldCode
from sending.pacing.receivers import Receiver
from sending.planner.forecast.scenes import Scene, scene_of
from sending.planner.models import Enrollment, Pause
from sending.planner.services import postpone
from sending.planner.states import EnrollmentState, PauseScope
from tests.builders import make_audience, make_contact, make_list, make_running_campaign, make_suppression
from tests.builders import make_sender as carry
from tests.sending.planner.pages import make_draft, make_mixed
from tests.sending.planner.stage import DAY, HOUR, database_time, make_people, make_sender, make_spending, make_team

pytestmark = pytest.mark.django_db


def scene(campaign: Campaign) -> Scene:
    return scene_of(campaign, now=database_time())


def test_a_draft_is_foreseen_with_its_audience_as_if_it_were_launched_now() -> None:
    member = make_team()
    campaign = make_draft(member, people=3)
    make_audience(campaign, make_list(member.workspace, "Again", tuple(campaign.workspace.contact_set.all())))
    found = scene(campaign).scenario
    assert [(one.place, one.due_at, one.mailbox_id) for one in found.people] == [(0, found.now, None)] * 3


def test_of_a_mixed_campaign_only_those_with_a_step_to_come_are_foreseen() -> None:
    member = make_team()
    campaign = make_mixed(member)
    found = scene(campaign).scenario
    by_email = dict(Enrollment.objects.values_list("pk", "contact__email"))
    assert {by_email[one.id]: (one.place, one.mailbox_id is None) for one in found.people} == {
        "p0@example.com": (0, True),
        "p1@example.com": (0, True),
        "p2@example.com": (1, False),
        "p3@example.com": (1, False),  # on its way: its next step is a day from now
    }
    busy = next(one for one in found.people if by_email[one.id] == "p3@example.com")
    assert busy.due_at == found.now + DAY


def test_people_who_need_somebody_to_act_are_counted_apart() -> None:
    member = make_team()
    mailbox, paused = make_sender(member), make_sender(member, "paused@acme.example", state=MailboxState.PAUSED)
    campaign = make_running_campaign(member, make_people(member, 5), (mailbox, paused))
    rows = list(Enrollment.objects.order_by("pk"))
    Enrollment.objects.filter(pk=rows[0].pk).update(hold_code=HoldCode.MISSING_VALUE)
    Enrollment.objects.filter(pk=rows[1].pk).update(mailbox=paused, begun_at=database_time())
    make_suppression(member.workspace, "p2@example.com")
    found = scene(campaign)
    assert found.stuck == {HoldCode.MISSING_VALUE: 1, HoldCode.MAILBOX_STATE: 1, DropCode.SUPPRESSED: 1}
    assert [one.id for one in found.scenario.people] == [rows[3].pk, rows[4].pk]
    assert [one.id for one in found.scenario.mailboxes] == [mailbox.pk]


def test_what_a_pause_or_a_provider_that_distrusts_the_mailbox_holds_is_foreseen_as_long() -> None:
    member = make_team()
    mailbox = make_sender(member)
    addresses = ("p@resting.example", "p@paused.example", "p@gmail.com", "p@free.example")
    campaign = make_running_campaign(
        member, tuple(make_contact(member.workspace, one) for one in addresses), (mailbox,)
    )
    resting, paused, distrustful, free = Enrollment.objects.order_by("pk")
    now = database_time()
    for value, scope, until in (
        (addresses[0], PauseScope.ADDRESS, now + 30 * DAY), ("paused.example", PauseScope.COMPANY, None)
    ):  # fmt: skip
        Pause.objects.create(workspace=member.workspace, scope=scope, value=value, until=until, words="For a reason.")
    Cooldown.objects.create(mailbox=mailbox, side=Receiver.GOOGLE, since=now, until=now + DAY, words="550 Spam")
    Enrollment.objects.filter(pk=distrustful.pk).update(mailbox=mailbox, begun_at=now)
    found = scene(campaign)
    assert found.stuck == {HoldCode.COMPANY_PAUSED: 1}
    assert {one.id: one.due_at for one in found.scenario.people} == {
        resting.pk: now + 30 * DAY, distrustful.pk: now + DAY, free.pk: now
    }  # fmt: skip
    assert paused.pk not in {one.id for one in found.scenario.people}
    assert found.scenario.mailboxes[0].leaves_alone == ((Receiver.GOOGLE, now + DAY),)
    assert {one.id: one.side for one in found.scenario.people} == {
        resting.pk: "resting.example", distrustful.pk: "", free.pk: "free.example"
    }, "of whom no mailbox has begun yet"  # fmt: skip


def test_campaigns_that_share_mailboxes_take_part_also_by_way_of_others_and_no_further() -> None:
    member = make_team()
    a, b, c, apart = (make_sender(member, f"{name}@acme.example") for name in "abcd")
    ada, ben, cleo, dora = make_people(member, 4)
    first = make_running_campaign(member, (ada,), (a, b), name="First")
    second = make_running_campaign(member, (ben,), (b, c), name="Second")
    third = make_running_campaign(member, (cleo,), (c,), name="Third")
    paused = make_running_campaign(member, (dora,), (a,), name="Paused")
    Campaign.objects.filter(pk=paused.pk).update(state=CampaignState.PAUSED)
    make_running_campaign(member, (dora,), (apart,), name="Apart")
    assert {one.id for one in scene(first).scenario.campaigns} == {first.pk, second.pk, third.pk}
    assert {one.id for one in scene(paused).scenario.campaigns} == {paused.pk, first.pk, second.pk, third.pk}


def test_a_follow_up_is_foreseen_from_its_mailbox_when_the_campaign_has_other_senders_by_now() -> None:
    member = make_team()
    old, new = make_sender(member, "old@acme.example"), make_sender(member, "new@acme.example")
    campaign = make_running_campaign(member, make_people(member, 1), (new,), steps=2)
    Enrollment.objects.update(mailbox=old, next_position=2, begun_at=database_time())
    found = scene(campaign).scenario
    assert [one.id for one in found.mailboxes] == [old.pk, new.pk]
    assert [one.mailbox_id for one in found.people] == [old.pk]


def test_the_books_hold_the_rolling_day() -> None:
    member = make_team()
    mailbox = make_sender(member, ramp_on=True, ramp_start=3, ramp_step=1)
    campaign = make_running_campaign(member, make_people(member, 3), (mailbox,))
    make_spending(mailbox, 2, ago=23 * HOUR, is_new_lead=True)
    make_spending(mailbox, 1, ago=25 * HOUR)
    begun = database_time() - 2 * HOUR
    first = Enrollment.objects.order_by("pk")[0]
    Enrollment.objects.filter(pk=first.pk).update(begun_at=begun, state=EnrollmentState.FINISHED, due_at=None)
    found = scene(campaign).scenario
    (book,) = found.mailboxes
    assert [(found.now - one.at, one.is_new_lead) for one in book.spent] == [(23 * HOUR, True)] * 2
    assert (book.limits.ramp_start, book.free_at) == (3, found.now)
    assert (found.campaigns[0].begun, found.campaigns[0].last_begun) == ((begun,), begun)


def test_many_people_cost_no_more_queries_than_one() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 1, country="DE"), (make_sender(member),))
    with CaptureQueriesContext(connection) as few:
        scene(campaign)
    people = tuple(make_contact(member.workspace, f"x{n}@example{n}.com", country="DE") for n in range(30))
    other = make_running_campaign(member, people, tuple(Mailbox.objects.all()), name="Other")
    carry(campaign, make_sender(member, "b@acme.example"))
    with CaptureQueriesContext(connection) as many:
        scene(other)
    assert len(few) == len(many) <= 22


def test_a_sandbox_is_foreseen_at_its_own_pace() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 1), (make_sender(member),), steps=2)
    type(member.workspace).objects.update(time_scale=1440)
    Enrollment.objects.update(
        state=EnrollmentState.SENDING, due_at=None, mailbox=Mailbox.objects.get(), begun_at=database_time()
    )
    found = scene(campaign).scenario
    assert found.people[0].due_at == found.now + timedelta(minutes=1)


def test_an_absence_heard_of_while_a_step_is_under_way_is_foreseen_for_the_one_after_it() -> None:
    member = make_team()
    campaign = make_running_campaign(member, make_people(member, 2), (make_sender(member),), steps=2)
    now = database_time()
    Enrollment.objects.update(state=EnrollmentState.SENDING, due_at=None, mailbox=Mailbox.objects.get(), begun_at=now)
    away, back = Enrollment.objects.order_by("pk")
    postpone(away, now + timedelta(days=5), words="Away")
    postpone(back, now + timedelta(hours=1), words="Back soon")
    found = {one.id: one.due_at for one in scene(campaign).scenario.people}
    assert found == {away.pk: now + timedelta(days=5), back.pk: now + timedelta(days=1)}
