"""Celery's doors to the rehearsals: ids in, a service called; each may run twice, late or never."""

from __future__ import annotations

from celery import shared_task

from sending.rehearsal import services


@shared_task(name="rehearsal.run")
def run(rehearsal_id: int) -> None:
    services.run_rehearsal(rehearsal_id)


@shared_task(name="rehearsal.sweep")
def sweep() -> None:
    services.sweep_rehearsals()
