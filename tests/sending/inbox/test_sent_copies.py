"""The Sent folder as a witness, at two real servers: a copy settles a doubt, its absence settles nothing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st

from campaigns.sequences.models import Campaign
from outreach.accounts.models import Workspace
from sending.imap import Folder, Reader, Unreachable
from sending.inbox import copies
from sending.inbox.copies import WAITS, look_for_copies, next_look
from sending.inbox.models import MailboxSync, SentSearch
from sending.inbox.reading import read
from sending.inbox.states import Seen
from sending.ledger.models import Event
from sending.mailboxes.models import Mailbox, MailboxClock
from sending.mailboxes.services import store_passwords
from sending.outbox.doubts import send_again
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.pacing import Pace
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState
from sending.sandbox.world import SandboxWorld
from sending.smtp import Security
from tests.builders import make_contact, make_mailbox, make_message
from tests.sending.imap import dovecot
from tests.sending.imap.post import Post
from tests.sending.inbox.boxes import make_box
from tests.sending.inbox.scene import Scene, enroll, make_scene

ACCOUNTS = {f"copy{number}@acme.example": f"secret-{number}" for number in range(60)}
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
REAL_TIME = Pace(1)
_free = itertools.count()
real_servers = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Witness:
    """A person to whom one message is in doubt, and the account that it left from."""

    scene: Scene
    post: Post

    @property
    def message(self) -> OutboundMessage:
        return OutboundMessage.objects.get(pk=self.scene.message.pk)

    @property
    def search(self) -> SentSearch:
        return SentSearch.objects.get(message=self.scene.message)

    def keep_copy(self, message: OutboundMessage | None = None, folder: str = "Sent") -> None:
        wanted = message or self.scene.message
        self.post.deliver(f"Subject: Hello\r\nMessage-ID: {wanted.message_id}\r\n\r\nGood day\r\n".encode(), folder)

    def read(self) -> None:
        assert read(self.scene.mailbox.pk).is_complete

    def another(self, name: str) -> OutboundMessage:
        """Return one more message in doubt of the same mailbox."""
        contact = make_contact(self.scene.workspace, f"{name}@x.example")
        enrollment = enroll(self.scene.campaign, contact, self.scene.mailbox)
        variant = self.scene.message.variant
        assert variant is not None
        message = make_message(enrollment, variant, self.scene.mailbox, at=AT)
        return into_doubt(message)


def into_doubt(message: OutboundMessage) -> OutboundMessage:
    OutboundMessage.objects.filter(pk=message.pk).update(state=MessageState.IN_DOUBT, sent_at=None)
    Enrollment.objects.filter(messages=message).update(state=EnrollmentState.SENDING, due_at=None)
    return message


@pytest.fixture(scope="session")
def copy_server() -> Iterator[dovecot.Dovecot]:
    with dovecot.running(ACCOUNTS) as running:
        yield running


def _dovecot_box(server: dovecot.Dovecot, workspace: Workspace) -> Mailbox:
    address = f"copy{next(_free)}@acme.example"
    made = make_mailbox(
        workspace,
        address,
        imap_host=server.host,
        imap_port=server.imaps_port,
        imap_security=Security.TLS,
        ca_pem=server.ca_pem,
        state="active",
    )
    store_passwords(made, smtp="unused", imap=server.accounts[address])
    MailboxSync.objects.create(mailbox=made)
    return made


@pytest.fixture(params=["sandbox", pytest.param("dovecot", marks=pytest.mark.dovecot)])
def witness(request: pytest.FixtureRequest, transactional_db: None) -> Witness:
    if request.param == "sandbox":
        world: SandboxWorld = request.getfixturevalue("world")
        scene = make_scene(box=lambda workspace: make_box(world, workspace))
        post = Post(world, scene.mailbox.address)
    else:
        server: dovecot.Dovecot = request.getfixturevalue("copy_server")
        scene = make_scene(box=lambda workspace: _dovecot_box(server, workspace))
        post = Post(server, scene.mailbox.address)
    into_doubt(scene.message)
    return Witness(scene, post)


def let_pass(**wait: float) -> None:
    """Push time forward for the searches."""
    step = timedelta(**wait)
    for row in SentSearch.objects.all():
        later = row.next_at - step if row.next_at else None
        SentSearch.objects.filter(pk=row.pk).update(next_at=later, looked_at=row.looked_at)


@real_servers
def test_a_copy_settles_the_doubt_and_the_sequence_goes_on(witness: Witness) -> None:
    witness.keep_copy()
    witness.read()
    assert (witness.message.state, witness.message.sent_at) == (MessageState.SENT, witness.message.dot_at)
    assert witness.message.reason == "Proved by: a copy in the Sent folder"
    assert (witness.search.seen, witness.search.next_at) == (Seen.COPY, None)
    person = witness.scene.person
    assert (person.state, person.next_position) == (EnrollmentState.ACTIVE, 2)
    assert Event.objects.filter(message_id=witness.message.pk, kind="sent").count() == 1


@real_servers
def test_absence_proves_nothing_and_is_looked_for_again(witness: Witness) -> None:
    witness.keep_copy(witness.another("eve"))
    witness.keep_copy(folder="Junk")
    witness.read()
    assert witness.message.state == MessageState.IN_DOUBT
    assert witness.scene.person.state == EnrollmentState.SENDING
    first = witness.search
    assert (first.seen, first.looks) == (Seen.NO_COPY, 1)
    assert first.next_at == first.looked_at + WAITS[0]
    assert not Event.objects.filter(message_id=witness.message.pk).exists()
    witness.keep_copy()
    witness.read()
    assert witness.search == first, "not before its time"
    assert witness.search.looks == 1
    let_pass(minutes=1)
    witness.read()
    assert witness.message.state == MessageState.SENT


@real_servers
def test_a_copy_of_what_was_assumed_sent_proves_it_and_moves_nobody(witness: Witness) -> None:
    OutboundMessage.objects.update(state=MessageState.ASSUMED_SENT)
    Enrollment.objects.update(state=EnrollmentState.FINISHED, due_at=None)
    witness.keep_copy()
    witness.read()
    assert witness.message.state == MessageState.SENT
    assert witness.scene.person.state == EnrollmentState.FINISHED


@real_servers
def test_a_copy_that_turns_up_calls_off_what_was_to_be_sent_again(witness: Witness) -> None:
    witness.read()
    assert send_again(witness.scene.member, [witness.message.pk]).count == 0, "its campaign is a draft"
    Campaign.objects.update(state="running", launched_at=AT)
    assert send_again(witness.scene.member, [witness.message.pk]).count == 1
    witness.keep_copy()
    let_pass(minutes=1)
    witness.read()
    assert witness.message.state == MessageState.SENT


@real_servers
def test_what_left_once_more_is_looked_for_anew(witness: Witness) -> None:
    witness.read()
    SentSearch.objects.update(looks=12, next_at=None)
    witness.read()
    assert witness.search.looks == 12, "its looks were used up"
    OutboundMessage.objects.update(dot_at=Now())
    witness.read()
    assert (witness.search.looks, witness.search.seen) == (1, Seen.NO_COPY)


@real_servers
def test_what_was_sent_again_and_was_taken_is_looked_for_no_more(witness: Witness) -> None:
    OutboundMessage.objects.update(again_at=AT, state=MessageState.SENT, sent_at=AT)
    witness.read()
    assert not SentSearch.objects.exists()


@real_servers
def test_only_doubts_of_the_mailbox_itself_are_looked_for_and_at_most_so_many(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOST_MESSAGES", 2)
    others = [witness.another(f"p{number}") for number in range(3)]
    elsewhere = make_mailbox(witness.scene.workspace, "other@acme.example")
    OutboundMessage.objects.filter(pk=others[0].pk).update(mailbox=elsewhere)
    OutboundMessage.objects.filter(pk=others[1].pk).update(state=MessageState.SENT, sent_at=AT)
    more = witness.another("more")
    witness.read()
    assert SentSearch.objects.count() == 2
    witness.read()
    looked = {row.message_id for row in SentSearch.objects.all()}
    assert looked == {witness.message.pk, others[2].pk, more.pk}


@real_servers
def test_a_mailbox_without_a_sent_folder_says_so(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Reader.folders
    monkeypatch.setattr(Reader, "folders", lambda self: [one for one in known(self) if one.role != "sent"])
    witness.keep_copy()
    witness.read()
    assert (witness.message.state, witness.search.seen) == (MessageState.IN_DOUBT, Seen.NO_FOLDER)


@real_servers
def test_a_search_that_fails_spoils_no_reading_and_its_messages_are_looked_for_alone(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = witness.another("eve")
    OutboundMessage.objects.filter(pk=other.pk).update(dot_at=AT + timedelta(hours=9))
    witness.keep_copy()
    witness.keep_copy(other)
    find = Reader.find_message_ids
    asked: list[list[str]] = []

    def broken(self: Reader, folder: object, message_ids: list[str]) -> set[str]:
        asked.append(message_ids)
        if witness.message.message_id in message_ids:
            raise Unreachable("The connection was lost.", cause="lost", stage=None)  # type: ignore[arg-type]
        return find(self, folder, message_ids)  # type: ignore[arg-type]

    monkeypatch.setattr(Reader, "find_message_ids", broken)
    witness.read()
    assert MailboxSync.objects.get(mailbox=witness.scene.mailbox).failures == 0
    assert MailboxClock.objects.get(mailbox=witness.scene.mailbox).synced_at is not None
    assert (witness.message.state, witness.search.seen) == (MessageState.IN_DOUBT, Seen.REFUSED)
    for _ in range(2):  # the one that the server cannot bear ends the first of these readings
        let_pass(minutes=1)
        witness.read()
    assert asked == [[witness.message.message_id, other.message_id], [witness.message.message_id], [other.message_id]]
    assert OutboundMessage.objects.get(pk=other.pk).state == MessageState.SENT


@real_servers
def test_many_doubts_cost_few_searches(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_AT_ONCE", 3)
    others = [witness.another(f"p{number}") for number in range(4)]
    for message in others[1:]:
        witness.keep_copy(message)
    find = Reader.find_message_ids
    sizes: list[int] = []

    def counted(self: Reader, folder: Folder, message_ids: list[str]) -> set[str]:
        sizes.append(len(message_ids))
        return find(self, folder, message_ids)

    monkeypatch.setattr(Reader, "find_message_ids", counted)
    witness.read()
    assert sizes == [3, 2]
    left = OutboundMessage.objects.filter(state=MessageState.IN_DOUBT).values_list("pk", flat=True)
    assert set(left) == {witness.message.pk, others[0].pk}


@real_servers
def test_nothing_in_doubt_costs_no_word_with_the_server(witness: Witness) -> None:
    OutboundMessage.objects.update(state=MessageState.SENT, sent_at=AT)
    with witness.post.reading() as reader:
        pass  # its connection is over: any word would raise
    assert look_for_copies(witness.scene.mailbox, reader) == 0


@real_servers
@pytest.mark.dovecot
@pytest.mark.parametrize("name", ["Sent Messages", "Éléments envoyés", "Gesendete Objekte"])
def test_the_usual_names_tell_a_sent_folder_where_the_server_does_not(copy_server: dovecot.Dovecot, name: str) -> None:
    scene = make_scene(box=lambda workspace: _dovecot_box(copy_server, workspace))
    witness = Witness(scene, Post(copy_server, scene.mailbox.address))
    into_doubt(scene.message)
    with witness.post.other_client() as client:
        client.create_folder(name)
        client.create_folder("Sentinel")
    witness.keep_copy(witness.another("eve"), "Sentinel")
    witness.keep_copy(folder=name)
    witness.read()
    assert witness.message.state == MessageState.SENT
    assert OutboundMessage.objects.filter(state=MessageState.IN_DOUBT).count() == 1


@given(st.integers(1, len(WAITS)))
def test_waits_between_looks_grow_and_end(looks: int) -> None:
    found = next_look(looks, AT, pace=REAL_TIME)
    assert found is not None
    assert found > AT
    later = next_look(looks + 1, AT, pace=REAL_TIME)
    assert later is None or later >= found
    assert next_look(len(WAITS) + 1, AT, pace=REAL_TIME) is None
    assert next_look(looks, AT, pace=Pace(100_000)) == AT + timedelta(seconds=4), "never in every reading"
