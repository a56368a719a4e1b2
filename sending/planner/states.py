"""The states of an enrollment: one contact's way through one campaign."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sending.pacing import HoldCode


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
    EnrollmentState.SENDING: frozenset({EnrollmentState.ACTIVE, EnrollmentState.FINISHED, EnrollmentState.STOPPED}),
    # Back to SENDING: a person has its last message, which was in doubt, sent again.
    # Back to ACTIVE: an answer leads on, of who was done or was stopped by it.
    EnrollmentState.FINISHED: frozenset({EnrollmentState.STOPPED, EnrollmentState.SENDING, EnrollmentState.ACTIVE}),
    EnrollmentState.STOPPED: frozenset({EnrollmentState.ACTIVE}),
    EnrollmentState.SKIPPED: frozenset(),
}


# What another schedule lets go of: whoever these hold is looked at again.
HELD_BY_SCHEDULE = (HoldCode.WINDOW, HoldCode.CAMPAIGN_LIMIT)


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
    CAMPAIGN_ENDED = "campaign_ended"  # a person stopped the whole campaign
    NOT_SENDABLE = "not_sendable"  # the message cannot be built for this contact
    NO_MAIL = "no_mail"  # the domain of the address takes no mail
    DISPOSABLE = "disposable"  # the address is made to be thrown away
    WRITTEN_BEFORE = "written_before"  # the campaign wrote to the address when it was another contact's
    ROLE_ADDRESS = "role_address"  # the address is an office's, and the campaign leaves those out


class PauseScope(StrEnum):
    """Whom a pause of people holds, in whatever campaign."""

    ADDRESS = "address"  # one address
    COMPANY = "company"  # everybody at a domain


class HoldScope(StrEnum):
    """Whom a hold of a whole campaign keeps back."""

    NEW = "new"  # those who were not written to yet
