"""What stands between a campaign and its launch: every obstacle at once, each with the way out."""

from __future__ import annotations

from campaigns.calendar import Never, ZoneProblem, next_open
from campaigns.sequences.audience import audience_contacts, unreadable
from campaigns.sequences.faults import faults_of
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import CampaignPlan, PlannedStep, plans
from campaigns.sequences.queries import audience_of, audience_segments_of
from campaigns.sequences.states import CampaignState
from campaigns.sequences.variables import known_variables
from outreach.accounts.models import Workspace
from outreach.kit.words import plural
from sending.domains.keys import KeyLost, signatures_of
from sending.links.addresses import host
from sending.mailboxes.budgets import database_now
from sending.mailboxes.hearing import unread_replies, unread_words
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.pacing import HoldCode
from sending.planner.errors import Obstacle
from sending.planner.lawful.grounds import Lawful, Whom, law_obstacles, lawful, obstacles_of_audience
from sending.planner.models import CampaignMailbox, Enrollment
from sending.planner.paths.broken import broken_branches
from sending.planner.states import EnrollmentState


def obstacles(campaign: Campaign, law: Lawful | None = None) -> tuple[Obstacle, ...]:
    """Return everything that forbids the launch; empty when it may start.

    law: what it makes of the audience, where the caller has asked already.
    """
    plan = plans([campaign.pk])[campaign.pk]
    return (
        *_state(plan),
        *_audience(campaign),
        *_steps(plan),
        *_wording(plan),
        *broken_branches(plan),
        *_schedule(plan),
        *_senders(campaign),
        *_answers(campaign),
        *_identity(campaign),
        *obstacles_of_audience(law or lawful(campaign)),
        *_signatures(campaign),
    )


def stalls(campaign: Campaign) -> tuple[Obstacle, ...]:
    """Return what keeps a running campaign from writing to anybody, or from growing; empty unless it is running."""
    if campaign.state != CampaignState.RUNNING:
        return ()
    plan = plans([campaign.pk])[campaign.pk]
    return (
        *_schedule(plan),
        *broken_branches(plan),
        *_senders(campaign),
        *_answers(campaign),
        *_consents(campaign),
        *(broken_segments(campaign, "so nobody of it is added") if campaign.grows else ()),
        *(law_obstacles(campaign, Whom.OUTSIDE) if campaign.grows else ()),
    )


def _consents(campaign: Campaign) -> list[Obstacle]:
    """Return who of a running campaign waits for a consent: their country became known when they were in it."""
    waiting = Enrollment.objects.filter(campaign=campaign, state=EnrollmentState.ACTIVE, hold_code=HoldCode.NO_CONSENT)
    count = waiting.count()
    if not count:
        return []
    words = f"{plural(count, 'person waits,people wait')} for a consent that the law of their country needs."
    fix = "Import them with their consent, let an admin state it for whoever is there now, or take them out."
    return [Obstacle("no_consent_now", words, fix, "planner:ground")]


def broken_segments(campaign: Campaign, so: str = "") -> list[Obstacle]:
    """Return the segments that cannot be read any more, and what comes of it."""
    cause = f"cannot be read, {so}." if so else "cannot be read."
    return [
        Obstacle(
            "broken_segment", f"The segment {row} {cause} {words}", "Mend it, or take it off.", "sequences:audience"
        )
        for row, words in unreadable(campaign)
    ]


def _state(plan: CampaignPlan) -> list[Obstacle]:
    if plan.state is CampaignState.DRAFT:
        return []
    return [Obstacle("state", "The campaign was launched already.", "Resume it if it is paused.", "planner:people")]


def _audience(campaign: Campaign) -> list[Obstacle]:
    where = "sequences:audience"
    if not audience_of(campaign) and not audience_segments_of(campaign):
        words = "No list and no segment of contacts is chosen."
        return [Obstacle("no_audience", words, "Choose at least one.", where)]
    if broken := broken_segments(campaign):
        return broken
    if not audience_contacts(campaign).exists():
        words = "Nobody is on the chosen lists or in the chosen segments."
        return [Obstacle("empty_audience", words, "Import contacts, or choose others.", where)]
    return []


def _steps(plan: CampaignPlan) -> list[Obstacle]:
    where = "sequences:sequence"
    if not plan.steps:
        return [Obstacle("no_steps", "There is no message to send.", "Write at least one step.", where)]
    found = []
    for step in plan.steps:
        if not step.variants:
            words = f"Step {step.name} has no wording with a share above 0."
            found.append(Obstacle("no_variant", words, "Give one wording a weight.", where))
        found += [
            Obstacle("empty", f"Step {step.name} {variant.label} has no {part}.", f"Write the {part}.", where)
            for variant in step.variants
            for part in _missing_parts(step, variant.subject, variant.body_text)
        ]
    return found


def _missing_parts(step: PlannedStep, subject: str, body: str) -> list[str]:
    return [
        part
        for part, is_missing in (
            ("subject", step.opens_thread and not subject.strip()),
            ("text", not body.strip()),
        )
        if is_missing
    ]


def _wording(plan: CampaignPlan) -> list[Obstacle]:
    known = known_variables(plan.workspace_id)
    found = []
    for step in plan.steps:
        for variant in step.variants:
            texts = (variant.subject, variant.body_text, variant.body_html)
            for one in faults_of(*texts, known=known, opens_thread=step.opens_thread):
                where = f", line {one.line}" if one.line else ""
                words = f"Step {step.name} {variant.label}{where}: {one.words}"
                found.append(Obstacle(one.code, words, one.fix, "sequences:sequence"))
    return found


def _schedule(plan: CampaignPlan) -> list[Obstacle]:
    where = "sequences:schedule"
    if not plan.schedule.windows:
        words = "No sending window is set, so nothing could ever go out."
        return [Obstacle("no_window", words, "Choose days and hours.", where)]
    try:
        _, zone = plan.zone_for("")
    except ZoneProblem as problem:
        return [Obstacle("no_zone", str(problem), "Choose the time zone anew.", where)]
    opens = next_open(plan.schedule, zone, database_now())
    if isinstance(opens, Never):
        return [Obstacle("never_opens", opens.reason, "Open a day, or take closed days out.", where)]
    return []


def _senders(campaign: Campaign) -> list[Obstacle]:
    states = list(CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox__state", flat=True))
    where = "planner:senders"
    if not states:
        return [Obstacle("no_mailbox", "No mailbox carries the campaign.", "Choose at least one mailbox.", where)]
    if MailboxState.ACTIVE not in states:
        words = "None of the chosen mailboxes is active."
        return [Obstacle("no_active_mailbox", words, "Test a mailbox, or resume a paused one.", where)]
    return []


def _answers(campaign: Campaign) -> list[Obstacle]:
    """Return whether nobody at all would hear an opt-out: by an answer only, and to where no mailbox here reads."""
    if host():
        return []
    boxes = list(Mailbox.objects.filter(campaigns__campaign=campaign, state=MailboxState.ACTIVE).order_by("pk"))
    replies = unread_replies(boxes)
    if not boxes or len(replies) < len(boxes):
        return []  # the others carry it, and these wait; see review/compliance.py
    fix = "Take the Reply-To out, connect the mailbox it leads to, or give this server a tracking host."
    return [Obstacle("unheard", unread_words(replies[boxes[0].pk]), fix, "mailboxes:list", of_campaign=False)]


def _signatures(campaign: Campaign) -> list[Obstacle]:
    """Return the keys that sign for a sender and cannot be opened: its claim would shut the mailbox out."""
    chosen = CampaignMailbox.objects.filter(campaign=campaign).values_list("mailbox__address", flat=True)
    signatures = signatures_of([campaign.workspace_id])
    found = {}
    for address in chosen:
        try:
            signatures.key_for(campaign.workspace_id, address)
        except KeyLost as error:
            found[str(error)] = Obstacle("key_lost", str(error), "See the keys.", "domains:list", of_campaign=False)
    return list(found.values())


def _identity(campaign: Campaign) -> list[Obstacle]:
    if Workspace.objects.values_list("postal_address", flat=True).get(pk=campaign.workspace_id).strip():
        return []
    # CAN-SPAM 15 USC 7704(a)(5), and CASL: a message says where its sender can be found.
    words = "The workspace has no postal address, which the law asks of commercial mail."
    fix = "Enter it in the workspace's settings."
    return [Obstacle("no_postal_address", words, fix, "workspace:settings", of_campaign=False)]
