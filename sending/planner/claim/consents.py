"""Whose law needs a consent that nobody has on record: asked at each claim, since a country may become known late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from campaigns.contacts.states import LegalBasis, Subscribers
from outreach.kit import clock, statements
from sending.pacing import Pace
from sending.planner.lawful.consenting import OnRecord, is_enough, why_lacking
from sending.planner.lawful.covering import COVERS_ONE
from sending.planner.lawful.law import Duty, country_of_domain, duty_of
from sending.planner.lawful.overrides import AUDIENCE_PRINT

# Of those whose country asks for it, and whom no decision covers that stands (lawful/overrides.py): what is on record
# with the import that they came with and with later ones, what the campaign states, and whether that covers them.
_ON_RECORD = f"""
WITH decided AS MATERIALIZED (
    SELECT o.campaign_id, o.countries, o.up_to FROM planner_law_override o
     WHERE o.campaign_id = ANY(%s::bigint[]) AND o.duty = 'consent' AND o.ended_at IS NULL
       AND o.audience = {AUDIENCE_PRINT.format(campaign="o.campaign_id")}
)
SELECT a.campaign_id, a.contact_id, COALESCE(g.basis, 'unstated'),
       {COVERS_ONE.format(campaign="g.campaign_id", contact="a.contact_id")},
       COALESCE(i.basis, 'unstated'), i.basis_on, COALESCE(i.basis_page, ''),
       COALESCE(NULLIF(p.subscriber_kind, ''), i.subscribers, '')
  FROM unnest(%s::bigint[], %s::bigint[], %s::varchar[]) AS a(campaign_id, contact_id, country)
  LEFT JOIN contacts_contact p ON p.id = a.contact_id
  LEFT JOIN planner_campaign_ground g ON g.campaign_id = a.campaign_id
  LEFT JOIN LATERAL (
    SELECT i.legal_basis AS basis, i.basis_on, i.basis_page, i.subscribers, c.created_at AS stated_at
      FROM contacts_contact c JOIN contacts_import i ON i.id = c.origin_id WHERE c.id = a.contact_id
     UNION ALL
    SELECT k.basis, i.basis_on, i.basis_page, i.subscribers, k.stated_at
      FROM contacts_ground k JOIN contacts_import i ON i.id = k.contact_import_id WHERE k.contact_id = a.contact_id
  ) i ON true
 WHERE NOT EXISTS (SELECT 1 FROM decided d
                    WHERE d.campaign_id = a.campaign_id AND a.country = ANY(d.countries) AND a.contact_id <= d.up_to)
 ORDER BY i.stated_at NULLS FIRST
"""  # noqa: S608  # our own words


_NOT_FOR_THEM = "What the campaign states is one if an admin states it, for those who are there then."


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
            if duty_of(code, Duty.CONSENT) and paces[one.workspace_id].scale == 1:
                asked[one.campaign_id, one.contact_id] = code
        self._lacking: dict[tuple[int, int], str] = {}
        if asked:
            today, campaigns = clock.now().date(), sorted({pk for pk, _ in asked})
            values = [campaigns, [pk for pk, _ in asked], [pk for _, pk in asked], list(asked.values())]
            may_be_written_to = set[tuple[int, int]]()
            for campaign_id, contact_id, ground, covered, basis, on, page, subscribers in statements.run(
                _ON_RECORD, values
            ):
                key = campaign_id, contact_id
                known = OnRecord(LegalBasis(basis), on, page, Subscribers(subscribers))
                is_stated = is_enough(asked[key], {LegalBasis(ground)})
                if (is_stated and covered) or not (why := why_lacking(asked[key], known, today)):
                    may_be_written_to.add(key)
                else:  # of the newest, where there are several
                    self._lacking[key] = f"{why} {_NOT_FOR_THEM}" if is_stated else why
            for key in may_be_written_to:
                self._lacking.pop(key, None)

    def lacking(self, campaign_id: int, contact_id: int) -> str:
        """Return why somebody may not be written to, "" where a consent is on record or none is needed."""
        return self._lacking.get((campaign_id, contact_id), "")
