"""Tokens at real servers: asked for at the last moment, replaced once, masked, and nothing fails for want."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import timedelta

import pytest
import time_machine

from outreach.kit import clock, loops
from sending.chaos.faultsmtpd import Act, FaultServer, close, say, serving_in_thread
from sending.imap import ImapError, SignInRefused, Unreachable, open_mailbox
from sending.inbox.models import MailboxSync
from sending.inbox.reading import read
from sending.mailboxes import testing
from sending.mailboxes.connections import reading_account, smtp_server, smtp_servers
from sending.mailboxes.models import Credential, Mailbox, MailboxClock
from sending.mailboxes.secrets import REFRESH_TOKEN, sealed
from sending.mailboxes.states import MailboxState, SignInKind
from sending.mailboxes.testing import test_connections as try_connections
from sending.outbox.states import MessageState
from sending.smtp import AuthKind, Line, Outcome, Phase, Refused, Session, SessionError, Timeouts
from sending.smtp import explain as explain_smtp
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.mailboxes.oauth.boxes import OLD, give_token, state_of
from tests.sending.mailboxes.oauth.provider import FakeProvider, Fault
from tests.sending.outbox.plain import make_post
from tests.sending.outbox.stage import deliver

pytestmark = pytest.mark.django_db(transaction=True)
# Nobody is silent here, and a token takes its time on a busy machine.
PATIENT = Timeouts(connect=9, greeting=9, command=9, data=9, block=9, dot=9, quit=1)
# {"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}, as Google says it
CHALLENGE = b64encode(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}')
BAD_TOKEN: dict[str, list[Act]] = {
    "auth": [say(b"334 " + CHALLENGE + b"\r\n")],
    "challenge": [say(b"535 5.7.8 Username and Password not accepted\r\n")],
}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(testing, "TIMEOUTS", PATIENT)


def tokens_heard(server: FaultServer) -> list[str]:
    """Return the tokens that came, as they were said to be."""
    found = []
    for command in server.commands:
        if command.startswith("AUTH "):
            method, content = command.split(" ")[1:]
            assert method == "XOAUTH2"
            user, bearer, *rest = b64decode(content).decode().split("\x01")
            assert (user, rest) == ("user=me@acme.test", ["", ""])
            found.append(bearer.removeprefix("auth=Bearer "))
    return found


def at(mailbox: Mailbox, server: FaultServer | None = None, imap: FaultImap | None = None) -> Credential:
    columns: dict[str, object] = {}
    for protocol, running in (("smtp", server), ("imap", imap)):
        if running is not None:
            columns |= {f"{protocol}_port": running.port, f"{protocol}_security": "plain"}
    Mailbox.objects.filter(pk=mailbox.pk).update(**columns)
    return Credential.objects.select_related("mailbox").get(mailbox=mailbox)


def sign_in(credential: Credential) -> tuple[Line, ...] | Outcome:
    """Sign in as a courier does; return the dialogue, or why it did not work."""

    async def run() -> tuple[Line, ...] | Outcome:
        try:
            session = await Session.open(smtp_server(credential), timeouts=PATIENT)
        except SessionError as error:
            return error.outcome
        await session.close()
        return session.transcript

    return loops.run(run())


def test_a_token_that_runs_out_between_ehlo_and_auth_is_replaced_before_it_is_said(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    give_token(mailbox, "good at EHLO", minutes=6)
    with serving_in_thread(FaultServer({"ehlo": [say(b"250-faults.test\r\n250 AUTH XOAUTH2\r\n")]})) as server:
        servers = smtp_servers([mailbox.pk])  # what a courier holds was made while the token was good
        at(mailbox, server)
        assert servers[mailbox.pk].auth is AuthKind.XOAUTH2
        with time_machine.travel(clock.now() + timedelta(minutes=7), tick=False):
            assert isinstance(sign_in(at(mailbox)), tuple)
    assert tokens_heard(server) == [provider.issued[0]]


def test_a_token_that_the_server_refuses_is_replaced_once_on_a_new_connection(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    give_token(mailbox, "called back", minutes=50)
    with serving_in_thread(FaultServer(BAD_TOKEN)) as server:
        told = sign_in(at(mailbox, server))
    assert isinstance(told, tuple)
    assert tokens_heard(server) == ["called back", provider.issued[0]]
    assert (server.connections, provider.refreshes()) == (2, 1)
    lines = [line.text for line in told]
    assert any("the token is refused: status 401" in text for text in lines)
    assert "(an empty line)" in lines
    assert "The token is replaced with a new one." in lines
    assert state_of(mailbox)[0] == MailboxState.ACTIVE


@pytest.mark.parametrize(
    "script",
    [
        {"auth": say(b"334 " + CHALLENGE + b"\r\n"), "challenge": say(b"535 5.7.8 no\r\n")},
        {"auth": say(b"334 " + CHALLENGE + b"\r\n"), "challenge": close()},
        {"auth": say(b"535 5.7.3 no\r\n")},
        {"auth": say(b"334 not-base64\r\n"), "challenge": say(b"535 5.7.8 no\r\n")},
    ],
    ids=["challenge", "hangs up", "at once", "nonsense"],
)
def test_a_server_that_refuses_the_new_token_too_is_believed(
    mailbox: Mailbox, provider: FakeProvider, script: dict[str, Act]
) -> None:
    with serving_in_thread(FaultServer(script)) as server:
        outcome = sign_in(at(mailbox, server))
    assert isinstance(outcome, Refused)
    assert (outcome.phase, outcome.reply.code, outcome.ours) == (Phase.AUTH, 535, False)
    assert len(tokens_heard(server)) == 2
    told = explain_smtp(outcome, smtp_server(at(mailbox)))
    assert "password" not in told.why + told.fix
    assert "sign in again" in told.fix


def test_a_temporary_failure_of_the_server_costs_no_token(mailbox: Mailbox, provider: FakeProvider) -> None:
    give_token(mailbox, "good", minutes=50)
    with serving_in_thread(FaultServer({"auth": say(b"454 4.7.0 later\r\n")})) as server:
        sign_in(at(mailbox, server))
    assert (server.connections, provider.asked) == (1, [])


def test_tokens_go_to_no_other_server_than_the_providers_own(mailbox: Mailbox, provider: FakeProvider) -> None:
    with serving_in_thread(FaultServer()) as server:
        credential = at(mailbox, server)
        credential.mailbox.smtp_host = "localhost"
        outcome = sign_in(credential)
    with FaultImap(capabilities="IMAP4rev1 AUTH=XOAUTH2") as imap:
        credential = at(mailbox, imap=imap)
        credential.mailbox.imap_host = "localhost"
        assert "localhost is no mail server of Google" in str(failing(credential))
    assert isinstance(outcome, Refused)
    assert "localhost is no mail server of Google" in outcome.reply.text
    assert tokens_heard(server) == []
    assert not any("AUTH" in line for line in imap.heard)


@pytest.mark.parametrize("echoes", ["smtp", "imap"])
def test_no_form_of_a_token_stands_in_a_dialogue(mailbox: Mailbox, provider: FakeProvider, echoes: str) -> None:
    # One server says back what it was told; the other takes it, so that it was told the old token first.
    give_token(mailbox, OLD, minutes=50)
    smtp: dict[str, list[Act]] = {"auth": [say(f"535 5.7.8 {OLD} is wrong\r\n".encode())]}
    imap = {"AUTHENTICATE": say(f"{{tag}} NO {OLD} is wrong\r\n".encode())}
    with (
        serving_in_thread(FaultServer(smtp if echoes == "smtp" else {})) as server,
        FaultImap(imap if echoes == "imap" else {}, capabilities="IMAP4rev1 AUTH=XOAUTH2") as maildir,
    ):
        at(mailbox, server, maildir)
        rows = try_connections(Mailbox.objects.get())
    stored = json.dumps([[row.transcript, row.what, row.why, row.fix] for row in rows]) + state_of(mailbox)[1]
    assert [row.passed for row in rows] == [True, echoes == "smtp"]
    for token in (OLD, *provider.issued):
        said = f"user=me@acme.test\x01auth=Bearer {token}\x01\x01".encode()
        assert token not in stored
        assert b64encode(said).decode() not in stored
    assert "AUTH XOAUTH2 ********" in stored
    assert "******** is wrong" in stored


# -- IMAP --
def imap_tokens(server: FaultImap) -> list[str]:
    found = []
    for line in server.heard:
        word = line.rpartition(" ")[2] if "AUTHENTICATE XOAUTH2 " in line else line
        try:
            said = b64decode(word, validate=True).decode()
        except ValueError:
            continue
        if said.startswith("user="):
            assert said.startswith("user=me@acme.test\x01auth=Bearer ")
            found.append(said.split("Bearer ")[1].strip("\x01"))
    return found


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 AUTH=XOAUTH2", "IMAP4rev1 SASL-IR AUTH=XOAUTH2"])
def test_a_reader_signs_in_with_a_token(mailbox: Mailbox, provider: FakeProvider, capabilities: str) -> None:
    # With an initial response the server asks for nothing; FaultImap asks where the step is not scripted.
    script = {"AUTHENTICATE": say(b"{tag} OK welcome\r\n")} if "SASL-IR" in capabilities else {}
    with (
        FaultImap(script, capabilities=capabilities) as server,
        open_mailbox(reading_account(at(mailbox, imap=server))) as reader,
    ):
        assert reader.folders()[0].name == "INBOX"
        text = json.dumps([line.text for line in reader.dialogue])
    assert imap_tokens(server) == [provider.issued[0]]
    assert provider.issued[0] not in text
    assert imap_tokens(FaultImap(heard=[line.text for line in reader.dialogue])) == []


def failing(credential: Credential) -> ImapError:
    with pytest.raises(ImapError) as caught, open_mailbox(reading_account(credential), timeout_s=9):
        pass
    return caught.value


def test_a_reader_replaces_a_refused_token_once_and_then_believes_the_server(
    mailbox: Mailbox, provider: FakeProvider
) -> None:
    give_token(mailbox, "called back", minutes=50)
    no = say(b"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n")
    with FaultImap({"AUTHENTICATE": no}, capabilities="IMAP4rev1 SASL-IR AUTH=XOAUTH2") as server:
        error = failing(at(mailbox, imap=server))
    assert isinstance(error, SignInRefused)
    assert imap_tokens(server) == ["called back", provider.issued[0]]
    assert provider.refreshes() == 1


def test_a_reader_names_a_server_that_takes_no_tokens(mailbox: Mailbox, provider: FakeProvider) -> None:
    with FaultImap() as server:
        assert failing(at(mailbox, imap=server)).cause == "no_auth"


@pytest.mark.parametrize(("fault", "kind"), [(Fault(500), Unreachable), (None, SignInRefused)])
def test_a_reading_without_a_token_waits_or_asks_for_a_person(
    mailbox: Mailbox, provider: FakeProvider, fault: Fault | None, kind: type[ImapError]
) -> None:
    if fault is None:
        provider.good.clear()
    else:
        provider.script = [fault]
    MailboxSync.objects.create(mailbox=mailbox)
    with FaultImap(capabilities="IMAP4rev1 AUTH=XOAUTH2") as server:
        at(mailbox, imap=server)
        reading = read(mailbox.pk)
    assert "Google gives no" in reading.problem
    assert state_of(mailbox)[0] == (MailboxState.NEEDS_SIGN_IN if kind is SignInRefused else MailboxState.ACTIVE)
    assert imap_tokens(server) == []


# -- the sending itself --
@pytest.mark.parametrize(
    ("ended", "state"), [(False, MailboxState.ACTIVE), (True, MailboxState.NEEDS_SIGN_IN)], ids=["away", "ended"]
)
def test_a_message_without_a_token_waits_and_nothing_fails(
    provider: FakeProvider, state: MailboxState, *, ended: bool
) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", mailbox={"sign_in": SignInKind.GOOGLE})
        _signed_in(post.mailbox, provider)
        if ended:
            provider.good.clear()
        else:
            provider.script = [Fault(503)]
        deliver()
    (message,) = post.messages
    assert message.state == MessageState.DEFERRED
    assert "Google gives no" in message.reason
    assert state_of(post.mailbox)[0] == state
    backoff = MailboxClock.objects.get(mailbox=post.mailbox).backoff_until
    assert (backoff is None) == ended
    assert server.accepted == []


def test_a_message_leaves_with_a_token(provider: FakeProvider) -> None:
    with serving_in_thread(FaultServer()) as server:
        post = make_post(server, "ada", "bob", mailbox={"sign_in": SignInKind.GOOGLE})
        _signed_in(post.mailbox, provider)
        deliver()
    assert [message.state for message in post.messages] == [MessageState.SENT] * 2
    assert provider.refreshes() == 1


def _signed_in(mailbox: Mailbox, provider: FakeProvider) -> None:
    Credential.objects.filter(mailbox=mailbox).update(
        account=mailbox.address,
        refresh_token=sealed(mailbox.pk, REFRESH_TOKEN, provider.new_refresh_token()),
    )
