"""Outbound messages and the attempts to deliver them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.contacts.models import Contact
from campaigns.sequences.models import Campaign, Step, Variant
from outreach.accounts.models import Workspace
from sending.mailboxes.models import Mailbox
from sending.outbox.states import DOUBTS, AttemptOutcome, MessageState
from sending.planner.models import Enrollment

_HAS_PASSED_DOT = [
    MessageState.DOT_PENDING,
    MessageState.SENT,
    MessageState.IN_DOUBT,
    MessageState.ASSUMED_SENT,
]


class OutboundMessage(models.Model):
    """One message to one person: UNIQUE(enrollment, step) is the promise that nobody is written to twice.

    Or an answer that a person wrote, which belongs to no step.

    Message-ID and wording are fixed when the row is made, so that a legitimate retry is the same message.
    """

    # Each index is written three times in the life of a message: keys that begin another one have none of their own.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    # campaign, enrollment, step and variant: all of a step's message, none of an answer that a person wrote
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.CASCADE, related_name="messages", db_index=False)
    enrollment = models.ForeignKey(
        Enrollment, null=True, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="messages", db_index=False)
    # steps and wordings that carried mail cannot vanish from under their messages
    step = models.ForeignKey(Step, null=True, on_delete=models.PROTECT, related_name="messages")
    variant = models.ForeignKey(Variant, null=True, on_delete=models.PROTECT, related_name="messages")
    wording_version = models.PositiveSmallIntegerField(default=1, db_default=1)  # of the variant, as it was then
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="messages", db_index=False)
    message_id = models.CharField(max_length=255)  # with angle brackets, as on the wire
    in_reply_to = models.CharField(max_length=255, blank=True)
    references = models.TextField(blank=True)
    recipient = models.CharField(max_length=320)
    subject = models.CharField(max_length=998, blank=True)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    traces = models.PositiveSmallIntegerField(default=0, db_default=0)  # what it is marked with, see links.core.Trace

    state = models.CharField(max_length=12, default=MessageState.CLAIMED)
    attempt = models.UUIDField()  # of the attempt that may write; each write is fenced by it
    attempt_number = models.PositiveSmallIntegerField(default=1)
    refusals = models.PositiveSmallIntegerField(default=0)  # of the recipient's side: the retries have an end
    lease_until = models.DateTimeField(null=True)  # of the attempt; after it the sweeper decides
    not_after = models.DateTimeField()  # the end of the recipient's window: the mark is refused after it
    retry_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)  # why it is deferred, failed, cancelled, in words
    reply_code = models.PositiveSmallIntegerField(null=True)
    reply_enhanced = models.CharField(max_length=12, blank=True)
    reply_text = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    dot_at = models.DateTimeField(null=True)  # when the durable mark before the body was set
    again_at = models.DateTimeField(null=True)  # when a person had it sent again: an earlier copy may have arrived
    # of an answer to somebody suppressed: a person confirmed it then; what is suppressed later holds it again
    despite_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_message"
        constraints = [
            models.UniqueConstraint(fields=["enrollment", "step"], name="outbox_one_message_per_enrollment_step"),
            models.UniqueConstraint(fields=["message_id"], name="outbox_message_id_once"),
            models.CheckConstraint(condition=Q(state__in=list(MessageState)), name="outbox_known_state"),
            models.CheckConstraint(
                condition=Q(campaign=None, enrollment=None, step=None, variant=None)
                | Q(despite_until=None, campaign__isnull=False, enrollment__isnull=False)
                & Q(step__isnull=False, variant__isnull=False),
                name="outbox_step_or_answer",
            ),
            models.CheckConstraint(
                condition=Q(state=MessageState.SENT, sent_at__isnull=False)
                | ~Q(state=MessageState.SENT) & Q(sent_at__isnull=True),
                name="outbox_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=_HAS_PASSED_DOT) | Q(dot_at__isnull=False),
                name="outbox_dot_before_outcome",
            ),
            models.CheckConstraint(
                condition=Q(again_at__isnull=True) | Q(dot_at__isnull=False),
                name="outbox_again_after_dot",
            ),
            models.CheckConstraint(
                condition=Q(state=MessageState.DEFERRED, retry_at__isnull=False)
                | ~Q(state=MessageState.DEFERRED) & Q(retry_at__isnull=True),
                name="outbox_deferred_has_retry",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[MessageState.CLAIMED, MessageState.DOT_PENDING], lease_until__isnull=False)
                | ~Q(state__in=[MessageState.CLAIMED, MessageState.DOT_PENDING]) & Q(lease_until__isnull=True),
                name="outbox_lease_while_in_hand",
            ),
        ]
        indexes = [
            # sweeper: what a dead worker left behind
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=[MessageState.CLAIMED, MessageState.DOT_PENDING]),
                name="outbox_in_hand",
            ),
            # claim: refused messages whose next try has come
            models.Index(fields=["mailbox", "retry_at"], condition=Q(state=MessageState.DEFERRED), name="outbox_retry"),
            # claim: answers, which go before all else
            models.Index(
                fields=["mailbox", "retry_at"],
                condition=Q(state=MessageState.DEFERRED, campaign__isnull=True),
                name="outbox_answers_due",
            ),
            # sweeper: what has been in doubt for a day; home: how many are
            models.Index(
                fields=["workspace", "dot_at"],
                condition=Q(state=MessageState.IN_DOUBT),
                name="outbox_in_doubt",
            ),
            # page of the doubts, newest first
            models.Index(
                fields=["workspace", "-dot_at", "-id"],
                condition=Q(state__in=DOUBTS),
                name="outbox_doubts",
            ),
            # search of a mailbox's Sent folder: what is in doubt there, or is to be sent again after a doubt
            models.Index(
                fields=["mailbox", "dot_at"],
                condition=Q(state__in=DOUBTS) | Q(again_at__isnull=False),
                name="outbox_doubts_of_mailbox",
            ),
            # messages page, newest first, and its filters
            models.Index(fields=["workspace", "-id"], name="outbox_newest"),
            models.Index(fields=["campaign", "state", "-id"], name="outbox_of_campaign"),
            models.Index(fields=["contact", "-id"], name="outbox_of_contact"),
            models.Index(fields=["mailbox", "-id"], name="outbox_of_mailbox"),
        ]


class Attempt(models.Model):
    """One try to deliver a message: phase reached, answer, dialogue. Written when the try is over."""

    id = models.UUIDField(primary_key=True)
    message = models.ForeignKey(OutboundMessage, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    number = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=12)  # an AttemptOutcome
    phase = models.CharField(max_length=10, blank=True)  # reached in the dialogue
    reply_code = models.PositiveSmallIntegerField(null=True)
    reply_enhanced = models.CharField(max_length=12, blank=True)
    reply_text = models.TextField(blank=True)
    category = models.CharField(max_length=20, blank=True)  # of sending.bounces, for a refusal
    transcript = models.JSONField(default=list)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        db_table = "outbox_attempt"
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=list(AttemptOutcome)), name="outbox_known_outcome"),
        ]
        indexes = [
            # story of one message
            models.Index(fields=["message", "number"], name="outbox_attempts_in_order"),
            # what no rule knows, for a person to say what it means; hardly any row is in it
            models.Index(fields=["-ended_at"], condition=Q(category="unknown"), name="outbox_unknown_answers"),
        ]
