"""Rehearsals and what they have shown. Nothing else of the program reads these tables."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign
from outreach.accounts.models import User, Workspace
from sending.outbox.states import AttemptOutcome
from sending.planner.states import EnrollmentState
from sending.rehearsal.states import UNFINISHED, RehearsalState


class Rehearsal(models.Model):
    """One rehearsal of a campaign: what was asked for, how far it is, and its report."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="rehearsals", db_index=False)
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, db_index=False)
    state = models.CharField(max_length=9, default=RehearsalState.QUEUED)
    days = models.PositiveSmallIntegerField()  # virtual, at most
    seed = models.PositiveIntegerField(default=1)  # says whom the shares fall on
    shares = models.JSONField(default=dict)  # behaviour of the sandbox -> per thousand
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker has begun
    queued_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    begins_at = models.DateTimeField(null=True)  # virtual, as now_at
    now_at = models.DateTimeField(null=True)
    messages = models.PositiveIntegerField(default=0)  # taken by recipients' servers
    arrivals = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    report = models.JSONField(null=True)  # of telling.Report

    class Meta:
        db_table = "rehearsal_rehearsal"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(RehearsalState)), name="rehearsal_known_state"),
            models.CheckConstraint(condition=Q(days__range=(1, 180)), name="rehearsal_days_in_range"),
            models.CheckConstraint(
                condition=Q(state=RehearsalState.DONE, report__isnull=False)
                | ~Q(state=RehearsalState.DONE) & Q(report__isnull=True),
                name="rehearsal_done_has_report",
            ),
            models.CheckConstraint(
                condition=Q(state__in=UNFINISHED, finished_at__isnull=True)
                | ~Q(state__in=UNFINISHED) & Q(finished_at__isnull=False),
                name="rehearsal_finished_has_time",
            ),
            models.UniqueConstraint(
                fields=["workspace"], condition=Q(state__in=UNFINISHED), name="rehearsal_one_at_a_time"
            ),
        ]
        indexes = [
            # page of a campaign, newest first
            models.Index(fields=["campaign", "-id"], name="rehearsal_newest"),
        ]


class RehearsedMessage(models.Model):
    """One try of a message, with the bytes that would have left."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="tries", db_index=False)
    # hidden: who was in a rehearsal is not tied to anything by it, and goes as ever
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    recipient = models.CharField(max_length=320)
    mailbox = models.CharField(max_length=254)  # its address
    position = models.PositiveSmallIntegerField()  # of the step
    label = models.CharField(max_length=2, blank=True)  # of the wording
    at = models.DateTimeField()  # virtual
    outcome = models.CharField(max_length=12)
    words = models.TextField(blank=True)  # what the recipient's server said
    subject = models.CharField(max_length=998, blank=True)
    message_id = models.CharField(max_length=255)
    raw = models.BinaryField()

    class Meta:
        db_table = "rehearsal_message"
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=list(AttemptOutcome)), name="rehearsal_known_outcome"),
        ]
        indexes = [
            # messages of a rehearsal, in order
            models.Index(fields=["rehearsal", "at", "id"], name="rehearsal_in_order"),
        ]


class RehearsedArrival(models.Model):
    """A mail that came back in a rehearsal, as a recipient of the sandbox wrote it."""

    message = models.ForeignKey(RehearsedMessage, on_delete=models.CASCADE, related_name="arrivals")
    at = models.DateTimeField()  # virtual
    part = models.CharField(max_length=10)  # what the recipient was to do: a Behaviour of the sandbox
    kind = models.CharField(max_length=12, blank=True)  # what the inbox took it for
    subject = models.CharField(max_length=998, blank=True)
    raw = models.BinaryField()

    class Meta:
        db_table = "rehearsal_arrival"


class RehearsedPerson(models.Model):
    """Where somebody stands at the end of a rehearsal, and why."""

    rehearsal = models.ForeignKey(Rehearsal, on_delete=models.CASCADE, related_name="people", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="+")
    email = models.CharField(max_length=254)
    state = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, blank=True)  # a StopReason or a HoldCode
    words = models.CharField(max_length=300, blank=True)
    messages = models.PositiveSmallIntegerField()
    last_at = models.DateTimeField(null=True)  # virtual, as next_at
    next_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "rehearsal_person"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(EnrollmentState)), name="rehearsal_known_standing"),
            models.UniqueConstraint(fields=["rehearsal", "contact"], name="rehearsal_person_once"),
        ]
        indexes = [
            # people of a rehearsal by where they stand
            models.Index(fields=["rehearsal", "state", "reason", "id"], name="rehearsal_people"),
        ]
