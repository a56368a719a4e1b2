"""Claim, look at and remove tracking domains."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.http.request import validate_host

from outreach.accounts.access import Member
from outreach.kit import clock
from outreach.kit.addresses import parse_domain
from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.links.addresses import host as instance_host
from sending.links.hosts.core import LONGEST_HOST, Pointing, Verdict, misled, name_of, next_state
from sending.links.hosts.known import KNOWN, is_of_pages
from sending.links.hosts.lookup import look_up
from sending.links.hosts.proof import prove
from sending.links.models import ONE_DOMAIN, ONE_HOST, TrackingDomain
from sending.links.states import LEADS_AWAY, POINTS_HERE, DomainState, Finding

log = logging.getLogger(__name__)

_HOURLY = timedelta(hours=1)
_MOMENT = timedelta(seconds=5)
_SOON = timedelta(minutes=10)  # what does not work is looked at so often
_DAILY = timedelta(hours=24)  # what was removed
ANSWERED = timedelta(days=60)  # so long a removed domain is answered behind the end of its DNS record
LAPSES = timedelta(days=14)  # a claim that never worked
_NO_TARGET = "This server has no tracking host: whoever runs it sets OUTREACH_TRACKING_URL first."
_AT_ONCE = 500
_AT_MOST_S = 120.0  # of one round: each look may wait for other people's servers, 20 s at the most


class NotClaimed(Exception):
    """A host that cannot be this workspace's tracking domain; the words are for people."""


def target() -> str:
    """Return the host name that a tracking domain has to lead to, "" where this instance has none."""
    return (urlsplit(instance_host()).hostname or "").lower()


def claim(member: Member, text: str) -> TrackingDomain:
    """Make a host the workspace's tracking domain; no message names it before it is proven.

    One that the workspace has removed comes back. Raises BadAddress, NotClaimed.
    """
    host = parse_domain(name_of(text))
    if fault := _fault_of(host):
        raise NotClaimed(fault)
    try:
        with transaction.atomic():
            row = _taken_back(member, host) or TrackingDomain.objects.create(
                workspace=member.workspace, host=host, created_by=member.user
            )
            _tell(row, f"{host} is to be the tracking domain.", by=member.user.email)
    except IntegrityError as error:
        if ONE_HOST in str(error):
            raise NotClaimed(f"{host} is the tracking domain of another workspace of this server.") from error
        if ONE_DOMAIN in str(error):
            raise NotClaimed("This workspace has a tracking domain. Remove that first.") from error
        raise
    return row


def is_set(member: Member, text: str) -> bool:
    """Say whether a host is the workspace's tracking domain already. Raises BadAddress."""
    host = parse_domain(name_of(text))
    mine = TrackingDomain.objects.filter(workspace=member.workspace, host=host)
    return mine.exclude(state=DomainState.RETIRED).exists()


def check(row: TrackingDomain) -> Verdict:
    """Look at a domain and let that decide where it stands. The network is asked outside of transactions."""
    found, goal = look_up(row.host), target()
    verdict = misled(row.host, found, goal, Pointing() if goal in found.aliases else look_up(goal))
    if verdict is None:
        # Written before the host is asked: its proxy may ask us whether to get a certificate.
        TrackingDomain.objects.filter(pk=row.pk, host=row.host).update(points_here=True)
        KNOWN.look_again()
        verdict = prove(row.pk, row.host, found.addresses)
    _keep(row, verdict)
    return verdict


def check_now(row: TrackingDomain) -> Verdict:
    """Look at a domain because a person asks, again and again perhaps: what was found a moment ago holds."""
    if not target():
        return Verdict(Finding.DNS_SILENT, _NO_TARGET)
    if row.checked_at and clock.now() - row.checked_at < _MOMENT:
        return Verdict(Finding(row.finding), row.found)
    return check(row)


def check_due() -> int:
    """Look at the domains whose time has come, forget what is over; returns how many were looked at.

    Safe to run any number of times at once.
    """
    if not target():
        return 0
    _forget()
    due = TrackingDomain.objects.filter(
        Q(checked_at__isnull=True)
        | Q(state=DomainState.WORKS, checked_at__lt=Now() - _HOURLY)
        | Q(state__in=[DomainState.UNPROVEN, DomainState.BROKEN], checked_at__lt=Now() - _SOON)
        | Q(state=DomainState.RETIRED, checked_at__lt=Now() - _DAILY)
    )
    ends, looked = time.monotonic() + _AT_MOST_S, 0
    for row in due.order_by(F("checked_at").asc(nulls_first=True))[:_AT_ONCE]:
        if time.monotonic() > ends:
            break
        check(row)
        looked += 1
    return looked


def remove(member: Member, row: TrackingDomain) -> bool:
    """Name the domain in no new message. What is out stays answered: True where there may be any."""
    with transaction.atomic():
        mine = TrackingDomain.objects.filter(pk=row.pk, workspace=member.workspace)
        is_kept = bool(
            mine.filter(proven_at__isnull=False).exclude(state=DomainState.RETIRED).update(state=DomainState.RETIRED)
        )
        is_gone = bool(mine.filter(proven_at__isnull=True).delete()[0])
        if is_kept or is_gone:
            _tell(row, f"{row.host} is the tracking domain no longer.", by=member.user.email)
    return is_kept


def _fault_of(host: str) -> str:
    """Say why a host can be nobody's tracking domain, "" when it can."""
    if not target():
        return _NO_TARGET
    if len(host) > LONGEST_HOST:
        return f"{host[:40]}… has {len(host)} characters: a tracking domain has at most {LONGEST_HOST}."
    if host == target():
        return f"{host} is this server's own tracking host, which is used without a domain of your own."
    if "*" in settings.ALLOWED_HOSTS:
        return "This server shows its pages at every name (OUTREACH_ALLOWED_HOSTS=*), so no other can be told apart."
    if is_of_pages(host) or validate_host(host, settings.ALLOWED_HOSTS):
        return f"{host} is where this server shows its pages. A tracking domain needs a name of its own."
    return ""


def _taken_back(member: Member, host: str) -> TrackingDomain | None:
    mine = TrackingDomain.objects.filter(workspace=member.workspace, host=host, state=DomainState.RETIRED)
    changed = mine.update(state=DomainState.BROKEN, away_since=None, finding=Finding.NOTHING, found="", checked_at=None)
    return TrackingDomain.objects.get(host=host) if changed else None


def _keep(row: TrackingDomain, verdict: Verdict) -> None:
    before = DomainState(row.state)
    after = next_state(before, verdict.finding)
    changes: dict[str, object] = {"finding": verdict.finding, "found": verdict.words[:300], "checked_at": Now()}
    if verdict.finding in POINTS_HERE | LEADS_AWAY:
        changes["points_here"] = verdict.finding in POINTS_HERE
    if after is DomainState.WORKS:
        changes["proven_at"] = Coalesce("proven_at", Now())
    if before is DomainState.RETIRED and verdict.finding in LEADS_AWAY:
        changes["away_since"] = Coalesce("away_since", Now())
    elif before is DomainState.RETIRED and verdict.finding in POINTS_HERE:
        changes["away_since"] = None
    with transaction.atomic():
        # Only where it stands as it was looked at: it may have been removed, or looked at by somebody else, meanwhile.
        moved = TrackingDomain.objects.filter(pk=row.pk, state=before).update(state=after, **changes)
        if moved and after is not before:
            _tell(row, _told(row.host, after, verdict))
    KNOWN.look_again()


def _told(host: str, state: DomainState, verdict: Verdict) -> str:
    if state is DomainState.WORKS:
        return f"{host} works: new messages lead over it."
    return f"{host} does not work any more: new messages lead over {target()}. {verdict.words}"


def _forget() -> None:
    """Let go of removed domains that nobody can reach here any more, and of claims that came to nothing."""
    TrackingDomain.objects.filter(state=DomainState.RETIRED, away_since__lt=Now() - ANSWERED).delete()
    for row in TrackingDomain.objects.filter(state=DomainState.UNPROVEN, created_at__lt=Now() - LAPSES)[:_AT_ONCE]:
        with transaction.atomic():
            if TrackingDomain.objects.filter(pk=row.pk, state=DomainState.UNPROVEN).delete()[0]:
                _tell(row, f"{row.host} never worked in {LAPSES.days} days, and is given up as the tracking domain.")


def _tell(row: TrackingDomain, words: str, *, by: str = "") -> None:
    """Write down what became of a domain, in the transaction that does it."""
    data = {"host": row.host, "words": words} | ({"by": by} if by else {})
    record([Entry(row.workspace_id, EventKind.TRACKING_DOMAIN, clock.now(), data=data)])
    log.info("links.tracking_domain workspace=%s state=%s", row.workspace_id, row.state)
