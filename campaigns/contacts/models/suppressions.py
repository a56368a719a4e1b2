"""Whom a workspace never writes to."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.states import (
    REASON_LABELS,
    SuppressionReason,
    SuppressionScope,
)
from outreach.accounts.models import User, Workspace


class Suppression(models.Model):
    """An address or domain that this workspace never writes to."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    scope = models.CharField(max_length=8, default=SuppressionScope.ADDRESS)
    value = models.CharField(max_length=320, db_collation="C")  # an email_key or a domain, both normalised
    reason = models.CharField(max_length=20)
    evidence = models.TextField(blank=True)  # what the server or the person said, as it came
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_suppression"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "scope", "value"], name="contacts_suppressed_once"),
            models.CheckConstraint(
                condition=models.Q(scope__in=list(SuppressionScope)), name="contacts_known_suppression_scope"
            ),
            models.CheckConstraint(
                condition=models.Q(reason__in=list(SuppressionReason)),
                name="contacts_known_suppression_reason",
            ),
        ]
        indexes = [
            # suppressions page, newest first
            models.Index(fields=["workspace", "-created_at", "-id"], name="contacts_suppressed_newest"),
        ]

    @property
    def reason_words(self) -> str:
        return REASON_LABELS[SuppressionReason(self.reason)]
