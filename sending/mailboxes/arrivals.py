"""What became of a test mail, for the person who sent it: what happened, why, what to do."""

from __future__ import annotations

from typing import assert_never

from sending.bounces import Category, classify_reply
from sending.smtp import (
    Accepted,
    Deferred,
    Explanation,
    InDoubt,
    Outcome,
    Phase,
    Refused,
    Reply,
    Server,
    Unreachable,
    Withdrawn,
    explain,
)

# Written before the message leaves, and replaced by what became of it.
CUT_OFF = Explanation(
    "The program was stopped after the message had left.",
    "What the server answered is not known: perhaps it has the message, perhaps not.",
    "Look for the message in the inbox before you send another.",
)
_DOUBT = (
    "The message had left, but its answer was lost: perhaps the server has it, perhaps not.",
    "Look for the message in the inbox, after a minute; if it is not there, send another.",
)
_LOST = (
    "The server hung up or fell silent before the message had left; nothing was sent.",
    "Look at its last words below, wait some minutes, then send another.",
)
_SENDER = (
    "The server lets this account not send from this address.",
    "Allow the address at your provider as a sender of the account, or use the account's own one.",
)
_RECIPIENT = (
    "The server does not take mail for this recipient from us.",
    "Check the recipient's address. If it is right, ask your provider what this answer means.",
)
_CONTENT = (
    "The server has looked at the message and does not want it.",
    "Check SPF, DKIM and DMARC of your domain, then the display name and the signature for links.",
)
_TOO_MUCH = (
    "The account has sent more than the server lets leave for now.",
    "Send nothing from it for some hours, and lower the daily limit.",
)
_LATER = (
    "The server does not take the message now; a test mail is not tried again by itself.",
    "Wait some minutes, then send another.",
)


def explain_arrival(outcome: Outcome, server: Server, recipient: str) -> Explanation:
    """Say what became of a test mail to the recipient."""
    match outcome:
        case Accepted():
            what = f"The server has taken the message for {recipient}: {_said(outcome.reply)}"
            return Explanation(what, "", "Look for it in the inbox; if it lies among the spam, mend that first.")
        case InDoubt():
            return Explanation(outcome.text, *_DOUBT)
        case Unreachable(cause="lost"):
            return Explanation(outcome.text, *_LOST)
        case Unreachable():
            return explain(outcome, server)
        case Deferred() | Refused():
            return _answered(outcome)
        case Withdrawn():
            return Explanation(outcome.text or "Nothing was sent.", "", "")
        case _:
            assert_never(outcome)


def _answered(outcome: Deferred | Refused) -> Explanation:
    what = f"The server answered to {outcome.phase.upper()}: {_said(outcome.reply)}"
    category = classify_reply(outcome.reply.code, outcome.reply.enhanced, outcome.reply.text).category
    if category is Category.RATE_LIMITED:
        return Explanation(what, *_TOO_MUCH)
    if isinstance(outcome, Deferred):
        return Explanation(what, *_LATER)
    if outcome.phase is Phase.MAIL or category is Category.SENDER_CONFIG:
        return Explanation(what, *_SENDER)
    return Explanation(what, *(_RECIPIENT if outcome.phase is Phase.RCPT else _CONTENT))


def _said(reply: Reply) -> str:
    return " ".join(f"{reply.code} {reply.enhanced} {reply.text}".split())
