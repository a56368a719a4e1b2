"""Play one rehearsal: its orders come on standard input, what happens goes to standard output. See curtain.py."""

from __future__ import annotations

import os
import sys

import django
from django.utils.module_loading import import_string

from outreach.kit.lifeline import end_with_parent


def main() -> None:
    """Read the orders, step behind the curtain, play."""
    end_with_parent()
    os.environ["DJANGO_SETTINGS_MODULE"] = "outreach.settings"
    django.setup()
    # It needs the models, which can be read from here on.
    import_string("sending.rehearsal.process.play_orders")(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
