"""What providers' own numbers say of our domains: what they give cause for, and a person's word that lets them go on.

Google's spam rate is judged here. Microsoft's (SNDS) is of an address, which others may share: it is shown, and stops
nothing; see docs/decisions/provider-reports.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, timedelta

from django.db.models import Q

from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.cooling import end, name_of
from sending.mailboxes.guarding import Guarded, require_release
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing.guards import REPORT_DAYS, Alarm, Kind, ReportAlarm, ReportedRate, of_reports
from sending.pacing.receivers import Receiver, is_free_mail
from sending.postmaster.models import ReportedDay

SIDE = Receiver.GOOGLE.value  # whose numbers these are
_LEAST = 0.0005  # below, a rate gives cause for nothing


def report_alarms(workspace_ids: Collection[int] | None = None) -> Mapping[tuple[int, str], ReportAlarm]:
    """Return what Google's numbers give cause for, by workspace and domain; of some workspaces, or of all.

    What an admin has accepted counts no more, up to the newest day that was reported then.
    """
    today = clock.now().astimezone(UTC).date()
    first = today - timedelta(days=REPORT_DAYS)
    rows = ReportedDay.objects.filter(day__gte=first, spam_rate__gte=_LEAST)
    rows = rows if workspace_ids is None else rows.filter(workspace__in=workspace_ids)
    rates: dict[tuple[int, str], list[ReportedRate]] = defaultdict(list)
    for row in rows.only("workspace", "domain", "day", "spam_rate", "spam_low", "spam_high"):
        rate = ReportedRate(row.domain, row.day, row.spam_rate or 0.0, row.spam_low, row.spam_high)
        rates[row.workspace_id, row.domain].append(rate)
    accepted = _accepted({workspace_id for workspace_id, _ in rates}) if rates else {}
    found = {}
    for key, some in rates.items():
        last = accepted.get(key, date.min)
        if alarm := of_reports((one for one in some if one.day > last), today=today):
            found[key] = alarm
    return found


def report_alarms_of(workspace: Workspace) -> Sequence[ReportAlarm]:
    """Return what Google's numbers of a workspace's domains give cause for, those that stop first."""
    found = report_alarms([workspace.pk]).values()
    return sorted(found, key=lambda one: (not one.stops, one.domain))


def concerns(domain: str, address: str) -> bool:
    """Say whether what is reported of a domain is about the mail of a mailbox: at the domain, or below it."""
    host = address.rpartition("@")[2].lower()
    return host == domain or host.endswith(f".{domain}")


def boxes_of(workspace_id: int, domain: str, *, active: bool = False) -> list[int]:
    """Return the mailboxes that a report of a domain is about, in order; none at a free provider."""
    if not domain or is_free_mail(domain):
        return []
    rows = Mailbox.objects.filter(
        Q(address__iendswith=f"@{domain}") | Q(address__iendswith=f".{domain}"), workspace=workspace_id
    )
    rows = rows.filter(state=MailboxState.ACTIVE) if active else rows
    return [pk for pk, address in rows.order_by("pk").values_list("pk", "address") if concerns(domain, address)]


def release(workspace_id: int, domain: str, *, by: Member | None, why: str) -> list[int]:
    """Let the mailboxes of a domain write to Google again, although; return those that it held. Raises StillGuarded.

    Only an admin does, who says why; that is kept, and stands for all that was reported until now. What a later day
    says counts anew. Runs inside the caller's transaction, which holds the gate shut.
    """
    alarm = report_alarms([workspace_id]).get((workspace_id, domain))
    words = alarm.words if alarm else f"Google's number of {domain} has passed the limit."
    told = require_release(Guarded([Alarm(Kind.COMPLAINTS, words, stops=True)], None), by, why)
    newest = ReportedDay.objects.filter(workspace=workspace_id, domain=domain).order_by("-day").first()
    now = database_now()
    day = newest.day if newest else now.astimezone(UTC).date()
    # It names no mailbox: what the guards count of each mailbox itself goes on.
    data = {**told, "reported": domain, "side": name_of(SIDE), "day": day.isoformat()}
    record([Entry(workspace_id, EventKind.GUARD_RELEASED, now, data=data)])
    return end(workspace_id, boxes_of(workspace_id, domain), SIDE, reported=domain)


def _accepted(workspace_ids: Collection[int]) -> Mapping[tuple[int, str], date]:
    """Return up to which day an admin has accepted what was reported of domains."""
    begin = database_now() - timedelta(days=REPORT_DAYS + 1)
    rows = Event.objects.filter(
        workspace__in=workspace_ids, kind=EventKind.GUARD_RELEASED, at__gt=begin, data__has_key="reported"
    )
    found: dict[tuple[int, str], date] = {}
    for workspace_id, data in rows.values_list("workspace", "data"):
        key, day = (workspace_id, str(data["reported"])), date.fromisoformat(data["day"])
        found[key] = max(day, found.get(key, date.min))
    return found
