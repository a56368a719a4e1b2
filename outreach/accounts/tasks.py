"""Celery's way in: safe to run twice, late or never."""

from __future__ import annotations

from celery import shared_task

from outreach.accounts import programs


@shared_task(name="accounts.forget_answers")
def forget_answers() -> None:
    programs.forget_answers()
