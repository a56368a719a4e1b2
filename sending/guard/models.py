"""Which installation a database belongs to, what keeps stacks from sending, and who has confirmed what."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from outreach.accounts.models import Workspace
from sending.guard.core import Kind


class Installation(models.Model):
    """The one row. head counts ticks; the guard file outside of the database has it, too."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    installation = models.UUIDField()
    head = models.PositiveBigIntegerField(default=0)
    raised_at = models.DateTimeField(db_default=Now())  # in a copy: when it was made
    is_paused = models.BooleanField(default=False)  # it is an older copy: no stack may send from it

    class Meta:
        db_table = "guard_installation"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="guard_one_installation")]


class Finding(models.Model):
    """What keeps one stack from sending. It goes when its cause has gone."""

    place = models.CharField(max_length=300)  # host and folder, for people
    kind = models.CharField(max_length=10)
    words = models.CharField(max_length=300, blank=True)  # of the system, where there are any
    copy_of = models.DateTimeField(null=True)  # the instant of the database's last tick before it was found
    found_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    # By the journals: what had left and the database did not know.
    read_at = models.DateTimeField(null=True)
    doubts = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    confirmed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        db_table = "guard_finding"
        constraints = [
            models.UniqueConstraint(fields=["place", "kind"], name="guard_found_once"),
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="guard_known_kind"),
        ]


class Adoption(models.Model):
    """Who has confirmed that a stack may send, when and in the face of what. Never changed."""

    at = models.DateTimeField(db_default=Now())
    by = models.CharField(max_length=254)
    place = models.CharField(max_length=300)
    kind = models.CharField(max_length=10)
    former = models.UUIDField(null=True)
    installation = models.UUIDField()
    head = models.PositiveBigIntegerField()
    doubts = models.PositiveIntegerField(default=0)
    settled = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "guard_adoption"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(Kind)), name="guard_adopted_kind"),
        ]


class Stranger(models.Model):
    """Somebody who was written to, and whom a database that was put back does not know: no address, only a print.

    It goes when they are met again, and are suppressed from then on.
    """

    message_id = models.CharField(max_length=255, unique=True)
    person = models.CharField(max_length=24)  # see prints.person_print
    # empty: its mailbox is unknown, too, and so is the workspace
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE)
    written_at = models.DateTimeField()
    # Of an answer that somebody of the team wrote: from which mailbox it left, whether its server is known to have
    # taken it, and when it was last tried to put it back into its conversation.
    mailbox_id = models.BigIntegerField(null=True)
    was_taken = models.BooleanField(db_default=False)
    looked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "guard_stranger"
        indexes = [
            # claim: is somebody whose turn it is a stranger?
            models.Index(fields=["person"], name="guard_stranger_person"),
            # reading of a mailbox: which answers from it were lost?
            models.Index(
                fields=["mailbox_id"], condition=models.Q(mailbox_id__isnull=False), name="guard_lost_answers"
            ),
        ]
