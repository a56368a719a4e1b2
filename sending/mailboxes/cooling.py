"""Let a mailbox leave one provider alone for a while that distrusts it; it writes to all others as before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Cooldown, Mailbox
from sending.pacing.receivers import NAMES, Receiver, receiver_of

# The first time a day; again within three days of its end, three days.
FIRST = timedelta(hours=24)
AGAIN = timedelta(hours=72)
_COOL = """
INSERT INTO mailboxes_cooldown AS c (mailbox_id, side, since, until, words)
SELECT m.id, %s, now(), now() + make_interval(secs => %s), left(%s, 300)
  FROM mailboxes_mailbox m JOIN accounts_workspace w ON w.id = m.workspace_id
 WHERE m.id = %s AND w.time_scale = 1
ON CONFLICT (mailbox_id, side) DO UPDATE
   SET since = now(), words = EXCLUDED.words,
       until = now() + make_interval(
           secs => CASE WHEN c.until > now() - make_interval(secs => %s) THEN %s ELSE %s END)
 WHERE c.until <= now()
RETURNING until, since, (SELECT workspace_id FROM mailboxes_mailbox m WHERE m.id = mailbox_id)
"""
# Prepared: each claim asks it.
_COOLING = """
SELECT mailbox_id, side, until, words FROM mailboxes_cooldown WHERE mailbox_id = ANY(%s::bigint[]) AND until > %s
"""


@dataclass(frozen=True, slots=True)
class Cooling:
    """What a mailbox leaves alone, until when and why. side: a Receiver, or the domain of another one's recipients."""

    side: str
    until: datetime
    words: str


def side_of(domain: str, *, known: str = "") -> str:
    """Return what is left alone for a recipient at the domain: the large provider behind it, else the domain alone."""
    receiver = receiver_of(domain, known=known)
    return domain if receiver is Receiver.OTHER else receiver.value


def name_of(side: str) -> str:
    """Return a side in words."""
    return NAMES[Receiver(side)] if side in set(Receiver) else side


def cool_down(mailbox_id: int, side: str, words: str) -> datetime | None:
    """Let a mailbox leave a side alone; returns until when, None where it does so already, or in a sandbox.

    A sandbox's providers are invented. Told once: while it cools down, more of the same is known. Runs inside the
    caller's transaction, which takes mailboxes in their order.
    """
    seconds = [FIRST.total_seconds(), AGAIN.total_seconds(), AGAIN.total_seconds()]
    found = statements.run(_COOL, [side, seconds[0], words, mailbox_id, *seconds[1:], seconds[0]])
    for until, at, workspace_id in found:
        _tell(workspace_id, mailbox_id, at, side, f"{name_of(side)} distrusts it: {words}", until)
    return found[0][0] if found else None


def warm_up(mailbox: Mailbox, side: str) -> bool:
    """Let a mailbox write to a side again at once: a person says so. False where it does so already."""
    now = database_now()
    with transaction.atomic():
        ended = Cooldown.objects.filter(mailbox=mailbox, side=side, until__gt=now).update(until=now)
        if ended:
            words = f"It may write to {name_of(side)} again: a person said so."
            _tell(mailbox.workspace_id, mailbox.pk, now, side, words, now)
    return bool(ended)


def _tell(workspace_id: int, mailbox_id: int, at: datetime, side: str, words: str, until: datetime) -> None:  # noqa: PLR0913, PLR0917  # of one event
    told = {"words": words, "side": side, "until": until.isoformat()}
    record([Entry(workspace_id, EventKind.MAILBOX_COOLED, at, mailbox_id=mailbox_id, data=told)])


def cooling_of(mailbox_ids: Collection[int], *, now: datetime) -> dict[int, list[Cooling]]:
    """Return what mailboxes leave alone at the moment; those that leave nothing alone are absent."""
    found: dict[int, list[Cooling]] = {}
    for pk, side, until, words in statements.run(_COOLING, [list(mailbox_ids), now]):
        found.setdefault(pk, []).append(Cooling(side, until, words))
    return found


def cooling_in(workspace_id: int, *, mailbox_id: int | None = None) -> Sequence[Cooldown]:
    """Return the cooldowns of a workspace, or of one mailbox there, that last, the longest first."""
    rows = Cooldown.objects.filter(mailbox__workspace=workspace_id, until__gt=database_now())
    rows = rows if mailbox_id is None else rows.filter(mailbox=mailbox_id)
    return list(rows.select_related("mailbox").order_by("-until")[:20])
