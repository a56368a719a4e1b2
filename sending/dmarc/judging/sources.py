"""Whose an address is that sent mail in a domain's name, and what that rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

_NOTHING = (
    "SPF does not name it, and no signature of the domain was whole: somebody forges your mail, or a service of yours "
    "was not set up."
)
_PASSED_ON = "SPF does not name it, but signatures of yours are whole: it passes on mail that one of yours has sent."
_SIGNS = (
    "SPF does not name it, but it signs with a key that the domain publishes and none of your other sources uses: a "
    "service that sends for you, or one that passes on its mail."
)
Network = IPv4Network | IPv6Network


class Origin(StrEnum):
    """Whose an address is, as far as anybody can tell."""

    OURS = "ours"  # a server that mailboxes of ours send through, or that the SPF record names itself
    PROVIDER = "provider"  # in the ranges of a provider that the SPF record includes
    SIGNER = "signer"  # signs with a key of the domain that none of ours uses
    FORWARDER = "forwarder"  # passes on what one of ours has signed
    UNKNOWN = "unknown"


# Whose mail a policy must not hit.
OWN = frozenset({Origin.OURS, Origin.PROVIDER, Origin.SIGNER})


@dataclass(frozen=True, slots=True)
class Signed:
    """How many messages a source has sent with one signature, by its result."""

    domain: str
    selector: str
    result: str
    messages: int


@dataclass(frozen=True, slots=True)
class Source:
    """What was reported of one address. dkim, spf: messages for which that passed and was aligned."""

    address: str
    messages: int
    aligned: int  # DMARC passed
    dkim: int
    spf: int
    quarantined: int
    rejected: int
    passed_on: int  # messages of which a receiver says that they came by a forwarder or a mailing list
    headers: Sequence[str]  # domains in From
    envelopes: Sequence[str]
    reporters: Sequence[str]
    first: date
    last: date
    signed: Sequence[Signed] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """Addresses that the SPF record names. includes: by which it leads there, the outermost first."""

    network: Network
    includes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Senders:
    """Mailboxes that send in one way."""

    name: str  # of the provider, or of the server
    mailboxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about who sends for a domain."""

    domain: str
    ranges: Sequence[Range] = ()
    servers: Mapping[str, Senders] = field(default_factory=dict)  # by address
    providers: Mapping[str, Senders] = field(default_factory=dict)  # by what their includes are called
    selectors: Mapping[str, str] = field(default_factory=dict)  # of our keys, and of our providers, with whose they are


@dataclass(frozen=True, slots=True)
class Judged:
    """A source with whose it is, by which mailboxes of ours, and why that is believed."""

    source: Source
    origin: Origin
    evidence: tuple[str, ...]
    mailboxes: tuple[str, ...] = ()

    @property
    def selectors(self) -> tuple[Signed, ...]:
        """Return the signatures, those of the most messages first."""
        return tuple(sorted(self.source.signed, key=lambda one: (-one.messages, one.domain, one.selector)))


def judge(sources: Iterable[Source], known: Known) -> list[Judged]:
    """Say of each source whose it is. Selectors that our own sources use are learnt from them first."""
    found = [(one, _range_of(one.address, known.ranges)) for one in sources]
    learnt = dict(known.selectors)
    for source, within in found:
        if within is not None or source.address in known.servers:
            for signed in _of_domain(source, known.domain):
                learnt.setdefault(signed.selector, f"mail from {source.address}, which is yours, carries it, too")
    known = replace(known, selectors=learnt)
    return [_judged(source, within, known) for source, within in found]


def _judged(source: Source, within: Range | None, known: Known) -> Judged:
    origin, words, mailboxes = _by_address(source, within, known) or _by_signature(source, known)
    passed_on = f"Of {source.passed_on:,} of them receivers say that they came by a forwarder or a mailing list."
    evidence = (words, *([passed_on] if source.passed_on else []), *_signature_words(source, known))
    return Judged(source, origin, evidence, mailboxes)


def _by_address(source: Source, within: Range | None, known: Known) -> tuple[Origin, str, tuple[str, ...]] | None:
    if server := known.servers.get(source.address):
        return Origin.OURS, f"It is an address of {server.name}, which mailboxes send through.", server.mailboxes
    if within is not None and not within.includes:
        return Origin.OURS, f"The SPF record names it itself ({within.network}).", ()
    if within is not None:
        senders = next((known.providers[one] for one in within.includes if one in known.providers), None)
        words = f"The SPF record includes {' and '.join(within.includes)}, which names it ({within.network})."
        return Origin.PROVIDER, words, senders.mailboxes if senders else ()
    if source.spf:
        words = "Receivers found that SPF names it, though it is not in the ranges that the last check of the DNS saw."
        return Origin.PROVIDER, words, ()
    return None


def _by_signature(source: Source, known: Known) -> tuple[Origin, str, tuple[str, ...]]:
    if not source.dkim:
        return Origin.UNKNOWN, _NOTHING, ()
    if any(one.selector in known.selectors for one in _of_domain(source, known.domain)):
        return Origin.FORWARDER, _PASSED_ON, ()
    return Origin.SIGNER, _SIGNS, ()


def _signature_words(source: Source, known: Known) -> Iterator[str]:
    told = set()
    for one in sorted(_of_domain(source, known.domain), key=lambda one: -one.messages):
        if one.selector and one.selector not in told:
            told.add(one.selector)
            whose = known.selectors.get(one.selector)
            yield f"Signed with the selector {one.selector}{f': {whose}' if whose else ''}."


def _of_domain(source: Source, domain: str) -> list[Signed]:
    """Return the signatures that passed and are the domain's, or of one above or below it."""
    return [one for one in source.signed if one.result == "pass" and is_related(one.domain, domain)]


def is_related(one: str, other: str) -> bool:
    """Say whether two domains are the same, or one is above the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _range_of(address: str, ranges: Sequence[Range]) -> Range | None:
    """Return the narrowest range that an address is in."""
    found = ip_address(address)
    within = [one for one in ranges if one.network.version == found.version and found in one.network]
    return max(within, key=lambda one: one.network.prefixlen, default=None)
