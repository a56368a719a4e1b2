"""What follows from an outcome: one table, every case named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sending.outbox.core import RETRY_WAITS, MailboxNews, after
from sending.outbox.states import MESSAGE_MOVES, MessageState, sources
from sending.planner.states import StopReason
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Reply, Unreachable, Withdrawn

BEFORE = [Phase.CONNECT, Phase.BANNER, Phase.EHLO, Phase.STARTTLS, Phase.AUTH, Phase.MAIL]
FROM_RCPT_ON = [Phase.RCPT, Phase.DATA, Phase.BODY, Phase.DOT]
LATER = Reply(450, "4.2.0", "greylisted")
UNKNOWN = Reply(550, "5.1.1", "no such user")
SENT, DEFERRED, FAILED, IN_DOUBT = (
    MessageState.SENT, MessageState.DEFERRED, MessageState.FAILED, MessageState.IN_DOUBT,
)  # fmt: skip
FINE, BACKOFF, SIGN_IN, BLOCK = MailboxNews.FINE, MailboxNews.BACKOFF, MailboxNews.SIGN_IN, MailboxNews.BLOCK


@pytest.mark.parametrize(
    ("outcome", "state", "charged", "mailbox", "stop"),
    [
        (Accepted(Reply(250, "2.0.0", "OK")), SENT, False, FINE, None),
        (InDoubt(Phase.DOT, "lost"), IN_DOUBT, False, FINE, None),
        (Withdrawn(), DEFERRED, False, FINE, None),
        *((Unreachable(phase, "lost", "gone"), DEFERRED, False, BACKOFF, None) for phase in BEFORE),
        *((Unreachable(phase, "lost", "gone"), DEFERRED, True, BACKOFF, None) for phase in FROM_RCPT_ON),
        *((Deferred(phase, LATER), DEFERRED, False, BACKOFF, None) for phase in BEFORE),
        *((Deferred(phase, LATER), DEFERRED, True, FINE, None) for phase in FROM_RCPT_ON),
        *((Deferred(phase, Reply(421, "4.3.0", "later")), DEFERRED, True, BACKOFF, None) for phase in FROM_RCPT_ON),
        (Deferred(Phase.RCPT, Reply(450, "4.7.1", "rate limit exceeded")), DEFERRED, True, BACKOFF, None),
        (Refused(Phase.AUTH, Reply(535, "5.7.8", "bad")), DEFERRED, False, SIGN_IN, None),
        (Refused(Phase.BANNER, Reply(554, "5.7.1", "not you")), DEFERRED, False, BLOCK, None),
        (Refused(Phase.MAIL, Reply(553, "5.7.1", "not you")), DEFERRED, False, BLOCK, None),
        (Refused(Phase.MAIL, Reply(552, "5.2.2", "your own mailbox is full")), DEFERRED, False, BLOCK, None),
        (Refused(Phase.MAIL, Reply(552, "5.3.4", "too big")), FAILED, True, FINE, StopReason.REFUSED),
        (Refused(Phase.MAIL, Reply(554, "5.2.3", "too long")), FAILED, True, FINE, StopReason.REFUSED),
        (Refused(Phase.MAIL, Reply(552, "", "message size limit")), FAILED, True, FINE, StopReason.REFUSED),
        (Refused(Phase.MAIL, Reply(553, "5.6.7", "needs SMTPUTF8"), ours=True), DEFERRED, False, BLOCK, None),
        (Refused(Phase.RCPT, Reply(553, "5.6.7", "needs SMTPUTF8"), ours=True), FAILED, True, FINE, StopReason.REFUSED),
        *((Refused(phase, UNKNOWN), FAILED, True, FINE, StopReason.BOUNCED) for phase in FROM_RCPT_ON),
        (Refused(Phase.DOT, Reply(554, "5.7.1", "looks like spam")), FAILED, True, FINE, StopReason.REFUSED),
        (Refused(Phase.RCPT, Reply(552, "5.2.2", "mailbox full")), DEFERRED, True, FINE, None),
    ],
)
def test_each_outcome_has_its_aftermath(
    outcome: Outcome, state: MessageState, *, charged: bool, mailbox: MailboxNews, stop: StopReason | None
) -> None:
    found = after(outcome, refusals=0)
    assert (found.state, found.charged, found.mailbox, found.stop) == (state, charged, mailbox, stop)
    assert found.suppress == (stop is StopReason.BOUNCED)
    assert (found.wait is not None) == (state is DEFERRED)
    assert bool(found.reason) == (state is not SENT), "everything is explained"


BREAKING = [
    Unreachable(Phase.RCPT, "lost", "gone"),
    Deferred(Phase.RCPT, Reply(421, "4.3.0", "later")),
    Deferred(Phase.RCPT, Reply(450, "4.7.1", "rate limit exceeded")),
    Deferred(Phase.RCPT, LATER),
]


@pytest.mark.parametrize("outcome", BREAKING)
def test_whoever_breaks_the_dialogue_each_time_ends_after_eight_tries_over_two_days(outcome: Outcome) -> None:
    tries = [after(outcome, refusals=number) for number in range(8)]
    assert [one.state for one in tries] == [DEFERRED] * 7 + [FAILED]
    assert [one.wait for one in tries[:7]] == list(RETRY_WAITS)
    assert sum(RETRY_WAITS, timedelta()) < timedelta(days=2)
    assert tries[-1].stop is StopReason.OUT_OF_TRIES
    assert not tries[-1].suppress, "it is not known that nobody lives there"
    assert tries[-1].reason.startswith("Refused 8 times, last with: ")


def test_a_full_mailbox_is_tried_three_times_a_day_apart() -> None:
    full = Deferred(Phase.RCPT, Reply(452, "4.2.2", "mailbox full"))
    tries = [after(full, refusals=number) for number in range(3)]
    assert [one.wait for one in tries] == [timedelta(days=1), timedelta(days=1), None]
    assert tries[-1].stop is StopReason.OUT_OF_TRIES


REPLIES = st.builds(
    Reply, st.integers(400, 599), st.sampled_from(["", "4.2.0", "5.1.1", "5.7.1"]), st.text(max_size=20)
)
PHASES = st.sampled_from(list(Phase))
OUTCOMES = st.one_of(
    st.builds(Deferred, PHASES, REPLIES),
    st.builds(Refused, PHASES, REPLIES),
    st.builds(Unreachable, PHASES, st.just("lost"), st.text(max_size=20)),
)


@given(OUTCOMES, st.integers(0, 40))
def test_no_outcome_of_an_address_is_uncharged_and_none_before_it_is_charged(outcome: Outcome, refusals: int) -> None:
    found = after(outcome, refusals=refusals)
    assert found.charged == (outcome.phase not in BEFORE)  # type: ignore[union-attr]
    if found.stop is not None:
        assert found.charged
        assert found.state is FAILED
    if refusals >= len(RETRY_WAITS) and found.charged:
        assert found.state is FAILED, "tries have an end"


def test_what_is_settled_stays_settled_and_a_doubt_is_never_claimed_again() -> None:
    assert {state for state in MessageState if not MESSAGE_MOVES[state]} == {SENT, FAILED, MessageState.CANCELLED}
    assert sources(MessageState.CLAIMED) == [DEFERRED]
    assert sources(MessageState.DOT_PENDING) == [MessageState.CLAIMED]
