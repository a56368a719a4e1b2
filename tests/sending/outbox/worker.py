"""A nursery of delivering workers, to be killed: `python -m tests.sending.outbox.worker DATABASE LEASE_S`.

Django is set up once; each line on standard input forks a fresh worker and answers with its process id, so that a
test can end thirty of them with SIGKILL without paying for thirty starts. It ends when standard input closes.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import django
from django.conf import settings

from outreach.kit import loops

# A worker ends by itself if its test has forgotten it.
_MOST_S = 90.0


def work() -> None:
    """Deliver and sweep, as beat and the tasks do, until somebody ends the process."""
    from sending.outbox import leases, sweeper  # noqa: PLC0415  # Django is set up first
    from sending.outbox.courier import Courier  # noqa: PLC0415

    until = time.monotonic() + _MOST_S
    while time.monotonic() < until:
        owner, mailboxes = leases.lease_due(most=100, ahead_s=0.1)
        mine, held = leases.take_over(owner, mailboxes)
        if held:
            loops.run(Courier(mine, held, work_s=1.0).run())
        else:
            time.sleep(0.05)
        sweeper.sweep()


def main(database: str, lease_s: float) -> None:
    settings.DATABASES["default"]["NAME"] = database
    django.setup()
    from sending.outbox import courier, leases  # noqa: F401, PLC0415  # loaded before the forks

    leases.LEASE_S, leases.RENEW_EVERY_S = lease_s, lease_s / 4
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    print("ready", flush=True)  # noqa: T201
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            work()
            os._exit(0)
        print(child, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
