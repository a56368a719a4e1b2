"""Watch the domains that mailboxes send from: which those are, what the DNS says of them, and what changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from outreach.env import env
from outreach.kit import clock
from outreach.kit.addresses import domain_and_parents
from sending.domains.asking import DnsAsker
from sending.domains.judging.addresses import Lists, Zone
from sending.domains.judging.dkim import Selectors
from sending.domains.judging.findings import Standing
from sending.domains.judging.spf import Senders
from sending.domains.judging.whole import Report, Scope, check, from_json, is_same, merged, to_json
from sending.domains.models import DomainKey, DomainReport, WatchedDomain
from sending.domains.states import KeyState
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record

log = logging.getLogger(__name__)

# So long a domain may be broken before its mailboxes write to no more strangers: the DNS is slow, and so are people.
GRACE = timedelta(hours=72)
_DAILY, _SOON = timedelta(hours=24), timedelta(hours=1)  # one that is bad or unknown is looked at again soon
_MOMENT, _PATIENCE = timedelta(seconds=10), timedelta(minutes=2)
_AT_ONCE = 200
_AT_MOST_S = 240.0  # of one round: each check may wait for other people's servers
_KEPT = 400  # reports of a domain
# Where nobody else knows: the names that keys most often stand under.
_USUAL = ("default", "dkim", "mail", "s1", "s2", "k1", "selector1", "selector2", "google")


@dataclass(frozen=True, slots=True)
class Sends:
    """Who sends for a domain.

    providers: by name, the includes that SPF needs, and the selectors under which their keys usually stand; hosts:
    servers of which no provider is known, whose addresses send.
    """

    providers: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = ()
    hosts: tuple[str, ...] = ()


def watch(workspace_id: int, wanted: Mapping[str, Sends]) -> None:
    """Watch these domains of a workspace and no others; whose senders have changed are checked at once."""
    known = {row.domain: row for row in WatchedDomain.objects.filter(workspace=workspace_id)}
    gone = [row.pk for domain, row in known.items() if domain not in wanted]
    if gone:
        WatchedDomain.objects.filter(pk__in=gone).delete()
    for domain, sends in wanted.items():
        senders = _plain(sends)
        row = known.get(domain)
        if row is None:
            values = {"senders": senders}
            WatchedDomain.objects.get_or_create(workspace_id=workspace_id, domain=domain, defaults=values)
        elif row.senders != senders:
            WatchedDomain.objects.filter(pk=row.pk).update(senders=senders, look_at=Now())


def check_due() -> int:
    """Check the domains whose time has come. Returns how many; safe to run any number of times at once."""
    stop_at, count = time.monotonic() + _AT_MOST_S, 0
    while count < _AT_ONCE and time.monotonic() < stop_at:
        row = _taken()
        if row is None:
            break
        check_now(row)
        count += 1
    return count


def _taken() -> WatchedDomain | None:
    """Take the next domain whose time has come, so that nobody else checks it; a crash leaves it for later."""
    with transaction.atomic():
        due = WatchedDomain.objects.select_for_update(skip_locked=True).filter(look_at__lte=Now())
        row = due.order_by("look_at").first()
        if row is not None:
            WatchedDomain.objects.filter(pk=row.pk).update(look_at=Now() + _SOON)
        return row


def ask(row: WatchedDomain) -> bool:
    """Have a domain checked because a person asks; False where that is under way already."""
    is_free = Q(asked_at__isnull=True) | Q(asked_at__lt=Now() - _MOMENT)
    return bool(WatchedDomain.objects.filter(is_free, pk=row.pk).update(asked_at=Now(), look_at=Now()))


def held_from(row: WatchedDomain) -> datetime | None:
    """Return from when on its mailboxes write to no more strangers, None where they may."""
    return row.failing_since and row.failing_since + GRACE


def is_held(row: WatchedDomain) -> bool:
    """Say whether a domain has been broken for so long that its mailboxes write to no strangers."""
    since = held_from(row)
    return since is not None and since <= clock.now()


def is_asked(row: WatchedDomain) -> bool:
    """Say whether a check that a person asked for is still to come; one that never came is not waited for."""
    if row.asked_at is None or (row.checked_at is not None and row.checked_at >= row.asked_at):
        return False
    return clock.now() - row.asked_at < _PATIENCE


def check_asked(pk: int) -> None:
    """Check the domain that a person asked about, if it is still there."""
    row = WatchedDomain.objects.filter(pk=pk).first()
    if row is not None:
        check_now(row)


def check_now(row: WatchedDomain) -> Report | None:
    """Check a domain and keep what was found; None where nobody sends from it any more.

    The network is asked outside of transactions.
    """
    found = check(DnsAsker(), scope_of(row))
    with transaction.atomic():
        held = WatchedDomain.objects.select_for_update().filter(pk=row.pk).first()
        return None if held is None else _keep(held, found)


def scope_of(row: WatchedDomain) -> Scope:
    """Return what is to be checked about a domain, by its mailboxes, our own keys, and the blocklists that are set."""
    sends = _sends(row.senders)
    keys = DomainKey.objects.filter(workspace=row.workspace_id, domain__in=list(domain_and_parents(row.domain)))
    known = tuple(key.selector for key in keys if key.state != KeyState.UNPUBLISHED and key.domain == row.domain)
    usual = tuple(dict.fromkeys(one for *_, some in sends.providers for one in some)) or _USUAL
    names = tuple(name for name, *_ in sends.providers)
    return Scope(
        row.domain,
        Senders(tuple((name, includes) for name, includes, _ in sends.providers if includes)),
        Selectors(known, usual, names),
        tuple(Zone(zone, Lists(kind)) for zone, kind in env().blocklists),
        sends.hosts,
    )


def _keep(row: WatchedDomain, found: Report) -> Report:
    now = clock.now()
    last = row.reports.order_by("-first_at").first()
    before = from_json(last.report) if last else None
    report = merged(before, found)
    if last is not None and before is not None and is_same(before, report):
        DomainReport.objects.filter(pk=last.pk).update(last_at=now, report=to_json(report))
    else:
        DomainReport.objects.create(watched=row, first_at=now, last_at=now, report=to_json(report))
        _forget(row)
        _tell(row, before, report)
    stops = report.stops_cold
    row.failing_since = (row.failing_since or now) if stops else None
    row.failing_words = stops[0].what[:300] if stops else ""
    row.standing, row.checked_at = report.standing, now
    row.look_at = now + (_SOON if report.standing in {Standing.BAD, Standing.UNKNOWN} else _DAILY)
    row.save(update_fields=["failing_since", "failing_words", "standing", "checked_at", "look_at"])
    return report


def _tell(row: WatchedDomain, before: Report | None, report: Report) -> None:
    """Write into the log that a domain stands otherwise than before."""
    if before is None or before.standing == report.standing:
        return
    words = report.stops_cold[0].what if report.stops_cold else ""
    told = f"{row.domain} was {before.standing} and is {report.standing}. {words}".strip()
    data = {"domain": row.domain, "words": told[:300]}
    record([Entry(row.workspace_id, EventKind.SENDING_DOMAIN, clock.now(), data=data)])
    log.info("domains.changed workspace=%s standing=%s", row.workspace_id, report.standing)


def _forget(row: WatchedDomain) -> None:
    old = row.reports.order_by("-first_at").values_list("pk", flat=True)[_KEPT : _KEPT + 100]
    DomainReport.objects.filter(pk__in=list(old)).delete()


def _plain(sends: Sends) -> dict[str, Any]:
    """Return it as JSON gives it back."""
    plain = asdict(sends)
    return {
        "providers": [[name, list(includes), list(selectors)] for name, includes, selectors in plain["providers"]],
        "hosts": list(plain["hosts"]),
    }


def _sends(stored: Mapping[str, Any]) -> Sends:
    providers = tuple((name, tuple(includes), tuple(some)) for name, includes, some in stored.get("providers", ()))
    return Sends(providers, tuple(stored.get("hosts", ())))
