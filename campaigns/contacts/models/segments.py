"""Segments: conditions on contacts under a name."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from campaigns.contacts.core.segments import LENGTH_LIMIT
from outreach.accounts.models import User, Workspace

SEGMENT_NAME_LIMIT = 120


class Segment(models.Model):
    """Whoever passes a condition, whenever it is asked: nobody is stored as a member."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=SEGMENT_NAME_LIMIT)
    where = models.CharField(max_length=LENGTH_LIMIT)  # as core.segments.write gives it; never empty
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "contacts_segment"
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="contacts_one_segment_per_name"),
            models.CheckConstraint(condition=~Q(where=""), name="contacts_segment_says_something"),
        ]

    def __str__(self) -> str:
        return self.name


class SegmentUse(models.Model):
    """That a segment's condition names another segment, which therefore cannot go."""

    outer = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="parts", db_index=False)
    inner = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        db_table = "contacts_segment_use"
        constraints = [
            models.UniqueConstraint(fields=["outer", "inner"], name="contacts_segment_used_once"),
            models.CheckConstraint(condition=~Q(outer=F("inner")), name="contacts_segment_not_in_itself"),
        ]

    def __str__(self) -> str:
        return f"the segment {self.outer}"
