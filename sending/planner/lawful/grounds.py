"""On what ground the people of a campaign may be written to, and what the law of their countries makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.db import connection

from campaigns.contacts.states import BASIS_LABELS, LegalBasis
from campaigns.sequences.audience import audience_ids
from campaigns.sequences.models import Campaign
from outreach.accounts.models import Workspace
from outreach.kit.stale import fingerprint
from outreach.kit.words import plural
from sending.planner.errors import Obstacle
from sending.planner.lawful.law import Need, Rule, country_of_domain, name_of, rule_of, rules
from sending.planner.models import CampaignGround

# The ground of a contact is what was stated at the import that it came with.
_COUNTED = """
SELECT c.country, CASE WHEN c.country = '' THEN substring(c.domain FROM '[^.]+$') ELSE '' END AS tld,
       COALESCE(i.legal_basis, 'unstated'), COALESCE(i.source, '') <> '', count(*)
  FROM contacts_contact c LEFT JOIN contacts_import i ON i.id = c.origin_id
 WHERE c.workspace_id = %s AND c.erased_at IS NULL AND c.id IN ({people})
 GROUP BY 1, 2, 3, 4
"""
_ENROLLED = """
SELECT contact_id FROM planner_enrollment
 WHERE campaign_id = %s AND (state IN ('active', 'sending') OR led_to IS NOT NULL)
"""
_OUTSIDE = """
({audience}) EXCEPT SELECT contact_id FROM planner_enrollment WHERE campaign_id = %s
"""
# Of a contact c: whether the law of its country needs a consent that is not on record (two lists of values).
LACKS_CONSENT = """(
    COALESCE(NULLIF(c.country, ''), CASE upper(substring(c.domain FROM '[^.]+$')) WHEN 'UK' THEN 'GB'
             WHEN 'US' THEN '' ELSE upper(substring(c.domain FROM '[^.]+$')) END, '') = ANY(%s::varchar[])
    AND NOT EXISTS (SELECT 1 FROM contacts_import i WHERE i.id = c.origin_id AND i.legal_basis = ANY(%s::varchar[]))
)"""
_SUFFICES = {
    Need.CONSENT: frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT}),
    Need.NOTICE: frozenset({LegalBasis.CONSENT, LegalBasis.CONTRACT, LegalBasis.INTEREST}),
    Need.IDENTITY: frozenset(LegalBasis),
}
LONGEST_WORDS = 500


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


@dataclass
class Country:
    """The people of one country in an audience: how many, and how many of them lack the ground that its law needs."""

    code: str  # "" where it is not known
    rule: Rule | None
    people: int = 0
    lacking: int = 0
    unsourced: int = 0  # of whom nobody has written down where their address is from

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
    for country, tld, basis, is_sourced, count in counted(campaign, whom):
        code = country or country_of_domain(tld)
        one = found.setdefault(code, Country(code, rule_of(code)))
        one.people += count
        one.unsourced += 0 if is_sourced else count
        enough = _SUFFICES[one.rule.need] if one.rule else frozenset(LegalBasis)
        if LegalBasis(basis) not in enough and not (ground and LegalBasis(ground.basis) in enough):
            one.lacking += count
    known = sorted((one for code, one in found.items() if code), key=lambda one: (-one.people, one.code))
    unknown = found[""].people if "" in found else 0
    return Lawful(known, ground, named=sum(one.people for one in known), unknown=unknown)


def law_obstacles(campaign: Campaign, whom: Whom = Whom.AUDIENCE) -> list[Obstacle]:
    """Return what the law forbids: people of countries that need consent, of whom no consent is stated."""
    by_rule: dict[str, list[Country]] = defaultdict(list)
    for one in lawful(campaign, whom).countries:
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


def consents() -> list[str]:
    """Return the grounds that are a consent in the sense of the law."""
    return sorted(one.value for one in _SUFFICES[Need.CONSENT])


def consent_asked(campaign: Campaign) -> tuple[list[str], list[str]]:
    """Return the values of LACKS_CONSENT: whose law needs a consent here, and the grounds that are one.

    No country where the campaign states such a ground for all, or its people are invented.
    """
    enough = consents()
    asked = is_real(campaign) and stated(campaign).basis not in enough
    codes = [code for rule in rules() if rule.need is Need.CONSENT for code in rule.countries] if asked else []
    return codes, enough


def basis_words(basis: str) -> str:
    """Return a ground in words."""
    return BASIS_LABELS[LegalBasis(basis)]


def counted(campaign: Campaign, whom: Whom) -> list[tuple[str, str, str, bool, int]]:
    """Return how many people there are of each country (or else top-level domain) and ground of their import.

    Each row also says whether it is written down where their addresses are from.
    """
    audience, inside = audience_ids(campaign).query.sql_with_params()
    people, values = {
        Whom.AUDIENCE: (audience, inside),
        Whom.ENROLLED: (_ENROLLED, (campaign.pk,)),
        Whom.OUTSIDE: (_OUTSIDE.format(audience=audience), (*inside, campaign.pk)),
    }[whom]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED.format(people=people), [campaign.workspace_id, *values])
        found: list[tuple[str, str, str, bool, int]] = cursor.fetchall()
    return found
