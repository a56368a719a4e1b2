"""What the guards count of mailboxes and of their domains, and what a person has accepted of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.postgres.functions import TransactionNow
from django.db.models import Max, Q, QuerySet

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import statements
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.mailboxes.budgets import database_now
from sending.mailboxes.errors import StillGuarded
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import Pace
from sending.pacing.guards import MAILBOX, Alarm, Counts, Kind, alarms, of_domain
from sending.pacing.receivers import is_free_mail

SPAN = timedelta(days=7)
WHY_LIMIT = 300
# Of one mailbox, newest first: a week of two hundred messages a day. What lies behind them weighs little.
_MOST = 5_000
_OF_MAILBOXES = """
SELECT a.id, count(*) FILTER (WHERE e.kind = 'attempted'), count(*) FILTER (WHERE e.kind = 'bounced_hard'),
       count(*) FILTER (WHERE e.kind = 'sent'), count(*) FILTER (WHERE e.kind = 'complained'),
       count(*) FILTER (WHERE e.kind = 'bounced_hard' AND e.refused AND e.id > COALESCE(e.last_sent, 0))
  FROM unnest(%s::bigint[], %s::timestamptz[]) AS a(id, since)
 CROSS JOIN LATERAL (
    SELECT e.id, e.kind, NOT e.data ? 'inbound' AS refused,
           max(e.id) FILTER (WHERE e.kind = 'sent') OVER () AS last_sent
      FROM (SELECT x.id, x.kind, x.at, x.data FROM ledger_event x
             WHERE x.mailbox_id = a.id ORDER BY x.id DESC LIMIT %s) e
     WHERE e.at > a.since
 ) e
 GROUP BY a.id
"""
_OF_DOMAIN = """
SELECT count(*) FILTER (WHERE kind = 'sent'), count(*) FILTER (WHERE kind = 'complained')
  FROM ledger_event
 WHERE workspace_id = %s AND kind IN ('sent', 'complained') AND at > %s AND mailbox_id = ANY(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """What stands against a mailbox that would be stopped, and until when only an admin lets it go on.

    until: when the newest complaint is seven days old, None where nobody has complained. domain: that stands against
    it as a whole, "" for none.
    """

    alarms: Sequence[Alarm]
    until: datetime | None
    domain: str = ""

    @property
    def complaints(self) -> Sequence[Alarm]:
        return [one for one in self.alarms if one.kind is Kind.COMPLAINTS]


def mailbox_alarms(ids: Collection[int], *, whatever_state: bool = False) -> dict[int, Sequence[Alarm]]:
    """Return what mailboxes give cause for, active ones alone unless said; those that give none are absent."""
    rows = Mailbox.objects.filter(pk__in=ids)
    rows = rows if whatever_state else rows.filter(state=MailboxState.ACTIVE)
    since = since_of(rows, "mailbox_id")
    counted = statements.run(_OF_MAILBOXES, [list(since), list(since.values()), _MOST])
    counts = {pk: Counts(*rest) for pk, *rest in counted}
    return {pk: found for pk, one in counts.items() if (found := alarms(one, MAILBOX, minds_a_row=True))}


def domain_alarm(workspace_id: int, domain: str) -> Alarm | None:
    """Return what the mailboxes at a domain give cause for together; a free provider's domain is nobody's own."""
    boxes = boxes_at(workspace_id, domain)
    if len(boxes) < 2:
        return None  # its own lines are stricter
    released = Event.objects.filter(workspace=workspace_id, kind=EventKind.GUARD_RELEASED, data__domain=domain)
    since = max([database_now() - SPAN, *released.order_by("-at").values_list("at", flat=True)[:1]])
    ((delivered, complaints),) = statements.run(_OF_DOMAIN, [workspace_id, since, boxes])
    return of_domain(domain, Counts(delivered=delivered, complaints=complaints))


def boxes_at(workspace_id: int, domain: str, *, active: bool = False) -> list[int]:
    """Return the mailboxes at a domain, in order; none at a free provider."""
    if not domain or is_free_mail(domain):
        return []
    rows = Mailbox.objects.filter(workspace=workspace_id, address__iendswith=f"@{domain}")
    rows = rows.filter(state=MailboxState.ACTIVE) if active else rows
    return list(rows.order_by("pk").values_list("pk", flat=True))


def guarded(mailbox: Mailbox) -> Guarded:
    """Return what would stop a mailbox if it carried mail now; nothing in a sandbox, whose people are invented."""
    if mailbox.workspace.time_scale > 1:
        return Guarded((), None)
    own = [one for one in mailbox_alarms([mailbox.pk], whatever_state=True).get(mailbox.pk, ()) if one.stops]
    domain = mailbox.address.rpartition("@")[2].lower()
    of_all = domain_alarm(mailbox.workspace_id, domain)
    found = [*own, *([of_all] if of_all is not None and of_all.stops else [])]
    stands = domain if len(found) > len(own) else ""
    boxes = boxes_at(mailbox.workspace_id, domain) if stands else [mailbox.pk]
    return Guarded(found, last_complaint_ends(mailbox.workspace_id, Q(mailbox_id__in=boxes)), stands)


def require_release(found: Guarded, by: Member | None, why: str) -> dict[str, str]:
    """Return what is kept of a person's word that lets something go on against the alarms. Raises StillGuarded.

    Bounces a member accepts; complaints only an admin, who says why: a provider counts them on, whoever resumes.
    """
    why = " ".join(why.replace("\0", " ").split())[:WHY_LIMIT]
    if found.complaints and not (by is not None and by.may(Role.ADMIN) and why):
        until = f"Until {found.until:%d %B %Y, %H:%M} UTC, when they no longer count, " if found.until else "Now "
        raise StillGuarded(
            f"{found.complaints[0].words} {until}it goes on only if an admin or owner says why; that is kept."
        )
    words = "; ".join(one.words for one in found.alarms)
    said = f"“{why}” " if why else ""
    told = {"words": f"{said}Let go on, although: {words}"[:800], "by": by.user.email if by else ""}
    return {name: text for name, text in {**told, "domain": found.domain}.items() if text}


def last_complaint_ends(workspace_id: int, about: Q) -> datetime | None:
    """Return when the newest complaint is seven days old, None where there is none."""
    rows = Event.objects.filter(about, workspace=workspace_id, kind=EventKind.COMPLAINED, at__gt=database_now() - SPAN)
    newest = rows.order_by("-at").values_list("at", flat=True).first()
    return newest + SPAN if newest else None


def since_of(rows: QuerySet[Mailbox] | QuerySet[Campaign], name: str) -> Mapping[int, datetime]:
    """Return since when each of some mailboxes or campaigns counts: seven days, or what a person has accepted.

    Nothing else begins anew: who pauses and resumes, or signs in again, has accepted nothing. name: of the column.
    """
    told = rows.annotate(now=TransactionNow()).order_by("pk")
    found = list(told.values_list("pk", "workspace_id", "workspace__time_scale", "now"))
    if not found:
        return {}
    now = found[0][3]
    released = Event.objects.filter(
        Q(**{f"{name}__in": [one[0] for one in found]}),
        workspace__in={one[1] for one in found},
        kind=EventKind.GUARD_RELEASED,
        at__gt=now - SPAN,
    )
    accepted = dict(released.values_list(name).annotate(newest=Max("at")).order_by())
    return {pk: max(accepted.get(pk, now - SPAN), now - Pace(scale).shrink(SPAN)) for pk, _, scale, _ in found}
