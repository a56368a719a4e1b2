"""A process that goes on with one act on many contacts, to be killed in the middle: `python -m ... DATABASE ID`."""

from __future__ import annotations

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    from campaigns.contacts.services import run_bulk

    run_bulk(int(sys.argv[2]))
