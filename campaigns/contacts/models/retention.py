"""How long a workspace keeps what it knows of people, and what was forgotten for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from outreach.accounts.models import Workspace

SHORTEST_DAYS = 7  # a message may be tried again for days: its dialogue is kept as long


class Retention(models.Model):
    """What a workspace forgets by itself, and after how long; without a row, and where empty, nothing."""

    workspace = models.OneToOneField(Workspace, primary_key=True, on_delete=models.CASCADE, related_name="retention")
    idle_months = models.PositiveSmallIntegerField(null=True)  # contacts with whom nothing happened are erased
    files_days = models.PositiveSmallIntegerField(null=True)  # rejected rows, and files that did not go in
    transcripts_days = models.PositiveSmallIntegerField(null=True)  # dialogues with mail servers
    transcripts_to = models.BigIntegerField(default=0)  # id of the last message whose dialogues were forgotten

    class Meta:
        db_table = "contacts_retention"
        constraints = [
            models.CheckConstraint(
                condition=(Q(idle_months__isnull=True) | Q(idle_months__gte=1))
                & (Q(files_days__isnull=True) | Q(files_days__gte=1))
                & (Q(transcripts_days__isnull=True) | Q(transcripts_days__gte=SHORTEST_DAYS)),
                name="contacts_retention_keeps_for_a_while",
            ),
        ]


class RetentionRun(models.Model):
    """What was forgotten on one day; a run that is not finished goes on where it was."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    contacts_to = models.BigIntegerField(default=0)  # id of the last contact that was looked at
    contacts = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    transcripts = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "contacts_retention_run"
        indexes = [
            # page of the runs, and the last one
            models.Index(fields=["workspace", "-begun_at", "-id"], name="contacts_retention_newest"),
        ]
