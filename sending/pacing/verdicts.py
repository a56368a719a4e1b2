"""What a gate can say, and how several verdicts become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HoldCode(StrEnum):
    """Why a due step does not go out at this moment; shown in words, with the instant it is looked at again."""

    WINDOW = "window"  # outside the sending window of the recipient
    GAP = "gap"  # the mailbox keeps a gap between two sends
    HOURLY_LIMIT = "hourly_limit"
    DAILY_LIMIT = "daily_limit"  # the mailbox's budget of the day is spent
    RESERVED = "reserved"  # the places that are left are kept for follow-ups that fall due
    NEW_LEADS_LIMIT = "new_leads_limit"  # the campaign's new contacts of the day are used up
    CAMPAIGN_LIMIT = "campaign_limit"  # the campaign's messages of the day are used up
    DOMAIN_LIMIT = "domain_limit"  # enough went to this domain in the hour or the day
    PROVIDER_LIMIT = "provider_limit"  # enough went to the provider that receives it
    ROTATION = "rotation"  # another mailbox of the campaign goes first, or the person is left to those at its provider
    COMPANY_LIMIT = "company_limit"  # others of the same company were written to
    CATCH_ALL_LIMIT = "catch_all_limit"  # enough new contacts of the day are at domains that take any address
    MAILBOX_STATE = "mailbox_state"  # the mailbox is paused, blocked or needs a sign-in
    AUTHENTICATION = "authentication"  # receivers would not believe the mailbox's domain: its DNS records are broken
    MAILBOX_BACKOFF = "mailbox_backoff"  # its server asked us to wait, or cannot be reached
    SYNC_STALE = "sync_stale"  # a reply, or an opt-out, might be there that nobody has read
    MISSING_VALUE = "missing_value"  # the wording uses a value that this contact lacks; a person must act
    BAD_TEMPLATE = "bad_template"  # the wording cannot be rendered; a person must act
    ABSENT = "absent"  # out of office until a date
    CAMPAIGN_PAUSED = "campaign_paused"
    BROKEN_BRANCH = "broken_branch"  # which way the person goes cannot be told; a person must act
    MADE_ALREADY = "made_already"  # a message of the step was made for them before; a person must act
    DOMAIN_DOUBTED = "domain_doubted"  # the recipient's domain was found to take no mail, and is looked up once more
    COOLDOWN = "cooldown"  # the recipient's provider distrusts the mailbox, which leaves it alone for a while
    ADDRESS_HELD = "address_held"  # messages to it came back for now, too often; or an answer may ask for no more
    NO_CONSENT = "no_consent"  # the law of the recipient's country needs a consent that is not on record
    NO_POSTAL_ADDRESS = "no_postal_address"  # the law may ask for it in the message, and the workspace has none
    COMPANY_PAUSED = "company_paused"  # somebody of the company has answered, and a person paused the others


# No clock ends these: a person must act first.
UNTIL_MENDED = frozenset(
    {
        HoldCode.MISSING_VALUE,
        HoldCode.BAD_TEMPLATE,
        HoldCode.BROKEN_BRANCH,
        HoldCode.MADE_ALREADY,
        HoldCode.NO_CONSENT,
        HoldCode.NO_POSTAL_ADDRESS,
    }
)


# These hold all the new contacts of a campaign alike: they are kept with it, and whoever waits stays due.
OF_CAMPAIGN = frozenset({HoldCode.NEW_LEADS_LIMIT, HoldCode.CAMPAIGN_LIMIT})


class DropCode(StrEnum):
    """Why a step will never go out."""

    SUPPRESSED = "suppressed"  # the address or its domain must not be written to
    NO_MAIL = "no_mail"  # the recipient's domain takes no mail
    DISPOSABLE = "disposable"  # the address is made to be thrown away
    ROLE_ADDRESS = "role_address"  # the address is an office's, and the campaign writes to persons


@dataclass(frozen=True, slots=True)
class Send:
    """Nothing speaks against it. not_after is the end of the recipient's window."""

    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: look again at `until`."""

    code: HoldCode
    words: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Drop:
    """Never."""

    code: DropCode
    words: str


Verdict = Send | Hold | Drop
SEND = Send()  # most gates say no more, and they are asked at every look


def decide(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict that binds: a Drop before any Hold, then the Hold that lasts longest, else Send."""
    longest: Hold | None = None
    send = SEND
    for verdict in verdicts:  # without match, which takes half as long again
        if isinstance(verdict, Send):
            end = verdict.not_after
            if end is not None and (send.not_after is None or end < send.not_after):
                send = verdict
        elif isinstance(verdict, Drop):
            return verdict
        elif longest is None or verdict.until > longest.until:
            longest = verdict
    return longest or send
