"""A campaign in the middle of its life, whose rows and events tell the same story, and pages as a browser sees them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Variant
from outreach.accounts.access import Member
from outreach.kit import clock
from sending.bounces import Kind
from sending.ledger.kinds import EventKind, How
from sending.ledger.services import Entry, record
from sending.mailboxes.models import Mailbox
from sending.outbox.models import Attempt, OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import (
    make_campaign,
    make_contact,
    make_enrollment,
    make_inbound,
    make_mailbox,
    make_message,
    make_step,
)

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
EVIL = "\"><script>alert(1)</script>{{ member }}{% url 'x' %}' onload='x"


@dataclass(frozen=True)
class Busy:
    member: Member
    campaign: Campaign
    mailbox: Mailbox
    first: Variant
    other: Variant
    follow_up: Variant

    def write(
        self, name: str, variant: Variant, as_message: MessageState = MessageState.SENT, **person: Any
    ) -> OutboundMessage:
        """Make a person and a message to them in this state, with the events that such a message has behind it."""
        enrollment = make_enrollment(
            self.campaign, self.contact(name), **{"mailbox": self.mailbox, "begun_at": AT, **person}
        )
        return self.write_to(enrollment, variant, as_message)

    def contact(self, name: str) -> Contact:
        return make_contact(self.member.workspace, f"{name}@{self.campaign.name.lower()}.example")

    def write_to(
        self, enrollment: Enrollment, variant: Variant, state: MessageState = MessageState.SENT
    ) -> OutboundMessage:
        message = make_message(enrollment, variant, self.mailbox, at=AT)
        columns: dict[str, Any] = {"state": state} if state == MessageState.SENT else {"state": state, "sent_at": None}
        if state in {MessageState.CLAIMED, MessageState.DOT_PENDING}:
            columns["lease_until"] = AT
        if state == MessageState.DEFERRED:
            columns["retry_at"] = AT
        OutboundMessage.objects.filter(pk=message.pk).update(**columns)
        message.refresh_from_db()
        if state in _TOLD:
            self.tell(EventKind.ATTEMPTED, message)
            self.tell(_TOLD[state], message)
        return message

    def tell(
        self,
        kind: EventKind,
        message: OutboundMessage,
        *,
        at: datetime | None = None,
        how: How = How.PLAIN,
        **data: object,
    ) -> None:
        about: dict[str, Any] = {
            "campaign_id": message.campaign_id,
            "contact_id": message.contact_id,
            "enrollment_id": message.enrollment_id,
            "mailbox_id": message.mailbox_id,
            "message_id": message.pk,
        }
        record([Entry(message.workspace_id, kind, at or clock.now(), data=data, how=how, **about)])

    def answer(self, message: OutboundMessage, kind: Kind = Kind.HUMAN_REPLY, told: EventKind | None = None) -> None:
        inbound = make_inbound(
            self.mailbox, kind=kind, answers=message, contact=message.contact, enrollment=message.enrollment
        )
        if told:
            self.tell(told, message, inbound=inbound.pk)


_TOLD = {
    MessageState.SENT: EventKind.SENT,
    MessageState.ASSUMED_SENT: EventKind.ASSUMED_SENT,
    MessageState.FAILED: EventKind.FAILED,
    MessageState.DEFERRED: EventKind.DEFERRED,
    MessageState.IN_DOUBT: EventKind.IN_DOUBT,
}


def make_quiet(member: Member, name: str = "Autumn") -> Busy:
    """Make a launched campaign of two steps, the first with two wordings, in which nothing has happened."""
    campaign = make_campaign(member.workspace, name, state="running", launched_at=AT)
    first = make_step(campaign, 1, subject="Hello")
    other = Variant.objects.create(step=first.step, label="B", subject="Good day", body_text="Good day")
    mailbox = make_mailbox(member.workspace, f"{name.lower()}@acme.example")
    return Busy(member, campaign, mailbox, first, other, make_step(campaign, 2, subject=""))


def make_busy(member: Member, name: str = "Autumn", *, done_count: int = 60) -> Busy:
    """Make a campaign with a person in every state, messages in every state, and every kind of answer.

    The people who are done, each with a message that was sent, fill more than a page.
    """
    busy = make_quiet(member, name)
    ended: dict[str, Any] = {"due_at": None, "state": EnrollmentState.STOPPED}
    done: dict[str, Any] = {"due_at": None, "state": EnrollmentState.FINISHED}
    sending: dict[str, Any] = {"due_at": None, "state": EnrollmentState.SENDING}
    skipped: dict[str, Any] = {"due_at": None, "state": EnrollmentState.SKIPPED, "stop_reason": StopReason.SUPPRESSED}
    replied = busy.write("replied", busy.first, **ended, stop_reason=StopReason.REPLIED)
    busy.answer(replied, told=EventKind.REPLIED)
    busy.answer(replied)  # the same person writes again
    also = busy.write("also", busy.other, **ended, stop_reason=StopReason.REPLIED)
    assert also.enrollment is not None
    busy.answer(busy.write_to(also.enrollment, busy.follow_up), told=EventKind.REPLIED)
    bounced = busy.write("bounced", busy.first, **ended, stop_reason=StopReason.BOUNCED)
    busy.answer(bounced, Kind.BOUNCE, EventKind.BOUNCED_HARD)
    gone = busy.write("gone", busy.other, **ended, stop_reason=StopReason.OPTED_OUT)
    busy.answer(gone, Kind.OPT_OUT, EventKind.OPTED_OUT)
    away = busy.write("away", busy.first, hold_code="absent", hold_detail="Out of office")
    busy.answer(away, Kind.AUTO_REPLY, EventKind.AUTO_REPLIED)
    busy.write("assumed", busy.first, MessageState.ASSUMED_SENT, **done)
    busy.write("failed", busy.other, MessageState.FAILED, **ended, stop_reason=StopReason.REFUSED)
    for state in (MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED, MessageState.IN_DOUBT):
        busy.write(state.value, busy.first, state, **sending)
    for number in range(done_count):
        busy.write(f"done{number}", busy.other, **done)
    for number in range(3):
        make_enrollment(busy.campaign, busy.contact(f"waiting{number}"), hold_code="window" if number else "")
    make_enrollment(busy.campaign, busy.contact("skipped"), **skipped)
    return busy


def add_attempt(message: OutboundMessage, number: int = 1, **values: object) -> Attempt:
    columns = {"outcome": "accepted", "reply_code": 250, "reply_enhanced": "2.0.0", "reply_text": "OK", **values}
    return Attempt.objects.create(
        id=_uuid(number, message.pk), message=message, number=number, started_at=AT,
        ended_at=AT + timedelta(seconds=1), **columns,
    )  # fmt: skip


def _uuid(number: int, pk: int) -> str:
    return f"{number:08x}-0000-4000-8000-{pk:012x}"


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def page_of(member: Member, url: str, **headers: str) -> str:
    answer = signed_in(member, **headers).get(url)
    assert answer.status_code == 200, url
    return answer.text


class _Links(HTMLParser):
    """Collects every link with its words."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open = True
            self.found.append((dict(attrs).get("href") or "", []))

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.found[-1][1].append(data.strip())


def numbers_in(page: str) -> Iterator[tuple[int, str]]:
    """Yield each number that is a link, with where it leads: a link that is a number, or a tile with one."""
    links = _Links()
    links.feed(page)
    for href, words in links.found:
        number = next((word for word in words if re.fullmatch(r"[\d,]+", word)), None)
        if number is not None and "?" in href:
            yield int(number.replace(",", "")), href


def rows_behind(member: Member, href: str) -> int:
    """Count the rows of a list, through all of its pages."""
    client, base, count = signed_in(member), href.partition("?")[0], 0
    while href:
        page = client.get(href).text
        body = page.partition("<tbody>")[2].partition("</tbody>")[0]
        count += body.count("<tr>")
        (href, *_) = [base + html.unescape(one) for one in re.findall(r'rel="next" href="([^"]+)"', page)] or [""]
    return count
