"""Acts on many contacts at once: what is done, and to whom it is still to be done."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from campaigns.contacts.models.people import ContactList
from campaigns.contacts.states import BulkAction, BulkState
from outreach.accounts.models import User, Workspace


class BulkAct(models.Model):
    """One act on a set of contacts that was fixed when it was planned; a worker owns it until its lease ends."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    action = models.CharField(max_length=8)
    contact_list = models.ForeignKey(ContactList, null=True, on_delete=models.CASCADE)  # of ADD and REMOVE
    tags = models.JSONField(default=list)  # names, of TAG and UNTAG
    note = models.CharField(max_length=500, blank=True)  # why, of SUPPRESS
    query = models.CharField(max_length=8_000, blank=True)  # of the page on which it was planned, to go back to
    state = models.CharField(max_length=9, default=BulkState.PLANNED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # of total: looked at
    changed = models.PositiveIntegerField(default=0)  # of them: for whom it made a difference
    owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_bulk_act"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(BulkState)), name="contacts_known_bulk_state"),
            models.CheckConstraint(condition=Q(action__in=list(BulkAction)), name="contacts_known_bulk_action"),
            models.CheckConstraint(
                condition=Q(state__in=[BulkState.PLANNED, BulkState.RUNNING], finished_at__isnull=True)
                | Q(state__in=[BulkState.DONE, BulkState.CANCELLED], finished_at__isnull=False),
                name="contacts_bulk_ends_once",
            ),
            models.CheckConstraint(condition=Q(done__lte=models.F("total")), name="contacts_bulk_adds_up"),
        ]
        indexes = [
            # sweep: acts that nobody works at, and plans that nobody confirmed
            models.Index(
                fields=["state", "created_at"],
                name="contacts_bulk_open",
                condition=Q(state__in=[BulkState.PLANNED, BulkState.RUNNING]),
            ),
        ]


class BulkPart(models.Model):
    """Some contacts of an act to whom it is still to be done; it goes with the act on them, in one transaction."""

    bulk_act = models.ForeignKey(BulkAct, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    ids = ArrayField(models.BigIntegerField())  # of contacts

    class Meta:
        db_table = "contacts_bulk_part"
        constraints = [
            models.UniqueConstraint(fields=["bulk_act", "number"], name="contacts_bulk_part_once"),
        ]
