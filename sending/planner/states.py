"""The states of an enrollment: one contact's way through one campaign."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class EnrollmentState(StrEnum):
    """Where a contact stands in a campaign."""

    ACTIVE = "active"  # a step is still to come; due_at says when it may be looked at
    SENDING = "sending"  # a message of it is in the outbox's hands
    FINISHED = "finished"  # the last step is done
    STOPPED = "stopped"  # called off; stop_reason says why
    SKIPPED = "skipped"  # never begun, because a gate said "never"; stop_reason says why


ENROLLMENT_MOVES: Mapping[EnrollmentState, frozenset[EnrollmentState]] = {
    EnrollmentState.ACTIVE: frozenset(
        {EnrollmentState.SENDING, EnrollmentState.FINISHED, EnrollmentState.STOPPED, EnrollmentState.SKIPPED}
    ),
    EnrollmentState.SENDING: frozenset(
        {EnrollmentState.ACTIVE, EnrollmentState.FINISHED, EnrollmentState.STOPPED}
    ),
    EnrollmentState.FINISHED: frozenset({EnrollmentState.STOPPED}),
    EnrollmentState.STOPPED: frozenset(),
    EnrollmentState.SKIPPED: frozenset(),
}


class StopReason(StrEnum):
    """Why the rest of a sequence was called off."""

    REPLIED = "replied"  # a person answered
    BOUNCED = "bounced"  # the address does not exist
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"  # the address or its domain is on the suppression list
    REFUSED = "refused"  # the server refused the message for good
    OUT_OF_TRIES = "out_of_tries"  # refused for now, too often
    REMOVED = "removed"  # a person took the contact out
    NOT_SENDABLE = "not_sendable"  # the message cannot be built for this contact


class HoldCode(StrEnum):
    """Why a due step did not go out at this moment. Shown in words, with the instant it is looked at again."""

    WINDOW = "window"  # outside the sending window of the recipient
    GAP = "gap"  # the mailbox keeps a gap between two sends
    HOURLY_LIMIT = "hourly_limit"
    DAILY_LIMIT = "daily_limit"  # the mailbox's budget of the day is spent
    NEW_LEADS_LIMIT = "new_leads_limit"  # the campaign's new contacts of the day are used up
    NEW_LEADS_SHARE = "new_leads_share"  # what is left of the budget is kept for promised follow-ups
    MAILBOX_STATE = "mailbox_state"  # the mailbox is paused, blocked or needs a sign-in
    MAILBOX_BACKOFF = "mailbox_backoff"  # its server asked us to wait
    SYNC_STALE = "sync_stale"  # a reply might not have been read yet
    MISSING_VALUE = "missing_value"  # the wording uses a value that this contact lacks; a person must act
    BAD_TEMPLATE = "bad_template"  # the wording cannot be rendered; a person must act
    CAMPAIGN_PAUSED = "campaign_paused"
    ABSENT = "absent"  # out of office until a date
    COMPANY_ONCE_A_DAY = "company_once_a_day"  # another contact of the company was written to today
    RETRY = "retry"  # the server refused for now; the next try has its time
    NO_SENDER = "no_sender"  # none of the campaign's mailboxes can carry it
