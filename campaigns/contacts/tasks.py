"""Celery's way in: ids only, safe to run twice, late or never."""

from __future__ import annotations

from celery import shared_task

from campaigns.contacts import services


@shared_task(name="contacts.run_import")
def run_import(import_id: int) -> None:
    services.run_import(import_id)


@shared_task(name="contacts.run_dry_run")
def run_dry_run(dry_run_id: int) -> None:
    services.run_dry_run(dry_run_id)


@shared_task(name="contacts.undo_import")
def undo_import(import_id: int) -> None:
    services.run_undo(import_id)


@shared_task(name="contacts.sweep_imports")
def sweep_imports() -> None:
    services.sweep_imports()
    services.sweep_dry_runs()


@shared_task(name="contacts.run_check")
def run_check(check_id: int) -> None:
    services.run_check(check_id)


@shared_task(name="contacts.sweep_checks")
def sweep_checks() -> None:
    services.sweep_checks()


@shared_task(name="contacts.look_again")
def look_again() -> None:
    services.look_again()


@shared_task(name="contacts.run_bulk")
def run_bulk(bulk_id: int) -> None:
    services.run_bulk(bulk_id)


@shared_task(name="contacts.run_removal")
def run_removal(removal_id: int) -> None:
    services.run_removal(removal_id)


@shared_task(name="contacts.sweep_bulk")
def sweep_bulk() -> None:
    services.sweep_bulk()
    services.sweep_removals()


@shared_task(name="contacts.sweep_erasures")
def sweep_erasures() -> None:
    services.sweep_erasures()


@shared_task(name="contacts.keep_retention")
def keep_retention() -> None:
    services.keep_retention()
