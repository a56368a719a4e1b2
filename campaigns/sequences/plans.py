"""What a running campaign is made of, loaded once and handed around as a value."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from functools import lru_cache
from typing import Any

from campaigns.calendar import (
    ClosedSpan,
    Region,
    Schedule,
    Wait,
    WaitUnit,
    Window,
    ZoneProblem,
    closed_names,
    ending_before_plans,
    is_known,
    parse_zone,
)
from campaigns.sequences.dealing import deal
from campaigns.sequences.positions import MAIN, path_of, step_name
from campaigns.sequences.states import (
    CONDITIONS,
    BranchKind,
    CampaignState,
    Priority,
    ReplyClass,
    StepThread,
    opens_thread,
)
from outreach.kit import statements

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedVariant:
    """One wording with its share of the contacts."""

    id: int
    label: str
    weight: int
    subject: str  # "" where the step answers in its thread
    body_text: str
    body_html: str
    version: int = 1


@dataclass(frozen=True, slots=True)
class PlannedBranch:
    """A way that leads away behind a step: to the beginning of the path with this number, or (None) to the end."""

    id: int
    kind: BranchKind
    where: str  # the condition, of FIELD
    reply: ReplyClass | None  # the class, of REPLY
    path: int | None


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One message to come; `wait` counts from the sending of the one before.

    Branches stand behind it: ways are asked in their order when the next message would be due, answers when they come.
    """

    id: int
    position: int
    wait: Wait
    thread: StepThread
    variants: tuple[PlannedVariant, ...]  # those with a share, by label
    ways: tuple[PlannedBranch, ...] = ()  # by field or click, and for everybody
    answers: tuple[PlannedBranch, ...] = ()

    @property
    def name(self) -> str:
        """Return how people call it: "3", or "2.1" for the first of path 2."""
        return step_name(self.position)

    @property
    def opens_thread(self) -> bool:
        return opens_thread(self.position, self.thread)

    def variant_for(self, contact_id: int) -> PlannedVariant:
        """Return the wording of this contact: the same at each call, exactly by weight over many contacts.

        Raises ValueError when no wording has a share.
        """
        if not self.variants:
            raise ValueError(f"step {self.name} has no wording with a share")
        return self.variants[deal(self.id, contact_id, [variant.weight for variant in self.variants])]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """A campaign with its schedule and steps in order."""

    id: int
    workspace_id: int
    name: str
    state: CampaignState
    zone_name: str
    use_contact_zone: bool
    new_leads_per_day: int | None
    daily_limit: int | None
    priority: Priority
    schedule: Schedule
    steps: tuple[PlannedStep, ...]
    skips_roles: bool = True
    path_names: tuple[tuple[int, str], ...] = ()  # by number; the main path has none
    has_ways: bool = False  # some step has a branch by field or click, or for everybody
    track_clicks: bool = False
    track_text_clicks: bool = False
    track_opens: bool = False
    opt_out_language: str = ""  # "" = as each wording seems to be

    def step_from(self, position: int) -> PlannedStep | None:
        """Return the first step of its path at or after the position, None behind the path's end.

        Steps may have been removed since it was planned.
        """
        found = next((step for step in self.steps if step.position >= position), None)
        return found if found is not None and path_of(found.position) == path_of(position) else None

    def step_before(self, position: int) -> PlannedStep | None:
        """Return the last step of its path before the position, None at the path's beginning."""
        return next(iter(self._behind(position)), None)

    def ways_at(self, position: int) -> tuple[PlannedBranch, ...]:
        """Return the branches by field, and for everybody, that are asked of whoever stands at the position."""
        if not self.has_ways:  # most campaigns have none, and this is asked for each message
            return ()
        before = self.step_before(position)
        return before.ways if before else ()

    def answer_at(self, position: int, reply: ReplyClass) -> PlannedBranch | None:
        """Return where an answer leads whoever stands at the position: the nearest branch for it behind them."""
        found = (one for step in self._behind(position) for one in step.answers if one.reply is reply)
        return next(found, None)

    def may_follow(self, position: int) -> tuple[PlannedStep, ...]:
        """Return the steps one of which comes next for whoever stands at the position, if any does."""
        step = self.step_from(position)
        firsts = (self.first_of(one.path) for one in self.ways_at(position) if one.path is not None)
        return tuple(one for one in (step, *firsts) if one is not None)

    def first_of(self, path: int) -> PlannedStep | None:
        """Return the first step of a path, None while it has none."""
        return next((step for step in self.steps if path_of(step.position) == path), None)

    def name_of(self, path: int | None) -> str:
        """Return what a path is called; None is the end."""
        if path is None:
            return "the end"
        return "the main path" if path == MAIN else dict(self.path_names).get(path, f"path {path}")

    def _behind(self, position: int) -> Iterator[PlannedStep]:
        """Yield the steps of the path before the position, the nearest first."""
        path = path_of(position)
        return (step for step in reversed(self.steps) if step.position < position and path_of(step.position) == path)

    def zone_for(self, contact_zone: str) -> tuple[str, tzinfo]:
        """Return the zone that decides for a contact: theirs when it is known and wanted, else the campaign's."""
        if contact_zone and self.use_contact_zone:
            try:
                return contact_zone, parse_zone(contact_zone)
            except ZoneProblem:
                pass  # one that the zone data has dropped since it was stored
        return self.zone_name, parse_zone(self.zone_name)


# One statement, and the text of its answer is the key under which a plan is kept: whatever a person changes makes
# another text, so that no plan is ever older than what is stored. So does a new year, whose holidays are reckoned then.
_PLANS = """
SELECT c.id, jsonb_build_object(
           'campaign', to_jsonb(c),
           'windows', (SELECT jsonb_agg(to_jsonb(w) ORDER BY w.weekday, w.start_minute)
                         FROM sequences_window w WHERE w.campaign_id = c.id),
           'year', extract(year FROM now())::int,
           'regions', (SELECT jsonb_agg(jsonb_build_array(r.country, r.part) ORDER BY r.country, r.part)
                         FROM sequences_holiday_region r
                        WHERE r.workspace_id = c.workspace_id AND (r.campaign_id = c.id OR r.campaign_id IS NULL)),
           'closed', (SELECT jsonb_agg(jsonb_build_array(d.first, d.last, d.name) ORDER BY d.first, d.last, d.name)
                        FROM sequences_closed_days d
                       WHERE d.workspace_id = c.workspace_id AND (d.campaign_id = c.id OR d.campaign_id IS NULL)),
           'paths', (SELECT jsonb_agg(jsonb_build_array(p.number, p.name) ORDER BY p.number)
                       FROM sequences_path p WHERE p.campaign_id = c.id),
           'branches', (SELECT jsonb_agg(to_jsonb(b) || jsonb_build_object('number', p.number, 'position', s.position)
                                         ORDER BY b.place)
                          FROM sequences_step s
                          JOIN sequences_branch b ON b.step_id = s.id
                          LEFT JOIN sequences_path p ON p.id = b.path_id
                         WHERE s.campaign_id = c.id),
           'steps', (SELECT jsonb_agg(to_jsonb(s) || jsonb_build_object('variants', v.with_a_share) ORDER BY s.position)
                       FROM sequences_step s
                      CROSS JOIN LATERAL (SELECT jsonb_agg(to_jsonb(v) ORDER BY v.label) AS with_a_share
                                            FROM sequences_variant v WHERE v.step_id = s.id AND v.weight > 0) v
                      WHERE s.campaign_id = c.id))::text
  FROM sequences_campaign c
 WHERE c.id = ANY(%s::bigint[])
"""


def plans(campaign_ids: Collection[int]) -> dict[int, CampaignPlan]:
    """Return the plans of the campaigns by id, as they are stored now, in one query."""
    return {pk: _plan_of(text) for pk, text in statements.run(_PLANS, [sorted(campaign_ids)])}


@lru_cache(maxsize=1_000)
def _plan_of(text: str) -> CampaignPlan:
    stored = json.loads(text)
    campaign = stored["campaign"]
    windows = (Window(row["weekday"], row["start_minute"], row["end_minute"]) for row in stored["windows"] or ())
    names = _closed(stored)
    starts_on = date.fromisoformat(campaign["starts_on"]) if campaign["starts_on"] else None
    branches = _branches(stored["branches"] or ())
    steps = tuple(_planned(step, branches[step["id"]]) for step in stored["steps"] or ())
    return CampaignPlan(
        id=campaign["id"],
        workspace_id=campaign["workspace_id"],
        name=campaign["name"],
        state=CampaignState(campaign["state"]),
        zone_name=campaign["time_zone"],
        use_contact_zone=campaign["use_contact_zone"],
        new_leads_per_day=campaign["new_leads_per_day"],
        daily_limit=campaign["daily_limit"],
        priority=Priority(campaign["priority"]),
        schedule=Schedule(windows=tuple(windows), holidays=frozenset(names), names=names, starts_on=starts_on),
        steps=steps,
        skips_roles=campaign["skips_roles"],
        path_names=tuple((number, name) for number, name in stored["paths"] or ()),
        has_ways=any(step.ways for step in steps),
        track_clicks=campaign["track_clicks"],
        track_text_clicks=campaign["track_text_clicks"],
        track_opens=campaign["track_opens"],
        opt_out_language=campaign["opt_out_language"],
    )


def with_branches(plan: CampaignPlan, step_id: int, branches: Sequence[PlannedBranch]) -> CampaignPlan:
    """Return the plan as it would be with these branches behind a step, in their order."""
    ways, answers = _sorted(branches)
    steps = tuple(replace(one, ways=ways, answers=answers) if one.id == step_id else one for one in plan.steps)
    return replace(plan, steps=steps, has_ways=any(step.ways for step in steps))


def _sorted(branches: Sequence[PlannedBranch]) -> tuple[tuple[PlannedBranch, ...], tuple[PlannedBranch, ...]]:
    """Return the ways and the answers among branches; whoever is left over comes last, wherever it stands."""
    conditions = tuple(one for one in branches if one.kind in CONDITIONS)
    ways = (*conditions, *(one for one in branches if one.kind is BranchKind.EVERYBODY))
    return ways, tuple(one for one in branches if one.kind is BranchKind.REPLY)


def _branches(rows: Sequence[Mapping[str, Any]]) -> Mapping[int, list[PlannedBranch]]:
    """Return the branches by step, in their order. One that led back would give somebody a step twice: it is none."""
    found: dict[int, list[PlannedBranch]] = defaultdict(list)
    for row in rows:
        if row["number"] is None or row["number"] > path_of(row["position"]):
            reply = ReplyClass(row["reply"]) if row["reply"] else None
            found[row["step_id"]].append(
                PlannedBranch(row["id"], BranchKind(row["kind"]), row["where"], reply, row["number"])
            )
    return found


def _closed(stored: Mapping[str, Any]) -> Mapping[date, str]:
    """Return the closed days with their names: those that were typed, and the public holidays of the regions."""
    spans = [
        ClosedSpan(date.fromisoformat(first), date.fromisoformat(last), name)
        for first, last, name in stored["closed"] or ()
    ]
    regions = [Region(country, part) for country, part in stored["regions"] or ()]
    for region in regions:
        if not is_known(region):  # chosen with another version of the holidays; the pages say so, too
            logger.warning("holidays.unknown_region", extra={"region": str(region)})
    for name, last in ending_before_plans(regions, year=stored["year"]):
        logger.warning("holidays.end", extra={"region": name, "year": last})
    return closed_names(spans, regions, year=stored["year"])


def _planned(step: Mapping[str, Any], branches: Sequence[PlannedBranch]) -> PlannedStep:
    thread = StepThread(step["thread"])
    has_subject = opens_thread(step["position"], thread)
    ways, answers = _sorted(branches)
    return PlannedStep(
        id=step["id"],
        position=step["position"],
        wait=Wait(step["wait_amount"], WaitUnit(step["wait_unit"])),
        thread=thread,
        variants=tuple(
            PlannedVariant(
                one["id"],
                one["label"],
                one["weight"],
                one["subject"] if has_subject else "",
                one["body_text"],
                one["body_html"],
                one["version"],
            )
            for one in step["variants"] or ()
        ),
        ways=ways,
        answers=answers,
    )
