"""The gate of the senders: whether they carry mail, how far their budget reaches, what proves who they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from outreach.kit.addresses import domain_and_parents
from outreach.kit.words import plural
from sending.domains.judging.findings import Standing
from sending.domains.models import DomainKey, WatchedDomain
from sending.domains.states import KeyState
from sending.domains.watching import is_held
from sending.mailboxes.budgets import Budget
from sending.mailboxes.ceilings import warnings_of
from sending.mailboxes.guarding import mailbox_alarms
from sending.mailboxes.models import MAIL, ConnectionTest, Mailbox
from sending.mailboxes.presets import by_server
from sending.mailboxes.reported import concerns, report_alarms_of
from sending.mailboxes.states import MailboxState
from sending.planner.errors import Obstacle
from sending.planner.review.gates import AMBER, GREEN, RED, obstacles_of
from sending.planner.review.lights import Evidence, Gate, gate

_WEAK = 70  # percent of health
_SEEN = {
    Standing.GOOD: ("SPF, DKIM and DMARC are in order.", GREEN),
    Standing.ADVICE: ("receivers can believe it; some of it could be better.", GREEN),
    Standing.BAD: ("something of it is broken.", AMBER),
    Standing.UNKNOWN: ("not everything about it could be found out.", AMBER),
}


def senders_gate(senders: Sequence[Mailbox], budgets: Sequence[Budget], obstacles: Sequence[Obstacle]) -> Gate:
    """Return what is known of the mailboxes that carry the campaign; budgets: of those that are active."""
    evidence = [
        *obstacles_of("senders", obstacles),
        *_states(senders, budgets),
        *_reports(senders),
        *_domains(senders),
        *_tests(senders),
    ]
    return gate("senders", "Senders and their authentication", evidence)


def _states(senders: Sequence[Mailbox], budgets: Sequence[Budget]) -> Iterator[Evidence]:
    where = ("Senders", "planner:senders")
    active = [box for box in senders if box.state == MailboxState.ACTIVE]
    if active:
        free = sum(one.free for one in budgets)
        boxes = plural(len(active), "active mailbox,active mailboxes")
        words = f"{boxes}; {free:,} messages are free in their budget of today."
        yield Evidence(GREEN, words, *where)
    if len(active) < len(senders):
        idle = [box.address for box in senders if box.state != MailboxState.ACTIVE]
        yield Evidence(AMBER, f"These carry nothing now: {', '.join(idle[:5])}.", *where)
    for one in budgets:
        if one.health < _WEAK:
            words = f"{one.mailbox.address} is at {one.health} % of its health, and sends less for it."
            yield Evidence(AMBER, words, *where)
    for box in active:
        for words in warnings_of(box.daily_limit, by_server(box.smtp_host, box.address)):
            yield Evidence(AMBER, f"{box.address}: {words}", *where)
    for found in mailbox_alarms([box.pk for box in active]).values():
        for alarm in found:
            yield Evidence(AMBER, alarm.words, *where)


def _reports(senders: Sequence[Mailbox]) -> Iterator[Evidence]:
    """Yield what providers' own numbers of the sending domains warn of."""
    where = ("What providers report", "reports:provider_reports")
    for alarm in report_alarms_of(senders[0].workspace) if senders else ():
        if any(concerns(alarm.domain, box.address) for box in senders):
            yield Evidence(AMBER, alarm.words, *where, of_campaign=False)


def _domains(senders: Sequence[Mailbox]) -> Iterator[Evidence]:
    """Yield what is known of the signatures (DKIM) of each sending domain; what nobody knows is amber."""
    if not senders:
        return
    workspace_id = senders[0].workspace_id
    keys = {row.domain: row for row in DomainKey.objects.filter(workspace=workspace_id)}
    watched = {row.domain: row for row in WatchedDomain.objects.filter(workspace=workspace_id)}
    boxes: dict[str, list[Mailbox]] = defaultdict(list)
    for box in senders:
        boxes[box.address.rpartition("@")[2].lower()].append(box)
    held = {domain for domain, row in watched.items() if is_held(row)}
    for domain, some in sorted(boxes.items()):
        if domain in watched and watched[domain].standing:
            yield _seen(watched[domain], all_are_held=held.issuperset(boxes))
        yield from _signature(domain, some, keys, is_seen=domain in watched)


def _seen(row: WatchedDomain, *, all_are_held: bool) -> Evidence:
    """Return what the DNS said of a domain when it was asked last."""
    where = ("See the domain", "domains:list")
    if is_held(row):
        words = f"{row.domain}: {row.failing_words} Its mailboxes write to no strangers until that is mended."
        return Evidence(RED if all_are_held else AMBER, words, *where, of_campaign=False)
    if row.failing_since is not None:
        words = f"{row.domain}: {row.failing_words} Receivers have reason not to believe it."
        return Evidence(AMBER, words, *where, of_campaign=False)
    words, light = _SEEN[Standing(row.standing)]
    return Evidence(light, f"{row.domain}: {words}", *where, of_campaign=False)


def _signature(
    domain: str, some: Sequence[Mailbox], keys: Mapping[str, DomainKey], *, is_seen: bool
) -> Iterator[Evidence]:
    where = ("Domains", "domains:list")
    key = next((keys[name] for name in domain_and_parents(domain) if name in keys), None)
    if key is None:
        provider = by_server(some[0].smtp_host, some[0].address)
        if provider is not None and domain in provider.domains:
            yield Evidence(GREEN, f"{provider.name} signs what leaves from its own domain {domain}.")
        elif not is_seen:
            by = f"{provider.name} may sign for it" if provider else "Its server may sign for it"
            words = f"{domain}: nothing is known of SPF, DKIM and DMARC. {by}; without, much lands among the spam."
            yield Evidence(AMBER, words, "Send yourself a test mail, or make a key", where[1], of_campaign=False)
    elif key.state == KeyState.SIGNING:
        words = f"{domain}: each message is signed (DKIM) with the key of {key.domain}."
        yield Evidence(GREEN, words, *where, of_campaign=False)
    else:
        words = f"{domain}: its key signs nothing, since its record is not in the DNS. {key.found}"
        yield Evidence(AMBER, words.strip(), "Publish the record", where[1], of_campaign=False)


def _tests(senders: Sequence[Mailbox]) -> Iterator[Evidence]:
    """Yield what the last test mail of each sender came to."""
    last: dict[int, ConnectionTest] = {}
    for test in ConnectionTest.objects.filter(mailbox__in=senders, protocol=MAIL).order_by("id"):
        last[test.mailbox_id] = test
    passed = [box.address for box in senders if box.pk in last and last[box.pk].passed]
    failed = [(box.address, last[box.pk].what) for box in senders if box.pk in last and not last[box.pk].passed]
    where = ("Mailboxes", "mailboxes:list")
    if passed:
        words = f"The last test mail of {', '.join(passed[:3])} was taken by its server."
        yield Evidence(GREEN, words, *where, of_campaign=False)
    for address, what in failed:
        yield Evidence(AMBER, f"The last test mail of {address} failed: {what}", *where, of_campaign=False)
