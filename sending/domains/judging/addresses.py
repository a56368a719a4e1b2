"""What the world thinks of names and addresses: whether an address and its name know each other, and blocklists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from ipaddress import ip_address, ip_network

from sending.domains.judging.asking import Answer, Asker, Kind
from sending.domains.judging.findings import Check, Finding, Judged, Standing

_LISTED = ip_network("127.0.0.0/8")  # RFC 5782 section 2.1
_REFUSED = ip_network("127.255.255.0/24")  # the list answers, and says that it does not answer this resolver
_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Reverse:
    """An address with the names it has, and which of them lead back to it."""

    address: str
    names: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    trouble: str = ""


def read_reverse(ask: Asker, address: str) -> Reverse:
    """Look up an address's names, and their addresses (forward-confirmed reverse DNS)."""
    found = ip_address(address)
    answer = ask(found.reverse_pointer, Kind.PTR)
    if answer.is_unknown:
        return Reverse(address, trouble=answer.trouble)
    kind = Kind.A if found.version == 4 else Kind.AAAA
    forward = {name: ask(name, kind) for name in answer.records[:_MOST_NAMES]}
    confirmed = tuple(name for name, one in forward.items() if any(_is(found, text) for text in one.records))
    trouble = "" if confirmed else next((one.trouble for one in forward.values() if one.is_unknown), "")
    return Reverse(address, answer.records, confirmed, trouble)


def _is(address: object, text: str) -> bool:
    try:
        return ip_address(text) == address
    except ValueError:
        return False


def judge_reverse(found: Iterable[Reverse]) -> Judged:
    """Say whether the addresses that mail leaves by have names that know them."""
    return Judged(Check.RDNS, tuple(_of_reverse(one) for one in found))


def _of_reverse(found: Reverse) -> Finding:
    finding = partial(Finding, Check.RDNS)
    why = "Google and others refuse mail from addresses whose name does not lead back to them."
    if found.trouble:
        return finding(f"unknown:{found.address}", Standing.UNKNOWN, f"Nobody knows at the moment: {found.trouble}")
    if found.confirmed:
        return finding(
            f"good:{found.address}", Standing.GOOD, f"{found.address} is {found.confirmed[0]}, and that leads back."
        )
    if not found.names:
        return finding(
            f"missing:{found.address}", Standing.BAD, f"The address {found.address} has no name.", why=why,
            fix="Have whoever gave you the address set its reverse record (PTR) to the name of the server.",
        )  # fmt: skip
    return finding(
        f"unconfirmed:{found.address}", Standing.BAD,
        f"{found.address} is called {found.names[0]}, which does not lead back to it.",
        why=why, fix=f"Give {found.names[0]} an address record with {found.address}, or the address another name.",
    )  # fmt: skip


class Lists(StrEnum):
    """What a blocklist lists."""

    ADDRESSES = "addresses"
    DOMAINS = "domains"


@dataclass(frozen=True, slots=True)
class Zone:
    """A blocklist: its zone, and what it lists."""

    zone: str
    lists: Lists


@dataclass(frozen=True, slots=True)
class Listing:
    """What a blocklist says about a domain or an address. codes are its answers, 127.0.0.x, where it lists it."""

    zone: str
    subject: str
    codes: tuple[str, ...] = ()
    words: str = ""  # what it says about it
    trouble: str = ""  # why nobody knows

    @property
    def is_listed(self) -> bool:
        return bool(self.codes) and not self.trouble


def read_listings(ask: Asker, zones: Sequence[Zone], *, domain: str, addresses: Sequence[str]) -> tuple[Listing, ...]:
    """Ask each list about the domain or the addresses.

    A list that does not know its own test entry (RFC 5782 section 5), or answers for what none has, is not believed:
    it is gone, or the resolver between makes up answers.
    """
    found: list[Listing] = []
    for zone in zones:
        subjects = (domain,) if zone.lists is Lists.DOMAINS else addresses
        trouble = _trouble_of(ask, zone) if subjects else ""
        found += [Listing(zone.zone, one, trouble=trouble) if trouble else _listing(ask, zone, one) for one in subjects]
    return tuple(found)


def _trouble_of(ask: Asker, zone: Zone) -> str:
    yes, no = ("2.0.0.127", "1.0.0.127") if zone.lists is Lists.ADDRESSES else ("test", "invalid")
    known, unknown = ask(f"{yes}.{zone.zone}", Kind.A), ask(f"{no}.{zone.zone}", Kind.A)
    if known.is_unknown:
        return known.trouble
    if _is_refused(known):
        return f"{zone.zone} does not answer the resolver that is used here"
    if not known.records:
        return f"{zone.zone} does not know its own test entry"
    return f"{zone.zone} lists everything" if unknown.records else ""


def _listing(ask: Asker, zone: Zone, subject: str) -> Listing:
    name = f"{_reversed(subject) if zone.lists is Lists.ADDRESSES else subject}.{zone.zone}"
    answer = ask(name, Kind.A)
    if answer.is_unknown:
        return Listing(zone.zone, subject, trouble=answer.trouble)
    if _is_refused(answer):
        return Listing(zone.zone, subject, trouble=f"{zone.zone} does not answer the resolver that is used here")
    codes = tuple(one for one in answer.records if ip_address(one) in _LISTED)
    if answer.records and not codes:
        return Listing(zone.zone, subject, trouble=f"{zone.zone} gave an answer that no blocklist gives")
    words = " ".join(ask(name, Kind.TXT).records[:1])[:200] if codes else ""
    return Listing(zone.zone, subject, codes, words)


def _is_refused(answer: Answer) -> bool:
    return any(ip_address(one) in _REFUSED for one in answer.records)


def _reversed(address: str) -> str:
    pointer = ip_address(address).reverse_pointer
    return pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")


def judge_listings(listings: Sequence[Listing]) -> Judged:
    """Say on which lists something stands. Without zones nothing is found, and the check is empty."""
    return Judged(Check.BLOCKLISTS, tuple(_of_listings(listings)))


def _of_listings(listings: Sequence[Listing]) -> Iterator[Finding]:
    finding = partial(Finding, Check.BLOCKLISTS)
    for one in listings:
        if one.is_listed:
            yield finding(
                f"listed:{one.zone}:{one.subject}", Standing.BAD,
                f"{one.subject} stands on {one.zone} ({', '.join(one.codes)}).",
                why=f"Receivers that ask the list refuse its mail. {one.words}".strip(),
                fix="Find out what was reported and end it, then ask the keepers of the list to take it off.",
            )  # fmt: skip
        elif one.trouble:
            yield finding(f"unknown:{one.zone}:{one.subject}", Standing.UNKNOWN, f"Nobody knows: {one.trouble}.")
    clean = [one for one in listings if not one.is_listed and not one.trouble]
    if clean:
        yield finding("good", Standing.GOOD, f"{len({one.zone for one in clean})} lists do not have it.")
