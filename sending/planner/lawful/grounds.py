"""On what ground the people of a campaign may be written to, and what the law of their countries makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection

from campaigns.contacts.queries import lists_weighed
from campaigns.contacts.queries.grounds import BEST_OF_MANY, GROUNDS_OF_MANY
from campaigns.contacts.states import BASIS_LABELS, WITHOUT_INTEREST, LegalBasis
from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from outreach.accounts.models import Workspace
from outreach.kit import clock
from outreach.kit.stale import fingerprint
from outreach.kit.words import plural
from sending.planner.errors import Obstacle
from sending.planner.lawful.consenting import ACCEPTED, CODE, accepted_values, asking_codes, is_enough
from sending.planner.lawful.covering import AS_CONSENT, COVERED, ENROLLED
from sending.planner.lawful.law import (
    Asked,
    Clause,
    Duty,
    Need,
    Rule,
    country_of_domain,
    duty_of,
    may_ask_source,
    name_of,
    rule_of,
)
from sending.planner.lawful.overrides import standing
from sending.planner.models import CampaignGround, LawOverride

# The ground of a contact is what was stated at the import that it came with, or at a later one, if that permits more.
_COUNTED = f"""
SELECT c.country, CASE WHEN c.country = '' THEN substring(c.domain FROM '[^.]+$') ELSE '' END AS tld,
       {BEST_OF_MANY}, COALESCE(i.source, '') <> '',
       c.id IN (SELECT m.contact_id FROM contacts_list_member m WHERE m.contact_list_id = ANY(%s::bigint[])),
       {ACCEPTED}, {COVERED},
       c.id <= %s, c.id <= %s, c.id <= %s, count(*)
  FROM contacts_contact c LEFT JOIN contacts_import i ON i.id = c.origin_id
  LEFT JOIN {GROUNDS_OF_MANY} k ON k.contact_id = c.id
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id IN ({{people}})
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""  # noqa: S608  # our own words
_OUTSIDE = """
({audience}) EXCEPT SELECT contact_id FROM planner_enrollment WHERE campaign_id = %s
"""
_RESTS = (
    Duty.CONSENT,
    Duty.RECORD,
    Duty.NOTICE,
)  # what a decision may be about, in the order of the statement's values
# Of a contact c: whether the law of its country needs a consent that is not on record, nor stated for them with the
# campaign; values: lacking_values.
LACKS_CONSENT = f"({CODE} = ANY(%s::varchar[]) AND NOT {ACCEPTED} AND NOT ({CODE} = ANY(%s::varchar[]) AND {COVERED}))"
LONGEST_WORDS = 500
_STATE_IT = "Import their consent, let an admin state it for whoever is in the audience now"


class Whom(StrEnum):
    """Whom the law is asked about."""

    AUDIENCE = "audience"
    ENROLLED = "enrolled"  # in the campaign, and something is still to come for them
    OUTSIDE = "outside"  # of the audience, those who are not in the campaign


@dataclass(frozen=True, slots=True)
class Stated:
    """On what ground a campaign writes, and how its owner knows."""

    basis: LegalBasis = LegalBasis.UNSTATED
    words: str = ""

    @property
    def seen(self) -> str:
        """The fingerprint of what a page was drawn from."""
        return fingerprint(self.basis.value, self.words)

    def __str__(self) -> str:
        return f"{basis_words(self.basis)} (“{self.words}”)" if self.words else basis_words(self.basis)


class Group(NamedTuple):
    """People of an audience of whom the same is known. old: whether they were there when a decision was made."""

    country: str
    tld: str  # where the country is not known
    basis: LegalBasis
    is_sourced: bool
    is_weighed: bool
    is_accepted: bool  # it is what the law of their country takes for a consent
    is_covered: bool  # the ground of the campaign stands for their consent, too
    old: Mapping[Duty, bool]
    people: int

    @property
    def code(self) -> str:
        return self.country or country_of_domain(self.tld)


@dataclass
class Country:
    """The people of one country in an audience: how many, and how many of them lack what its law needs.

    Those whom a decision covers lack nothing.
    """

    code: str  # "" where it is not known
    rule: Rule | None
    people: int = 0
    lacking: int = 0  # the consent that they need; or a ground on record, where that is asked for
    unconsented: int = 0  # the consent alone
    unweighed: int = 0  # on no other ground than an interest that nobody has weighed
    sourced: int = 0  # of whom somebody has written down where their address is from
    unsourced: int = 0  # of whom nobody has

    @property
    def name(self) -> str:
        return name_of(self.code)


@dataclass(frozen=True, slots=True)
class Lawful:
    """What the law of the countries of an audience makes of it; is_real is False where people are invented."""

    countries: Sequence[Country] = ()
    ground: CampaignGround | None = None
    is_real: bool = True
    named: int = 0  # people of a country that is known
    covered: int = 0  # people for whom the ground of the campaign stands as a consent
    unknown: Country = field(default_factory=lambda: Country("", None))  # those of none
    decisions: Mapping[Duty, LawOverride] = field(default_factory=dict)  # that stand

    @property
    def people(self) -> int:
        return self.named + self.unknown.people

    @property
    def is_short(self) -> bool:
        """The campaign states what may be a consent, and not for everybody."""
        return self.ground is not None and self.ground.basis in AS_CONSENT and self.covered < self.people


@dataclass(frozen=True, slots=True)
class Open:
    """What some laws ask of an audience, lack, and leave to whoever answers for it; countries: code -> name."""

    people: int
    countries: Mapping[str, str]
    rooms: Sequence[Clause]


def stated(campaign: Campaign) -> Stated:
    """Return on what ground the campaign writes."""
    row = CampaignGround.objects.filter(campaign=campaign).first()
    return Stated(LegalBasis(row.basis), row.words) if row else Stated()


def is_real(campaign: Campaign) -> bool:
    """Say whether its people are not invented: no law asks for the consent of those in a sandbox."""
    return Workspace.objects.values_list("time_scale", flat=True).get(pk=campaign.workspace_id) == 1


def lawful(campaign: Campaign, whom: Whom = Whom.AUDIENCE) -> Lawful:
    """Return the countries of a campaign's people, most people first, with what each lacks."""
    ground = CampaignGround.objects.filter(campaign=campaign).first()
    if not is_real(campaign):
        return Lawful(ground=ground, is_real=False)
    found: dict[str, Country] = {}
    decisions = standing(campaign)
    own = LegalBasis(ground.basis) if ground else LegalBasis.UNSTATED
    covered = 0
    for group in counted(campaign, whom, decisions):
        covered += group.people if group.is_covered else 0
        one = found.setdefault(group.code, Country(group.code, rule_of(group.code)))
        one.people += group.people
        _add_lacks(one, group, own, {duty for duty, row in decisions.items() if row.covers(one.code, group.old[duty])})
    known = sorted((one for code, one in found.items() if code), key=lambda one: (-one.people, one.code))
    unknown = found.get("") or Country("", None)
    named = sum(one.people for one in known)
    return Lawful(known, ground, named=named, covered=covered, unknown=unknown, decisions=decisions)


def _add_lacks(one: Country, group: Group, own: LegalBasis, decided: Collection[Duty]) -> None:
    """Count what people lack of what the law of their country asks. own: the ground that the campaign states."""
    one.sourced += group.people if group.is_sourced else 0
    if may_ask_source(one.code) and not group.is_sourced and Duty.NOTICE not in decided:
        one.unsourced += group.people
    if one.rule is None:
        return
    grounds, duties = {group.basis, own}, one.rule.duties
    has_consent = group.is_accepted or (group.is_covered and is_enough(one.code, {own})) or Duty.CONSENT in decided
    is_silent = one.rule.need is Need.NOTICE and grounds == {LegalBasis.UNSTATED} and Duty.CONSENT not in decided
    if Duty.CONSENT in duties and not has_consent:
        one.unconsented += group.people
        one.lacking += group.people
    elif is_silent:
        one.lacking += group.people
    rests_on_interest = not grounds & WITHOUT_INTEREST
    if Duty.RECORD in duties and rests_on_interest and not group.is_weighed and Duty.RECORD not in decided:
        one.unweighed += group.people


def law_obstacles(campaign: Campaign, whom: Whom = Whom.AUDIENCE) -> list[Obstacle]:
    """Return what the law forbids: people who need a consent, of whom none is stated.

    Of the audience before a launch also those who are written to on an interest that nobody has weighed.
    """
    found = lawful(campaign, whom)
    return obstacles_of_audience(found) if whom is Whom.AUDIENCE else _unconsented(found.countries)


def obstacles_of_audience(found: Lawful) -> list[Obstacle]:
    """Return what the law forbids before a launch, of an audience that was asked about."""
    return [*_unconsented(found.countries), *_unweighed(found.countries)]


def _unconsented(found: Iterable[Country]) -> list[Obstacle]:
    lacking = by_law(Duty.CONSENT, [one for one in found if one.unconsented])
    return [
        Obstacle(
            "no_consent",
            f"{plural(sum(one.unconsented for one in some), 'person,people')} in "
            f"{names_of(some)} without consent on record: {asked.law} needs it.",
            f"{_STATE_IT}, or leave them out.",
            "planner:ground",
        )
        for asked, some in lacking.items()
    ]


def _unweighed(found: Iterable[Country]) -> list[Obstacle]:
    lacking = by_law(Duty.RECORD, [one for one in found if one.unweighed])
    return [
        Obstacle(
            "no_interest_record",
            f"{plural(sum(one.unweighed for one in some), 'person,people')} in {names_of(some)} on no other ground "
            f"than a legitimate interest, and nobody has weighed it for their lists: {asked.law} asks for it.",
            "Weigh it on the pages of their lists, or state another ground.",
            "planner:ground",
        )
        for asked, some in lacking.items()
    ]


def by_law(duty: Duty, some: Iterable[Country]) -> Mapping[Asked, list[Country]]:
    """Return countries by what their laws ask of one kind; those whose law does not are left out."""
    found: dict[Asked, list[Country]] = defaultdict(list)
    for one in some:
        if asked := duty_of(one.code, duty):
            found[asked].append(one)
    return found


def names_of(some: Sequence[Country]) -> str:
    """Return the names of countries in words, the first ones of many."""
    names = [one.name for one in some]
    return f"{', '.join(names[:3])} and {len(names) - 3} more countries" if len(names) > 4 else " and ".join(names)


def open_gates(found: Lawful) -> Mapping[Duty, Open]:
    """Return what an admin may decide: where the law of people who lack something leaves room for it."""
    gates = {}
    for duty in _RESTS:
        some = [(one, asked.room) for one in found.countries if _lack(one, duty) and (asked := duty_of(one.code, duty))]
        left = [(one, room) for one, room in some if room is not None]
        if left:
            people = sum(_lack(one, duty) for one, _ in left)
            rooms = list(dict.fromkeys(room for _, room in left))
            gates[duty] = Open(people, {one.code: one.name for one, _ in left}, rooms)
    return gates


def _lack(one: Country, duty: Duty) -> int:
    lacks = {Duty.CONSENT: one.unconsented, Duty.RECORD: one.unweighed, Duty.NOTICE: one.unsourced}
    return lacks.get(duty, 0)


def consent_asked(campaign: Campaign) -> list[Any]:
    """Return the values of LACKS_CONSENT: whose law needs a consent, of nobody where people are invented."""
    return lacking_values(campaign, asking_codes() if is_real(campaign) else [])


def lacking_values(campaign: Campaign, codes: Sequence[str]) -> list[Any]:
    """Return the values of LACKS_CONSENT, with the countries that are asked about."""
    own = {stated(campaign).basis} if codes else set()
    enough = [code for code in codes if is_enough(code, own)]
    return [list(codes), *accepted_values(campaign.workspace_id, clock.now().date()), enough, campaign.pk]


def _old(rest: Sequence[bool]) -> Mapping[Duty, bool]:
    return dict(zip(_RESTS, rest, strict=True))


def basis_words(basis: str) -> str:
    """Return a ground in words."""
    return BASIS_LABELS[LegalBasis(basis)]


def counted(campaign: Campaign, whom: Whom, decisions: Mapping[Duty, LawOverride] | None = None) -> list[Group]:
    """Return how many people there are of whom the same is known. decisions: those that stand."""
    audience, inside = audience_ids(campaign).query.sql_with_params()
    people, values = {
        Whom.AUDIENCE: (audience, inside),
        Whom.ENROLLED: (ENROLLED, (campaign.pk,)),
        Whom.OUTSIDE: (_OUTSIDE.format(audience=audience), (*inside, campaign.pk)),
    }[whom]
    lists = lists_weighed(campaign.workspace_id)
    decided = decisions or {}
    old = [decided[duty].up_to if duty in decided and whom is not Whom.OUTSIDE else 0 for duty in _RESTS]
    with connection.cursor() as cursor:
        terms = accepted_values(campaign.workspace_id, clock.now().date())
        asked = [lists, *terms, campaign.pk, *old, campaign.workspace_id, campaign.workspace_id, *values]
        cursor.execute(_COUNTED.format(people=people), asked)
        return [
            Group(country, tld, LegalBasis(basis), sourced, weighed, accepted, covered, _old(rest), people)
            for country, tld, basis, sourced, weighed, accepted, covered, *rest, people in cursor.fetchall()
        ]
