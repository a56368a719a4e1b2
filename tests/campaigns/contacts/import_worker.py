"""A process that runs one import, to be killed in the middle: `python -m ... DATABASE IMPORT_ID`."""

from __future__ import annotations

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    from campaigns.contacts.services import reading, run_import

    reading._BATCH_ROWS = 500
    print("ready", flush=True)  # noqa: T201
    run_import(int(sys.argv[2]))
