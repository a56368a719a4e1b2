"""DMARC (RFC 9989): the policy that holds for a domain, found by the tree walk, and what is wrong with its record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from sending.domains.judging.asking import Asker, Kind, tagged, tags_of
from sending.domains.judging.findings import Check, Finding, Judged, Record, Standing

_MOST_LABELS = 8  # section 4.10: of a longer name only the last seven are walked, so that eight questions are enough
_VERSION = "v=DMARC1"
_POLICIES = ("none", "quarantine", "reject")
_GONE = ("pct", "rf", "ri")  # in RFC 7489, not in RFC 9989 any more
_MAILTO = re.compile(r"mailto:[^\s@,!]+@(?P<domain>[a-z0-9_.-]+)(?:!\d+[kmgt]?)?\Z", re.IGNORECASE)

_finding = partial(Finding, Check.DMARC)


@dataclass(frozen=True, slots=True)
class Stop:
    """One name of the walk with the DMARC records that stand there."""

    domain: str
    records: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def record(self) -> str:
        """Return the record of the name; several are none (section 4.10)."""
        return self.records[0] if len(self.records) == 1 else ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a domain: the record, and where it stands; record is "" where there is none."""

    domain: str
    stops: tuple[Stop, ...]
    record: str = ""
    at: str = ""
    organization: str = ""  # the organizational domain, by which alignment is judged
    unauthorized: tuple[str, ...] = ()  # domains that were named for reports and do not take them
    trouble: str = ""

    @property
    def tags(self) -> dict[str, str]:
        return tags_of(self.record)

    @property
    def asks_for(self) -> str:
        """Return what receivers are asked to do with mail of the domain that fails (sections 4.7 and 4.10.1)."""
        tags = self.tags
        named = tags.get("p", "") if self.at == self.domain else tags.get("sp") or tags.get("p", "")
        return named.lower() if named.lower() in _POLICIES else "none"


def names_of(domain: str) -> list[str]:
    """Return the names of which the walk asks for a record, the longest first (section 4.10)."""
    labels = domain.split(".")
    rest = labels[1:] if len(labels) < _MOST_LABELS else labels[-(_MOST_LABELS - 1) :]
    return [domain, *(".".join(rest[place:]) for place in range(len(rest)))]


def read(ask: Asker, domain: str) -> Policy:
    """Find the policy that holds for a domain, with at most eight questions, and those about where reports go."""
    stops: list[Stop] = []
    for name in names_of(domain):
        answer = ask(f"_dmarc.{name}", Kind.TXT)
        stops.append(Stop(name, tagged(answer.records, _VERSION), answer.trouble))
        if answer.is_unknown and name == domain:
            return Policy(domain, tuple(stops), trouble=answer.trouble)
        if tags_of(stops[-1].record).get("psd", "").lower() in {"y", "n"}:
            break  # here the organization ends, or begins
    organization = _organization(domain, stops)
    by_name = {one.domain: one for one in stops}
    wanted = (domain, organization, stops[-1].domain)  # its own, the organization's, the public suffix's
    at = next((name for name in wanted if name in by_name and by_name[name].record), "")
    trouble = "" if at else next((one.trouble for one in stops if one.trouble), "")
    record = by_name[at].record if at else ""
    return Policy(domain, tuple(stops), record, at, organization, _unauthorized(ask, record, organization), trouble)


def _is_suffix(stop: Stop) -> bool:
    return tags_of(stop.record).get("psd", "").lower() == "y"


def _organization(domain: str, stops: list[Stop]) -> str:
    """Return the organizational domain (section 4.10.2): below a public suffix, else the shortest with a record."""
    found = [one for one in stops if one.record]
    for stop in stops:
        if stop.record and _is_suffix(stop) and stop.domain != domain:
            return ".".join(domain.split(".")[-len(stop.domain.split(".")) - 1 :])
        if stop.record and tags_of(stop.record).get("psd", "").lower() == "n":
            return stop.domain
    return found[-1].domain if found else domain


def _unauthorized(ask: Asker, record: str, organization: str) -> tuple[str, ...]:
    """Return the foreign domains named for reports that do not say that they take them (RFC 9990 section 4)."""
    domains = {found["domain"].lower().rstrip(".") for one in _uris(record) if (found := _MAILTO.match(one))}
    foreign = sorted(one for one in domains if one != organization and not one.endswith(f".{organization}"))
    answers = {one: ask(f"{organization}._report._dmarc.{one}", Kind.TXT) for one in foreign[:4]}
    return tuple(one for one, answer in answers.items() if answer.is_void)


def _uris(record: str) -> list[str]:
    tags = tags_of(record)
    return [one.strip() for name in ("rua", "ruf") for one in tags.get(name, "").split(",") if one.strip()]


def judge(policy: Policy) -> Judged:
    """Say how a domain's DMARC stands, and what is to be done."""
    own = policy.stops[0].records if policy.stops else ()
    found = own or ((policy.record,) if policy.record else ())
    return Judged(Check.DMARC, tuple(_findings(policy)), found, policy.at)


def _findings(policy: Policy) -> Iterator[Finding]:
    domain = policy.domain
    wanted = Record(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}")
    if policy.trouble:
        yield _finding("unknown", Standing.UNKNOWN, f"Nobody knows at the moment: {policy.trouble}")
        return
    if len(policy.stops[0].records) > 1:
        yield _finding(
            "many", Standing.BAD, f"There are {len(policy.stops[0].records)} DMARC records at _dmarc.{domain}.",
            why="Receivers take none of them then (RFC 9989 section 4.10).", fix="Keep one of them.", stops_cold=True,
        )  # fmt: skip
    if not policy.record:
        if len(policy.stops[0].records) < 2:
            yield _finding(
                "missing", Standing.BAD, f"{domain} has no DMARC record, and neither has a domain above it.",
                why="Google, Yahoo and Microsoft refuse or distrust what strangers send in numbers without one.",
                fix="Publish this record, with an address that you read. It asks for reports, and for nothing else.",
                record=wanted, stops_cold=True,
            )  # fmt: skip
        return
    yield from _of_the_policy(policy)
    yield from _of_the_reports(policy)
    gone = [name for name in _GONE if name in policy.tags]
    if gone:
        yield _finding(
            "gone_tags", Standing.ADVICE, f"It has {_listed(gone)}, which RFC 9989 has taken out of DMARC.",
            why="Receivers of today ignore it, older ones do not, so they treat your mail differently."
            + (" No share of the mail (pct) can be chosen now; for a trial there is t=y." if "pct" in gone else ""),
            fix="Take it out of the record.", record=_mended(policy),
        )  # fmt: skip


def _of_the_policy(policy: Policy) -> Iterator[Finding]:
    tags, at = policy.tags, policy.at
    named = {name: tags[name] for name in ("p", "sp", "np") if name in tags}
    wrong = [f"{name}={value[:20]}" for name, value in named.items() if value.lower() not in _POLICIES]
    if wrong or "p" not in tags:
        words = f"It says {_listed(wrong)}, which is no policy." if wrong else "It has no policy (p=)."
        yield _finding(
            "no_policy", Standing.BAD, words,
            why="Receivers take it for p=none where it names an address for reports, else for no record"
            " (RFC 9989 section 4.7); those that go by the older standard for none in any case.",
            fix="Begin it with v=DMARC1; p=none.", stops_cold=not _uris(policy.record),
        )  # fmt: skip
        return
    from_above = "" if at == policy.domain else f" It is that of {at}, which holds for what is below it."
    if policy.asks_for == "none":
        yield _finding(
            "asks_for_nothing", Standing.ADVICE,
            f"It asks receivers to do nothing with forged mail (p=none).{from_above}",
            why="That is enough for mail providers, and the right beginning. Forgers go on in your name.",
            fix="Once the reports show that all you send passes, ask for p=quarantine.",
        )  # fmt: skip
    else:
        yield _finding("good", Standing.GOOD, f"It asks receivers to {policy.asks_for} what fails.{from_above}")
    if tags.get("t", "").lower() == "y":
        yield _finding(
            "in_test", Standing.ADVICE, "It is on trial (t=y).",
            why="Receivers apply the next weaker policy until then.", fix="Take t=y out when the trial is over.",
        )  # fmt: skip
    if tags.get("sp", "").lower() == "none" and tags["p"].lower() != "none" and at == policy.domain:
        yield _finding(
            "open_below", Standing.ADVICE, "It leaves all names below the domain open to forgers (sp=none).",
            why="Who forges mail takes a name that is not forbidden.",
            fix="Take sp=none out, or forbid at least names that do not exist (np=reject).",
        )  # fmt: skip
    if tags.get("psd", "").lower() == "y" and at == policy.domain:
        yield _finding(
            "is_no_suffix", Standing.ADVICE, "It says that the domain is a public suffix (psd=y).",
            why="That is for registries; receivers take each name below for an organization of its own.",
            fix="Take psd=y out.",
        )  # fmt: skip


def _of_the_reports(policy: Policy) -> Iterator[Finding]:
    addresses = [one.strip() for one in policy.tags.get("rua", "").split(",") if one.strip()]
    wrong = [one for one in addresses if _MAILTO.match(one) is None and not one.lower().startswith("https:")]
    if wrong:
        yield _finding(
            "bad_report_address", Standing.ADVICE, f"“{wrong[0][:60]}” is no address for reports.",
            why="Nobody sends reports there.", fix="Write mailto: and one address; several are separated by commas.",
        )  # fmt: skip
    elif not addresses:
        yield _finding(
            "no_reports", Standing.ADVICE, "It names nobody who gets reports (rua).",
            why="Without reports nobody sees who sends in the domain's name, and whether your own mail passes.",
            fix="Add an address that you read.",
            record=_mended(policy),
        )  # fmt: skip
    for domain in policy.unauthorized:
        yield _finding(
            "unauthorized_reports", Standing.ADVICE,
            f"{domain} has not said that it takes reports about {policy.organization}.",
            why="Reporters send none there (RFC 9990 section 4).", fix=f"Whoever keeps {domain} publishes this record.",
            record=Record(f"{policy.organization}._report._dmarc.{domain}", _VERSION),
        )  # fmt: skip


def _mended(policy: Policy) -> Record:
    """Return the record without what is gone, and with an address for reports: one record mends it all."""
    kept = {name: value for name, value in policy.tags.items() if name not in _GONE}
    kept.setdefault("rua", f"mailto:dmarc@{policy.at}")
    return Record(f"_dmarc.{policy.at}", "; ".join(f"{name}={value}" for name, value in kept.items()))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
