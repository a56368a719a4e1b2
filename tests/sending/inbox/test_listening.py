"""Listening over kept connections (IMAP IDLE), at a real Dovecot: mail at once, and silent deaths noticed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db.models.functions import Now

from outreach.accounts.models import Workspace
from sending.chaos.faultsmtpd import say
from sending.inbox import reading
from sending.inbox.listening import Listener
from sending.inbox.models import InboundMessage, MailboxSync
from sending.mailboxes.models import Mailbox, Spending
from sending.mailboxes.services import store_passwords
from sending.mailboxes.states import MailboxState
from tests.builders import make_mailbox, make_workspace
from tests.sending.imap import dovecot
from tests.sending.imap.faultimapd import FaultImap
from tests.sending.imap.post import Post
from tests.sending.imap.relay import Relay
from tests.sending.inbox.scene import days, mail

pytestmark = [pytest.mark.dovecot, pytest.mark.django_db(transaction=True)]
ACCOUNTS = {f"box{number}@heard.test": f"secret-{number}" for number in range(8)}


@pytest.fixture(scope="module")
def server() -> Iterator[dovecot.Dovecot]:
    with dovecot.running(ACCOUNTS) as running:
        yield running


@pytest.fixture
def post(server: dovecot.Dovecot, request: pytest.FixtureRequest) -> Post:
    """An account that no other test uses."""
    used = request.session.stash.setdefault(_USED, [])
    used.append(len(used))
    return Post(server, list(ACCOUNTS)[used[-1]])


_USED = pytest.StashKey[list[int]]()


def make_box(post: Post, workspace: Workspace, *, port: int = 0) -> Mailbox:
    """Make a mailbox that has just sent, and was read to its end."""
    mailbox = make_mailbox(
        workspace, post.address, imap_host=post.host, imap_port=port or post.server.imaps_port,
        ca_pem=post.server.ca_pem, state=MailboxState.ACTIVE,
    )  # fmt: skip
    store_passwords(mailbox, smtp="", imap=ACCOUNTS[post.address])
    Spending.objects.create(mailbox=mailbox)
    MailboxSync.objects.create(mailbox=mailbox)
    assert reading.read(mailbox.pk).is_complete
    return mailbox


@contextmanager
def listening(*, slots: int = 5, within_s: float = 10) -> Iterator[Listener]:
    listener, stop = Listener(slots, done_within_s=within_s), threading.Event()
    listener._looked_at = -100.0
    thread = threading.Thread(target=listener.run, args=[stop])
    thread.start()
    try:
        yield listener
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def until(done: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_mail_is_taken_in_at_once_over_one_connection_and_the_mailbox_is_given_back(post: Post) -> None:
    with Relay(post.host, post.server.imaps_port) as relay:
        mailbox = make_box(post, make_workspace(), port=relay.port)
        before = len(relay._threads)
        with listening() as listener:
            until(lambda: listener.heard)
            assert reading.lease_due(most=10) == [], "nobody else reads it"
            sync = MailboxSync.objects.get()
            assert sync.listened_since is not None
            for number in range(2):
                post.deliver(mail(f"Mail {number}"))
                until(lambda: InboundMessage.objects.count() == number + 1, seconds=4)  # noqa: B023  # asked here
                until(lambda: listener.heard)
            assert len(relay._threads) - before == 2, "one connection: a thread for each way"
    sync = MailboxSync.objects.get()
    assert (sync.listener, sync.lease_until, sync.failures) == (None, None, 0)
    assert reading.lease_due(most=10) == [mailbox.pk], "what came since is not known: it is read in turn at once"


def test_a_connection_that_dies_silently_is_noticed_and_the_mailbox_is_read_over_a_new_one(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    with Relay(post.host, post.server.imaps_port) as relay:
        make_box(post, make_workspace(), port=relay.port)
        with listening(within_s=0.5) as listener:
            until(lambda: listener.heard)
            relay.forget()
            post.deliver(mail("Nobody is told"))
            MailboxSync.objects.update(next_at=Now())  # its four minutes are over
            until(InboundMessage.objects.exists)
        assert "inbox.listener_cut_off" in caplog.text
        assert MailboxSync.objects.get().failures == 0, "the server is not to blame"


def test_a_server_that_hangs_up_is_noticed_at_once(post: Post) -> None:
    with Relay(post.host, post.server.imaps_port) as relay:
        mailbox = make_box(post, make_workspace(), port=relay.port)
        with listening() as listener:
            until(lambda: listener.heard)
            relay.cut_after = 0
            post.deliver(mail("Told in the last word"))
            until(lambda: mailbox.pk not in listener._slots)


def test_there_are_no_more_connections_than_slots_and_only_for_who_sends(server: dovecot.Dovecot, post: Post) -> None:
    workspace = make_workspace()
    others = [replace(post, address=address) for address in list(ACCOUNTS)[-3:]]
    boxes = [make_box(one, workspace) for one in others]
    Spending.objects.filter(mailbox=boxes[0]).update(spent_at=Now() - days(2))
    Spending.objects.filter(mailbox=boxes[1]).update(spent_at=Now() - days(0.5))
    with listening(slots=1) as listener:
        until(lambda: listener.heard)
        assert set(listener._slots) == {boxes[2].pk}, "who has sent last"
    with listening(slots=3) as listener:
        until(lambda: listener.heard == 2)
        assert set(listener._slots) == {boxes[1].pk, boxes[2].pk}


def test_a_server_without_idle_is_read_in_turn_and_not_asked_again_for_a_week() -> None:
    with FaultImap() as fault:
        workspace = make_workspace()
        mailbox = make_mailbox(workspace, imap_port=fault.port, imap_security="plain", state=MailboxState.ACTIVE)
        Spending.objects.create(mailbox=mailbox)
        MailboxSync.objects.create(mailbox=mailbox, synced_at=Now())
        with listening() as listener:
            until(lambda: MailboxSync.objects.get().deaf_at and not listener._slots)
            assert listener._claim(5) == []
        assert reading.lease_due(most=10) == [mailbox.pk]


def test_a_refused_password_is_told_and_a_busy_server_left_alone() -> None:
    for answer, state in ((b"NO [AUTHENTICATIONFAILED] no", "needs_sign_in"), (b"NO [INUSE] later", "active")):
        with FaultImap({"LOGIN": say(b"{tag} " + answer + b"\r\n")}, capabilities="IMAP4rev1") as fault:
            mailbox = make_mailbox(
                make_workspace(state.replace("_", "-")), imap_port=fault.port, imap_security="plain",
                state=MailboxState.ACTIVE,
            )  # fmt: skip
            Spending.objects.create(mailbox=mailbox)
            MailboxSync.objects.create(mailbox=mailbox, synced_at=Now())
            with listening() as listener:
                until(lambda: fault.heard and not listener._slots)  # asked here
            mailbox.refresh_from_db()
            assert mailbox.state == state
            assert len([line for line in fault.heard if "LOGIN" in line]) == 1
            Mailbox.objects.update(state=MailboxState.PAUSED)
