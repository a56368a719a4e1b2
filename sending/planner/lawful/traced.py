"""Whose clicks and opens may be followed: personal links and images in a mail need consent where privacy law says so.

ePrivacy directive, article 5(3), in the reading of EDPB guidelines 2/2023; so do CNIL (12 March 2026) and the Garante
(17 April 2026) for images. So it holds for all of its countries, those whose rule asks for a consent or a notice, and
where nobody knows the country.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from campaigns.contacts.queries.grounds import BEST_BASIS
from campaigns.contacts.states import LegalBasis
from campaigns.sequences.models import Campaign
from outreach.kit import statements
from sending.planner.lawful.covering import COVERS_ONE
from sending.planner.lawful.grounds import Whom, counted, is_real, stated
from sending.planner.lawful.law import Need, country_of_domain, name_of, rule_of

_FACTS = f"""
SELECT a.campaign_id, c.id, c.country, c.domain, {BEST_BASIS}, COALESCE(g.basis, 'unstated'),
       w.time_scale
  FROM unnest(%s::bigint[], %s::bigint[]) AS a(campaign_id, contact_id)
  JOIN contacts_contact c ON c.id = a.contact_id
  JOIN accounts_workspace w ON w.id = c.workspace_id
  LEFT JOIN contacts_import i ON i.id = c.origin_id
  LEFT JOIN planner_campaign_ground g
    ON g.campaign_id = a.campaign_id AND {COVERS_ONE.format(campaign="g.campaign_id", contact="a.contact_id")}
"""  # noqa: S608  # our own words


def may_be_followed(asked: Collection[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of the people (campaign, contact) whose clicks and opens the law lets us follow. One query.

    The people of a sandbox are invented: no law asks for their consent.
    """
    rows = statements.run(_FACTS, [[campaign_id for campaign_id, _ in asked], [pk for _, pk in asked]])
    return {
        (campaign_id, pk)
        for campaign_id, pk, country, domain, basis, ground, pace in rows
        if pace > 1 or allows(country or country_of_domain(domain), LegalBasis(basis), LegalBasis(ground))
    }


def allows(country: str, basis: LegalBasis, ground: LegalBasis) -> bool:
    """Say whether somebody of a country ("" = not known) may be followed on a ground of theirs.

    ground: of the campaign, where it covers them.
    """
    rule = rule_of(country) if country else None
    if rule is not None and rule.need is Need.IDENTITY:
        return True
    return LegalBasis.CONSENT in {basis, ground}


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of an audience may be followed, and how many of which countries not, most first."""

    people: int
    allowed: int
    barred: Sequence[tuple[str, int]]
    unknown: int


def reach_of(campaign: Campaign) -> Reach:
    """Return whom of a campaign's audience the law lets us follow."""
    ground, is_asked = stated(campaign).basis, is_real(campaign)
    people, allowed, barred = 0, 0, Counter[str]()
    for group in counted(campaign, Whom.AUDIENCE):
        people += group.people
        covering = ground if group.is_covered else LegalBasis.UNSTATED
        if not is_asked or allows(group.code, group.basis, covering):
            allowed += group.people
        else:
            barred[group.code] += group.people
    unknown = barred.pop("", 0)
    return Reach(people, allowed, [(name_of(code), count) for code, count in barred.most_common()], unknown)
