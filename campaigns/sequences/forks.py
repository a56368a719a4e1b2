"""What a branch says, in words: who takes it, for pages, events and refusals alike."""

from __future__ import annotations

from campaigns.sequences.states import BranchKind, ReplyClass


def who_takes(kind: str, where: str, reply: str | None) -> str:
    """Return who takes a branch. kind: of BranchKind; where: the condition of FIELD; reply: the class of REPLY."""
    match BranchKind(kind):
        case BranchKind.FIELD:
            return where
        case BranchKind.REPLY:
            is_away = reply == ReplyClass.OUT_OF_OFFICE
            return "out of office" if is_away else f"{ReplyClass(reply or '').value} answer"
        case BranchKind.EVERYBODY:
            return "everybody else"
