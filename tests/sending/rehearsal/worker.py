"""A worker that has one rehearsal played, to be killed in the middle: `python -m ... DATABASE REHEARSAL_ID`."""

from __future__ import annotations

import sys

import django
from django.conf import settings
from django.utils.module_loading import import_string

if __name__ == "__main__":
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    import_string("sending.rehearsal.services.run_rehearsal")(int(sys.argv[2]))
