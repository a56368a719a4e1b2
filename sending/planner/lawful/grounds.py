"""On what ground the people of a campaign may be written to, and what the law of their countries makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from campaigns.contacts.states import BASIS_LABELS, LegalBasis
from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from campaigns.sequences.states import CLOSED
from outreach.accounts.access import Member
from outreach.accounts.models import Workspace
from outreach.kit import clock
from outreach.kit.words import plural
from sending.planner.errors import Obstacle
from sending.planner.lawful.law import Need, Rule, country_of_domain, name_of, rule_of
from sending.planner.models import CampaignGround

# The ground of a contact is what was stated at the import that it came with.
_COUNTED = """
SELECT c.country, CASE WHEN c.country = '' THEN substring(c.domain FROM '[^.]+$') ELSE '' END AS tld,
       COALESCE(i.legal_basis, 'unstated'), count(*)
  FROM contacts_contact c LEFT JOIN contacts_import i ON i.id = c.origin_id
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id IN ({audience})
 GROUP BY 1, 2, 3
"""
_SUFFICES = {
    Need.CONSENT: frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT}),
    Need.NOTICE: frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.INTEREST}),
    Need.IDENTITY: frozenset(LegalBasis),
}
LONGEST_WORDS = 500


@dataclass
class Country:
    """The people of one country in an audience: how many, and how many of them lack the ground that its law needs."""

    code: str  # "" where it is not known
    rule: Rule | None
    people: int = 0
    lacking: int = 0

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
    unknown: int = field(default=0)  # and those of none


def lawful(campaign: Campaign) -> Lawful:
    """Return the countries of a campaign's audience, most people first, with what each lacks."""
    ground = CampaignGround.objects.filter(campaign=campaign).first()
    if Workspace.objects.values_list("time_scale", flat=True).get(pk=campaign.workspace_id) > 1:
        return Lawful(ground=ground, is_real=False)
    found: dict[str, Country] = {}
    for country, tld, basis, count in _counted(campaign):
        code = country or country_of_domain(tld)
        one = found.setdefault(code, Country(code, rule_of(code)))
        one.people += count
        enough = _SUFFICES[one.rule.need] if one.rule else frozenset(LegalBasis)
        if LegalBasis(basis) not in enough and not (ground and LegalBasis(ground.basis) in enough):
            one.lacking += count
    known = sorted((one for code, one in found.items() if code), key=lambda one: (-one.people, one.code))
    unknown = found[""].people if "" in found else 0
    return Lawful(known, ground, named=sum(one.people for one in known), unknown=unknown)


def law_obstacles(campaign: Campaign) -> list[Obstacle]:
    """Return what the law forbids: people of countries that need consent, of whom no consent is stated."""
    by_rule: dict[str, list[Country]] = defaultdict(list)
    for one in lawful(campaign).countries:
        if one.rule and one.rule.need is Need.CONSENT and one.lacking:
            by_rule[one.rule.law].append(one)
    return [
        Obstacle(
            "no_consent",
            f"{plural(sum(one.lacking for one in some), 'person,people')} in "
            f"{' and '.join(one.name for one in some)} without consent on record: {law} needs it.",
            "State the ground, or leave them out.",
            "planner:ground",
        )
        for law, some in by_rule.items()
    ]


def state_ground(member: Member, campaign: Campaign, basis: LegalBasis, words: str) -> None:
    """Keep on what ground a campaign writes, in the words of whoever answers for it; unstated takes it back."""
    with transaction.atomic():
        current = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        if current.state in CLOSED:
            return
        if basis is LegalBasis.UNSTATED:
            CampaignGround.objects.filter(campaign=campaign).delete()
            return
        about = {"basis": basis, "words": words[:LONGEST_WORDS], "stated_by": member.user.email}
        CampaignGround.objects.update_or_create(campaign=campaign, defaults={**about, "stated_at": clock.now()})


def basis_words(basis: str) -> str:
    """Return a ground in words."""
    return BASIS_LABELS[LegalBasis(basis)]


def _counted(campaign: Campaign) -> list[tuple[str, str, str, int]]:
    audience, inside = audience_ids(campaign).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(audience=audience), [campaign.workspace_id, *inside])
        found: list[tuple[str, str, str, int]] = cursor.fetchall()
    return found
