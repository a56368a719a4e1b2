"""Whom a workspace never writes to."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.contacts.states import (
    REASON_LABELS,
    SuppressionReason,
    SuppressionScope,
)
from outreach.accounts.models import User, Workspace


def _sender(scope: str, value: str) -> str:
    return value.partition(":")[2] if scope == SuppressionScope.SENDER else ""


class Suppression(models.Model):
    """A rule about whom this workspace never writes to."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    scope = models.CharField(max_length=8, default=SuppressionScope.ADDRESS)
    value = models.CharField(max_length=320, db_collation="C")  # as core.suppressing.parse_rule gives it
    reason = models.CharField(max_length=20)
    evidence = models.TextField(blank=True)  # what the server or the person said, as it came
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    # when it was last asked for, by the database's clock: an answer that was confirmed before leaves no more
    confirmed_at = models.DateTimeField(db_default=Now())

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
            # the same for one reason
            models.Index(fields=["workspace", "reason", "-created_at", "-id"], name="contacts_suppressed_for"),
        ]

    @property
    def reason_words(self) -> str:
        return REASON_LABELS[SuppressionReason(self.reason)]

    @property
    def sender(self) -> str:
        """The address that nothing is wanted from, "" where it is the workspace."""
        return _sender(self.scope, self.value)

    @property
    def told(self) -> str:
        """What it forbids, in a sentence that names nobody whose print it is."""
        if self.sender:
            return f"They want no more from {self.sender}."
        return f"{self.value} is suppressed: {self.reason.replace('_', ' ')}."


class LiftedSuppression(models.Model):
    """A suppression that was lifted: what it said, who lifted it, when and why. Never changed: a trigger refuses it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    scope = models.CharField(max_length=8)
    value = models.CharField(max_length=320, db_collation="C")
    reason = models.CharField(max_length=20)
    evidence = models.TextField(blank=True)
    suppressed_at = models.DateTimeField()
    suppressed_by = models.CharField(max_length=254, blank=True)  # e-mail address of the user; "" for the program
    why = models.CharField(max_length=500)
    lifted_by = models.CharField(max_length=254)
    lifted_at = models.DateTimeField()

    class Meta:
        db_table = "contacts_suppression_lifted"
        indexes = [
            # page of what was lifted, newest first
            models.Index(fields=["workspace", "-lifted_at", "-id"], name="contacts_lifted_newest"),
            # timeline of a contact
            models.Index(fields=["workspace", "value"], name="contacts_lifted_of"),
        ]

    @property
    def reason_words(self) -> str:
        return REASON_LABELS[SuppressionReason(self.reason)]

    @property
    def sender(self) -> str:
        """The address that nothing was wanted from, "" where it was the workspace."""
        return _sender(self.scope, self.value)
