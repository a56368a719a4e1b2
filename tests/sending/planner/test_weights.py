"""By weights in claims: mailboxes of one claim, workers at once, and what it costs."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.outbox.claims import claim
from sending.pacing.rotation import AT_ONCE, Rotation
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.services import set_senders
from tests.builders import make_running_campaign
from tests.sending.planner.stage import at_once, lease, make_people, make_sender, make_team, pick


def by_weights(member: Member, campaign: Campaign, weights: dict[Mailbox, int]) -> None:
    by_pk = {box.pk: weight for box, weight in weights.items()}
    set_senders(member, campaign, list(by_pk), rotation=Rotation.WEIGHTED, weights=by_pk)


@pytest.mark.django_db
def test_mailboxes_without_gaps_in_one_claim_share_by_weight() -> None:
    member = make_team()
    light, heavy = (make_sender(member, f"{name}@acme.example") for name in ("light", "heavy"))
    campaign = make_running_campaign(member, make_people(member, 24), (light, heavy))
    by_weights(member, campaign, {light: 1, heavy: 3})
    picked: Counter[str] = Counter()
    for _ in range(4):
        picked.update(one.sender.address.partition("@")[0] for one in pick(light, heavy))
    assert picked == {"light": 6, "heavy": 18}


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_share_by_weight_without_seeing_each_other() -> None:
    member = make_team()
    boxes = [make_sender(member, f"me{n}@acme.example") for n in range(3)]
    campaign = make_running_campaign(member, make_people(member, 120), tuple(boxes))
    by_weights(member, campaign, dict(zip(boxes, (1, 2, 3), strict=True)))
    owners = [lease([one]) for one in boxes]
    for _ in range(8):
        results = at_once(*[partial(claim, owner, [one.pk]) for owner, one in zip(owners, boxes, strict=True)])
        assert all(isinstance(one, list) for one in results), results
    begun = Counter(Enrollment.objects.exclude(mailbox=None).values_list("mailbox", flat=True))
    assert begun.total() >= 30
    moved = [begun[one.pk] / weight for one, weight in zip(boxes, (1, 2, 3), strict=True)]
    assert max(moved) - min(moved) <= 2 * AT_ONCE, "nobody is further ahead than what two looks begin"


@pytest.mark.django_db
def test_a_claim_costs_as_many_questions_however_many_wait_and_carry() -> None:
    member = make_team()
    counts = []
    for size in (2, 12):
        boxes = [make_sender(member, f"of{size}-{n}@acme.example", hourly_limit=2) for n in range(size)]
        campaign = make_running_campaign(
            member, make_people(member, 4 * size, name=f"n{size}-"), tuple(boxes), name=f"Of {size}"
        )
        by_weights(member, campaign, dict.fromkeys(boxes, 2))
        with CaptureQueriesContext(connection) as asked:
            assert pick(*boxes)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 25, "two more than where mailboxes rotate evenly"


@pytest.mark.django_db
def test_a_mailbox_whose_turn_it_is_not_reads_one_person_however_many_wait() -> None:
    member = make_team()
    first, second = (make_sender(member, f"me{n}@acme.example", gap_min_s=60, gap_max_s=60) for n in range(2))
    campaign = make_running_campaign(member, make_people(member, 50), (first, second))
    by_weights(member, campaign, {first: 1, second: 1})
    assert len(pick(first)) == 1
    with CaptureQueriesContext(connection) as asked:
        assert pick(first) == []
    looks = [one for one in asked if "e.mailbox_id IS NULL" in one["sql"] and "FOR UPDATE" in one["sql"]]
    assert len(looks) == 1, "it is the other one's turn, whoever waits"
    row = CampaignMailbox.objects.get(mailbox=first)
    assert row.held_until is not None
