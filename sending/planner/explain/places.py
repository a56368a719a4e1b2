"""Where a person goes to change what holds a message: each reason leads to the page where it is set."""

from __future__ import annotations

from dataclasses import dataclass

from sending.pacing import DropCode, HoldCode
from sending.pacing.history import Cause


@dataclass(frozen=True, slots=True)
class Place:
    """A page and what is done there; url_name with its id, for the template's wurl. query: what narrows the page."""

    url_name: str
    pk: int | None
    words: str
    query: str = ""


def place_of(
    code: str, *, campaign_id: int | None = None, mailbox_id: int | None = None, contact_id: int | None = None
) -> Place | None:
    """Return where the reason is set; None where nothing can be set, or the row that it needs is not named.

    Of a campaign alone, what is set at its mailboxes or with its people leads to the list of them.
    """
    if code not in _PLACES:
        return None
    url_name, whose, words = _PLACES[code]
    pk = {"campaign": campaign_id, "mailbox": mailbox_id, "contact": contact_id, "": None}[whose]
    if whose and pk is None:
        return _of_many(code, campaign_id) if campaign_id else None
    return Place(url_name, pk, words)


def _of_many(code: str, campaign_id: int) -> Place:
    if _PLACES[code][1] == "mailbox":
        return Place("planner:senders", campaign_id, "See its mailboxes")
    if code == Cause.UNDER_WAY:
        return Place("reports:messages", None, "See its messages", f"campaign={campaign_id}")
    return Place("planner:people", campaign_id, "See its people", _query(code))


def _query(code: str) -> str:
    if code in set(HoldCode):
        return f"hold={code}"
    return f"reason={code}" if code in set(DropCode) else ""


_PLACES: dict[str, tuple[str, str, str]] = {
    "": ("mailboxes:detail", "mailbox", "See the mailbox"),  # nothing holds it; the mailbox takes its turns
    HoldCode.WINDOW: ("sequences:schedule", "campaign", "Change the schedule"),
    HoldCode.NEW_LEADS_LIMIT: ("sequences:schedule", "campaign", "Change the limit of new contacts"),
    HoldCode.CAMPAIGN_LIMIT: ("sequences:schedule", "campaign", "Change the limit of messages"),
    HoldCode.GAP: ("mailboxes:edit", "mailbox", "Change the gap"),
    HoldCode.HOURLY_LIMIT: ("mailboxes:edit", "mailbox", "Change the hourly limit"),
    HoldCode.DAILY_LIMIT: ("mailboxes:edit", "mailbox", "Change the daily limit"),
    HoldCode.DOMAIN_LIMIT: ("planner:throttles", "", "Change the throttles"),
    HoldCode.PROVIDER_LIMIT: ("planner:throttles", "", "Change the throttles"),
    HoldCode.COMPANY_LIMIT: ("planner:throttles", "", "Change the throttles"),
    HoldCode.CATCH_ALL_LIMIT: ("planner:throttles", "", "Change the throttles"),
    HoldCode.COOLDOWN: ("mailboxes:detail", "mailbox", "Open the mailbox"),
    HoldCode.ADDRESS_HELD: ("contacts:detail", "contact", "See the contact"),
    HoldCode.COMPANY_PAUSED: ("contacts:detail", "contact", "See the contact"),
    HoldCode.ROTATION: ("planner:senders", "campaign", "Change the rotation"),
    HoldCode.RESERVED: ("planner:book", "mailbox", "See its account book"),
    HoldCode.MAILBOX_STATE: ("mailboxes:detail", "mailbox", "Open the mailbox"),
    HoldCode.MAILBOX_BACKOFF: ("mailboxes:detail", "mailbox", "Open the mailbox"),
    HoldCode.AUTHENTICATION: ("domains:list", "", "See the domain"),
    HoldCode.SYNC_STALE: ("mailboxes:detail", "mailbox", "Open the mailbox"),
    HoldCode.MISSING_VALUE: ("contacts:edit", "contact", "Fill it in"),
    HoldCode.BAD_TEMPLATE: ("sequences:sequence", "campaign", "Mend the wording"),
    HoldCode.BROKEN_BRANCH: ("planner:paths", "campaign", "Mend the branches"),
    HoldCode.NO_CONSENT: ("planner:ground", "campaign", "State the ground"),
    HoldCode.NO_POSTAL_ADDRESS: ("workspace:settings", "", "Enter the address"),
    HoldCode.MADE_ALREADY: ("planner:people", "campaign", "Let them go on"),
    HoldCode.ABSENT: ("contacts:detail", "contact", "See the contact"),
    HoldCode.CAMPAIGN_PAUSED: ("planner:people", "campaign", "Resume the campaign"),
    HoldCode.DOMAIN_DOUBTED: ("contacts:detail", "contact", "See what is known of the address"),
    DropCode.NO_MAIL: ("contacts:edit", "contact", "Mend the address"),
    DropCode.DISPOSABLE: ("contacts:edit", "contact", "Enter another address"),
    DropCode.ROLE_ADDRESS: ("sequences:audience", "campaign", "Write to role addresses, too"),
    DropCode.SUPPRESSED: ("contacts:suppressions", "", "See the suppressions"),
    Cause.STANDSTILL: ("guard:standstill", "", "See what was found"),
    Cause.WAIT: ("sequences:sequence", "campaign", "Change the wait"),
    Cause.IN_LINE: ("planner:forecast", "campaign", "See the forecast"),
    Cause.NOT_ENROLLED: ("planner:people", "campaign", "See the people"),
    Cause.OVER: ("contacts:detail", "contact", "See the contact"),
    Cause.UNDER_WAY: ("contacts:detail", "contact", "See its messages"),
}
