"""A mailbox's states: which moves there are, that one of two wins, what is told, what the database refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pytest
from django.db import IntegrityError, connection
from django.db.models.functions import Now

from outreach.accounts.access import Member
from sending.ledger.models import Event
from sending.mailboxes import services
from sending.mailboxes.budgets import budgets_of
from sending.mailboxes.errors import IllegalMove
from sending.mailboxes.models import ConnectionTest, Mailbox, MailboxClock
from sending.mailboxes.states import BY_PERSON, BY_TEST, MAILBOX_MOVES, MEANINGS, WAYS_OUT, MailboxState
from sending.pacing import HoldCode, Pace
from tests.builders import make_mailbox
from tests.sending.mailboxes.stage import ledger_away

S = MailboxState


def move(name: str, pk: int) -> bool:
    """Try a move; say whether it was made."""
    moves: dict[str, Callable[[], bool | None]] = {
        "activate": lambda: services.activate(pk),
        "resume": lambda: services.resume(pk),
        "pause": lambda: services.pause(pk, "Paused by Ada."),
        "refuse_sign_in": lambda: services.refuse_sign_in(pk, "535 wrong"),
        "shut_out": lambda: services.shut_out(pk, "550 blocked"),
    }
    try:
        return moves[name]() is not False
    except IllegalMove:
        return False


# From each state: what each verb makes of it; the rest is refused.
ALLOWED = {
    (S.UNTESTED, "activate"): S.ACTIVE,
    (S.ACTIVE, "pause"): S.PAUSED,
    (S.ACTIVE, "refuse_sign_in"): S.NEEDS_SIGN_IN,
    (S.ACTIVE, "shut_out"): S.BLOCKED,
    (S.PAUSED, "resume"): S.ACTIVE,
    (S.NEEDS_SIGN_IN, "activate"): S.ACTIVE,
    (S.NEEDS_SIGN_IN, "pause"): S.PAUSED,
    (S.BLOCKED, "resume"): S.ACTIVE,
    (S.BLOCKED, "pause"): S.PAUSED,
}
VERBS = ["activate", "resume", "pause", "refuse_sign_in", "shut_out"]


def test_the_verbs_make_every_move_and_no_other() -> None:
    assert {(old, new) for (old, _), new in ALLOWED.items()} == {
        (old, new) for old, targets in MAILBOX_MOVES.items() for new in targets
    }
    assert set(MAILBOX_MOVES) == set(MEANINGS) == set(WAYS_OUT) == set(S)
    assert not BY_TEST & BY_PERSON
    assert all(WAYS_OUT[state] for state in S if state is not S.ACTIVE)


@pytest.mark.django_db
@pytest.mark.parametrize(("old", "verb"), list(product(S, VERBS)))
def test_a_verb_moves_only_from_where_it_may(member: Member, old: MailboxState, verb: str) -> None:
    mailbox = make_mailbox(member.workspace, state=old)
    expected = ALLOWED.get((old, verb))
    assert move(verb, mailbox.pk) is (expected is not None)
    mailbox.refresh_from_db()
    assert mailbox.state == (expected or old)
    assert Event.objects.count() == (1 if expected else 0)


@pytest.mark.django_db
def test_a_move_leaves_its_words_its_time_and_its_event(member: Member) -> None:
    mailbox = make_mailbox(member.workspace, state=S.ACTIVE)
    before = mailbox.state_changed_at
    services.refuse_sign_in(mailbox.pk, "The server answered: 535 5.7.8 no")
    mailbox.refresh_from_db()
    assert mailbox.state_reason == "The server answered: 535 5.7.8 no"
    assert mailbox.state_changed_at > before
    event = Event.objects.get()
    assert (event.kind, event.mailbox_id, event.workspace_id) == ("mailbox_paused", mailbox.pk, member.workspace.pk)
    assert event.data == {"state": "needs_sign_in", "words": "The server answered: 535 5.7.8 no"}
    services.activate(mailbox.pk)
    mailbox.refresh_from_db()
    assert mailbox.state_reason == ""
    assert Event.objects.latest("pk").kind == "mailbox_resumed"


@pytest.mark.django_db
def test_words_longer_than_their_place_are_cut(member: Member) -> None:
    mailbox = make_mailbox(member.workspace, state=S.ACTIVE)
    services.shut_out(mailbox.pk, "x" * 2_000)
    mailbox.refresh_from_db()
    assert mailbox.state_reason == "x" * 500


@pytest.mark.django_db
def test_a_refused_move_says_how_it_stands(member: Member) -> None:
    mailbox = make_mailbox(member.workspace, "me@acme.test", state=S.NEEDS_SIGN_IN)
    with pytest.raises(IllegalMove) as caught:
        services.resume(mailbox.pk)
    assert str(caught.value) == "me@acme.test needs a new sign-in; it cannot become active now."
    assert (caught.value.mailbox_id, caught.value.new) == (mailbox.pk, S.ACTIVE)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (S.UNTESTED, "The mailbox has not passed its connection test yet."),
        (S.PAUSED, "The mailbox is paused: because."),
        (S.NEEDS_SIGN_IN, "The mailbox needs a new sign-in: because."),
        (S.BLOCKED, "The mailbox is blocked: because."),
    ],
)
def test_a_state_that_holds_says_why(member: Member, state: MailboxState, words: str) -> None:
    reason = "" if state is S.UNTESTED else "because."
    (book,) = budgets_of([make_mailbox(member.workspace, state=state, state_reason=reason)])
    assert book.hold is not None
    assert (book.hold.code, book.hold.words) == (HoldCode.MAILBOX_STATE, words)


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "verb"), [(S.UNTESTED, services.activate), (S.PAUSED, services.resume)])
def test_whoever_carries_again_starts_afresh_and_at_once(
    member: Member, state: MailboxState, verb: Callable[[int], None]
) -> None:
    mailbox = make_mailbox(member.workspace, state=state)
    services.back_off(mailbox.pk, "421 later", pace=Pace())
    MailboxClock.objects.update(look_at=Now() + timedelta(days=1))
    verb(mailbox.pk)
    clock = MailboxClock.objects.get()
    assert (clock.failures, clock.backoff_until, clock.backoff_words) == (0, None, "")
    assert MailboxClock.objects.filter(look_at__lte=Now()).exists()


@pytest.mark.django_db
def test_failures_in_a_row_wait_twice_as_long_up_to_an_hour(member: Member) -> None:
    mailbox = make_mailbox(member.workspace)
    waits = []
    for _ in range(9):
        services.back_off(mailbox.pk, "x" * 400, pace=Pace())
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM backoff_until - now())::int, backoff_words FROM mailboxes_clock")
            waits.append(cursor.fetchone())
    assert [seconds for seconds, _ in waits] == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert waits[0][1] == "x" * 300
    services.note_connected([mailbox.pk])
    services.back_off(mailbox.pk, "again", pace=Pace(60))
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM backoff_until - now())::int FROM mailboxes_clock")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_of_two_moves_at_once_one_wins_and_the_other_hears_of_it(member: Member) -> None:
    mailbox = make_mailbox(member.workspace, state=S.ACTIVE)
    start, outcomes = threading.Barrier(4), []

    def run(verb: str) -> None:
        start.wait(10)
        try:
            outcomes.append(move(verb, mailbox.pk))
        finally:
            connection.close()

    verbs = ["refuse_sign_in", "shut_out", "refuse_sign_in", "shut_out"]
    threads = [threading.Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == [False, False, False, True]
    assert Event.objects.count() == 1
    mailbox.refresh_from_db()
    assert Event.objects.get().data["state"] == mailbox.state


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("old", "verb"), [(S.UNTESTED, "activate"), (S.PAUSED, "resume"), (S.ACTIVE, "pause"), (S.ACTIVE, "shut_out")]
)
def test_a_move_whose_event_cannot_be_written_is_not_made(member: Member, old: MailboxState, verb: str) -> None:
    mailbox = make_mailbox(member.workspace, state=old)
    with ledger_away():
        move(verb, mailbox.pk)
    mailbox.refresh_from_db()
    assert mailbox.state == old


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("state", "asleep", "mailboxes_known_state"),
        ("sign_in", "yahoo", "mailboxes_known_sign_in"),
        ("reading", "ews", "mailboxes_known_reading"),
        ("smtp_security", "none", "mailboxes_known_security"),
        ("imap_security", "", "mailboxes_known_security"),
        ("gap_max_s", 359, "mailboxes_gap_in_order"),
        ("smtp_port", 0, "mailboxes_possible_port"),
        ("imap_port", 65_536, "mailboxes_possible_port"),
        ("daily_limit", 0, "mailboxes_limits_allow_one"),
        ("hourly_limit", 0, "mailboxes_limits_allow_one"),
        ("ramp_start", 0, "mailboxes_limits_allow_one"),
    ],
)
def test_the_database_refuses_what_no_mailbox_can_be(
    member: Member, column: str, value: object, constraint: str
) -> None:
    mailbox = make_mailbox(member.workspace)
    with pytest.raises(IntegrityError, match=constraint):
        Mailbox.objects.filter(pk=mailbox.pk).update(**{column: value})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"protocol": "http", "passed": True}, "mailboxes_tested_protocol"),
        ({"protocol": "smtp", "passed": False}, "mailboxes_failure_is_explained"),
    ],
)
def test_the_database_refuses_a_test_that_says_nothing(
    member: Member, columns: dict[str, object], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        ConnectionTest.objects.create(mailbox=make_mailbox(member.workspace), **columns)


@pytest.mark.django_db
def test_a_lease_has_an_owner_and_an_end_or_neither(member: Member) -> None:
    make_mailbox(member.workspace)
    with pytest.raises(IntegrityError, match="mailboxes_lease_is_whole"):
        MailboxClock.objects.update(lease_until=Now())
