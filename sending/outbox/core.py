"""What follows from an outcome: pure rules, one table, every case named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

from sending.bounces import Category, classify_reply, quota_wait
from sending.outbox.states import MessageState
from sending.planner.states import StopReason
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Reply, Unreachable, Withdrawn

# Greylisting asks for five minutes; the rest follows RFC 5321 section 4.5.4.1 in spirit and ends after two days.
RETRY_WAITS = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=30),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
)
# A full mailbox is not emptied within the hour: three tries over two days.
FULL_MAILBOX_WAITS = (timedelta(hours=24), timedelta(hours=24))
# The wait after a fault of the connection is the mailbox's own backoff; this is only the next look.
CONNECTION_WAIT = timedelta(minutes=1)
_TOO_LARGE = frozenset({"5.2.3", "5.3.4"})
_BEFORE_RECIPIENT = frozenset({Phase.CONNECT, Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.AUTH, Phase.MAIL})


class MailboxNews(StrEnum):
    """What an outcome says about the mailbox that tried."""

    FINE = "fine"
    BACKOFF = "backoff"  # the server cannot be reached or asks us to wait
    SIGN_IN = "sign_in"  # the server refuses the password or token
    BLOCK = "block"  # the server refuses us as a sender
    QUOTA = "quota"  # its quota at its own provider is used up


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What to write down after an attempt.

    wait: of a deferred message, in real time, before the pace of the workspace shrinks it.
    charged: the recipient's side refused, so that it counts against the message's tries.
    """

    state: MessageState
    reason: str = ""
    wait: timedelta | None = None
    charged: bool = False
    stop: StopReason | None = None
    suppress: bool = False
    mailbox: MailboxNews = MailboxNews.FINE
    category: Category | None = None
    rest: timedelta | None = None  # of QUOTA: until it is whole again


def after(outcome: Outcome, *, refusals: int) -> Aftermath:
    """Decide what an outcome means; `refusals` were counted before it."""
    match outcome:
        case Accepted():
            return Aftermath(MessageState.SENT)
        case InDoubt():
            return Aftermath(MessageState.IN_DOUBT, f"The answer was lost after the message had left: {outcome.text}")
        case Unreachable():
            return _unreachable(outcome, refusals)
        case Deferred():
            return _deferred(outcome.phase, outcome.reply, refusals)
        case Refused():
            return _refused(outcome.phase, outcome.reply, refusals)
        case Withdrawn():
            # The next claim asks the gates anew: they hold it, drop it or let it go.
            words = f"Called back before it left: {outcome.text or 'no reason is known'}."
            return Aftermath(MessageState.DEFERRED, words, wait=timedelta(0))
        case _:
            assert_never(outcome)


def _unreachable(outcome: Unreachable, refusals: int) -> Aftermath:
    if outcome.phase in _BEFORE_RECIPIENT:
        return _later(f"The server could not be reached: {outcome.text}", MailboxNews.BACKOFF)
    # Something about this very message may break the dialogue each time: its tries must have an end, and others
    # must come between them.
    return _try_again(f"The connection failed: {outcome.text}", None, refusals, mailbox=MailboxNews.BACKOFF)


def _later(reason: str, mailbox: MailboxNews, category: Category | None = None) -> Aftermath:
    return Aftermath(MessageState.DEFERRED, reason, wait=CONNECTION_WAIT, mailbox=mailbox, category=category)


def _deferred(phase: Phase, reply: Reply, refusals: int) -> Aftermath:
    verdict = classify_reply(reply.code, reply.enhanced, reply.text, phase=phase)
    words = f"{reply.code} {reply.text}"
    if rest := quota_wait(verdict):
        return _out_of_quota(phase, words, refusals, rest)
    if phase in _BEFORE_RECIPIENT:
        return _later(words, MailboxNews.BACKOFF, verdict.category)
    # RFC 5321 section 3.8: 421 closes the channel; it is about the connection, whatever it answered. It is charged all
    # the same: an address that brings it each time would be tried for ever, and nobody behind it at all.
    is_about_us = reply.code == 421 or verdict.category.pauses_mailbox
    return _try_again(
        words, verdict.category, refusals, mailbox=MailboxNews.BACKOFF if is_about_us else MailboxNews.FINE
    )


def _try_again(
    words: str, category: Category | None, refusals: int, *, mailbox: MailboxNews = MailboxNews.FINE
) -> Aftermath:
    waits = FULL_MAILBOX_WAITS if category is Category.MAILBOX_FULL else RETRY_WAITS
    if refusals >= len(waits):
        tries = refusals + 1
        return Aftermath(
            MessageState.FAILED,
            f"Refused {tries} times, last with: {words}",
            charged=True,
            stop=StopReason.OUT_OF_TRIES,
            mailbox=mailbox,
            category=category,
        )
    return Aftermath(
        MessageState.DEFERRED, words, wait=waits[refusals], charged=True, mailbox=mailbox, category=category
    )


def _out_of_quota(phase: Phase, words: str, refusals: int, rest: timedelta) -> Aftermath:
    """Let the mailbox wait until its quota is whole; whose message it was is charged as ever, so that tries end."""
    if phase in _BEFORE_RECIPIENT:
        return replace(_later(words, MailboxNews.QUOTA, Category.RATE_LIMITED), rest=rest)
    return replace(_try_again(words, Category.RATE_LIMITED, refusals, mailbox=MailboxNews.QUOTA), rest=rest)


def _refused(phase: Phase, reply: Reply, refusals: int) -> Aftermath:
    verdict = classify_reply(reply.code, reply.enhanced, reply.text, phase=phase)
    category, words = verdict.category, f"{reply.code} {reply.text}"
    if rest := quota_wait(verdict):
        return _out_of_quota(phase, words, refusals, rest)
    if phase is Phase.AUTH:
        return _later(words, MailboxNews.SIGN_IN, category)
    if phase in _BEFORE_RECIPIENT and not _is_too_large(phase, reply, category):
        return _later(words, MailboxNews.BLOCK, category)
    if category.pauses_mailbox:
        return _try_again(words, category, refusals, mailbox=MailboxNews.BLOCK)
    if category is Category.MAILBOX_FULL:  # some servers answer 552 5.2.2 where 452 4.2.2 is meant
        return _try_again(words, category, refusals)
    stop = StopReason.BOUNCED if category.suppresses else StopReason.REFUSED
    return Aftermath(
        MessageState.FAILED, words, charged=True, stop=stop, suppress=category.suppresses, category=category
    )


def _is_too_large(phase: Phase, reply: Reply, category: Category) -> bool:
    """Say whether MAIL is refused for the size that it names (RFC 1870 section 6.1): the message is to blame alone."""
    return (
        phase is Phase.MAIL
        and category is Category.MESSAGE_FORMAT
        and (reply.code == 552 or reply.enhanced in _TOO_LARGE)
    )
