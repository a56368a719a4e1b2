"""Forget by itself what a workspace does not want to keep: once a day, in small batches that go on after a crash."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from campaigns.contacts.models import Contact, ContactImport, ImportChunk, RejectedRow, Retention, RetentionRun
from campaigns.contacts.parts import parts
from campaigns.contacts.services.erasing import acknowledge
from campaigns.contacts.states import ImportState
from outreach.accounts.models import Workspace
from outreach.kit import clock

_DAY = timedelta(days=1)
_MONTH_DAYS = 365.2425 / 12
_SLICE_S = 30.0  # of one workspace; the rest follows at the next tick
_CONTACTS, _ROWS, _MESSAGES = 200, 5_000, 1_000  # of one batch
_OVER = [ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED]
logger = logging.getLogger(__name__)


def set_retention(workspace: Workspace, days: Mapping[str, int | None]) -> None:
    """Say after how long what is forgotten: idle_months, files_days, transcripts_days; None = never."""
    Retention.objects.update_or_create(workspace=workspace, defaults=dict(days))


def keep_retention() -> None:
    """Go on with today's run of each workspace that has one to do. Safe to run twice at once, late or never."""
    for rules in Retention.objects.select_related("workspace").order_by("workspace_id"):
        if any((rules.idle_months, rules.files_days, rules.transcripts_days)):
            try:
                _keep(rules, now=clock.now())
            except Exception:  # the outermost loop: one workspace does not hold up the others
                logger.exception("contacts.retention_failed", extra={"workspace": rules.workspace_id})


def _keep(rules: Retention, *, now: datetime) -> None:
    run = _todays(rules, now)
    ends = time.monotonic() + _SLICE_S
    steps: tuple[Callable[[Retention, RetentionRun, datetime], bool], ...] = (_contacts, _rows, _files, _transcripts)
    for step in steps:
        while run.finished_at is None and step(rules, run, now):
            if time.monotonic() > ends:
                return
    RetentionRun.objects.filter(pk=run.pk, finished_at=None).update(finished_at=clock.now())


def _todays(rules: Retention, now: datetime) -> RetentionRun:
    """Return the run to go on with, finished or not: a new one a day after the last has begun."""
    with transaction.atomic():
        Retention.objects.select_for_update(no_key=True).get(pk=rules.pk)  # two ticks make one run
        last = RetentionRun.objects.filter(workspace=rules.workspace_id).order_by("-begun_at", "-pk").first()
        if last is not None and (last.finished_at is None or last.begun_at > now - _DAY):
            return last
        return RetentionRun.objects.create(workspace_id=rules.workspace_id, begun_at=now)


def _contacts(rules: Retention, run: RetentionRun, now: datetime) -> bool:
    """Erase the next contacts with whom nothing happened for so long; False when all were looked at."""
    if rules.idle_months is None:
        return False
    since = now - timedelta(days=rules.idle_months * _MONTH_DAYS)
    rows = Contact.objects.filter(workspace=rules.workspace_id, erased_at=None, created_at__lt=since)
    found = list(rows.filter(pk__gt=run.contacts_to).order_by("pk")[:_CONTACTS])
    if not found:
        return False
    ids = [one.pk for one in found]
    active = {pk for part in parts() for pk in part.active(rules.workspace_id, ids, since)}
    idle = [one for one in found if one.pk not in active]
    for one in idle:
        acknowledge(one, why=f"Nothing happened for {rules.idle_months} months", wanted_by="Retention")
    run.contacts_to = ids[-1]
    RetentionRun.objects.filter(pk=run.pk).update(contacts_to=ids[-1], contacts=F("contacts") + len(idle))
    return True


def _rows(rules: Retention, run: RetentionRun, now: datetime) -> bool:
    """Forget rows that were refused by imports that ended so long ago."""
    if rules.files_days is None:
        return False
    old = RejectedRow.objects.filter(contact_import__in=_old_imports(rules, now)).values_list("pk", flat=True)
    removed, _ = RejectedRow.objects.filter(pk__in=list(old[:_ROWS])).delete()
    RetentionRun.objects.filter(pk=run.pk).update(rows=F("rows") + removed)
    return removed == _ROWS


def _files(rules: Retention, run: RetentionRun, now: datetime) -> bool:
    """Forget the files of imports that ended so long ago and whose file is still there."""
    if rules.files_days is None:
        return False
    kept = ImportChunk.objects.filter(contact_import__in=_old_imports(rules, now))
    files = set(kept.values_list("contact_import", flat=True).distinct()[:10])
    ImportChunk.objects.filter(contact_import__in=files).delete()
    RetentionRun.objects.filter(pk=run.pk).update(files=F("files") + len(files))
    return bool(files)


def _old_imports(rules: Retention, now: datetime) -> list[int]:
    before = now - timedelta(days=rules.files_days or 0)
    rows = ContactImport.objects.filter(workspace=rules.workspace_id, state__in=_OVER, created_at__lt=before)
    return list(rows.values_list("pk", flat=True))


def _transcripts(rules: Retention, run: RetentionRun, now: datetime) -> bool:
    """Forget the dialogues of the next messages that were made so long ago."""
    if rules.transcripts_days is None:
        return False
    before = now - timedelta(days=rules.transcripts_days)
    forgotten, last = 0, rules.transcripts_to
    for part in parts():
        count, reached = part.forgets(rules.workspace_id, before, rules.transcripts_to, _MESSAGES)
        forgotten, last = forgotten + count, max(last, reached)
    is_more = last > rules.transcripts_to
    rules.transcripts_to = last
    Retention.objects.filter(pk=rules.pk).update(transcripts_to=last)
    RetentionRun.objects.filter(pk=run.pk).update(transcripts=F("transcripts") + forgotten)
    return is_more
