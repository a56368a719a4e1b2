"""Celery's way in: safe to run twice, late or never."""

from __future__ import annotations

from celery import shared_task

from sending.planner import ending, services
from sending.planner.forecast import outlooks
from sending.planner.progress import guards, learning


@shared_task(name="planner.grow")
def grow() -> None:
    services.grow_audiences()


@shared_task(name="planner.learn")
def learn() -> None:
    learning.learn_from_outcomes()


@shared_task(name="planner.foresee")
def foresee() -> None:
    outlooks.reckon_due()


@shared_task(name="planner.call_off")
def call_off() -> None:
    ending.call_off_ended()


@shared_task(name="planner.follow_tags")
def follow_tags() -> None:
    services.follow_senders()


@shared_task(name="planner.guard")
def guard() -> None:
    guards.sweep_complaints()
    guards.sweep_reports()
