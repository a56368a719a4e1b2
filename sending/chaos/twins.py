"""F17: a second stack is started on copies of the database and of its folder, while the first one goes on."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import psycopg

from outreach.embedded import program
from sending.chaos.scene import Cast, plain_server
from sending.chaos.victims import asleep
from sending.chaos.world import Fault, Run
from sending.guard.core import Kind

_PEOPLE, _MAILBOXES = 40, 4
_THINK_S = 0.05
# So long the second stack has, when everything of the first one is over, to send what its database knows to be due.
_CHANCE_S = 6.0
_FOUND = "SELECT kind FROM guard_finding"


def twins(*, is_short: bool) -> Sequence[Fault]:
    """Return the runs of F17: a copy of everything, and one of the database alone."""
    return [] if is_short else [partial(second_stack, with_folder=with_folder) for with_folder in (True, False)]


def second_stack(run: Run, *, with_folder: bool) -> None:
    """Copy everything while all of the mail is still to go; only the original may send it."""
    folder = run.servers.folder / f"twin-{run.seed}"
    journal = folder / "journal"
    receiver = run.receiver(think_s=_THINK_S)
    with asleep(run.servers.program["courier"].pid):
        run.scene(Cast(_PEOPLE, plain_server(receiver.port), mailboxes=_MAILBOXES))
        folder.mkdir()
        url = run.servers.serve_copy(folder / "postgres")
        if with_folder:
            shutil.copytree(run.servers.folder / "journal", journal)
    base, _, _ = os.environ["REDIS_URL"].rpartition("/")
    env = {
        **os.environ, "DATABASE_URL": url, "REDIS_URL": f"{base}/1", "OUTREACH_DATA_DIR": str(folder),
        "OUTREACH_JOURNAL_DIR": str(journal),
    }  # fmt: skip
    for service in (program.worker(), program.jobs(), program.courier(2), program.beat()):
        runner = run.servers.runner(replace(service, env=env))
        run.stack.callback(runner.kill)
        runner.start()
    run.until(lambda: _found(url), "the standstill of the second stack", seconds=60)
    run.settle()
    time.sleep(_CHANCE_S)
    expected = Kind.MOVED if with_folder else Kind.NO_FILE
    if _found(url) != [expected]:
        run.notes.append(f"the second stack found {_found(url)}, not {expected}")
    if run.log.count != _PEOPLE:
        run.notes.append(f"{run.log.count} messages left for {_PEOPLE} people")


def _found(url: str) -> list[str]:
    with psycopg.connect(url) as session:
        return [kind for (kind,) in session.execute(_FOUND).fetchall()]
