"""One worker process of the send bench: `python -m bench.courier DATABASE MAILBOXES`.

Says "ready", waits for a line, delivers for so many mailboxes at a time until nobody is left to be written to, and
says how many seconds of CPU that took.
"""

from __future__ import annotations

import logging
import sys
import time

import django

django.setup()

from django.db import connection  # noqa: E402

from outreach.kit import loops  # noqa: E402
from sending.outbox import leases  # noqa: E402
from sending.outbox.courier import Courier  # noqa: E402
from sending.planner.models import Enrollment  # noqa: E402
from sending.planner.states import EnrollmentState  # noqa: E402


def main() -> None:
    logging.disable(logging.WARNING)
    database, mailboxes = sys.argv[1], int(sys.argv[2])
    connection.settings_dict["NAME"] = database
    print("ready", flush=True)
    sys.stdin.readline()
    before = time.process_time()
    while True:
        owner, ids = leases.lease_due(most=mailboxes)
        mine, held = leases.take_over(owner, ids)
        if held:
            loops.run(Courier(mine, held).run())
        elif Enrollment.objects.filter(state__in=[EnrollmentState.ACTIVE, EnrollmentState.SENDING]).exists():
            time.sleep(0.05)  # what is left lies in the hands of another worker
        else:
            break
    print(time.process_time() - before, flush=True)


if __name__ == "__main__":
    main()
