"""The gate of the law: address, opt-out, grounds by country, and where the data comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from campaigns.sequences.plans import CampaignPlan, PlannedStep
from campaigns.sequences.positions import MAIN, path_of
from campaigns.templating.lint.saying import ADDRESS, Says, always_says, says_opt_out, shows
from campaigns.templating.spoken import LANGUAGES
from outreach.kit.words import plural
from sending.links.addresses import host
from sending.links.hosts.queries import domain_of
from sending.links.models import TrackingDomain
from sending.links.states import DomainState
from sending.mailboxes.budgets import Budget
from sending.mailboxes.hearing import unread_replies
from sending.mailboxes.models import Mailbox
from sending.planner.claim.traces import line_language
from sending.planner.errors import Obstacle
from sending.planner.lawful.footing import one_line, says_source
from sending.planner.lawful.grounds import Country, Lawful, basis_words, by_law, names_of
from sending.planner.lawful.law import Asked, Duty, Need, duty_of, may_ask_source, name_of
from sending.planner.lawful.measures import counted_words
from sending.planner.review.gates import AMBER, GREEN, RED, obstacles_of, postal_address
from sending.planner.review.lights import Evidence, Gate, gate

_WAITS = "it sends nothing until an opt-out by an answer, the only one without a tracking host, would be heard."
_BY_COUNTRY = frozenset({"no_consent", "no_interest_record"})


def law_gate(
    plan: CampaignPlan,
    obstacles: Sequence[Obstacle],
    found: Lawful,
    senders: Iterable[Mailbox],
    budgets: Sequence[Budget],
) -> Gate:
    """Return what the law asks of the messages and of the people; budgets: of the senders that are active."""
    signatures = sorted({box.signature for box in senders})
    address, domain = postal_address(plan.workspace_id), domain_of(plan.workspace_id) if host() else None
    evidence = [
        # who lacks consent, or a weighing, is told below, country by country, with the law
        *obstacles_of("law", [one for one in obstacles if one.code not in _BY_COUNTRY]),
        *_address(address, plan, signatures),
        *_opt_out(plan, signatures, domain),
        *_answers(budgets, is_forbidden=any(one.code == "unheard" for one in obstacles)),
        *_leads_over(domain),
        *_countries(found),
        *_notice(plan, found),
        *_decided(found),
    ]
    return gate("law", "Compliance", evidence)


def _firsts(plan: CampaignPlan) -> list[PlannedStep]:
    return [step for step in plan.steps if path_of(step.position) == MAIN][:1]


def _address(address: str, plan: CampaignPlan, signatures: Sequence[str]) -> Iterator[Evidence]:
    if not address or not plan.steps:
        return  # readiness forbids it
    where = ("Preview", "planner:preview")
    places = _silent(plan.steps, shows(address), {ADDRESS: address}, signatures)
    if places:
        words = f"The postal address stands in each message: in a line below {_some(places)}, where it would be missing"
        yield Evidence(GREEN, f"{words}: {one_line(address)}.", *where)
    else:
        yield Evidence(GREEN, f"The postal address stands in each message: {one_line(address)}.", *where)


def _opt_out(plan: CampaignPlan, signatures: Sequence[str], domain: TrackingDomain | None) -> Iterator[Evidence]:
    has_https = host().startswith("https://") or (domain is not None and domain.state == DomainState.WORKS)
    ways = "by mail and by one click" if has_https else "by mail"
    yield Evidence(GREEN, f"Each message carries List-Unsubscribe, {ways}.")
    places = _silent(plan.steps, says_opt_out, {}, signatures)
    if places:
        way = "a line with a link" if host() else "a line that asks for “stop” as an answer"
        words = f"Each message says how to opt out: below {_some(places)} there stands {way}{_language(plan)}."
        yield Evidence(GREEN, words, "Preview", "planner:preview")
    elif plan.steps:
        yield Evidence(GREEN, "Each message says in words how to opt out.")


def _answers(budgets: Sequence[Budget], *, is_forbidden: bool) -> Iterator[Evidence]:
    """Yield whether an answer that asks to stop would be read. is_forbidden: it stands among the obstacles already."""
    replies = unread_replies(one.mailbox for one in budgets)
    where = ("Mailboxes", "mailboxes:list")
    if budgets and not replies and all(one.is_fresh for one in budgets):
        words = "An answer that asks to stop is understood, and holds: the mailboxes are read."
        yield Evidence(GREEN, words, *where, of_campaign=False)
    for one in () if is_forbidden else budgets:
        address = one.mailbox.address
        if one.mailbox.pk in replies:
            words = f"Answers to {address} go to {replies[one.mailbox.pk]}, which no mailbox here reads: "
            meant = "they stop nobody's sequence, and an opt-out in one is not heard." if host() else _WAITS
            yield Evidence(AMBER, words + meant, "Take the Reply-To out, or connect it", where[1], of_campaign=False)
        elif not one.is_fresh:
            words = f"{address} was last read at {one.synced_at:%H:%M} UTC" if one.synced_at else f"{address} is unread"
            meant = "its follow-ups wait until it is read." if host() else _WAITS
            yield Evidence(AMBER, f"{words}: {meant}", *where, of_campaign=False)


def _language(plan: CampaignPlan) -> str:
    """Return in which languages the line stands, of the wordings or as it was chosen."""
    texts = [variant.body_text for step in plan.steps for variant in step.variants]
    found = dict.fromkeys(LANGUAGES[line_language(plan.opt_out_language, text)] for text in texts)
    return f", in {' and '.join(found)}"


def _leads_over(row: TrackingDomain | None) -> Iterator[Evidence]:
    """Yield whether the tracking domain that somebody has chosen is the one that messages lead over."""
    if row is None:
        return
    where = ("Tracking domain", "links:domain")
    if row.state == DomainState.WORKS:
        words = f"Links and opt-outs lead over {row.host}, which works."
        yield Evidence(GREEN, words, *where, of_campaign=False)
    else:
        words = f"The tracking domain {row.host} does not work: messages lead over {urlsplit(host()).hostname} instead."
        yield Evidence(AMBER, f"{words} {row.found}".strip(), *where, of_campaign=False)


def _countries(found: Lawful) -> Iterator[Evidence]:
    if not found.is_real:
        yield Evidence(GREEN, "The people of a sandbox are invented: no law asks for their consent.")
        return
    if found.ground:
        ground = found.ground
        words = f"{basis_words(ground.basis)}, stated by {ground.stated_by}: {ground.words}"
        yield Evidence(GREEN, words, "Ground", "planner:ground")
        if found.is_short:
            yield Evidence(GREEN, _short(found), "Ground", "planner:ground")
    for one in found.countries:
        if one.rule is None:
            continue
        yield _country(one, found)
    for asked, some in by_law(Duty.RECORD, [one for one in found.countries if one.unweighed]).items():
        yield _record(asked, some)
    without = [one for one in found.countries if one.rule is None]
    if without:
        people = plural(sum(one.people for one in without), "person,people")
        words = f"{people} in {_some([one.code for one in without])}"
        yield Evidence(AMBER, f"{words}: no rule of these countries is known here. Look up what they ask.")
    if found.unknown.people:
        people = plural(found.unknown.people, "person,people")
        words = f"{people} of no known country: the strictest rule may hold for them."
        yield Evidence(AMBER, words, "Audience", "sequences:audience")


def _short(found: Lawful) -> str:
    """Say whom the ground of the campaign leaves out as a consent."""
    if not found.covered:
        return "Where a law asks for a consent, that ground is none: no admin has stated it for whoever is there now."
    left = plural(found.people - found.covered, "person is,people are")
    return f"As a consent, it stands for who was there when an admin stated it: {left} left out, who came later."


def _country(one: Country, found: Lawful) -> Evidence:
    rule = one.rule
    assert rule is not None  # asked for by the caller
    who = f"{plural(one.people, 'person,people')} in {one.name}"
    if not one.lacking:
        decision = found.decisions.get(Duty.CONSENT)
        met = "they may be written to" if rule.need is Need.IDENTITY else "the ground is on record"
        if rule.need is Need.NOTICE and Duty.CONSENT in rule.duties:
            met = "the ground is on record, and they are at companies or have agreed"
        if decision and one.code in decision.countries:
            met = "the ground is on record, or it was decided about it"
        return Evidence(GREEN, f"{who}: {met}. {rule.law}.", source=rule.source)
    asked = duty_of(one.code, Duty.CONSENT)
    what = "a ground on record"
    if any(term.of_companies for term in rule.terms) and one.unconsented:
        what = "a consent on record, nor word that they are at companies"
    told = asked if asked and one.unconsented else rule
    words = f"{who}, {one.unconsented or one.lacking:,} of them without {what}. {told.law}: {told.says}"
    if one.unconsented and (counts := counted_words(rule)):
        words += f" {counts}"
    evidence = Evidence(
        RED if one.unconsented else AMBER, words, "State the ground", "planner:ground", source=rule.source
    )
    if not one.unconsented:
        return evidence
    return _decidable(Duty.CONSENT, asked, evidence) if asked else evidence


def _record(asked: Asked, some: Sequence[Country]) -> Evidence:
    words = (
        f"{plural(sum(one.unweighed for one in some), 'person,people')} in {names_of(some)} on no other ground than a "
        f"legitimate interest, which nobody has weighed for their lists. {asked.law}: {asked.says}"
    )
    return _decidable(Duty.RECORD, asked, Evidence(RED, words, "Weigh it, or state another ground", "planner:ground"))


def _decidable(duty: Duty, asked: Asked, evidence: Evidence) -> Evidence:
    """Return evidence with its law, and with what an admin may decide about it where that leaves room."""
    room = (asked.room,) if asked.room else ()
    return replace(evidence, source=asked.source, duty=duty.value if room else "", room=room)


def _decided(found: Lawful) -> Iterator[Evidence]:
    """Yield what admins have decided, as long as it stands."""
    for duty, row in found.decisions.items():
        names = _some([name_of(code) for code in row.countries])
        words = (
            f"{row.decided_by} decided on {row.decided_at:%d %B %Y} about the {duty.value} for people in {names}: "
            f"{row.reason} By {row.law}. It ends when the lists or segments change, and covers nobody who came later."
        )
        yield Evidence(AMBER, words, duty=duty.value, is_decided=True)


def _notice(plan: CampaignPlan, found: Lawful) -> Iterator[Evidence]:
    told = [one for one in [*found.countries, found.unknown] if one.people and may_ask_source(one.code)]
    if not found.is_real or not told or not plan.steps:
        return
    where = ("Preview", "planner:preview")
    places = _silent(_firsts(plan), says_source, {"data_source": "source"}, ())
    if not places:
        yield Evidence(GREEN, "The first message says where the address comes from.", *where)
        return
    sourced = sum(one.sourced for one in told)
    if sourced:
        words = f"A line below {_some(places)} tells {plural(sourced, 'person,people')} where their address is from"
        yield Evidence(GREEN, f"{words}, as their import says.", *where)
    for asked, some in by_law(Duty.NOTICE, [one for one in told if one.unsourced]).items():
        words = (
            f"{plural(sum(one.unsourced for one in some), 'person,people')} in {names_of(some)} would not be told "
            f"where you have their address from: no import says it, and {_some(places)} does not seem to. "
            f"{asked.law}: {asked.says}"
        )
        evidence = Evidence(AMBER, words, "Say it in a sentence of the first message", "sequences:sequence")
        yield _decidable(Duty.NOTICE, asked, evidence)
    if found.unknown.unsourced:
        words = (
            f"{plural(found.unknown.unsourced, 'person,people')} of no known country would not be told where you have "
            f"their address from: no import says it, and {_some(places)} does not seem to. If they are in the European "
            "Union or the United Kingdom, its law asks for it."
        )
        yield Evidence(AMBER, words, "Say it in a sentence of the first message", "sequences:sequence")


def _silent(
    steps: Iterable[PlannedStep], says: Says, values: Mapping[str, str], signatures: Sequence[str]
) -> list[str]:
    """Return the wordings that do not say something in each part to everybody, whatever is drawn and holds for them."""
    found = []
    for step in steps:
        for variant in step.variants:
            name = f"step {step.name} {variant.label}"
            if not always_says(variant.body_text, says, values, signatures=signatures):
                found.append(name)
            elif (html := variant.body_html.strip()) and not always_says(
                html, says, values, signatures=signatures, html=True
            ):
                found.append(f"{name} (the HTML)")
    return found


def _some(places: Sequence[str]) -> str:
    shown = ", ".join(places[:3])
    return f"{shown} and {len(places) - 3} more" if len(places) > 3 else shown
