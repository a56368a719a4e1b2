"""Whoever is picked for a step that was made for them already gets no second message, and delays nobody."""

from __future__ import annotations

import pytest

from campaigns.sequences.models import Step
from sending.outbox.claims import claim
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment
from tests.builders import make_message
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
    assert (held.state, held.hold_code) == ("active", "broken_branch")
    assert held.hold_detail == "A message of this step was made for them already."
    assert held.due_at is not None
    assert held.due_at > database_time() + HOUR
    assert OutboundMessage.objects.filter(enrollment=held).count() == 1
