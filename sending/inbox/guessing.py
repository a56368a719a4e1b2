"""What an answer seems to say, by rules and by what people have said of such answers of the same person before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from campaigns.sequences.states import ReplyClass
from sending.bounces import MENTION, Evidence, Kind, Mail, Verdict
from sending.bounces.answers import LAYER, answer_of
from sending.inbox.models import InboundMessage, LabelChange

CORRECTED = "said-before"  # the rule of evidence that a person has said so of an earlier answer


@dataclass(frozen=True, slots=True)
class Guess:
    """A class with its evidence; what is certain may lead on by itself."""

    says: ReplyClass
    evidence: Evidence
    is_certain: bool
    address: str = ""
    on: date | None = None


def guess(workspace_id: int, mail: Mail, verdict: Verdict, *, received_at: datetime) -> Guess | None:
    """Return what an answer seems to say, None where nobody can tell. What else a mail is says its kind."""
    if verdict.kind is not Kind.HUMAN_REPLY:
        return None
    mention = next((one for one in verdict.evidence if one.rule == MENTION), None)
    if mention is not None:  # whatever else it says, and whatever they meant before
        return Guess(ReplyClass.OPT_OUT, mention, is_certain=False)
    found = answer_of(mail, received=received_at.date())
    if found is None:
        return None
    said = _said_before(workspace_id, mail.from_address, found.evidence.rule)
    if said is not None and said.value != found.says.value:
        words = f"A person said so of an earlier answer; the words are “{found.evidence.words}”."
        return Guess(said, Evidence(LAYER, CORRECTED, words), is_certain=False)
    return Guess(ReplyClass(found.says.value), found.evidence, found.is_certain, found.address, found.on)


def rule_of(row: InboundMessage) -> str:
    """Return the rule that guessed what a mail says, "" where none did."""
    return next((str(one["rule"]) for one in row.evidence if one["layer"] == LAYER), "")


def _said_before(workspace_id: int, writer: str, rule: str) -> ReplyClass | None:
    """Return what a person said last of an answer of the same writer that met the same rule."""
    rows = LabelChange.objects.filter(rule=rule, message__workspace=workspace_id, message__from_address__iexact=writer)
    newest = rows.order_by("-id").first()
    return ReplyClass(newest.after) if newest is not None and newest.after else None
