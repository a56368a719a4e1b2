"""What is found at a tracking domain, judged and told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from sending.links.states import LEADS_AWAY, DomainState, Finding

LONGEST_HOST = 100  # characters: the header of the opt-out, one line with the address for mail, stays far below 998
_TOKEN = 40  # characters of the longest token of a message
_LINE = 76  # RFC 5322 section 2.1.1 asks for 78 characters; a folded header has a space, and a comma behind


@dataclass(frozen=True, slots=True)
class Pointing:
    """Where a name leads, as the DNS says it. aliases: the CNAMEs in their order; is_known: the DNS did answer."""

    aliases: Sequence[str] = ()
    addresses: Sequence[str] = ()
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look found. words: the evidence, for people."""

    finding: Finding
    words: str


def misled(host: str, found: Pointing, target: str, at_target: Pointing) -> Verdict | None:
    """Say what is wrong with a name that is to lead to the target, None where nothing is.

    An alias counts wherever it leads from there: the target may be an alias itself.
    """
    if target in found.aliases:
        return None
    for name, one in ((host, found), (target, at_target)):
        if not one.is_known:
            words = f"The DNS gave no answer about {name}; that says nothing about the record."
            return Verdict(Finding.DNS_SILENT, words)
    if found.addresses and set(found.addresses) <= set(at_target.addresses):
        return None
    if found.aliases:
        words = f"{host} is an alias (CNAME) of {found.aliases[0]}, which does not lead to {target}."
        return Verdict(Finding.DNS_WRONG, words)
    if found.addresses:
        # Not those of an inner network, which whoever guesses names could read here.
        shown = [one for one in found.addresses[:3] if ip_address(one).is_global]
        some = f" ({', '.join(shown)})" if shown else ""
        return Verdict(Finding.DNS_WRONG, f"{host} has other addresses{some} than {target}.")
    return Verdict(Finding.DNS_MISSING, f"There is no record at {host}.")


def next_state(state: DomainState, finding: Finding) -> DomainState:
    """Return where a domain stands after a look."""
    if state is DomainState.RETIRED or finding in {Finding.NOTHING, Finding.DNS_SILENT}:
        return state
    if finding is Finding.WORKS:
        return DomainState.WORKS
    return DomainState.UNPROVEN if state is DomainState.UNPROVEN else DomainState.BROKEN


def advice(finding: Finding, host: str) -> str:
    """Say what to do about a finding, "" where there is nothing to do."""
    if finding in LEADS_AWAY:
        return (
            f"Publish the record below where the DNS of {host} is kept, and nothing else at this name. A CDN has to be "
            "switched off for it (“DNS only”). New records may take some minutes to be seen."
        )
    return {
        Finding.NO_ANSWER: (
            "Whoever runs this server lets its proxy answer on port 443 for this name, too. A server that cannot reach "
            "its own public address needs a way to it."
        ),
        Finding.CERTIFICATE: (
            "The proxy before this server needs a certificate for this name: Caddy gets one by itself (on_demand_tls), "
            "for nginx ask certbot for it. Both are written out in docs/tracking.md."
        ),
        Finding.ELSEWHERE: (
            "The proxy has to hand requests for this name on to this server as they are, with their Host header."
        ),
    }.get(finding, "")


def is_long(host: str) -> bool:
    """Say whether the opt-out address over a host is longer than mail recommends for a line."""
    return len(f"<https://{host}/u/>,") + _TOKEN > _LINE


def name_of(text: str) -> str:
    """Return the host in what a person typed or pasted, as it stands there: an address is cut down to its host."""
    text = text.strip()
    for scheme in ("https://", "http://"):
        if text.lower().startswith(scheme):
            text = text[len(scheme) :]
    return text.removesuffix("/").removesuffix(".")
