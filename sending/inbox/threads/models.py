"""Conversations, one row each, with the words by which they are found, and what a team puts on them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from campaigns.contacts.models import Contact
from outreach.accounts.models import User, Workspace
from sending.inbox.threads.states import ThreadState
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment

_TALK = Q(is_talk=True, state=ThreadState.OPEN)


class Thread(models.Model):
    """One conversation: with a person of a campaign, or with whoever wrote on their own."""

    # The indexes below begin with these keys.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="threads", db_index=False)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="threads", db_index=False)
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="threads", db_index=False)
    enrollment = models.OneToOneField(Enrollment, null=True, on_delete=models.SET_NULL, related_name="thread")
    writer = models.CharField(max_length=320, blank=True)  # normalised address of who began it, where no campaign did
    topic = models.CharField(max_length=32, blank=True)  # print of the subject without Re:, where no campaign began it

    name = models.CharField(max_length=200, blank=True)  # of who wrote last
    address = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    snippet = models.CharField(max_length=160, blank=True)  # how the newest mail begins
    newest_at = models.DateTimeField()  # of the newest mail, ours or theirs
    newest_kind = models.CharField(max_length=12, blank=True)  # of the newest mail that came in
    says = models.CharField(max_length=13, blank=True, db_default="")  # class of the newest answer
    mails = models.PositiveIntegerField(db_default=0)  # that came in
    heard_at = models.DateTimeField(null=True)  # the newest mail of a person
    written_at = models.DateTimeField(null=True)  # the newest answer of ours, not of a campaign

    is_talk = models.BooleanField(db_default=False)  # a person wrote in it
    is_unread = models.BooleanField(db_default=False)
    is_awaiting = models.BooleanField(db_default=False)
    state = models.CharField(max_length=8, default=ThreadState.OPEN, db_default=ThreadState.OPEN)
    snoozed_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    version = models.PositiveIntegerField(db_default=0)  # raised by each change: a page knows whether it is behind

    class Meta:
        db_table = "inbox_thread"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(ThreadState)), name="inbox_known_thread_state"),
            models.CheckConstraint(
                condition=Q(state=ThreadState.SNOOZED, snoozed_until__isnull=False)
                | ~Q(state=ThreadState.SNOOZED) & Q(snoozed_until__isnull=True),
                name="inbox_snoozed_has_end",
            ),
            models.CheckConstraint(
                condition=Q(state=ThreadState.DONE, done_at__isnull=False)
                | ~Q(state=ThreadState.DONE) & Q(done_at__isnull=True),
                name="inbox_done_has_time",
            ),
        ]
        indexes = [
            # one for each scope, in the order of its list
            models.Index(fields=["workspace", "-newest_at", "-id"], condition=_TALK, name="inbox_talks"),
            models.Index(
                fields=["workspace", "-newest_at", "-id"], condition=_TALK & Q(is_unread=True), name="inbox_unread"
            ),
            models.Index(
                fields=["workspace", "-newest_at", "-id"], condition=_TALK & Q(is_awaiting=True), name="inbox_awaiting"
            ),
            models.Index(
                fields=["assignee", "workspace", "-newest_at", "-id"],
                condition=Q(state=ThreadState.OPEN, assignee__isnull=False),
                name="inbox_mine",
            ),
            models.Index(
                fields=["workspace", "-newest_at", "-id"], condition=Q(state=ThreadState.SNOOZED), name="inbox_snoozed"
            ),
            models.Index(
                fields=["workspace", "-newest_at", "-id"], condition=Q(state=ThreadState.DONE), name="inbox_done"
            ),
            models.Index(
                fields=["workspace", "-newest_at", "-id"],
                condition=Q(is_talk=False, state=ThreadState.OPEN),
                name="inbox_machines",
            ),
            # search and labels, which look wherever a conversation lies: of a word that all have, the newest come first
            models.Index(fields=["workspace", "-newest_at", "-id"], name="inbox_everywhere"),
            # tick: whose snooze is over
            models.Index(fields=["snoozed_until"], condition=Q(state=ThreadState.SNOOZED), name="inbox_waking"),
            # placing: the conversation of a writer who is in no campaign
            models.Index(fields=["mailbox", "writer", "topic"], name="inbox_of_writer"),
            # the contact's conversations; also whoever deletes the contact
            models.Index(fields=["contact", "-newest_at"], name="inbox_threads_of_contact"),
        ]


class ThreadWords(models.Model):
    """The words of a conversation, for the search; apart, as a change of the row would write each of them anew."""

    thread = models.OneToOneField(Thread, primary_key=True, on_delete=models.CASCADE, related_name="words")
    words = SearchVectorField()

    class Meta:
        db_table = "inbox_thread_words"
        indexes = [
            # search
            GinIndex(fields=["words"], name="inbox_words"),
        ]


class Label(models.Model):
    """A word of the team's own for conversations. It goes with the last conversation that bears it."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="thread_labels", db_index=False)
    name = models.CharField(max_length=40)

    class Meta:
        db_table = "inbox_label"
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="inbox_label_once"),
        ]


class ThreadLabel(models.Model):
    """A label on a conversation."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="labelled", db_index=False)
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="labelled")

    class Meta:
        db_table = "inbox_thread_label"
        constraints = [
            models.UniqueConstraint(fields=["thread", "label"], name="inbox_thread_label_once"),
        ]


class ThreadNote(models.Model):
    """What somebody of the team writes down about a conversation; nobody else ever reads it."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="notes", db_index=False)
    text = models.TextField()
    written_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "inbox_thread_note"
        indexes = [
            # a conversation
            models.Index(fields=["thread", "written_at"], name="inbox_notes_of_thread"),
        ]


class Draft(models.Model):
    """What somebody has begun to answer: kept for them, and for nobody else."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="drafts", db_index=False)
    author = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    kept_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "inbox_draft"
        constraints = [
            models.UniqueConstraint(fields=["thread", "author"], name="inbox_draft_once"),
        ]


class Answer(models.Model):
    """Who has answered in a conversation with which message, and on whose word in spite of a suppression."""

    message = models.OneToOneField(OutboundMessage, primary_key=True, on_delete=models.CASCADE, related_name="answer")
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="answers")
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    token = models.UUIDField(unique=True)  # of the form: sent twice, it answers once
    written_at = models.DateTimeField(db_default=Now())
    overruled = models.CharField(max_length=500, blank=True, db_default="")  # the suppression that the author saw
    is_settled = models.BooleanField(db_default=False)  # its end was told to the conversation

    class Meta:
        db_table = "inbox_answer"
        indexes = [
            # tick: answers whose end nobody has told yet
            models.Index(fields=["message"], condition=Q(is_settled=False), name="inbox_answers_under_way"),
        ]
