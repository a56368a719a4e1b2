"""SPF (RFC 7208): whether a domain's record is in order, within its limits, and covers who really sends.

No address is checked as a receiver would: which names and networks may send is read, and what that costs is counted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from sending.domains.judging.findings import Check, Finding, Judged, Record, Standing
from sending.domains.judging.spf_record import Network, Term
from sending.domains.judging.spf_tree import ASKED_AT_MOST, Branch, Node, Tree

MOST_LOOKUPS, MOST_VOID = 10, 2  # section 4.6.4
_MOST_BYTES = 450  # section 3.4: with what else the answer holds it fits into 512
_ENDS = re.compile(r"[+?~-]?all|redirect=.*", re.IGNORECASE)

_finding = partial(Finding, Check.SPF)


@dataclass(frozen=True, slots=True)
class Senders:
    """Who sends in a domain's name: names that its record has to include, and addresses that it has to cover.

    includes: by the provider's name, the include that its documentation asks for, then others that do as well.
    """

    includes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    addresses: tuple[str, ...] = ()


def judge(tree: Tree, domain: str, senders: Senders) -> Judged:
    """Say how a domain's SPF stands, and what is to be done."""
    findings = tuple(_findings(tree, domain, senders))
    if not findings:
        words = (
            "It covers what your mailboxes send through."
            if senders.includes or senders.addresses
            else "It is in order."
        )
        findings = (_finding("good", Standing.GOOD, words),)
    return Judged(Check.SPF, findings, tree.records)


def _findings(tree: Tree, domain: str, senders: Senders) -> Iterator[Finding]:
    wanted = Record(domain, _record_for(senders))
    if tree.trouble and tree.node is None:
        yield _finding("unknown", Standing.UNKNOWN, f"Nobody knows at the moment: {tree.trouble}")
        return
    if not tree.records:
        yield _finding(
            "missing",
            Standing.BAD,
            f"{domain} has no SPF record.",
            why="Google, Yahoo and Microsoft ask for one, and distrust or refuse what strangers send without.",
            fix="Publish this record, with whatever else sends in the domain's name added to it.",
            record=wanted,
            stops_cold=True,
        )
        return
    if tree.problem:
        yield _finding(
            "broken",
            Standing.BAD,
            tree.problem,
            why="Receivers take such a record for broken: it is no better than none (RFC 7208 section 2.6.7).",
            fix="Keep exactly one record that begins with v=spf1, and mend what is named.",
            stops_cold=True,
        )
    if tree.lookups > MOST_LOOKUPS:
        yield _finding(
            "too_many_lookups",
            Standing.BAD,
            f"Reading it takes {_count(tree.lookups)} lookups, and {MOST_LOOKUPS} are allowed.",
            why="Receivers stop at the eleventh and take the record for broken (RFC 7208 section 4.6.4).",
            fix="Take out the includes of services that send nothing any more; the tree shows what each costs.",
            stops_cold=True,
        )
    elif tree.lookups == MOST_LOOKUPS:
        yield _finding(
            "at_the_limit", Standing.ADVICE, "Reading it takes 10 lookups, as many as are allowed.",
            why="The next include, also one that a provider adds to its own record, breaks it.",
            fix="Take out the includes of services that send nothing any more.",
        )  # fmt: skip
    if tree.voids > MOST_VOID:
        yield _finding(
            "too_many_voids",
            Standing.BAD,
            f"{tree.voids} of its names lead nowhere, and {MOST_VOID} are allowed.",
            why="Receivers may take the record for broken then (RFC 7208 section 4.6.4).",
            fix="Take out the names that are marked in the tree.",
            stops_cold=True,
        )
    if tree.node is not None and not tree.problem:
        yield from _of_the_record(tree.node, tree.records[0])
        yield from _uncovered(tree.node, domain, senders)
    if tree.trouble:
        yield _finding("partly_unknown", Standing.UNKNOWN, f"A part of it could not be read: {tree.trouble}")


def _of_the_record(node: Node, record: str) -> Iterator[Finding]:
    last = _last_word(node)
    if last is not None and last.sign == "+":
        yield _finding(
            "lets_all_send", Standing.BAD, "It ends with +all: everybody may send in the domain's name.",
            why="Receivers trust such a record less than none.", fix="End it with ~all or -all.", stops_cold=True,
        )  # fmt: skip
    elif last is None or last.sign == "?":
        yield _finding(
            "says_nothing_of_others", Standing.ADVICE, "It does not say what holds for everybody else.",
            why="Without ~all or -all at its end the record forbids nobody.", fix="End it with ~all.",
        )  # fmt: skip
    if any(one.term.name == "ptr" for one in node.walk()):
        yield _finding(
            "has_ptr", Standing.ADVICE, "It has a ptr mechanism.",
            why="It is slow, and large receivers do not ask it (section 5.5).", fix="Name the servers instead.",
        )  # fmt: skip
    if len(record.encode()) > _MOST_BYTES:
        yield _finding(
            "too_long", Standing.ADVICE, f"It is {len(record.encode())} bytes long.",
            why="Above 450 some resolvers get it only at the second try (RFC 7208 section 3.4).",
            fix="Take out what sends nothing any more.",
        )  # fmt: skip


def _last_word(node: Node) -> Term | None:
    """Return the "all" that decides, followed by way of redirect=; None where there is none."""
    for branch in node.branches:
        if branch.term.name == "all":
            return branch.term
        if branch.term.name == "redirect" and branch.node is not None:
            return _last_word(branch.node)
    return None


def _uncovered(node: Node, domain: str, senders: Senders) -> Iterator[Finding]:
    branches = list(node.walk())
    names = {one.term.value for one in branches if one.term.name in {"include", "redirect"}}
    missing = [(name, some[0]) for name, some in senders.includes if not names.intersection(some)]
    networks = [one.term.network for one in branches if one.term.network is not None]
    for name, include in missing:
        yield _finding(
            "sender_not_covered",
            Standing.BAD,
            f"Mailboxes of the domain send through {name}, and the record does not include {include}.",
            why="What they send fails SPF, unless the provider's addresses stand in the record one by one.",
            fix="Put the include in front of the last word of the record.",
            record=Record(domain, _with(node.record, [f"include:{include}"])),
        )
    bare = [one for one in senders.addresses if not _is_covered(one, networks, branches)]
    for address in bare:
        version = ip_address(address).version
        yield _finding(
            "address_not_covered",
            Standing.ADVICE,
            f"Mailboxes of the domain send through a server at {address}, which the record does not name.",
            why="If it leaves by that address, what it sends fails SPF.",
            fix="Add the address, unless the server passes its mail on to another.",
            record=Record(domain, _with(node.record, [f"ip{version}:{address}"])),
        )


def _is_covered(address: str, networks: Sequence[Network], branches: Collection[Branch]) -> bool:
    """Say whether a record covers an address; a or mx may, and nobody is asked for the benefit of doubt."""
    found = ip_address(address)
    may_be_named = any(one.term.name in {"a", "mx", "exists", "ptr"} and not one.is_void for one in branches)
    return may_be_named or any(found in one for one in networks if one.version == found.version)


def _with(record: str, words: Sequence[str]) -> str:
    """Return a record with words in front of the one that ends it."""
    kept = record.split(" ")
    place = next((n for n, one in enumerate(kept) if _ENDS.fullmatch(one)), len(kept))
    return " ".join([*kept[:place], *words, *kept[place:]])


def _record_for(senders: Senders) -> str:
    words = [f"include:{some[0]}" for _, some in senders.includes]
    words += [f"ip{ip_address(one).version}:{one}" for one in senders.addresses]
    return " ".join(["v=spf1", *words, "~all"])


def _count(lookups: int) -> str:
    return f"more than {ASKED_AT_MOST}" if lookups > ASKED_AT_MOST else str(lookups)
