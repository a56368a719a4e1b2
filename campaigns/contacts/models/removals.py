"""Custom fields whose values are still being taken from contacts."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.core.fields import NAME_LIMIT
from outreach.accounts.models import Workspace


class FieldRemoval(models.Model):
    """That a field was deleted, and how far its values are gone; it goes with the last of them."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)
    label = models.CharField(max_length=120)  # what pages called it
    after = models.BigIntegerField(default=0)  # the last contact that was looked at
    contacts = models.PositiveIntegerField(default=0)  # who had a value, so far
    wanted_at = models.DateTimeField()

    class Meta:
        db_table = "contacts_field_removal"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="contacts_one_removal_per_field"),
        ]
