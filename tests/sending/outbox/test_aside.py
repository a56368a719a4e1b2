"""Whoever is picked for a step that was made for them already gets no second message, and delays nobody."""

from __future__ import annotations

import pytest

from campaigns.sequences.models import Step
from sending.outbox.claims import claim
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from sending.planner.services import go_on
from tests.builders import make_message, make_step
from tests.sending.planner.pages import signed_in
from tests.sending.planner.stage import (
    HOUR,
    database_time,
    lease,
    make_empty_campaign,
    make_people,
    make_sender,
    make_team,
    make_waiting,
)

pytestmark = pytest.mark.django_db


def test_one_person_whose_step_was_made_already_is_held_and_the_others_are_written_to() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_empty_campaign(member, mailbox)
    ada, eve = make_people(member, 2)
    rows = [make_waiting(campaign, one, mailbox, due_at=database_time() - HOUR) for one in (ada, eve)]
    second = Step.objects.get(campaign=campaign, position=2)
    make_message(rows[0], second.variants.get(), mailbox)
    assert [job.letter.enrollment_id for job in claim(lease([mailbox]), [mailbox.pk])] == [rows[1].pk]
    held = Enrollment.objects.get(pk=rows[0].pk)
    assert (held.state, held.hold_code) == ("active", "made_already")
    assert held.hold_detail == "A message of step 2 was made for them already."
    assert held.due_at is not None
    assert held.due_at > database_time() + HOUR
    assert OutboundMessage.objects.filter(enrollment=held).count() == 1


def test_a_person_lets_them_go_on_behind_it_and_the_page_names_them() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_empty_campaign(member, mailbox)
    make_step(campaign, 3)
    (ada,) = make_people(member, 1)
    row = make_waiting(campaign, ada, mailbox, due_at=database_time() - HOUR)
    make_message(row, Step.objects.get(campaign=campaign, position=2).variants.get(), mailbox)
    assert claim(lease([mailbox]), [mailbox.pk]) == []
    client = signed_in(member)
    page = client.get(member.url("planner:people", campaign.pk) + "?hold=made_already").text
    assert "1 person held before a message that was made for them already" in page
    assert ada.email in page
    answer = client.post(member.url("planner:onward", row.pk), follow=True).text
    assert "goes on behind step 2, which they have already." in answer
    row.refresh_from_db()
    assert (row.state, row.next_position, row.hold_code) == ("active", 3, "")
    assert row.last_sent_at is not None
    assert row.due_at is not None
    assert row.due_at >= database_time() - HOUR
    assert (
        "does not wait for such a step any more" in client.post(member.url("planner:onward", row.pk), follow=True).text
    )


def test_who_goes_on_behind_the_last_step_is_done() -> None:
    member = make_team()
    mailbox = make_sender(member)
    campaign = make_empty_campaign(member, mailbox)
    (ada,) = make_people(member, 1)
    row = make_waiting(campaign, ada, mailbox, due_at=database_time() - HOUR)
    make_message(row, Step.objects.get(campaign=campaign, position=2).variants.get(), mailbox)
    claim(lease([mailbox]), [mailbox.pk])
    row.refresh_from_db()
    assert "they are done" in go_on(row)
    row.refresh_from_db()
    assert (row.state, row.due_at) == ("finished", None)
