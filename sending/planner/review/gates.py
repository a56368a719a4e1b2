"""The gates of the review, each with its evidence. What forbids a launch comes from readiness alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from campaigns.calendar import Never, ZoneProblem, next_open
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan
from campaigns.templating import Severity, lint
from outreach.accounts.models import Workspace
from outreach.kit.words import number, plural
from sending.mailboxes.budgets import database_now
from sending.planner.audience.health import audience_health
from sending.planner.errors import Obstacle
from sending.planner.review.lights import Evidence, Gate, Light, forbidding, gate

GREEN, AMBER, RED = Light.GREEN, Light.AMBER, Light.RED
_OF_GATE = {
    "sequences:audience": "audience",
    "sequences:schedule": "schedule",
    "planner:senders": "senders",
    "workspace:settings": "law",
    "planner:ground": "law",
    "mailboxes:list": "law",
    "planner:people": "state",
    "domains:list": "senders",
}


def obstacles_of(code: str, obstacles: Iterable[Obstacle]) -> list[Evidence]:
    """Return the obstacles that belong to a gate; what leads nowhere else belongs to the content."""
    return [forbidding(one) for one in obstacles if _OF_GATE.get(one.url_name, "content") == code]


def audience_gate(campaign: Campaign, obstacles: Sequence[Obstacle], size: int) -> Gate:
    """Return who is written to, and what their addresses are like."""
    return gate("audience", "Audience and addresses", [*obstacles_of("audience", obstacles), *_health(campaign, size)])


def _health(campaign: Campaign, size: int) -> Iterator[Evidence]:
    if not size:
        return
    where = ("What they are", "planner:campaign_health")
    health = audience_health(campaign)
    left_out = sum(row.count for row in health.rows if row.is_left_out)
    words = f"{plural(size, 'person,people')} on the chosen lists and in the chosen segments."
    yield Evidence(GREEN, words, "Audience", "sequences:audience")
    if left_out:
        words = f"{plural(left_out, 'person,people')} of them are left out: suppressed, or an address nobody writes to."
        yield Evidence(AMBER if left_out == size else GREEN, words, *where)
    if health.unchecked:
        yield Evidence(AMBER, f"{plural(health.unchecked, 'address,addresses')} of them never checked.", *where)
    if health.prediction:
        words = f"{health.headline}; most likely {health.likely_words} of those who are written to."
        trouble = " A campaign is paused at 3 %." if health.is_troubling else ""
        yield Evidence(AMBER if health.is_troubling else GREEN, words + trouble, *where)


def content_gate(plan: CampaignPlan, obstacles: Sequence[Obstacle]) -> Gate:
    """Return what is written, and what a filter or a reader would mind in it."""
    return gate("content", "Content", [*obstacles_of("content", obstacles), *_content(plan)])


def _content(plan: CampaignPlan) -> Iterator[Evidence]:
    where = "sequences:sequence"
    if plan.steps:
        wordings = sum(len(step.variants) for step in plan.steps)
        yield Evidence(
            GREEN, f"{plural(len(plan.steps), 'step')} with {plural(wordings, 'wording')}.", "Sequence", where
        )
        yield Evidence(GREEN, "Read it as a real contact would get it.", "Preview", "planner:preview")
    for step in plan.steps:
        for variant in step.variants:
            texts = (variant.subject, variant.body_text, variant.body_html)
            for one in lint(*texts, opens_thread=step.opens_thread):
                if one.severity is Severity.WARN:
                    words = f"Step {step.name} {variant.label}: {one.what} {one.why}"
                    yield Evidence(AMBER, words, one.fix, where)


def schedule_gate(plan: CampaignPlan, obstacles: Sequence[Obstacle]) -> Gate:
    """Return when it sends."""
    return gate("schedule", "Schedule", [*obstacles_of("schedule", obstacles), *_schedule(plan)])


def _schedule(plan: CampaignPlan) -> Iterator[Evidence]:
    where = ("Schedule", "sequences:schedule")
    try:
        name, zone = plan.zone_for("")
    except ZoneProblem:
        return
    now = database_now()
    opens = next_open(plan.schedule, zone, now)
    if isinstance(opens, Never):
        return
    at = "now" if opens == now else f"on {opens.astimezone(zone):%a %d %B %Y, %H:%M}"
    whose = ", or where the contact is" if plan.use_contact_zone else ""
    yield Evidence(GREEN, f"A window opens {at} in {name}{whose}.", *where)
    if plan.schedule.starts_on is not None and plan.schedule.starts_on > now.astimezone(zone).date():
        yield Evidence(GREEN, f"Nothing goes out before {plan.schedule.starts_on:%d %B %Y}.", *where)
    limits = [(plan.new_leads_per_day, "new contacts"), (plan.daily_limit, "messages")]
    for limit, what in limits:
        if limit is not None:
            yield Evidence(GREEN, f"At most {number(limit)} {what} a day.", *where)


def postal_address(workspace_id: int) -> str:
    """Return the postal address of a workspace, "" for none."""
    return Workspace.objects.values_list("postal_address", flat=True).get(pk=workspace_id).strip()
