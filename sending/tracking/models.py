"""Hits, and who of the deleted contacts was written to."""

from __future__ import annotations

from django.db import models

from outreach.accounts.models import Workspace
from sending.tracking.states import HitKind, Judgement


class Hit(models.Model):
    """One request for a link or an image of a message, with what tells who it was.

    Of the network only the first 24 bits (IPv6: 48) are kept; it and the program's name go after 30 days.
    The message is named by a plain id: hits are written many at a time, and go with their contact.
    """

    id = models.UUIDField(primary_key=True)  # made where it was answered: written twice, it is one
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    message_id = models.BigIntegerField()
    contact_id = models.BigIntegerField()
    kind = models.CharField(max_length=5)
    link = models.BigIntegerField(
        default=0, db_default=0
    )  # a (Personal)Destination of links; 0 of an open, and of the trap
    at = models.DateTimeField()
    method = models.CharField(max_length=10)
    agent = models.CharField(max_length=200, blank=True)
    network = models.CharField(max_length=50, blank=True)
    hint = models.CharField(max_length=50, blank=True)  # what a browser says of its purpose ("prefetch")
    judgement = models.CharField(max_length=7, blank=True, default=Judgement.PENDING, db_default="")
    signs = models.JSONField(default=list, db_default=models.Value([], output_field=models.JSONField()))  # ids of rules

    class Meta:
        db_table = "tracking_hit"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=list(HitKind)), name="tracking_known_kind"),
            models.CheckConstraint(condition=models.Q(judgement__in=list(Judgement)), name="tracking_known_judgement"),
        ]
        indexes = [
            # judge: whose burst is over
            models.Index(fields=["at"], condition=models.Q(judgement=""), name="tracking_pending"),
            # judge: the hits around one; page of a message
            models.Index(fields=["message_id", "at"], name="tracking_of_message"),
            # what there is of a person
            models.Index(fields=["contact_id"], name="tracking_of_contact"),
            # forget: whose network and program are still there
            models.Index(fields=["at"], condition=~models.Q(agent="", network=""), name="tracking_to_forget"),
        ]


class GoneContact(models.Model):
    """An address of a contact who was written to and is deleted, or has another one: its print, to opt out for ever."""

    contact_id = models.BigIntegerField()
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    print = models.CharField(max_length=32)

    class Meta:
        db_table = "tracking_gone_contact"
        constraints = [
            # also the way to those of a contact
            models.UniqueConstraint(fields=["contact_id", "print"], name="tracking_gone_once"),
        ]
