"""F11, F24: a machine that has run out of something: room for journals and for the database, files, memory, names."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from django.db import connection

from outreach.embedded import program
from sending.chaos import resolver
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.victims import address_space_of, children_of, open_files_of
from sending.chaos.world import Fault, Run
from sending.guard.core import Kind
from sending.guard.models import Finding
from sending.mailboxes.models import Mailbox
from sending.mailboxes.services import update_mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState

_PEOPLE = 40
_MAILBOXES = 4
_THINK_S = 0.02
_FULL_S = 3.0
# Less than a journal has reserved, and than a segment of PostgreSQL's log or a table of its own holds.
_NO_ROOM = 4096
_NOWHERE = "mail.nowhere.invalid"
# More than an idle process has open: enough for its database sessions and its loop, not for its crowd of mailboxes.
_SPARE_FILES = 20
_CROWD = 40
# More than an idle courier has: too little for its threads, for their arenas, for forty letters of 120 kB each.
_SPARE_MB = (4, 60, 150)
_NAMED_WITHIN_S = 15.0


def disks(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F11."""
    return [no_journal] if is_short else [no_journal, no_journal, no_database, no_database]


def machine(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F24."""
    if is_short:
        return [no_files, partial(no_names, silent=8, name=resolver.BRIEFLY_SILENT)]
    return [
        no_files,
        partial(no_names, silent=60, name=resolver.SILENT),
        *[partial(no_memory, spare_mb=mb) for mb in _SPARE_MB],
    ]


# -- room on the disk --
def no_journal(run: Run) -> None:
    """Take the room from the couriers' journals: nothing leaves, people are told, and it goes on when there is room."""
    receiver = run.receiver(think_s=_THINK_S)
    run.scene(Cast(_PEOPLE, plain_server(receiver.port), mailboxes=_MAILBOXES))
    run.until(lambda: run.log.count > _PEOPLE // 8, "the first messages")
    with _limited(children_of(run.servers.program["courier"].pid), resource.RLIMIT_FSIZE, _NO_ROOM):
        run.until(lambda: Finding.objects.filter(kind=Kind.JOURNAL).exists(), "the word about the journal")
        run.until(_nothing_is_marked, "the answers to what had left")
        count = run.log.count
        time.sleep(_FULL_S)
        if run.log.count != count:
            run.notes.append(f"{run.log.count - count} messages left without a journal")
    run.settle()
    if Finding.objects.filter(kind=Kind.JOURNAL).exists():
        run.notes.append("the journal can be written again, and people are still told that it cannot")


def no_database(run: Run) -> None:
    """Take the room from PostgreSQL, which ends over it: nothing leaves unmarked, and all is written down later."""
    receiver = run.receiver(think_s=_THINK_S)
    run.scene(Cast(_PEOPLE * 4, plain_server(receiver.port), mailboxes=_MAILBOXES))
    run.until(lambda: run.log.count > _PEOPLE // 8, "the first messages")
    postgres = run.servers.postgres
    connection.close()
    _leave_no_room([postgres.pid, *children_of(postgres.pid)])
    time.sleep(_FULL_S)
    postgres.end(signal.SIGQUIT)  # what is started anew has room again
    postgres.start()
    run.settle(seconds=60)


def _leave_no_room(pids: Sequence[int]) -> None:
    """Let processes write nothing behind the first bytes of a file; they may be another account's, whom we ask then."""
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            owner = Path(f"/proc/{pid}").stat()
            words = ["prlimit", f"--pid={pid}", f"--fsize={_NO_ROOM}:"]
            whose = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
            subprocess.run(words, check=False, capture_output=True, timeout=10, **whose)  # type: ignore[call-overload]  # noqa: S603


def _nothing_is_marked() -> bool:
    return not OutboundMessage.objects.filter(state=MessageState.DOT_PENDING).exists()


# -- files, memory, names --
def no_files(run: Run) -> None:
    """Take the files from the couriers, and the address from a host: mailboxes wait for it, nobody is charged."""
    children = children_of(run.servers.program["courier"].pid)
    with contextlib.ExitStack() as limits:
        for pid in children:
            limits.enter_context(_limited([pid], resource.RLIMIT_NOFILE, open_files_of(pid) + _SPARE_FILES))
        crowd = run.scene(Cast(2 * _CROWD, plain_server(run.receiver(think_s=0.3).port), mailboxes=_CROWD))
        lost = run.scene(Cast(2, plain_server(run.receiver().port, smtp_host=_NOWHERE)))
        run.until(lambda: _fails(lost), "a backoff for the host without an address")
        run.until(lambda: run.log.count >= _CROWD, "mail in spite of few files")
    update_mailbox(lost.mailboxes[0], {"smtp_host": "127.0.0.1"}, smtp="", imap="")
    run.settle(seconds=60)
    run.notes += _charged([crowd, lost])


def no_memory(run: Run, *, spare_mb: int) -> None:
    """Take the memory from the couriers, whichever way they end over it or get on without: nobody is charged."""
    receiver = run.receiver(think_s=_THINK_S)
    courier = run.servers.program["courier"]
    with contextlib.ExitStack() as limits:
        for pid in children_of(courier.pid):
            most = address_space_of(pid) + (spare_mb << 20)
            limits.enter_context(_limited([pid], resource.RLIMIT_AS, most))
        scene = run.scene(Cast(_PEOPLE, plain_server(receiver.port), mailboxes=_CROWD, is_long=True))
        # Where a process ends over it, whatever it has marked is in doubt: one message of each mailbox at most.
        run.bound += _CROWD
        time.sleep(_FULL_S)
    run.settle(seconds=60)
    run.notes += _charged([scene], or_else=MessageState.IN_DOUBT)


def no_names(run: Run, *, silent: int, name: str) -> None:
    """Ask name servers that know nothing, fail or are silent: such mailboxes wait, and others are served meanwhile."""
    run.servers.program["courier"].kill()  # the next run starts it again
    odd = run.servers.runner(resolver.behind(program.courier(name="nameless")))
    run.stack.callback(odd.kill)
    odd.start()
    receiver = run.receiver()
    places = {resolver.UNKNOWN: 1, resolver.BROKEN: 1, name: silent}
    lost = [
        run.scene(Cast(count, plain_server(receiver.port, smtp_host=host), mailboxes=count))
        for host, count in places.items()
    ]
    good = run.scene(Cast(_PEOPLE, plain_server(receiver.port, smtp_host=resolver.GOOD), mailboxes=_MAILBOXES))
    run.until(lambda: good.is_over, "the mail of hosts whose name is known", seconds=_NAMED_WITHIN_S)
    run.until(lambda: all(map(_fails, lost)), "a backoff for each host without an address")
    for scene in lost:
        for box in scene.mailboxes:
            update_mailbox(box, {"smtp_host": resolver.GOOD}, smtp="", imap="")
    run.settle(seconds=60)
    run.notes += _charged([good, *lost])


def _fails(scene: Scene) -> bool:
    return Mailbox.objects.filter(pk=scene.mailboxes[0].pk, clock__failures__gt=0).exists()


def _charged(scenes: Sequence[Scene], *, or_else: MessageState = MessageState.SENT) -> list[str]:
    """Return the messages that had to pay for what their recipients had no part in."""
    return [
        f"{message.state} after {message.refusals} refusals: {message.reason}"
        for scene in scenes
        for message in scene.messages
        if message.state not in {MessageState.SENT, or_else} or message.refusals
    ]


@contextlib.contextmanager
def _limited(pids: Sequence[int], kind: int, soft: int) -> Iterator[None]:
    """Let living processes have no more of a resource, while the block lasts; whoever ends meanwhile needs no more."""
    before = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            before[pid] = resource.prlimit(pid, kind)
            resource.prlimit(pid, kind, (soft, before[pid][1]))
    try:
        yield
    finally:
        for pid, limits in before.items():
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(pid, kind, limits)
