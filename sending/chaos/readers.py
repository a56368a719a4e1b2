"""F20: the process that reads a mailbox is killed while it takes mail in, and the folder's numbers become void between.

Each person who was written to answers, strangers write in between; at the end every mail is stored once, every answer
counted once, and everybody who has answered is stopped.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import time
from collections import Counter

import kombu.exceptions
from django.db.models import QuerySet
from django.db.models.functions import Now

from outreach.celery import app
from sending.chaos.scene import Scene
from sending.chaos.victims import children_of, connections_of, send
from sending.chaos.witness import Witness, witness_world, witnessed_by
from sending.chaos.world import Run, patiently
from sending.inbox.models import InboundMessage, MailboxSync, SetAside
from sending.ledger.kinds import EventKind
from sending.ledger.queries import totals
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason

_EACH = 4  # mails that come before each kill
_LONGEST_S = 0.4
_RENUMBER_EVERY = 5


def killed_readers(run: Run, *, kills: int) -> None:
    """Kill the reading process `kills` times, at random moments of a reading."""
    # The server of these mailboxes runs in this process, and would tell of each answer that it writes to a dead reader.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    witness = witness_world(run)
    people = kills
    scene, _ = witnessed_by(run, witness, people=people, steps=2)
    run.until(lambda: patiently(lambda: len(_sent(scene)) == people), "the first message to everybody", seconds=120)
    originals, delivered = _sent(scene), 0
    for kill in range(kills):
        witness.deliver(_answer(originals[kill], kill))
        for number in range(_EACH - 1):
            witness.deliver(_from_stranger(kill, number))
        delivered += _EACH
        if kill % _RENUMBER_EVERY == _RENUMBER_EVERY - 1:
            witness.renumber()
        _kill_reader(run, witness, scene)
    run.until(
        lambda: _hurry(scene) or patiently(lambda: _stored(scene) >= delivered), "all mails", seconds=60, every_s=0.5
    )
    run.settle()
    run.notes += patiently(lambda: _broken(scene, people, delivered))


def _kill_reader(run: Run, witness: Witness, scene: Scene) -> None:
    """Wait until a process reads, then for a random moment, and kill it. Its lease is over as if five minutes were."""
    jobs = run.servers.program["jobs"].pid

    def readers() -> list[int]:
        return [pid for pid, count in connections_of(children_of(jobs), to={witness.port}).items() if count]

    run.until(lambda: _hurry(scene) or readers(), "a reading", every_s=0.01)
    time.sleep(run.random.uniform(0, _LONGEST_S))
    for pid in readers():
        send(pid, signal.SIGKILL)
    patiently(lambda: _syncs(scene).update(lease_until=None, listener=None, listened_since=None))


def _hurry(scene: Scene) -> bool:
    """Let the mailbox be read now."""
    patiently(lambda: _syncs(scene).filter(lease_until=None).update(next_at=Now()))
    with contextlib.suppress(kombu.exceptions.OperationalError):
        app.send_task("inbox.tick", retry=False)
    return False


def _syncs(scene: Scene) -> QuerySet[MailboxSync]:
    return MailboxSync.objects.filter(mailbox__workspace=scene.workspace_id)


def _sent(scene: Scene) -> list[str]:
    return [one.message_id for one in scene.messages if one.state == "sent"]


def _stored(scene: Scene) -> int:
    return InboundMessage.objects.filter(workspace=scene.workspace_id).count()


def _broken(scene: Scene, people: int, delivered: int) -> list[str]:
    """Return what is not as it has to be."""
    ids = InboundMessage.objects.filter(workspace=scene.workspace_id).values_list("message_id", flat=True)
    times = Counter(ids)
    stopped = Enrollment.objects.filter(
        workspace=scene.workspace_id, state=EnrollmentState.STOPPED, stop_reason=StopReason.REPLIED
    ).count()
    replied = totals(scene.workspace_id)[EventKind.REPLIED]
    aside = SetAside.objects.filter(mailbox__workspace=scene.workspace_id).count()
    found = {
        f"{len(times)} of {delivered} mails are stored": len(times) != delivered,
        f"mails stored more than once: {[one for one, count in times.items() if count > 1]}": max(times.values()) > 1,
        f"{replied} answers are counted, {people} were given": replied != people,
        f"{stopped} of {people} people are stopped": stopped != people,
        f"{aside} innocent mails are set aside": aside > 0,
    }
    return [words for words, is_so in found.items() if is_so]


def _answer(original: str, number: int) -> bytes:
    return _mail(f"<answer-{number}@x.test>", f"p{number}@x.test", f"In-Reply-To: {original}\r\n", "Yes, please.")


def _from_stranger(kill: int, number: int) -> bytes:
    name = f"{kill}-{number}"
    return _mail(f"<stranger-{name}@y.test>", f"s{name}@y.test", "", f"Good day, this is mail {name}.")


def _mail(message_id: str, sender: str, more: str, text: str) -> bytes:
    head = f"From: {sender}\r\nTo: me@sent.test\r\nSubject: Hello\r\nMessage-ID: {message_id}\r\n{more}"
    return f"{head}\r\n{text}\r\n".encode()
