"""What a branch says, in words: who takes it and where it leads, for pages, events and refusals alike."""

from __future__ import annotations

from collections.abc import Iterable

from campaigns.sequences.models import Branch
from campaigns.sequences.states import BranchKind, ReplyClass


def who_takes(kind: str, where: str, reply: str | None) -> str:
    """Return who takes a branch. kind: of BranchKind; where: the condition of FIELD; reply: the class of REPLY."""
    match BranchKind(kind):
        case BranchKind.FIELD:
            return where
        case BranchKind.REPLY:
            is_away = reply == ReplyClass.OUT_OF_OFFICE
            return "out of office" if is_away else f"{ReplyClass(reply or '').value} answer"
        case BranchKind.CLICK:
            return "followed a link"
        case BranchKind.EVERYBODY:
            return "everybody else"


def branch_line(kind: str, where: str, reply: str | None, target: str) -> str:
    """Return a branch as one line; target: the name of its path, or of the end."""
    return f"{who_takes(kind, where, reply)} \N{RIGHTWARDS ARROW} {target}"


def lines_of(branches: Iterable[Branch]) -> str:
    """Return branches as lines, one for each; their paths are loaded."""
    return "\n".join(
        branch_line(one.kind, one.where, one.reply, one.path.name if one.path else "the end") for one in branches
    )
