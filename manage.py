#!/usr/bin/env python3
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

from sending.bounces import command

if __name__ == "__main__":
    if sys.argv[1:2] == ["classify_bounce"]:  # asks no database, so that it needs none to be configured
        sys.exit(command.main(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
    execute_from_command_line(sys.argv)
