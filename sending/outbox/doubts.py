"""Doubts that a person settles: it arrived, or it is sent again, and may then arrive twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from campaigns.sequences.states import CampaignState
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.ledger.kinds import EventKind
from sending.ledger.services import record
from sending.mailboxes.budgets import database_now
from sending.outbox.events import entry_about, position_of
from sending.outbox.models import OutboundMessage
from sending.outbox.services import confirm_sent
from sending.outbox.states import DOUBTS, MessageState
from sending.planner.models import Enrollment
from sending.planner.services import take_back, wake
from sending.planner.states import EnrollmentState

_OPEN_CAMPAIGNS = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})


class NotAgain(StrEnum):
    """Why a message is not sent again; the value completes "It is not sent again: ..."."""

    NO_DOUBT = "it is not in doubt any more"
    GONE_ON = "a later step of its sequence is under way"
    CALLED_OFF = "its sequence was called off"
    CLOSED = "its campaign is closed"
    ANSWER = "it is an answer: write another one in its conversation"


@dataclass(frozen=True, slots=True)
class SentAgain:
    """How many messages a person has put up to be sent again, and how many not, by the reason."""

    count: int
    refused: Mapping[NotAgain, int]


def why_not_again(message: OutboundMessage, *, last_position: int) -> NotAgain | None:
    """Return what forbids that a message is sent again, None when a person may decide it.

    last_position: of the last step for which its sequence has made a message. Its step, campaign and enrollment are
    loaded.
    """
    if message.state not in DOUBTS:
        return NotAgain.NO_DOUBT
    if message.campaign is None or message.enrollment is None:
        return NotAgain.ANSWER
    if message.campaign.state not in _OPEN_CAMPAIGNS:
        return NotAgain.CLOSED
    if message.enrollment.state in {EnrollmentState.STOPPED, EnrollmentState.SKIPPED}:
        return NotAgain.CALLED_OFF
    return NotAgain.GONE_ON if last_position > position_of(message) else None


def last_positions(enrollment_ids: Sequence[int]) -> dict[int, int]:
    """Return, by enrollment, the position of the last step for which a message was made."""
    rows = OutboundMessage.objects.filter(enrollment__in=enrollment_ids)
    return dict(rows.values_list("enrollment").annotate(last=Max("step__position")).order_by())


def settle_as_sent(member: Member, ids: Sequence[int]) -> int:
    """Take a person's word that messages in doubt arrived. Returns how many it has settled.

    A message that waits to be sent again, and has not left since, is not sent again.
    """
    member.require(Role.MEMBER)
    return sum(_settle(member, pk) for pk in _own(member, ids))


def send_again(member: Member, ids: Sequence[int]) -> SentAgain:
    """Put messages in doubt up to be sent again, as a person decides who accepts that they may arrive twice.

    Each stays the same message, with its Message-ID, so that a receiver may know the second copy. It goes through
    every gate at its claim and at its mark, as any other.
    """
    member.require(Role.MEMBER)
    answers = Counter(_send_again(member, pk) for pk in _own(member, ids))
    refused = {why: count for why, count in answers.items() if why is not None}
    return SentAgain(answers[None], refused)


def _own(member: Member, ids: Sequence[int]) -> list[int]:
    rows = OutboundMessage.objects.filter(workspace=member.workspace, pk__in=ids)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _settle(member: Member, pk: int) -> bool:
    email = member.user.email
    with transaction.atomic():
        if not confirm_sent(pk, evidence=f"a person ({email})"):
            return False
        _tell(member, OutboundMessage.objects.get(pk=pk), EventKind.SETTLED, f"It arrived, says {email}.")
    return True


def _send_again(member: Member, pk: int) -> NotAgain | None:
    with transaction.atomic():
        # The message before its sequence, as everywhere; a claim passes by what is held here.
        held = OutboundMessage.objects.select_for_update(of=("self",), no_key=True)
        message = held.select_related("step", "campaign").get(pk=pk)
        if message.enrollment_id is None or message.campaign_id is None:
            return NotAgain.ANSWER
        message.enrollment = Enrollment.objects.select_for_update(no_key=True).get(pk=message.enrollment_id)
        last = last_positions([message.enrollment_id])[message.enrollment_id]
        why_not = why_not_again(message, last_position=last)
        if why_not is not None:
            return why_not
        if not take_back(message.enrollment_id, position_of(message)):
            return NotAgain.CALLED_OFF
        words = f"To be sent again, as {member.user.email} decided: it may arrive twice."
        # The attempt stays until the next claim: its own answer, should it still come, is proof.
        OutboundMessage.objects.filter(pk=pk, state__in=DOUBTS).update(
            state=MessageState.DEFERRED, retry_at=Now(), again_at=Now(), ended_at=None, reason=words
        )
        _tell(member, message, EventKind.SENT_AGAIN, words)
        wake(message.campaign_id, mailbox_id=message.mailbox_id)
    return None


def _tell(member: Member, message: OutboundMessage, kind: EventKind, words: str) -> None:
    record([entry_about(message, kind, database_now(), words=words, by=member.user.email)])
