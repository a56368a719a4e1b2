"""Whether an opt-out by an answer would be heard: where the answers to a mailbox go, and whether that is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models.functions import Lower

from sending.links.addresses import host
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.states import MailboxState
from sending.pacing import Pace
from sending.pacing.gates import is_read_lately

READABLE = (MailboxState.ACTIVE, MailboxState.PAUSED, MailboxState.BLOCKED)  # also what sends nothing gets replies


def unread_replies(mailboxes: Iterable[Mailbox]) -> dict[int, str]:
    """Return where the answers to mailboxes go that nobody here reads: the Reply-To, of those that have such a one.

    One query, and none where no mailbox of them has a Reply-To of its own.
    """
    elsewhere = [box for box in mailboxes if box.reply_to and box.reply_to.lower() != box.address.lower()]
    if not elsewhere:
        return {}
    read = set(
        Mailbox.objects.filter(workspace__in={box.workspace_id for box in elsewhere}, state__in=READABLE)
        .annotate(name=Lower("address"))
        .filter(name__in={box.reply_to.lower() for box in elsewhere})
        .values_list("workspace_id", "name")
    )
    return {box.pk: box.reply_to for box in elsewhere if (box.workspace_id, box.reply_to.lower()) not in read}


def unheard(clocks: Sequence[MailboxClock], *, now: datetime) -> dict[int, str]:
    """Return why nobody's opt-out would be heard, in words, of the mailboxes that this holds for.

    Only where this server has no tracking host: a page to opt out at needs nobody who reads. The clocks come with
    their mailboxes and workspaces.
    """
    if host():
        return {}
    replies = unread_replies(clock.mailbox for clock in clocks)
    found = {clock.mailbox_id: _words(clock, replies, now) for clock in clocks}
    return {pk: words for pk, words in found.items() if words}


def _words(clock: MailboxClock, replies: Mapping[int, str], now: datetime) -> str:
    if clock.mailbox_id in replies:
        return unread_words(replies[clock.mailbox_id])
    if is_read_lately(clock.synced_at, now=now, pace=Pace(clock.mailbox.workspace.time_scale)):
        return ""
    read = f"last read at {clock.synced_at:%H:%M} UTC" if clock.synced_at else "not read yet"
    return (
        f"The mailbox was {read}. This server has no tracking host, so that people opt out by answering: nothing "
        "leaves before their answers are read."
    )


def unread_words(reply_to: str) -> str:
    """Say what a Reply-To that nobody reads means where one can opt out by an answer only."""
    return (
        f"Answers go to {reply_to}, which no mailbox here reads, and this server has no tracking host: "
        "nobody's opt-out would be heard."
    )
