"""Faults on purpose: a world of its own, broken as told, and one oracle that judges what is left of every message."""
