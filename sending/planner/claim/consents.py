"""Whose law needs a consent that nobody has on record: asked at each claim, since a country may become known late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from campaigns.contacts.queries.grounds import IS_GROUNDED
from outreach.kit import statements
from sending.pacing import Pace
from sending.planner.lawful.grounds import consents
from sending.planner.lawful.law import Need, country_of_domain, name_of, rule_of
from sending.planner.lawful.overrides import AUDIENCE_PRINT

# Of those whose country asks for it: of whom no import states a consent, in a campaign that states none, and whom no
# decision covers that stands (lawful/overrides.py).
_LACKING = f"""
WITH decided AS MATERIALIZED (
    SELECT o.campaign_id, o.countries, o.up_to FROM planner_law_override o
     WHERE o.campaign_id = ANY(%s::bigint[]) AND o.duty = 'consent' AND o.ended_at IS NULL
       AND o.audience = {AUDIENCE_PRINT.format(campaign="o.campaign_id")}
)
SELECT a.campaign_id, a.contact_id
  FROM unnest(%s::bigint[], %s::bigint[], %s::varchar[]) AS a(campaign_id, contact_id, country)
 CROSS JOIN (SELECT %s::varchar[] AS enough) f
 WHERE NOT EXISTS (SELECT 1 FROM planner_campaign_ground g
                    WHERE g.campaign_id = a.campaign_id AND g.basis = ANY(f.enough))
   AND NOT EXISTS (SELECT 1 FROM contacts_contact c WHERE c.id = a.contact_id AND {IS_GROUNDED})
   AND NOT EXISTS (SELECT 1 FROM decided d
                    WHERE d.campaign_id = a.campaign_id AND a.country = ANY(d.countries) AND a.contact_id <= d.up_to)
"""  # noqa: S608  # our own words


class Addressed(NamedTuple):
    """Somebody whom a campaign would write to; country is "" where none is known."""

    workspace_id: int
    campaign_id: int
    contact_id: int
    country: str
    domain: str


class Consents:
    """What is known of the consent of some people: no query where no law asks for it, else one for all."""

    def __init__(self, people: Iterable[Addressed], paces: Mapping[int, Pace]) -> None:
        """Paces are by workspace: the people of one whose time is speeded up are invented."""
        asked: dict[tuple[int, int], str] = {}
        for one in people:
            code = one.country or country_of_domain(one.domain)
            rule = rule_of(code) if code else None
            if rule is not None and rule.need is Need.CONSENT and paces[one.workspace_id].scale == 1:
                asked[one.campaign_id, one.contact_id] = code
        self._lacking: dict[tuple[int, int], str] = {}
        if asked:
            enough = consents()
            campaigns = sorted({pk for pk, _ in asked})
            values = [campaigns, [pk for pk, _ in asked], [pk for _, pk in asked], list(asked.values()), enough]
            self._lacking = {(one, other): asked[one, other] for one, other in statements.run(_LACKING, values)}

    def lacking(self, campaign_id: int, contact_id: int) -> str:
        """Return why somebody may not be written to, "" where a consent is on record or none is needed."""
        code = self._lacking.get((campaign_id, contact_id))
        rule = rule_of(code) if code else None
        if code is None or rule is None:
            return ""
        return f"No consent is on record, and {rule.law} needs it for people in {name_of(code)}."
