"""A process that goes on with one check, to be killed in the middle: `python -m ... DATABASE CHECK_ID PORT`."""

from __future__ import annotations

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    from campaigns.contacts.services import checks

    checks.BATCH = 5
    print("ready", flush=True)  # noqa: T201
    checks.run_check(int(sys.argv[2]))
