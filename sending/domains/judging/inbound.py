"""Where mail for a domain goes (MX), how that way is guarded (MTA-STS, TLS-RPT), and the picture beside it (BIMI).

Replies and bounces come by that way. The last three help mail that comes in; for what is sent they are optional.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sending.domains.judging.asking import Answer, Asker, Kind, tagged, tags_of
from sending.domains.judging.dmarc import Policy
from sending.domains.judging.findings import Check, Finding, Judged, Record, Standing

_MOST_EXCHANGERS = 10


@dataclass(frozen=True, slots=True)
class Exchangers:
    """The mail exchangers of a domain, and which of them have no address; plain: the domain has an address itself."""

    names: tuple[str, ...] = ()
    is_null: bool = False  # "0 .": it takes no mail (RFC 7505)
    dead: tuple[str, ...] = ()
    has_address: bool = False
    trouble: str = ""


def read_mx(ask: Asker, domain: str) -> Exchangers:
    """Look up the exchangers and their addresses."""
    answer = ask(domain, Kind.MX)
    if answer.is_unknown:
        return Exchangers(trouble=answer.trouble)
    names = tuple(one.partition(" ")[2] for one in sorted(answer.records, key=_preference))
    if names in {(".",), ("",)}:
        return Exchangers(is_null=True)
    if not names:
        return Exchangers(has_address=_has_address(ask, domain) is not False)
    dead = tuple(one for one in names[:_MOST_EXCHANGERS] if _has_address(ask, one) is False)
    return Exchangers(names, dead=dead)


def _preference(record: str) -> tuple[int, str]:
    number, _, name = record.partition(" ")
    return (int(number) if number.isdigit() else 0, name)


def _has_address(ask: Asker, name: str) -> bool | None:
    """Say whether a name has an address; None where nobody knows."""
    answers = [ask(name, kind) for kind in (Kind.A, Kind.AAAA)]
    if any(one.records for one in answers):
        return True
    return None if any(one.is_unknown for one in answers) else False


def judge_mx(found: Exchangers, domain: str) -> Judged:
    """Say whether replies and bounces can arrive."""
    return Judged(Check.MX, (_of_mx(found, domain),), found.names)


def _of_mx(found: Exchangers, domain: str) -> Finding:
    finding = partial(Finding, Check.MX)
    lost = "Answers and bounces do not arrive, so nothing stops a sequence, and receivers distrust such senders."
    if found.trouble:
        return finding("unknown", Standing.UNKNOWN, f"Nobody knows at the moment: {found.trouble}")
    if found.is_null:
        return finding(
            "null", Standing.BAD, f"{domain} says that it takes no mail at all (a null MX).", why=lost,
            fix="Replace the MX record “0 .” by that of whoever keeps its mailboxes.", stops_cold=True,
        )  # fmt: skip
    if not found.names:
        standing = Standing.ADVICE if found.has_address else Standing.BAD
        return finding(
            "missing", standing, f"{domain} has no MX record.",
            why="Mail goes to the address of its website then." if found.has_address else lost,
            fix="Publish the MX records of whoever keeps its mailboxes.", stops_cold=not found.has_address,
        )  # fmt: skip
    if found.dead:
        standing = Standing.BAD if len(found.dead) == len(found.names) else Standing.ADVICE
        return finding(
            "dead", standing, f"The mail exchanger {found.dead[0]} has no address.",
            why="Mail for it waits or is lost.", fix="Take it out, or give it an address.",
            stops_cold=standing is Standing.BAD,
        )  # fmt: skip
    return finding("good", Standing.GOOD, f"Mail goes to {found.names[0]}" + _others(len(found.names) - 1))


def _others(count: int) -> str:
    return f" and {count} more." if count else "."


def read_sts(ask: Asker, domain: str) -> Answer:
    """Look up the announcement of a policy for TLS."""
    return ask(f"_mta-sts.{domain}", Kind.TXT)


def read_reports(ask: Asker, domain: str) -> Answer:
    """Look up where reports about TLS go."""
    return ask(f"_smtp._tls.{domain}", Kind.TXT)


def read_bimi(ask: Asker, domain: str) -> Answer:
    """Look up the picture beside the domain's mail."""
    return ask(f"default._bimi.{domain}", Kind.TXT)


def judge_sts(answer: Answer) -> Judged:
    """Say how the announcement of MTA-STS stands (RFC 8461 section 3.1)."""
    found = tagged(answer.records, "v=STSv1")
    return _optional(
        Check.MTA_STS, answer, found,
        absent="It has no MTA-STS policy. That is optional: it guards the way of mail that comes to you.",
        wrong="" if _has_id(found) else "It has no id, or stands there twice.",
        good="It announces an MTA-STS policy, which guards the way of mail that comes to you.",
    )  # fmt: skip


def _has_id(found: tuple[str, ...]) -> bool:
    return len(found) == 1 and tags_of(found[0]).get("id", "").isalnum()


def judge_reports(answer: Answer, domain: str) -> Judged:
    """Say how TLS-RPT stands (RFC 8460 section 3)."""
    found = tagged(answer.records, "v=TLSRPTv1")
    is_right = len(found) == 1 and tags_of(found[0]).get("rua", "").lower().startswith(("mailto:", "https:"))
    return _optional(
        Check.TLS_RPT, answer, found,
        absent="It asks for no reports about TLS. That is optional.",
        wrong="" if is_right else "It names no address for reports, or stands there twice.",
        good="It asks for reports about TLS on the way to you.",
        record=Record(f"_smtp._tls.{domain}", f"v=TLSRPTv1; rua=mailto:tls@{domain}"),
    )  # fmt: skip


def judge_bimi(answer: Answer, policy: Policy) -> Judged:
    """Say how BIMI stands: the picture needs a DMARC policy that forbids something."""
    found = tagged(answer.records, "v=BIMI1")
    wrong = "" if len(found) == 1 else "It stands there twice."
    if found and not tags_of(found[0]).get("l", "").lower().startswith("https:") and tags_of(found[0]).get("l"):
        wrong = "Its picture (l=) has no https address."
    elif found and policy.asks_for == "none":
        wrong = "The picture is not shown: DMARC has to ask for quarantine or reject."
    return _optional(
        Check.BIMI, answer, found,
        absent="It has no picture beside its mail (BIMI). That is optional.", wrong=wrong,
        good="It names a picture to be shown beside its mail.",
    )  # fmt: skip


def _optional(  # noqa: PLR0913  # its words
    check: Check,
    answer: Answer,
    found: tuple[str, ...],
    *,
    absent: str,
    wrong: str,
    good: str,
    record: Record | None = None,
) -> Judged:
    return Judged(check, tuple(_of_optional(check, answer, found, (absent, wrong, good), record)), found)


def _of_optional(
    check: Check, answer: Answer, found: tuple[str, ...], words: tuple[str, str, str], record: Record | None
) -> Iterator[Finding]:
    absent, wrong, good = words
    if answer.is_unknown:
        yield Finding(check, "unknown", Standing.UNKNOWN, f"Nobody knows at the moment: {answer.trouble}")
    elif not found:
        yield Finding(check, "absent", Standing.GOOD, absent)
    elif wrong:
        yield Finding(check, "wrong", Standing.ADVICE, wrong, fix="Mend the record, or take it out.", record=record)
    else:
        yield Finding(check, "good", Standing.GOOD, good)
