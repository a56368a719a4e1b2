"""Measures of the program beside its peers, in one run. Importing it sets Django up, as every measure needs."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()
