"""Places that upper rooms fill, named as strings: the ground floor knows no upper room."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the left rail. `area` names the URL namespaces whose pages light it up."""

    label: str
    icon: str  # a lucide icon
    url_name: str
    area: str
    keys: str = ""  # keyboard shortcut, as in "g c"
    also: tuple[str, ...] = ()  # single pages of other rooms that belong here


NAVIGATION = (
    NavItem("Home", "house", "reports:home", "", "g h", also=("reports:log",)),
    NavItem(
        "Campaigns",
        "send",
        "planner:list",
        "sequences planner proofs rehearsal tracking",
        "g c",
        also=("reports:results", "reports:day", "reports:effect", "library:choice", "library:put", "library:keep"),
    ),
    NavItem("Contacts", "users", "contacts:list", "contacts", "g p", also=("planner:list_health",)),
    NavItem(
        "Library", "library", "library:templates", "library", "g l", also=("reports:template", "reports:templates")
    ),
    NavItem("Inbox", "inbox", "inbox:list", "inbox", "g i"),
    NavItem(
        "Messages",
        "mail-search",
        "reports:messages",
        "",
        "g m",
        also=("reports:message", "reports:doubts", "reports:doubts_chosen"),
    ),
    NavItem(
        "Mailboxes",
        "at-sign",
        "mailboxes:list",
        "mailboxes",
        "g b",
        also=("reports:mailbox_day", "reports:mailbox_feedback", "inbox:reading"),
    ),
    NavItem("Feedback", "flag", "reports:feedback", "", "g f", also=("reports:provider_reports",)),
    NavItem("Domains", "globe", "domains:list", "domains dmarc", "g d"),
    NavItem(
        "Suppressions",
        "shield-ban",
        "contacts:suppressions",
        "",
        "g s",
        also=(
            "contacts:suppression_add",
            "contacts:suppression_lift",
            "contacts:suppression_file",
            "contacts:suppressions_lifted",
            "contacts:erasures",
        ),
    ),
)
# At the foot of the rail; upper rooms have tabs of their own in it.
SETTINGS = NavItem(
    "Settings",
    "settings",
    "workspace:settings",
    "workspace",
    also=("planner:throttles", "sequences:closed_days", "contacts:retention", "links:domain"),
)


# What each room has of a person: parts of one timeline and one page (see campaigns.contacts.parts).
PERSON_PARTS = (
    "campaigns.contacts.person.PART",
    "sending.ledger.person.PART",
    "sending.guard.person.PART",
    "sending.links.person.PART",
    "sending.mailboxes.person.PART",
    "sending.planner.person.PART",
    "sending.outbox.person.PART",
    "sending.inbox.person.PART",
    "sending.tracking.person.PART",
    "sending.reports.person.PART",
    "sending.rehearsal.person.PART",
)


# What happened between us and a contact, as a condition on its row: conditions of contacts ask an upper room for it.
# (deed, *, since, campaign) -> Exists over OuterRef("pk").
CONTACT_DEEDS = "sending.reports.deeds.happened"
# The campaigns in which it can have happened: (workspace_id) -> [(id, name)], newest first.
CAMPAIGN_NAMES = "campaigns.sequences.queries.campaign_names"
# Which of some campaigns the workspace has: (workspace_id, ids) -> set of ids.
CAMPAIGNS_THERE = "campaigns.sequences.queries.campaigns_there"
# Who of some contacts is in a running campaign: asked before an import (campaigns.contacts.services.running_people).
RUNNING_PEOPLE = "sending.planner.running_people.running_among"

# What an edit of a step changes for whom: (step_id, weights by label) -> campaigns.sequences.effects.Effects.
EDIT_EFFECTS = "sending.outbox.effects.effects_of_edit"
# What another schedule changes for whom: (campaign, campaigns.sequences.services.Schedule) ->
# campaigns.sequences.effects.ScheduleEffects.
SCHEDULE_EFFECTS = "sending.outbox.effects.effects_of_schedule"
# Where an edit of a campaign's ways is kept, in its transaction: (campaigns.sequences.telling.Edit) -> None.
EDIT_TOLD = "sending.planner.edits.keep_edit"
# How many messages were made from each version of a wording: (variant_id) -> {number: count}.
MADE_FROM = "sending.outbox.effects.made_from"

# What an upper room adds to the page of a mailbox, by its id.
MAILBOX_BOOK = "planner:book"
MAILBOX_READING = "inbox:reading"
MAILBOX_FEEDBACK = "reports:mailbox_feedback"
# What an upper room tells of a template, by its id, and of all of them.
TEMPLATE_RESULTS = "reports:template"
LIBRARY_RESULTS = "reports:templates"


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of a campaign's pages; each room above sequences adds its own."""

    label: str
    url_name: str
    also: tuple[str, ...] = ()  # pages that belong to it: an answer to a form that was refused, for one

    @property
    def pages(self) -> tuple[str, ...]:
        return (self.url_name, *self.also)


CAMPAIGN_TABS = (
    Tab(
        "Sequence",
        "sequences:sequence",
        also=(
            "sequences:step_save",
            "sequences:variant_save",
            "sequences:variant_restore",
            "sequences:variant_removal",
            "sequences:variant_versions",
            "library:choice",
            "library:put",
            "library:keep",
            "sequences:rename",
        ),
    ),
    Tab(
        "Paths",
        "planner:paths",
        also=("planner:branch_add", "planner:branch_change", "planner:branch_place", "planner:branch_removal"),
    ),
    Tab("Audience", "sequences:audience", also=("sequences:roles", "sequences:growth")),
    Tab("Schedule", "sequences:schedule", also=("planner:next_sends",)),
    Tab("Tracking", "tracking:choices"),
    Tab("Senders", "planner:senders", also=("planner:shares",)),
    Tab("Preview", "planner:preview", also=("planner:gaps", "proofs:exact", "proofs:spam")),
    Tab(
        "Review & launch",
        "planner:review",
        also=("planner:launch", "planner:campaign_health", "planner:ground", "planner:gaps_gate"),
    ),
    Tab(
        "Rehearsal",
        "rehearsal:list",
        also=(
            "rehearsal:detail",
            "rehearsal:messages",
            "rehearsal:message",
            "rehearsal:people",
            "rehearsal:arrival",
            "rehearsal:cancel",
        ),
    ),
    Tab("Forecast", "planner:forecast", also=("planner:forecast_summary",)),
    Tab("People", "planner:people", also=("planner:why", "planner:prospect", "planner:stop", "reports:effect")),
    Tab("Results", "reports:results", also=("reports:day", "reports:wordings")),
)
