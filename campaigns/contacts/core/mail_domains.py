"""What is known of a domain's mail, how one look at the DNS changes it, and when the next look is worth it.

Trouble of a resolver says nothing about a domain: it leaves what is known as it is. That a domain does not exist, or
names no server, is believed only when a second look, an hour later, says so again: a zone that is being moved is away
for minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.contacts.core.providers import Provider, provider_of

MOST_HOSTS = 10  # of the exchangers of a domain that are kept
CONFIRMED_AFTER = timedelta(hours=1)
_KEPT = timedelta(days=30)  # a domain that takes mail
_KEPT_NO_MAIL = timedelta(days=7)  # people wait for nothing while it is wrong
_FIRST_RETRY, _LAST_RETRY = timedelta(minutes=15), timedelta(days=7)
_NOWHERE = frozenset({"", "localhost", "localhost.localdomain"})


class DomainVerdict(StrEnum):
    """Whether a domain takes mail, as far as it is known."""

    MAIL = "mail"  # it names servers for its mail
    NO_MAIL = "no_mail"  # it says so, or was found twice to have none
    DOUBTED = "doubted"  # it was found once to have none: nothing goes there before the second look
    UNKNOWN = "unknown"  # no answer has told yet


class DomainReason(StrEnum):
    """What the DNS said."""

    MX = "mx"  # mail exchangers
    ADDRESS = "address"  # none, but an address, which has to take the mail then (RFC 5321 section 5.1)
    NULL_MX = "null_mx"  # "takes no mail" (RFC 7505)
    NO_SERVER = "no_server"  # neither an exchanger nor an address
    NO_DOMAIN = "no_domain"  # no such name
    UNANSWERED = "unanswered"  # nothing that counts


_SAYS_NO_MAIL = frozenset({DomainReason.NO_SERVER, DomainReason.NO_DOMAIN})


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the DNS found: hosts are the exchangers, the preferred first."""

    reason: DomainReason
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a domain.

    since: when its reason was first found, without a break; tries: looks in a row that nobody answered.
    """

    verdict: DomainVerdict
    reason: DomainReason
    checked_at: datetime  # of the last answer; of the last look while there was none
    since: datetime
    look_at: datetime  # when the next look is worth it
    hosts: tuple[str, ...] = ()
    provider: Provider | None = None
    tries: int = 0


def look_of(exchangers: Sequence[tuple[int, str]]) -> Look:
    """Return what MX records (preference, name) say; at least one."""
    names = [name.rstrip(".").lower() for _, name in sorted(exchangers)]
    hosts = tuple(dict.fromkeys(name for name in names if name not in _NOWHERE))
    if hosts:
        return Look(DomainReason.MX, hosts[:MOST_HOSTS])
    return Look(DomainReason.NULL_MX if "" in names else DomainReason.NO_SERVER)


def known_after(look: Look, before: Known | None, *, now: datetime) -> Known:
    """Return what is known of a domain once `look` has been taken."""
    if look.reason is DomainReason.UNANSWERED:
        return _unanswered(before, now)
    is_same = before is not None and (before.reason is look.reason or {before.reason, look.reason} <= _SAYS_NO_MAIL)
    since = before.since if before is not None and is_same else now
    verdict = _verdict(look.reason, now - since)
    return Known(
        verdict=verdict,
        reason=look.reason,
        checked_at=now,
        since=since,
        look_at=now + _rest(verdict),
        hosts=look.hosts,
        provider=provider_of(look.hosts) if verdict is DomainVerdict.MAIL else None,
    )


def _verdict(reason: DomainReason, lasting: timedelta) -> DomainVerdict:
    if reason in {DomainReason.MX, DomainReason.ADDRESS}:
        return DomainVerdict.MAIL
    if reason is DomainReason.NULL_MX or lasting >= CONFIRMED_AFTER:
        return DomainVerdict.NO_MAIL
    return DomainVerdict.DOUBTED


def _rest(verdict: DomainVerdict) -> timedelta:
    if verdict is DomainVerdict.MAIL:
        return _KEPT
    return CONFIRMED_AFTER if verdict is DomainVerdict.DOUBTED else _KEPT_NO_MAIL


def _unanswered(before: Known | None, now: datetime) -> Known:
    tries = before.tries + 1 if before else 1
    look_at = now + min(_FIRST_RETRY * 4 ** min(tries - 1, 10), _LAST_RETRY)
    if before is None or before.verdict is DomainVerdict.UNKNOWN:
        since = before.since if before else now
        return Known(DomainVerdict.UNKNOWN, DomainReason.UNANSWERED, now, since, look_at, tries=tries)
    return Known(
        before.verdict, before.reason, before.checked_at, before.since, look_at, before.hosts, before.provider, tries
    )
