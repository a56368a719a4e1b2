"""Let a mailbox leave one provider alone for a while that distrusts it; it writes to all others as before."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db import transaction

from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Cooldown, Mailbox
from sending.pacing.guards import ReportAlarm
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
   SET since = now(), words = EXCLUDED.words, reported = '',
       until = now() + make_interval(
           secs => CASE WHEN c.until > now() - make_interval(secs => %s) THEN %s ELSE %s END)
 WHERE c.until <= now()
RETURNING until, since, (SELECT workspace_id FROM mailboxes_mailbox m WHERE m.id = mailbox_id)
"""
# By a provider's own number: until its day no longer counts, once. What runs longer runs on.
_COOL_REPORTED = """
INSERT INTO mailboxes_cooldown AS c (mailbox_id, side, since, until, words, reported)
SELECT m.id, %s, now(), %s, left(%s, 300), %s
  FROM mailboxes_mailbox m JOIN accounts_workspace w ON w.id = m.workspace_id
 WHERE m.id = %s AND w.time_scale = 1 AND %s > now()
ON CONFLICT (mailbox_id, side) DO UPDATE
   SET since = CASE WHEN c.until > now() THEN c.since ELSE now() END, words = EXCLUDED.words,
       until = GREATEST(c.until, EXCLUDED.until), reported = EXCLUDED.reported
 WHERE c.until <= now() OR c.until < EXCLUDED.until OR c.reported = ''
RETURNING until, (SELECT workspace_id FROM mailboxes_mailbox m WHERE m.id = mailbox_id), now()
"""
# In statements, of a cooldown `l`: an instant that is its alone, just before it began (see planner/claim/leaving.py).
APART_AT = "l.since - (1 + mod(l.id, 999983)) * interval '1 microsecond'"
# Prepared: each claim asks it.
_COOLING = """
SELECT mailbox_id, side, until, words, reported FROM mailboxes_cooldown
 WHERE mailbox_id = ANY(%s::bigint[]) AND until > %s
"""


@dataclass(frozen=True, slots=True)
class Cooling:
    """What a mailbox leaves alone, until when and why. side: a Receiver, or the domain of another one's recipients."""

    side: str
    until: datetime
    words: str
    reported: str = ""  # the domain, where a provider's own number made it

    @property
    def told(self) -> str:
        """Why, as whoever asks about a person is told."""
        if self.reported:
            return f"{name_of(self.side)} is left alone by all mailboxes of {self.reported}: {self.words}"
        return f"{name_of(self.side)} distrusts the mailbox, which leaves it alone for a while: {self.words}"


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


def cool_reported(mailbox_id: int, side: str, alarm: ReportAlarm) -> bool:
    """Let a mailbox leave a side alone until a provider's number no longer counts; False where it does so already.

    In a sandbox it never does: nobody has reported of its people. Runs inside the caller's transaction.
    """
    until = datetime.combine(alarm.until, time.min, UTC)
    for ends, workspace_id, at in statements.run(
        _COOL_REPORTED, [side, until, alarm.words, alarm.domain, mailbox_id, until]
    ):
        _tell(workspace_id, mailbox_id, at, side, alarm.words, ends)
        return True
    return False


def warm_up(mailbox: Mailbox, side: str) -> bool:
    """Let a mailbox write to a side again at once: a person says so. False where it does so already."""
    with transaction.atomic():
        return bool(end(mailbox.workspace_id, [mailbox.pk], side, reported=""))


def end(workspace_id: int, mailbox_ids: Collection[int], side: str, *, reported: str) -> list[int]:
    """End what these mailboxes leave alone for one cause; return those that did. Runs inside the caller's transaction.

    reported: the domain whose number made it, "" for what mailboxes do of themselves.
    """
    now = database_now()
    rows = Cooldown.objects.filter(mailbox__in=mailbox_ids, side=side, until__gt=now, reported=reported)
    ended = list(rows.select_for_update(of=("self",)).order_by("mailbox_id").values_list("mailbox_id", flat=True))
    Cooldown.objects.filter(mailbox__in=ended, side=side).update(until=now)
    for pk in ended:
        _tell(workspace_id, pk, now, side, f"It may write to {name_of(side)} again: a person said so.", now)
    return ended


def _tell(workspace_id: int, mailbox_id: int, at: datetime, side: str, words: str, until: datetime) -> None:  # noqa: PLR0913, PLR0917  # of one event
    told = {"words": words, "side": side, "until": until.isoformat()}
    record([Entry(workspace_id, EventKind.MAILBOX_COOLED, at, mailbox_id=mailbox_id, data=told)])


def cooling_of(mailbox_ids: Collection[int], *, now: datetime) -> dict[int, list[Cooling]]:
    """Return what mailboxes leave alone at the moment; those that leave nothing alone are absent."""
    found: dict[int, list[Cooling]] = {}
    for pk, side, until, words, reported in statements.run(_COOLING, [list(mailbox_ids), now]):
        found.setdefault(pk, []).append(Cooling(side, until, words, reported))
    return found


def cooling_in(workspace_id: int, *, mailbox_id: int | None = None) -> Sequence[Cooldown]:
    """Return the cooldowns of a workspace, or of one mailbox there, that last, the longest first."""
    rows = Cooldown.objects.filter(mailbox__workspace=workspace_id, until__gt=database_now())
    rows = rows if mailbox_id is None else rows.filter(mailbox=mailbox_id)
    return list(rows.select_related("mailbox").order_by("-until")[:20])
