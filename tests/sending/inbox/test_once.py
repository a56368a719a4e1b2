"""Each mail once, and all that follows from it or nothing: two readers, a crash in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from sending.inbox.models import InboundMessage, MailFolder
from sending.inbox.reading import read
from sending.inbox.services import take_in
from sending.ledger.kinds import EventKind
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason
from sending.sandbox.world import SandboxWorld
from tests.sending.inbox.boxes import make_read_scene, put
from tests.sending.inbox.scene import come_in, dsn, mail, make_scene, raw_mail

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 20


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run all in threads that begin together; return their results or what they raised."""
    results: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(WAIT_S)
            results[place] = works[place]()
        except Exception as error:  # noqa: BLE001  # told by the test
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    return results


def test_same_mail_taken_in_by_many_at_once_is_stored_and_counted_once() -> None:
    scene = make_scene()
    raw = raw_mail(mail(in_reply_to=scene.message.message_id))
    results = at_once(*[lambda: take_in(scene.mailbox, raw)] * 6)
    assert [row for row in results if row] == list(InboundMessage.objects.all()), results
    assert InboundMessage.objects.count() == 1
    assert scene.counted() == {EventKind.REPLIED: 1, EventKind.STOPPED: 1}


def test_different_mails_of_one_person_taken_in_at_once_are_all_kept_and_the_person_counts_once() -> None:
    scene = make_scene()
    raws = [raw_mail(mail(f"Answer {number}", in_reply_to=scene.message.message_id)) for number in range(4)]
    raws += [raw_mail(dsn(scene.message.message_id, message_id=f"<{number}@mx.example>")) for number in range(4)]
    results = at_once(*[lambda raw=raw: take_in(scene.mailbox, raw) for raw in raws])
    assert all(isinstance(row, InboundMessage) for row in results), results
    counts = scene.counted()
    assert {counts[kind] for kind in (EventKind.REPLIED, EventKind.BOUNCED_HARD, EventKind.STOPPED)} == {1}


def test_two_readers_of_one_mailbox_store_each_mail_once(world: SandboxWorld) -> None:
    scene = make_read_scene(world)
    read(scene.mailbox.pk)
    for number in range(6):
        put(world, scene.mailbox, mail(f"Answer {number}", in_reply_to=scene.message.message_id))
    results = at_once(*[lambda: read(scene.mailbox.pk)] * 2)
    assert all(getattr(one, "is_complete", False) for one in results), results
    assert sum(getattr(one, "taken_in", 0) for one in results) == 6
    assert sorted(row.text.strip() for row in InboundMessage.objects.all()) == [f"Answer {n}" for n in range(6)]
    assert scene.counted() == {EventKind.REPLIED: 1, EventKind.STOPPED: 1}


def test_the_database_itself_refuses_the_same_mail_twice() -> None:
    scene = make_scene()
    row = come_in(scene, mail())
    row.pk = None
    with pytest.raises(IntegrityError, match="inbox_each_mail_once"):
        row.save(force_insert=True)


def test_same_mail_in_two_mailboxes_is_kept_in_both() -> None:
    scene, other = make_scene(), make_scene("other", "eve@x.example")
    raw = mail(sender="stranger@y.example", message_id="<1@y.example>")
    assert come_in(scene, raw).workspace != come_in(other, raw).workspace


def test_crash_between_storing_a_reply_and_its_stop_leaves_neither_and_the_next_reading_does_both(
    world: SandboxWorld,
) -> None:
    scene = make_read_scene(world)
    read(scene.mailbox.pk)
    place = MailFolder.objects.get(name="INBOX").last_uid
    put(world, scene.mailbox, mail("Yes", in_reply_to=scene.message.message_id))
    found: list[object] = []
    reader = threading.Thread(target=lambda: found.extend(at_once(lambda: read(scene.mailbox.pk))))
    with transaction.atomic():
        Enrollment.objects.select_for_update().get(pk=scene.person.pk)
        reader.start()
        end_whoever_waits_for("planner_enrollment")
        reader.join(WAIT_S)
    assert "fault on our side" in getattr(found[0], "problem", ""), found
    assert not InboundMessage.objects.exists()
    assert (scene.stands, scene.counted()) == ((EnrollmentState.ACTIVE, ""), {})
    assert MailFolder.objects.get(name="INBOX").last_uid == place
    assert read(scene.mailbox.pk).taken_in == 1
    assert scene.stands == (EnrollmentState.STOPPED, StopReason.REPLIED)
    assert scene.counted() == {EventKind.REPLIED: 1, EventKind.STOPPED: 1}


def end_whoever_waits_for(table: str) -> None:
    """End the session that waits for a lock of ours, as the death of its process would."""
    deadline = time.monotonic() + WAIT_S
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # inside a transaction, what was seen once stays
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE %s",
                [f"%{table}%"],
            )
            if cursor.fetchall():
                return
            assert time.monotonic() < deadline, "nobody waited"
            time.sleep(0.02)
