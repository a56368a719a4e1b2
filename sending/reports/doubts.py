"""What is in doubt: what is known about each message, what comes next, and what a person may decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import QueryDict

from campaigns.sequences.positions import step_name
from outreach.accounts.access import Member
from sending.inbox.models import SentSearch
from sending.outbox.doubts import NotAgain, last_positions, why_not_again
from sending.outbox.models import OutboundMessage
from sending.outbox.states import DOUBTS, MessageState
from sending.pacing import Pace
from sending.planner.states import EnrollmentState
from sending.reports.queries import number_in

_COUNTS_AFTER = timedelta(hours=24)  # as the sweeper counts
# As the outbox words it (sweeper, core).
_SAID_ALREADY = (
    "In doubt for a day, without evidence against it. ",
    "The answer was lost after the message had left: ",
)
_WAITING = (MessageState.DEFERRED, MessageState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One message in doubt. counts_at: when it will count as sent; why_not: what forbids to send it again."""

    message: OutboundMessage
    search: SentSearch | None
    counts_at: datetime | None
    why_not: NotAgain | None

    @property
    def said(self) -> str:
        """What the connection said, without what the state and the heading of the page say already."""
        words = self.message.reason
        for known in _SAID_ALREADY:
            words = words.removeprefix(known)
        return words[:1].upper() + words[1:]

    @property
    def onward(self) -> str:
        """What comes after it for the person, in words; "" while its sequence waits for it."""
        enrollment = self.message.enrollment
        if enrollment is None:
            return "It is an answer: nothing comes after it by itself."
        match enrollment.state:
            case EnrollmentState.FINISHED:
                return "It was the last step."
            case EnrollmentState.STOPPED:
                return f"The sequence was called off: {enrollment.stop_reason.replace('_', ' ')}."
            case EnrollmentState.ACTIVE:
                return f"Step {step_name(enrollment.next_position)} comes next."
            case EnrollmentState.SENDING if self.why_not is NotAgain.GONE_ON:
                return "A later step is on its way."
            case _:
                return ""


@dataclass(frozen=True, slots=True)
class DoubtFilters:
    """What narrows the page; it lives in the URL."""

    state: str = ""
    campaign: str = ""


def doubt_filters_from(query: QueryDict) -> DoubtFilters:
    """Read the filters of a URL; what makes no sense is left out."""
    state = query.get("state", "")
    return DoubtFilters(state=state if state in set(DOUBTS) else "", campaign=number_in(query.get("campaign", "")))


def doubts_of(member: Member, filters: DoubtFilters) -> QuerySet[OutboundMessage]:
    """Return the workspace's messages in doubt or assumed sent, for keyset paging by dot_at."""
    rows = _loaded(member).filter(state__in=DOUBTS)
    if filters.state:
        rows = rows.filter(state=filters.state)
    if filters.campaign:
        rows = rows.filter(campaign=int(filters.campaign))
    return rows


def chosen_doubts(member: Member, ids: Sequence[int]) -> Sequence[Doubt]:
    """Return those of the messages that are the workspace's own, newest first, in doubt or not."""
    return told(member, list(_loaded(member).filter(pk__in=ids).order_by("-dot_at", "-id")))


def told(member: Member, messages: Sequence[OutboundMessage]) -> Sequence[Doubt]:
    """Return what is known about the messages, in two queries."""
    last = last_positions([pk for one in messages if (pk := one.enrollment_id) is not None])
    searches = SentSearch.objects.in_bulk([one.pk for one in messages])
    day = Pace(member.workspace.time_scale).shrink(_COUNTS_AFTER)
    return [
        Doubt(
            message=one,
            search=searches.get(one.pk),
            counts_at=one.dot_at + day if one.dot_at and one.state == MessageState.IN_DOUBT else None,
            why_not=why_not_again(one, last_position=last.get(one.enrollment_id or 0, 0)),
        )
        for one in messages
    ]


def doubt_about(member: Member, message: OutboundMessage) -> Doubt | None:
    """Return what a person may decide about a message: in doubt, or put up to be sent again. None for any other."""
    is_open = message.state in DOUBTS or (message.again_at is not None and message.state in _WAITING)
    return told(member, [message])[0] if is_open else None


def _loaded(member: Member) -> QuerySet[OutboundMessage]:
    rows = OutboundMessage.objects.filter(workspace=member.workspace)
    return rows.select_related("campaign", "mailbox", "step", "enrollment").defer(
        "body_text", "body_html", "references"
    )
