"""A mailbox that leaves a side alone passes over its new contacts: another one begins them, and nothing holds them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.prints import refusal_value, refusing_prints
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.cooling import cool_down
from sending.mailboxes.models import Cooldown, Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.outbox import leases
from sending.pacing import HoldCode
from sending.pacing.history import Cause
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import Rotation
from sending.planner.claim import dealing
from sending.planner.claim.picking import Pick
from sending.planner.explain.past import past_day
from sending.planner.explain.present import present_of
from sending.planner.models import Enrollment
from sending.planner.services import follow_senders, set_senders
from sending.planner.states import EnrollmentState
from sending.reports.waterfall import waterfall_of
from tests.builders import make_contact, make_running_campaign, make_suppression
from tests.sending.planner.life import committed
from tests.sending.planner.stage import (
    DAY,
    HOUR,
    database_time,
    emails,
    lease,
    make_sender,
    make_spending,
    make_team,
    pick,
)

pytestmark = pytest.mark.django_db

GOOGLE = [f"g{n}@gmail.com" for n in range(3)]
SMALL = [f"s{n}@small.example" for n in range(3)]
MIXED = [one for pair in zip(GOOGLE, SMALL, strict=True) for one in pair]


def make_two(member: Member, emails: Collection[str], **of_ben: object) -> tuple[Campaign, Mailbox, Mailbox]:
    """Make a campaign to these addresses, in this order, from two mailboxes."""
    anna, ben = make_sender(member, "anna@acme.example"), make_sender(member, "ben@acme.example", **of_ben)
    contacts = tuple(make_contact(member.workspace, email) for email in emails)
    return make_running_campaign(member, contacts, (anna, ben)), anna, ben


def cool(mailbox: Mailbox, side: str, *, lasts: timedelta = DAY, words: str = "550 Spam") -> Cooldown:
    now = database_time()
    return Cooldown.objects.create(mailbox=mailbox, side=side, since=now, until=now + lasts, words=words)


def pairs(picks: Collection[Pick]) -> list[tuple[str, str]]:
    """Return the names of sender and recipient of each pick, as they follow."""
    return [(one.sender.address.partition("@")[0], one.contact.email) for one in picks]


def waiting() -> list[Enrollment]:
    rows = Enrollment.objects.select_related("contact", "campaign__workspace", "mailbox", "workspace")
    return list(rows.filter(state=EnrollmentState.ACTIVE).order_by("pk"))


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(("side", "emails"), [(Receiver.GOOGLE, GOOGLE), ("small.example", SMALL)])
def test_whom_one_mailbox_leaves_alone_another_begins(side: str, emails: list[str], together: bool) -> None:  # noqa: FBT001
    _, anna, ben = make_two(make_team(), emails)
    cool(anna, side)
    found = pick(anna, ben) if together else [*pick(anna), *pick(ben)]
    assert pairs(found) == [("ben", one) for one in emails]


@pytest.mark.parametrize("together", [True, False])
def test_of_a_mix_each_takes_those_whom_it_may_and_nobody_is_held(together: bool) -> None:  # noqa: FBT001
    _, anna, ben = make_two(make_team(), MIXED, daily_limit=2)
    cool(anna, Receiver.GOOGLE)
    found = pick(anna, ben) if together else [*pick(anna), *pick(ben)]
    assert [one for one in pairs(found) if one[0] == "ben"] == [("ben", "g0@gmail.com"), ("ben", "g1@gmail.com")]
    assert [one for one in pairs(found) if one[0] == "anna"] == [("anna", one) for one in SMALL]
    (left,) = waiting()
    assert (left.contact.email, left.hold_code) == ("g2@gmail.com", "")
    assert left.due_at is not None
    assert left.due_at <= database_time(), "they are due, in their turn"


def test_each_may_leave_another_side_alone() -> None:
    _, anna, ben = make_two(make_team(), MIXED)
    cool(anna, Receiver.GOOGLE)
    cool(ben, "small.example")
    found = pairs([*pick(anna), *pick(ben)])
    assert found == [*(("anna", one) for one in SMALL), *(("ben", one) for one in GOOGLE)]


def test_where_all_leave_them_alone_they_wait_for_the_one_that_opens_first() -> None:
    _, anna, ben = make_two(make_team(), MIXED)
    cool(anna, Receiver.GOOGLE, lasts=3 * DAY, words="of Anna")
    first = cool(ben, Receiver.GOOGLE, lasts=5 * HOUR, words="of Ben")
    assert {one for _, one in pairs([*pick(anna), *pick(ben)])} == set(SMALL)
    for row in waiting():
        assert (row.hold_code, row.due_at) == (HoldCode.COOLDOWN, first.until)
        assert row.hold_detail.endswith("of Ben")
        binding = present_of(row, now=database_time()).binding
        assert (binding.code, binding.until, binding.mailbox_id) == (HoldCode.COOLDOWN, first.until, ben.pk)


def test_a_mailbox_that_joins_begins_whom_all_before_it_leave_alone() -> None:
    member = make_team()
    campaign, anna, ben = make_two(member, GOOGLE)
    for box in (anna, ben):
        cool(box, Receiver.GOOGLE)
    assert [*pick(anna), *pick(ben)] == []
    cleo = make_sender(member, "cleo@acme.example")
    set_senders(member, campaign, [anna.pk, ben.pk, cleo.pk])
    assert pairs(pick(anna, ben, cleo)) == [("cleo", one) for one in GOOGLE]


def test_so_does_one_that_joins_by_its_tag() -> None:
    member = make_team()
    campaign, anna, ben = make_two(member, GOOGLE)
    set_senders(member, campaign, [anna.pk, ben.pk], tags=["sales"])
    for box in (anna, ben):
        cool(box, Receiver.GOOGLE)
    assert [*pick(anna), *pick(ben)] == []
    cleo = make_sender(member, "cleo@acme.example", tags=["sales"])
    follow_senders()
    assert pairs(pick(anna, ben, cleo)) == [("cleo", one) for one in GOOGLE]


@pytest.mark.parametrize("state", [MailboxState.PAUSED, MailboxState.BLOCKED])
def test_a_mailbox_that_carries_nothing_is_no_other_mailbox(state: MailboxState) -> None:
    _, anna, ben = make_two(make_team(), GOOGLE)
    until = cool(anna, Receiver.GOOGLE).until
    Mailbox.objects.filter(pk=ben.pk).update(state=state)
    assert pick(anna) == []
    assert {(row.hold_code, row.due_at) for row in waiting()} == {(HoldCode.COOLDOWN, until)}


def test_by_weights_each_mailbox_still_has_its_part_of_whom_it_may_begin() -> None:
    member = make_team()
    campaign, anna, ben = make_two(member, [*GOOGLE, *SMALL], gap_min_s=60, gap_max_s=60)
    weights = {anna.pk: 1, ben.pk: 3}
    set_senders(member, campaign, list(weights), rotation=Rotation.WEIGHTED, weights=weights)
    cool(anna, Receiver.GOOGLE)
    assert pairs(pick(anna, ben)) == [("ben", "g0@gmail.com")], "it is Ben's turn, and one at a time"
    MailboxClock.objects.filter(mailbox=ben).update(free_at=database_time() + DAY)
    assert {one[0] for one in pairs(pick(anna))} <= {"anna"}


def test_by_provider_nobody_falls_back_to_a_mailbox_elsewhere() -> None:
    member = make_team()
    campaign, anna, ben = make_two(member, GOOGLE)
    Mailbox.objects.filter(pk=anna.pk).update(smtp_host="smtp.gmail.com")
    set_senders(member, campaign, [anna.pk, ben.pk], rotation=Rotation.PROVIDER)
    until = cool(anna, Receiver.GOOGLE).until
    assert [*pick(anna), *pick(ben)] == []
    assert {(row.hold_code, row.due_at) for row in waiting()} == {(HoldCode.COOLDOWN, until)}


def test_by_provider_another_mailbox_there_begins_them() -> None:
    member = make_team()
    campaign, anna, ben = make_two(member, MIXED)
    Mailbox.objects.update(smtp_host="smtp.gmail.com")
    set_senders(member, campaign, [anna.pk, ben.pk], rotation=Rotation.PROVIDER)
    cool(anna, Receiver.GOOGLE)
    found = pairs([*pick(anna), *pick(ben)])
    assert found == [*(("anna", one) for one in SMALL), *(("ben", one) for one in GOOGLE)]


def test_many_who_are_passed_over_hide_nobody_and_are_read_once() -> None:
    emails = [*(f"g{n}@gmail.com" for n in range(300)), "last@small.example"]
    _, anna, _ = make_two(make_team(), emails, daily_limit=1)
    cool(anna, Receiver.GOOGLE)
    assert pairs(pick(anna)) == [("anna", "last@small.example")]
    with CaptureQueriesContext(connection) as asked:
        assert pick(anna) == []
    assert not [one for one in asked if "UPDATE planner_enrollment" in one["sql"] or "contacts_contact" in one["sql"]]


def test_a_mailbox_sleeps_until_it_may_write_to_whom_it_passes_over() -> None:
    _, anna, ben = make_two(make_team(), GOOGLE)
    until = cool(anna, Receiver.GOOGLE, lasts=timedelta(minutes=3)).until
    assert pick(anna) == []
    MailboxClock.objects.update(look_at=until + DAY)  # as a tick leaves it
    for box in (anna, ben):
        leases.give_back(lease([box]), [box.pk])
    looks = dict(MailboxClock.objects.values_list("mailbox", "look_at"))
    assert looks == {anna.pk: until, ben.pk: database_time()}


def test_once_it_is_over_they_go_in_their_turn_from_either() -> None:
    _, anna, ben = make_two(make_team(), MIXED, daily_limit=1)
    cool(anna, Receiver.GOOGLE)
    assert [one for _, one in pairs(pick(anna))] == SMALL
    assert [row.contact.email for row in waiting()] == GOOGLE
    Cooldown.objects.update(until=database_time())
    assert pairs(pick(ben)) == [("ben", "g0@gmail.com")]
    assert pairs(pick(anna)) == [("anna", "g1@gmail.com"), ("anna", "g2@gmail.com")]


def test_whoever_asks_is_told_that_they_stand_in_line() -> None:
    _, anna, ben = make_two(make_team(), GOOGLE, daily_limit=1)
    cool(anna, Receiver.GOOGLE)
    assert pick(anna) == []
    present = present_of(waiting()[0], now=database_time())
    assert present.binding.code == Cause.IN_LINE
    assert present.mailbox is not None
    assert present.mailbox.id == ben.pk
    make_spending(ben, 1)
    held = present_of(waiting()[0], now=database_time()).binding
    assert (held.code, held.mailbox_id) == (HoldCode.DAILY_LIMIT, ben.pk), "the full one would be the first"


def test_a_day_tells_of_the_mailbox_that_left_them_alone_and_of_the_one_that_was_full() -> None:
    _, anna, ben = make_two(make_team(), ["g@gmail.com", "o@small.example"], daily_limit=1)
    now = database_time()
    with committed():
        cool_down(anna.pk, Receiver.GOOGLE, "550 Spam")
    make_spending(ben, 1)
    assert [one for _, one in pairs([*pick(anna), *pick(ben)])] == ["o@small.example"]
    (row,) = waiting()
    later = now + HOUR
    line = past_day(row, later.date(), now=later).line
    assert [(one.code, one.words) for one in line if one.begin >= now] == [
        (HoldCode.COOLDOWN, "anna@acme.example leaves Google alone: Google distrusts it: 550 Spam")
    ]
    waterfall = waterfall_of(row.campaign, later.date(), now=later)
    assert waterfall.causes[row.pk] == HoldCode.COOLDOWN
    assert sum(one.count for one in waterfall.rows) == waterfall.due


def test_a_claim_reads_on_behind_all_who_refuse_its_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dealing, "_MANY", (2, 4, 4, 4))
    monkeypatch.setattr(dealing, "looked_at", lambda *_, **__: 1)
    member = make_team()
    refused, other = (
        make_sender(member, address, imap_username=address) for address in ("a@acme.example", "b@acme.example")
    )
    people = tuple(make_contact(member.workspace, f"p{number}@x.test") for number in range(12))
    for one in people[:9]:
        value = refusal_value(refusing_prints(member.workspace.pk, one.email_key)[0], refused.address)
        make_suppression(member.workspace, value, scope="sender", reason=SuppressionReason.OPTED_OUT)
    make_running_campaign(member, people, (refused, other))
    MailboxClock.objects.filter(mailbox=other).update(look_at=database_time() + timedelta(days=1))

    assert emails(pick(refused))[:1] == ["p9@x.test"]
