"""What a workspace's custom fields are."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.core.fields import KIND_LABELS, NAME_LIMIT, FieldKind
from outreach.accounts.models import Workspace

LABEL_LIMIT = 120


class CustomField(models.Model):
    """A custom field with a label and a kind. A name in Contact.fields without a row here is text.

    Values are strings in the form of FieldKind. A value that was stored before its field had a kind may not fit: who
    compares values must take it for none instead of failing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)  # what templates and Contact.fields call it
    label = models.CharField(max_length=LABEL_LIMIT, blank=True)  # what pages call it; empty = the name
    kind = models.CharField(max_length=8, default=FieldKind.TEXT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_custom_field"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="contacts_one_field_per_name"),
            models.CheckConstraint(condition=models.Q(kind__in=list(FieldKind)), name="contacts_known_field_kind"),
        ]

    @property
    def title(self) -> str:
        return self.label or self.name

    @property
    def kind_words(self) -> str:
        return KIND_LABELS[FieldKind(self.kind)]
