"""Templates and snippets of a workspace."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from campaigns.sequences.models import Variant
from outreach.accounts.models import User, Workspace

NAME_LIMIT = 120
NOTE_LIMIT = 500
SUBJECT_LIMIT = 500
TEXT_LIMIT = 64_000  # as the language reads it
SNIPPET_LIMIT = 10_000


class StepTemplate(models.Model):
    """The wording of a whole message, kept to be put into steps; it may leave places to whoever uses it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)
    note = models.CharField(max_length=NOTE_LIMIT, blank=True)  # when to use it
    subject = models.CharField(max_length=SUBJECT_LIMIT, blank=True)  # "": for a message that answers in its thread
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)  # "": plain text only
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "library_template"
        constraints = [
            # list of a workspace, by name
            models.UniqueConstraint("workspace", Lower("name"), name="library_one_template_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateUse(models.Model):
    """That a template was put into a wording, known again by the text that it became there (see core/origins.py)."""

    template = models.ForeignKey(StepTemplate, on_delete=models.CASCADE, related_name="uses", db_index=False)
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="template_uses")
    digest = models.CharField(max_length=64)  # SHA-256 of the text and the HTML
    used_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, db_index=False)
    used_at = models.DateTimeField()

    class Meta:
        db_table = "library_use"
        constraints = [
            # also the way to the uses of one template
            models.UniqueConstraint(fields=["template", "variant", "digest"], name="library_use_once"),
        ]


class Snippet(models.Model):
    """A piece of text that is put into wordings as they are written."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)
    text = models.TextField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "library_snippet"
        constraints = [
            # list of a workspace, by name
            models.UniqueConstraint("workspace", Lower("name"), name="library_one_snippet_per_name"),
        ]

    def __str__(self) -> str:
        return self.name
