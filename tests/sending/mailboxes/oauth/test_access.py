"""The one way to an access token: asked for once, never lost, and what is told when there is none."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.db import connection, connections, transaction

from outreach.kit import clock
from sending.ledger.models import Event
from sending.mailboxes import services
from sending.mailboxes.models import Credential, Mailbox
from sending.mailboxes.oauth.access import access_token
from sending.mailboxes.states import MailboxState
from sending.smtp import TokenRefused, TokenUnavailable
from tests.sending.mailboxes.oauth.boxes import OLD, give_token, refresh_token_of, state_of
from tests.sending.mailboxes.oauth.provider import CLIENT_SECRET, FakeProvider, Fault, refusal
from tests.sending.outbox.plain import wait_until

pytestmark = pytest.mark.django_db
lasting = pytest.mark.django_db(transaction=True)


def refused(mailbox: Mailbox, stale: str = "") -> str:
    with pytest.raises(TokenRefused) as caught:
        access_token(mailbox.pk, stale)
    return str(caught.value)


def unavailable(mailbox: Mailbox, stale: str = "") -> str:
    with pytest.raises(TokenUnavailable) as caught:
        access_token(mailbox.pk, stale)
    return str(caught.value)


def test_a_token_with_time_left_is_used_and_nobody_is_asked(mailbox: Mailbox, provider: FakeProvider) -> None:
    give_token(mailbox, "good", minutes=6)
    assert access_token(mailbox.pk) == "good"
    assert provider.asked == []


def test_a_token_that_runs_out_soon_is_replaced_before_it_does(mailbox: Mailbox, provider: FakeProvider) -> None:
    give_token(mailbox, "nearly over", minutes=4)
    assert access_token(mailbox.pk) == provider.issued[-1]
    assert access_token(mailbox.pk) == provider.issued[-1]
    assert provider.refreshes() == 1


def test_a_refresh_token_that_is_replaced_is_kept_and_used_the_next_time(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    before = refresh_token_of(mailbox)
    for _ in range(3):
        give_token(mailbox, OLD, minutes=-1)
        access_token(mailbox.pk)
    assert {refresh_token_of(mailbox)} == provider.good
    assert before not in provider.good
    assert provider.refreshes() == 3


def test_a_refresh_token_that_stays_good_is_kept(mailbox: Mailbox, provider: FakeProvider) -> None:
    provider.rotating = False
    before = refresh_token_of(mailbox)
    access_token(mailbox.pk)
    assert refresh_token_of(mailbox) == before


@lasting
def test_eight_workers_at_once_ask_once_and_all_get_the_token(mailbox: Mailbox, provider: FakeProvider) -> None:
    together = threading.Barrier(8)

    def work(_: int) -> str:
        try:
            together.wait(10)
            return access_token(mailbox.pk)
        finally:
            connections.close_all()

    provider.script = [Fault(hang_s=0.3, counts=True)]
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(work, range(8)))
    assert tokens == {provider.issued[0]}
    assert provider.refreshes() == 1
    assert {refresh_token_of(mailbox)} == provider.good
    assert access_token(mailbox.pk) in tokens


@lasting
def test_eight_workers_whose_token_was_refused_ask_once(mailbox: Mailbox, provider: FakeProvider) -> None:
    give_token(mailbox, "called back", minutes=50)
    together = threading.Barrier(8)

    def work(_: int) -> str:
        try:
            together.wait(10)
            return access_token(mailbox.pk, "called back")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {provider.issued[0]}
    assert provider.refreshes() == 1


def test_a_token_that_a_server_refused_is_replaced_and_one_that_was_replaced_meanwhile_is_not(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    give_token(mailbox, "called back", minutes=50)
    fresh = access_token(mailbox.pk, "called back")
    assert fresh == provider.issued[0]
    assert access_token(mailbox.pk, "called back") == fresh
    assert provider.refreshes() == 1


def test_the_end_of_the_permission_makes_the_mailbox_need_a_sign_in_and_is_told_once(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    provider.good.clear()
    assert "Google gives no access to this mailbox any more (invalid_grant)." in refused(mailbox)
    assert state_of(mailbox) == (
        MailboxState.NEEDS_SIGN_IN,
        "Google gives no access to this mailbox any more (invalid_grant).",
    )
    assert Event.objects.get(mailbox_id=mailbox.pk).data["state"] == "needs_sign_in"
    refused(mailbox)
    assert provider.refreshes() == 1, "a provider that has said no is not asked again"
    assert Event.objects.filter(mailbox_id=mailbox.pk).count() == 1


def test_a_mailbox_that_a_person_has_paused_stays_paused_when_its_permission_ends(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    services.pause(mailbox.pk, "Paused by Ada.")
    provider.good.clear()
    refused(mailbox)
    assert state_of(mailbox) == (MailboxState.PAUSED, "Paused by Ada.")


@pytest.mark.parametrize("error", ["interaction_required", "consent_required", "login_required"])
def test_what_only_a_person_can_do_ends_the_permission_too(
    mailbox: Mailbox, provider: FakeProvider, error: str
) -> None:
    provider.script = [refusal(error)]
    assert error in refused(mailbox)


AWAY = [
    (Fault(500), "(500)"),
    (Fault(503, b"<html>"), "(503)"),
    (Fault(429), "asks us to wait"),
    (Fault(302, headers=(("Location", "https://elsewhere.test/"),)), "(302)"),
    (Fault(200, b"not json"), "(200)"),
    (Fault(200, b'{"access_token": ""}'), "no token"),
    (Fault(200, b'{"access_token": "two words"}'), "no token"),
    (Fault(200, b'{"access_token": "a", "refresh_token": "line\\nbreak"}'), "no token"),
    (Fault(200, b"x" * 70_000), "cannot be read"),
    (refusal("invalid_client", 401), "Its owner must look at it"),
    (refusal("invalid_request"), "invalid_request"),
    (refusal("invalid_grant", 500), "(500 invalid_grant)"),
]


@pytest.mark.parametrize(("fault", "words"), AWAY)
def test_a_provider_that_is_away_costs_nobody_a_sign_in(
    mailbox: Mailbox, provider: FakeProvider, fault: Fault, words: str
) -> None:
    before = refresh_token_of(mailbox)
    provider.script = [fault]
    assert words in unavailable(mailbox)
    assert state_of(mailbox) == (MailboxState.ACTIVE, "")
    assert refresh_token_of(mailbox) == before
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=False):
        assert access_token(mailbox.pk) == provider.issued[-1]
    row = Credential.objects.get(mailbox=mailbox)
    assert (row.ask_at, row.ask_failures, row.ask_words) == (None, 0, "")


@pytest.mark.parametrize("fault", [Fault(hang_s=9), Fault(200, b"x" * 1000, drip_s=0.05)])
def test_a_provider_that_is_silent_or_drips_is_left_in_time(
    mailbox: Mailbox, provider: FakeProvider, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sending.mailboxes.oauth.asking.TIMEOUT_S", 0.3)
    provider.script = [fault]
    assert "did not answer in time" in unavailable(mailbox)


def test_while_a_provider_is_away_it_is_asked_ever_more_seldom(mailbox: Mailbox, provider: FakeProvider) -> None:
    provider.script = [Fault(500)] * 20
    waits = []
    at = clock.now()
    for _ in range(9):
        with time_machine.travel(at, tick=False):
            unavailable(mailbox)
            unavailable(mailbox)  # asks nobody
            ask_at = Credential.objects.get(mailbox=mailbox).ask_at
            assert ask_at is not None
            waits.append(round((ask_at - at).total_seconds()))
            at = ask_at
    assert waits == [20, 40, 80, 160, 320, 640, 1280, 1800, 1800]
    assert provider.refreshes() == 9


@pytest.mark.parametrize(("told", "wait_s"), [("120", 120), ("5", 20), ("999999", 3600), ("soon", 20), ("-1", 20)])
def test_the_wait_that_a_provider_asks_for_is_kept(
    mailbox: Mailbox, provider: FakeProvider, told: str, wait_s: int
) -> None:
    provider.script = [Fault(429, headers=(("Retry-After", told),))]
    with time_machine.travel(clock.now(), tick=False):
        unavailable(mailbox)
        row = Credential.objects.get(mailbox=mailbox)
        assert row.ask_at is not None
        assert round((row.ask_at - clock.now()).total_seconds()) == wait_s


def test_without_the_provider_a_token_is_used_to_its_last_moment(mailbox: Mailbox, provider: FakeProvider) -> None:
    give_token(mailbox, "nearly over", minutes=2)
    provider.script = [Fault(500)]
    assert access_token(mailbox.pk) == "nearly over"
    assert access_token(mailbox.pk) == "nearly over"
    assert provider.refreshes() == 1
    unavailable(mailbox, "nearly over")
    give_token(mailbox, "nearly over", minutes=0.3)
    unavailable(mailbox)


@lasting
def test_a_new_refresh_token_outlives_the_database_that_drops_its_transaction(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    def drop() -> None:
        with connection.cursor() as cursor:  # of the provider's thread
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'idle in transaction'"
            )
        connections.close_all()

    provider.script = [Fault(meanwhile=drop, counts=True)]
    assert access_token(mailbox.pk) == provider.issued[0]
    assert {refresh_token_of(mailbox)} == provider.good


@lasting
def test_a_new_refresh_token_outlives_a_session_that_was_ended_while_the_provider_took_its_time(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    def wait_for_the_end() -> None:
        wait_until(lambda: not _somebody_is_idle_in_a_transaction())  # in the provider's thread
        connections.close_all()

    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '50ms'")
    provider.script = [Fault(meanwhile=wait_for_the_end, counts=True)]
    assert access_token(mailbox.pk) == provider.issued[0]
    assert {refresh_token_of(mailbox)} == provider.good


def _somebody_is_idle_in_a_transaction() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        return cursor.fetchone() is not None


@lasting
def test_a_token_is_never_asked_for_inside_a_transaction_of_the_caller(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        access_token(mailbox.pk)
    assert provider.asked == []


def test_a_lost_key_needs_a_sign_in_and_asks_nobody(
    mailbox: Mailbox, provider: FakeProvider, setting: Callable[[str, str], None]
) -> None:
    setting("OUTREACH_CREDENTIAL_KEYS", Fernet.generate_key().decode())
    assert "cannot be opened" in refused(mailbox)
    assert state_of(mailbox)[0] == MailboxState.NEEDS_SIGN_IN
    assert provider.asked == []


def test_an_instance_that_is_no_longer_set_up_costs_nobody_a_sign_in(
    mailbox: Mailbox, setting: Callable[[str, str], None]
) -> None:
    setting("OUTREACH_GOOGLE_CLIENT_ID", "")
    setting("OUTREACH_GOOGLE_CLIENT_SECRET", "")
    assert "has not set up the sign-in with Google" in unavailable(mailbox)
    assert state_of(mailbox)[0] == MailboxState.ACTIVE


def test_no_token_and_no_secret_is_stored_or_logged_in_clear(
    mailbox: Mailbox, provider: FakeProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = refresh_token_of(mailbox)
    token = access_token(mailbox.pk)
    provider.script = [Fault(400, f'{{"error": "{token} {before}"}}'.encode())]
    give_token(mailbox, token, minutes=-1)
    words = unavailable(mailbox)
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM mailboxes_credential c")
        stored = str(cursor.fetchall())
    for secret in (before, token, refresh_token_of(mailbox), CLIENT_SECRET):
        for text in (stored, caplog.text, words):
            assert secret not in text
