"""The closed vocabulary of what can happen; every page, tally and webhook speaks in these words."""

from __future__ import annotations

from enum import StrEnum


class EventKind(StrEnum):
    """One outcome or decision. The value is stored; the line beside it is what it means."""

    # a campaign as a whole
    LAUNCHED = "launched"  # a person launched it
    PAUSED = "paused"  # a person or a guard paused it; data.reason says which
    RESUMED = "resumed"
    ENDED = "ended"  # a person stopped it for good; data.contacts were still to be written to
    ARCHIVED = "archived"  # a person put it away
    GROUND_STATED = "ground_stated"  # a person said, or took back, on what ground it writes; data.by, before, after
    LAW_OVERRIDDEN = "law_overridden"  # an admin decided where a law leaves room, or that ended; data.words, by, duty
    GROWTH_HELD = "growth_held"  # people of its audience are left out of its growth; data.words says why
    EDITED = "edited"  # a person changed it; data.words, data.by, what stood before and what after
    ENROLLED = "enrolled"  # a contact entered a campaign
    # why something did not go out now
    HELD = "held"  # a gate said "not now"; data has code, words and until
    RELEASED = "released"  # a person lifted a hold
    SKIPPED = "skipped"  # a gate said "never"; data.reason
    STOPPED = "stopped"  # the rest of the sequence was called off; data.reason
    FINISHED = "finished"  # the last step is done
    BRANCHED = "branched"  # a branch was taken; data.words says why, data.path where to, data.branch which
    # one message
    ATTEMPTED = "attempted"  # a delivery was tried; the denominator of bounce rates
    SENT = "sent"  # accepted by the mailbox's server
    DEFERRED = "deferred"  # refused for now; will be tried again
    FAILED = "failed"  # refused for good, or out of tries
    IN_DOUBT = "in_doubt"  # the answer after the dot was lost: perhaps accepted, never resent by itself
    ASSUMED_SENT = "assumed_sent"  # a day in doubt without evidence against it: counts as sent
    CANCELLED = "cancelled"  # called off before it was sent
    SETTLED = "settled"  # a person has said that a message in doubt arrived; data.by
    SENT_AGAIN = "sent_again"  # a person has put a message in doubt up to be sent again: it may arrive twice; data.by
    # what came back
    REPLIED = "replied"  # a person answered
    AUTO_REPLIED = "auto_replied"  # out of office or another machine's answer
    BOUNCED_HARD = "bounced_hard"  # the address does not exist
    BOUNCED_SOFT = "bounced_soft"  # it was not delivered, for a reason that is not the address
    COMPLAINED = "complained"
    CLICKED = "clicked"  # a person followed a link of a message, for the first time; so are all of the next five
    CLICK_MACHINE = "click_machine"  # a machine did
    CLICK_UNKNOWN = "click_unknown"  # it cannot be told who
    OPENED = "opened"  # a person's program loaded the image of a message
    OPEN_MACHINE = "open_machine"
    OPEN_UNKNOWN = "open_unknown"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"  # the address will not be written to again
    # one mailbox
    MAILBOX_PAUSED = "mailbox_paused"
    MAILBOX_RESUMED = "mailbox_resumed"
    GUARD_RELEASED = "guard_released"  # a person let go on what a guard had stopped; data.words, by, domain or reported
    MAILBOX_COOLED = "mailbox_cooled"  # it leaves one provider alone for a while; data.side, data.until
    TEST_MAIL = "test_mail"  # a person sent a test from it, of data.step perhaps; data.by, data.to; counted nowhere
    # the workspace
    SENDING_DOMAIN = (
        "sending_domain"  # what the DNS says of a domain that mailboxes send from changed; data.domain, words
    )
    TRACKING_DOMAIN = "tracking_domain"  # its tracking domain was claimed, proven, lost or removed; data.host, words


class How(StrEnum):
    """What tells events of one kind apart where numbers need it: the way of an opt-out, a bounce that came late."""

    PLAIN = ""
    # the way of an opt-out
    ONE_CLICK = "one_click"  # the button of a mail program (RFC 8058)
    PAGE = "page"  # the opt-out page
    SENDER = "sender"  # the same, of one mailbox alone: others of the workspace may write
    MAIL = "mail"  # a mail to the address of List-Unsubscribe
    ANSWER = "answer"  # the words of an answer
    MEMBER = "member"  # a person of the team read it in an answer
    API = "api"  # a program of the team did
    # a bounce
    RETURNED = "returned"  # its message was accepted first, so it counts no more among the delivered


OPT_OUT_WAYS = (How.ONE_CLICK, How.PAGE, How.SENDER, How.MAIL, How.ANSWER, How.MEMBER, How.API)


# The decisions about a campaign or a mailbox as a whole: rare among the events of its people.
OF_CAMPAIGN = (
    EventKind.LAUNCHED, EventKind.PAUSED, EventKind.RESUMED, EventKind.ENDED, EventKind.ARCHIVED,
    EventKind.GROUND_STATED, EventKind.LAW_OVERRIDDEN, EventKind.GROWTH_HELD, EventKind.EDITED, EventKind.ENROLLED,
    EventKind.TEST_MAIL,
    EventKind.GUARD_RELEASED,
)  # fmt: skip
OF_MAILBOX = (
    EventKind.MAILBOX_PAUSED, EventKind.MAILBOX_RESUMED, EventKind.MAILBOX_COOLED, EventKind.TEST_MAIL,
    EventKind.GUARD_RELEASED,
)  # fmt: skip


class StretchScope(StrEnum):
    """Whom a hold of a whole mailbox or campaign keeps back."""

    EVERYBODY = "everybody"
    FOLLOW_UPS = "follow_ups"  # of a mailbox
    NEW_LEADS = "new_leads"  # of a campaign, or whom a mailbox would begin
