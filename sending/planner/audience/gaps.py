"""The guard of missing values over everybody at once: exactly who lacks what, before their message would be held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, takewhile

from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, PlannedStep, PlannedVariant, plans
from campaigns.sequences.positions import step_name
from campaigns.sequences.states import CampaignState
from campaigns.sequences.wording import SenderValues, word
from campaigns.templating import (
    MissingValue,
    TemplateProblem,
    bare_uses,
    clean_text,
    compile_template,
    has_choices,
    may_pretend,
    spin,
)
from campaigns.templating.fallbacks import USUAL
from campaigns.templating.rendering import MAX_VALUE
from outreach.accounts.models import Workspace
from sending.planner.audience.ahead import Ahead
from sending.planner.audience.gap_rows import Row, rows_of
from sending.planner.queries import senders_of_campaign

# One look ends here; the numbers say so, and the list goes on from where it ended.
MOST_LOOKED = 200_000
PAGE = 50
_MOST_KNOWN = 50_000
# Every mailbox says something: what it lacks is told of the mailbox, not of each contact.
_SOMEBODY = SenderValues(name="x", email="x@example.com", signature="x", postal_address="x")


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps one step from a contact: the values it lacks, or what is wrong with one that it has."""

    place: str
    names: frozenset[str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A contact whose message would be held, and why."""

    id: int
    email: str
    lacks: tuple[Lack, ...]

    @property
    def names(self) -> list[str]:
        return sorted(set().union(*(lack.names for lack in self.lacks)))

    @property
    def problems(self) -> list[str]:
        return [f"{lack.place}: {lack.problem}" for lack in self.lacks if lack.problem]


@dataclass(frozen=True, slots=True)
class Gap:
    """One variable that some contacts lack: how many, where it is used, and what most people write instead."""

    name: str
    people: int
    places: tuple[str, ...]
    usual: str


@dataclass(frozen=True, slots=True)
class Guard:
    """What one look over the people of a campaign found.

    looked: contacts whose values were judged, those in whom nothing can be missing left out. until: the id behind which
    the next look begins, None when all were seen. more_after: the same for the page of people.
    """

    people: int
    gaps: Sequence[Gap]
    unfit: int  # contacts with a value that no message can carry
    page: Sequence[Person]
    more_after: int | None
    until: int | None
    broken: Sequence[str]  # wordings that nobody can get
    mailboxes: Sequence[tuple[str, Sequence[str]]]  # address, what it lacks


@dataclass
class _Wording:
    """One wording of a step, with what has to be known of a contact to tell what they lack in it."""

    step: PlannedStep
    variant: PlannedVariant
    place: str
    used: tuple[str, ...]
    deciding: frozenset[str]
    drawn: tuple[tuple[str, str], ...]  # texts with choices, and the end of their seeds
    heading: frozenset[str]  # what stands in a subject of its own
    known: dict[object, Lack | None] = field(default_factory=dict)


def guard_of(campaign: Campaign, *, name: str = "", after: int = 0, since: int | None = None) -> Guard:
    """Return who of a campaign's people would be held by which step for want of what.

    Of a draft these are its audience, of a launched campaign whoever is still in it, each by the steps that may come to
    them (see ahead.py). The page of people holds those behind the id `after`, with `name` only those who lack that
    value. The look, which is what the numbers are about, begins behind the id `since`, else behind `after`.
    Streams; bounded by MOST_LOOKED contacts.
    """
    plan = plans([campaign.pk])[campaign.pk]
    wordings, broken = _wordings(plan)
    rows = _rows(campaign, plan, wordings.values(), after=after if since is None else since)
    counts: Counter[str] = Counter()
    page: list[Person] = []
    people = unfit = looked = 0
    until = None
    ahead = Ahead(plan)
    for row in ahead.asked(rows):
        if looked == MOST_LOOKED:
            until = row.id - 1
            break
        looked += 1
        person = _person(ahead.steps_of(row), wordings, row)
        if person is None:
            continue
        people += 1
        unfit += bool(person.problems)
        counts.update(person.names)
        if row.id > after and len(page) <= PAGE and (not name or name in person.names):
            page.append(person)
    return Guard(
        people=people,
        gaps=_gaps(wordings.values(), counts),
        unfit=unfit,
        page=page[:PAGE],
        more_after=page[PAGE - 1].id if len(page) > PAGE else None,
        until=until,
        broken=broken,
        mailboxes=_mailboxes(campaign, plan),
    )


def next_who_lacks(campaign: Campaign, *, behind: int) -> tuple[int | None, bool]:
    """Return the next contact behind an id, begun again behind the last, whose message would be held; None for nobody.

    With it: whether everybody was seen. Ends at the first, or after MOST_LOOKED contacts.
    """
    plan = plans([campaign.pk])[campaign.pk]
    wordings, _ = _wordings(plan)
    later = _rows(campaign, plan, wordings.values(), after=behind)
    sooner = takewhile(lambda row: row.id <= behind, _rows(campaign, plan, wordings.values(), after=0))
    ahead = Ahead(plan)
    for looked, row in enumerate(ahead.asked(chain(later, sooner))):
        if looked == MOST_LOOKED:
            return None, False
        if _person(ahead.steps_of(row), wordings, row) is not None:
            return row.id, True
    return None, True


def _rows(campaign: Campaign, plan: CampaignPlan, wordings: Collection[_Wording], *, after: int) -> Iterator[Row]:
    names = frozenset(one for wording in wordings for one in wording.used)
    narrow = not any(wording.deciding or _full(wording) for wording in wordings)
    return rows_of(campaign, names, is_draft=plan.state is CampaignState.DRAFT, narrow=narrow, after=after)


def _wordings(plan: CampaignPlan) -> tuple[dict[tuple[int, int], _Wording], list[str]]:
    found: dict[tuple[int, int], _Wording] = {}
    broken: list[str] = []
    for step in plan.steps:
        for variant in step.variants:
            place = f"step {step_name(step.position)} {variant.label}"
            try:
                found[step.id, variant.id] = _wording(step, variant, place)
            except TemplateProblem as problem:
                broken.append(f"{place}, line {problem.line}: {problem.message}")
    return found, broken


def _wording(step: PlannedStep, variant: PlannedVariant, place: str) -> _Wording:
    sources = {":subject": variant.subject, "": variant.body_text, "html": variant.body_html}
    templates = [compile_template(source) for source in sources.values() if source]
    return _Wording(
        step=step,
        variant=variant,
        place=place,
        used=tuple(sorted(set().union(*(one.variables for one in templates)))),
        deciding=frozenset().union(*(one.deciding for one in templates)),
        drawn=tuple((source, end) for end, source in sources.items() if source and has_choices(source)),
        heading=compile_template(variant.subject).variables if step.opens_thread else frozenset(),
    )


def _full(wording: _Wording) -> bool:
    """Say whether even a contact with every value would be held: then nobody can be left out unseen."""
    return _lack(wording, Row(0, "x@example.com", 1, dict.fromkeys(wording.used, "x"))) is not None


def _person(steps: Iterable[PlannedStep], wordings: Mapping[tuple[int, int], _Wording], row: Row) -> Person | None:
    lacks = []
    for step in steps:
        if not step.variants:
            continue
        wording = wordings.get((step.id, step.variant_for(row.id).id))
        if wording is not None and (lack := _judged(wording, row)) is not None:
            lacks.append(lack)
    return Person(row.id, row.email, tuple(lacks)) if lacks else None


def _judged(wording: _Wording, row: Row) -> Lack | None:
    """Return what the contact lacks in a wording; contacts who are alike in all that matters are judged once."""
    key: list[object] = []
    for name in wording.used:
        value = row.values.get(name, "")
        is_telling = name in wording.heading and may_pretend(value)
        if is_telling or "{" in value or "}" in value or len(value) > MAX_VALUE:
            return _lack(wording, row)
        key.append(value if name in wording.deciding else bool(value.strip()))
    for source, end in wording.drawn:
        key.append(spin(source, seed=_seed(wording.step, row, end)))
    found = tuple(key)
    if found not in wording.known:
        if len(wording.known) >= _MOST_KNOWN:
            wording.known.clear()
        wording.known[found] = _lack(wording, row)
    return wording.known[found]


def _seed(step: PlannedStep, row: Row, end: str) -> str:
    return f"{step.id}:{row.id}{end if end == ':subject' else ''}"


def _lack(wording: _Wording, row: Row) -> Lack | None:
    """Ask what the claim asks (see wordings.py)."""
    try:
        word(wording.step, wording.variant, row.contact(), _SOMEBODY)
    except MissingValue as error:
        return Lack(wording.place, error.names)
    except TemplateProblem as problem:
        return Lack(wording.place, frozenset(), problem.message)
    return None


def _gaps(wordings: Iterable[_Wording], counts: Counter[str]) -> list[Gap]:
    places: dict[str, list[str]] = {}
    for wording in wordings:
        for name in wording.used:
            places.setdefault(name, []).append(wording.place)
    return [
        Gap(name, people, tuple(places.get(name, ())), USUAL.get(name, "")) for name, people in counts.most_common()
    ]


def _mailboxes(campaign: Campaign, plan: CampaignPlan) -> list[tuple[str, Sequence[str]]]:
    """Return the mailboxes that lack something of their own which a wording shows."""
    bare: set[str] = set()
    for step in plan.steps:
        for variant in step.variants:
            for source in (variant.subject, variant.body_text, variant.body_html):
                try:
                    bare |= bare_uses(source)
                except TemplateProblem:
                    continue
    found: list[tuple[str, Sequence[str]]] = []
    address = Workspace.objects.values_list("postal_address", flat=True).get(pk=campaign.workspace_id)
    for mailbox in senders_of_campaign(campaign).values():
        own = {"sender.name": mailbox.display_name, "sender.signature": mailbox.signature}
        own["sender.postal_address"] = address
        lacking = [name for name, value in own.items() if name in bare and not clean_text(value).strip()]
        if lacking:
            found.append((mailbox.address, lacking))
    return found
