"""A process to be killed in the middle: `python -m ... DATABASE ID run|undo|remove`.

It runs an import, or its undo, or takes a deleted field from contacts.
"""

from __future__ import annotations

import sys

import django
from django.conf import settings

if __name__ == "__main__":
    settings.DATABASES["default"]["NAME"] = sys.argv[1]
    django.setup()
    from campaigns.contacts.services import reading, removing, run_import, run_removal, run_undo, undoing

    reading._BATCH_ROWS = 500
    undoing._AT_ONCE = 100
    removing._BATCH = 20
    print("ready", flush=True)  # noqa: T201
    {"run": run_import, "undo": run_undo, "remove": run_removal}[sys.argv[3]](int(sys.argv[2]))
