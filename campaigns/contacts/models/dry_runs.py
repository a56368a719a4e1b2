"""Dry runs: what an import would do, reckoned over its whole file before anything is changed."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.models.imports import ContactImport
from campaigns.contacts.states import DryRunState


class DryRun(models.Model):
    """The dry run of an import with the choices that it has. Other choices need another one: this row goes away."""

    contact_import = models.OneToOneField(ContactImport, on_delete=models.CASCADE, related_name="dry_run")
    state = models.CharField(max_length=8, default=DryRunState.QUEUED)
    difference = models.JSONField(null=True)  # core.difference.Difference
    problem = models.TextField(blank=True)  # why the file cannot be imported, for the person
    rows_read = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    bytes_read = models.PositiveBigIntegerField(default=0)  # of the import's table_bytes: the progress bar
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker has begun
    queued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_dry_run"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=list(DryRunState)), name="contacts_known_dry_run_state"
            ),
            models.CheckConstraint(
                condition=models.Q(state=DryRunState.DONE, difference__isnull=False)
                | ~models.Q(state=DryRunState.DONE) & models.Q(difference__isnull=True),
                name="contacts_done_dry_run_has_difference",
            ),
        ]
        indexes = [
            # the sweep: dry runs that wait for a worker, or lost theirs
            models.Index(
                fields=["state"],
                name="contacts_dry_run_unfinished",
                condition=models.Q(state__in=[DryRunState.QUEUED, DryRunState.RUNNING]),
            ),
        ]
