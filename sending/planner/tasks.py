"""Celery's way in: safe to run twice, late or never."""

from __future__ import annotations

from celery import shared_task

from sending.planner import services


@shared_task(name="planner.grow")
def grow() -> None:
    services.grow_audiences()
