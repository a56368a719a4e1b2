"""The states of a campaign."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class CampaignState(StrEnum):
    """What a person has decided about a campaign. Whether it is finished is computed, never stored."""

    DRAFT = "draft"  # being written; nothing is planned
    RUNNING = "running"  # launched; due messages go out
    PAUSED = "paused"  # launched; nothing goes out until it is resumed
    STOPPED = "stopped"  # ended by a person: whoever still waited was called off; never goes on
    ARCHIVED = "archived"  # put away; kept for its history


CLOSED = frozenset({CampaignState.STOPPED, CampaignState.ARCHIVED})  # nothing of it is changed any more
# Its people are enrolled, and it is not over for good.
LAUNCHED = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})

CAMPAIGN_MOVES: Mapping[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.RUNNING, CampaignState.ARCHIVED}),
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED, CampaignState.STOPPED, CampaignState.ARCHIVED}),
    CampaignState.PAUSED: frozenset({CampaignState.RUNNING, CampaignState.STOPPED, CampaignState.ARCHIVED}),
    CampaignState.STOPPED: frozenset({CampaignState.ARCHIVED}),
    CampaignState.ARCHIVED: frozenset(),
}


class Priority(StrEnum):
    """How often a campaign has its turn beside others that want the same mailboxes."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def weight(self) -> int:
        """Return the campaign's share of the turns: of high and low side by side, four of five are high."""
        return {Priority.HIGH: 4, Priority.NORMAL: 2, Priority.LOW: 1}[self]


class StepThread(StrEnum):
    """How a step stands to the message before it."""

    REPLY = "reply"  # the same thread: "Re:" of our first subject, In-Reply-To our last message
    NEW = "new"  # a subject of its own


def opens_thread(position: int, thread: StepThread) -> bool:
    """Say whether a step has a subject of its own: the first always has, whatever is set."""
    return position == 1 or thread is StepThread.NEW


class BranchKind(StrEnum):
    """By what a branch is taken."""

    FIELD = "field"  # a condition on the contact holds when the next message would be due
    REPLY = "reply"  # the person has answered, and the answer is of a class
    CLICK = "click"  # they, and no machine, have followed a link of the campaign when the next message would be due
    EVERYBODY = "everybody"  # whoever has taken no branch before it


# Asked in their order when the next message would be due.
CONDITIONS = frozenset({BranchKind.FIELD, BranchKind.CLICK})


class ReplyClass(StrEnum):
    """What an answer says, by the mail's own words or by that of a person of the team."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    REFERRAL = "referral"  # somebody else is to be asked
    NOT_NOW = "not_now"  # later, perhaps from a day on
    OPT_OUT = "opt_out"  # asks not to be written to; leads nowhere, and suppresses where a person says so
    OUT_OF_OFFICE = "out_of_office"
    OTHER = "other"  # a person has read it, and it is none of these


# Those that a way may be set up for: after an opt-out there is none.
BRANCHING = tuple(one for one in ReplyClass if one not in {ReplyClass.OPT_OUT, ReplyClass.OTHER})
