"""One worker process of a bench: `python -m bench.courier DATABASE MAILBOXES JOURNALS`.

Says "ready", waits for a line, delivers for so many mailboxes at a time, with a journal in that folder, until nobody is
left to be written to, and says how many seconds of CPU that took and how many MB of memory it had at most.
"""

from __future__ import annotations

import logging
import resource
import sys
import time
from pathlib import Path

import django

django.setup()

from django.db import connection  # noqa: E402

from outreach.kit import loops  # noqa: E402
from sending.outbox import leases  # noqa: E402
from sending.outbox.courier import Courier  # noqa: E402
from sending.outbox.scribe import Journal  # noqa: E402
from sending.planner.models import Enrollment  # noqa: E402
from sending.planner.states import EnrollmentState  # noqa: E402


def main() -> None:
    logging.disable(logging.WARNING)
    database, mailboxes, journals = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    connection.settings_dict["NAME"] = database
    journal = Journal(journals, "bench")
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    while True:
        owner, ids = leases.lease_due(most=mailboxes)
        mine, held = leases.take_over(owner, ids)
        if held:
            loops.run(Courier(mine, held, journal=journal).run())
        elif Enrollment.objects.filter(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING]).exists():
            time.sleep(0.05)  # what is left lies in the hands of another worker
        else:
            break
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(time.process_time() - before, kib / 1024, flush=True)


if __name__ == "__main__":
    main()
