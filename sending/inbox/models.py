"""What was read from the mailboxes: folders with their place marks, and each message once."""

from __future__ import annotations

from django.contrib.postgres.indexes import HashIndex
from django.db import models
from django.db.models.functions import Now, Substr

from campaigns.contacts.models import Contact
from campaigns.sequences.states import ReplyClass
from outreach.accounts.models import User, Workspace
from sending.bounces import Kind
from sending.inbox.states import Seen
from sending.inbox.threads.models import Answer, Draft, Label, Thread, ThreadLabel, ThreadNote, ThreadWords
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.planner.models import Enrollment

__all__ = [
    "Answer",
    "Draft",
    "DropItem",
    "InboundMessage",
    "Label",
    "MailFolder",
    "MailboxSync",
    "SentSearch",
    "Thread",
    "ThreadLabel",
    "ThreadNote",
    "ThreadWords",
]


class MailFolder(models.Model):
    """A folder of a mailbox and how far it has been read (RFC 3501 section 2.3.1.1)."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="folders")
    name = models.CharField(max_length=255)
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    synced_at = models.DateTimeField(null=True)  # the last time it was read to its end
    # Its numbers were void: nothing older is read again. Null: from when the mailbox was connected.
    since = models.DateTimeField(null=True)
    looked_back_at = models.DateTimeField(null=True)  # when its last two days were gone through once more
    # A back-fill has come so far in it, and ends where the regular reading had begun; null: it has not come here yet.
    fill_uid = models.BigIntegerField(default=0, db_default=0)
    fill_end = models.BigIntegerField(null=True)
    # Readings that began at the mail behind last_uid and did not come to an end: what ends us thrice is set aside.
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "inbox_folder"
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "name"], name="inbox_folder_once"),
        ]


class DropItem(models.Model):
    """A mail that lies in a mailbox read over POP3, and was read or needed no reading, by its unique id (RFC 1939)."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="drop_items", db_index=False)
    uidl = models.CharField(max_length=70)

    class Meta:
        db_table = "inbox_drop_item"
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "uidl"], name="inbox_drop_item_once"),
        ]


class SetAside(models.Model):
    """A mail that could not be taken in: tried again by the next readings, and after three tries left for a person."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="set_aside", db_index=False)
    key = models.CharField(max_length=64)  # sha256 of its bytes; of a mail that the server withholds, of its place
    folder = models.CharField(max_length=255)
    uid_validity = models.BigIntegerField(default=0)
    uid = models.BigIntegerField(default=0)
    uidl = models.CharField(max_length=70, blank=True)  # over POP3, instead of the three above
    raw = models.BinaryField(null=True)  # as it came; null: the server would not give it
    truncated = models.BooleanField(default=False)
    received_at = models.DateTimeField(null=True)
    size = models.BigIntegerField(default=0)  # in bytes
    is_back_fill = models.BooleanField(default=False)
    reason = models.CharField(max_length=500)  # of the last try, in words
    tries = models.PositiveSmallIntegerField(default=0)  # counted before each of them, so that a crash counts
    met_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(db_default=Now())
    aside_at = models.DateTimeField(null=True)  # null: it is tried again by itself

    class Meta:
        db_table = "inbox_set_aside"
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "key"], name="inbox_set_aside_once"),
        ]


class MailboxSync(models.Model):
    """When a mailbox is read next, and how the last reading went."""

    mailbox = models.OneToOneField(Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="sync")
    next_at = models.DateTimeField(db_default=Now())
    planned_at = models.DateTimeField(null=True)  # when next_at was said; what is sent afterwards brings it forward
    lease_until = models.DateTimeField(null=True)
    synced_at = models.DateTimeField(null=True)  # all folders read to their end
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    # A process that keeps a connection open and hears of mail at once; its lease keeps all others away.
    listener = models.UUIDField(null=True)
    listened_since = models.DateTimeField(null=True)
    deaf_at = models.DateTimeField(null=True)  # when the server said that it cannot tell of mail (no IDLE)

    class Meta:
        db_table = "inbox_sync"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(listener__isnull=True, listened_since__isnull=True)
                | models.Q(listener__isnull=False, listened_since__isnull=False, lease_until__isnull=False),
                name="inbox_listener_has_a_lease",
            ),
        ]
        indexes = [
            # tick: mailboxes whose turn it is
            models.Index(fields=["next_at"], name="inbox_sync_next"),
        ]


class BackFill(models.Model):
    """Mail from before a mailbox was connected, or read, that a person has asked for: it may stop, and never sends."""

    mailbox = models.OneToOneField(Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="back_fill")
    days = models.PositiveSmallIntegerField()
    since = models.DateTimeField()
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    asked_at = models.DateTimeField(db_default=Now())
    looked_at = models.PositiveIntegerField(default=0)  # mails
    taken_in = models.PositiveIntegerField(default=0)  # of them, those that were new
    left = models.PositiveIntegerField(null=True)  # null: not counted yet
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inbox_back_fill"
        constraints = [
            models.CheckConstraint(condition=models.Q(days__range=(1, 365)), name="inbox_back_fill_days"),
        ]


class SentSearch(models.Model):
    """How often the Sent folder was searched for the copy of a message in doubt, and what was seen the last time."""

    message = models.OneToOneField(OutboundMessage, primary_key=True, on_delete=models.CASCADE, related_name="search")
    looks = models.PositiveSmallIntegerField(default=0)
    looked_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)  # null: no further look is planned
    seen = models.CharField(max_length=10)

    class Meta:
        db_table = "inbox_sent_search"
        constraints = [
            models.CheckConstraint(condition=models.Q(seen__in=list(Seen)), name="inbox_known_seen"),
        ]


def first_bytes(count: int) -> models.Func:
    """Return the expression for the beginning of a stored mail, which may have 25 MB."""
    return Substr("raw", 1, count, output_field=models.BinaryField())


class InboundMessage(models.Model):
    """One mail that came in, kept whether or not we understood it."""

    # The indexes below begin with these keys: one more on each alone would only cost.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="inbound", db_index=False)
    # sha256 over Message-ID, date, sender, subject and text: UIDs change, content does not
    content_key = models.CharField(max_length=64)
    message_id = models.CharField(max_length=998, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    text = models.TextField(blank=True)
    raw = models.BinaryField()  # as it came, cut at the size cap: rules can be run again over history
    truncated = models.BooleanField(default=False)
    is_back_fill = models.BooleanField(
        default=False, db_default=False
    )  # older than the reading: it makes nothing leave
    attached = models.JSONField(default=list, db_default=[])  # [{"number", "name", "content_type", "size_bytes"}]
    received_at = models.DateTimeField()
    stored_at = models.DateTimeField(db_default=Now())

    kind = models.CharField(max_length=12)
    category = models.CharField(max_length=20, blank=True)
    evidence = models.JSONField(default=list)  # [{"layer", "rule", "words"}]
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="inbound", db_index=False)
    enrollment = models.ForeignKey(
        Enrollment, null=True, on_delete=models.SET_NULL, related_name="inbound", db_index=False
    )
    answers = models.ForeignKey(
        OutboundMessage, null=True, on_delete=models.SET_NULL, related_name="answers", db_index=False
    )
    matched_by = models.CharField(max_length=20, blank=True)  # a MatchedBy
    followed = models.CharField(max_length=500, blank=True, default="", db_default="")  # what was done, in words
    # what it may belong to, until a person says so or says no; suggested_words stay
    suggested = models.ForeignKey(
        OutboundMessage, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    suggested_words = models.CharField(max_length=300, blank=True, default="", db_default="")
    thread = models.ForeignKey(Thread, null=True, on_delete=models.SET_NULL, related_name="messages", db_index=False)
    seen_at = models.DateTimeField(null=True)  # opened by a person
    # what the rules take it to say; where that is certain, it may lead on by itself
    guess = models.CharField(max_length=13, blank=True, default="", db_default="")
    guess_is_certain = models.BooleanField(default=False, db_default=False)
    named_address = models.CharField(max_length=320, blank=True, default="", db_default="")  # whom a referral names
    again_on = models.DateField(null=True)  # from when "not now" may be asked again
    label = models.CharField(max_length=13, blank=True, default="", db_default="")  # what a person says that it says
    labelled_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    labelled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inbox_message"
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "content_key"], name="inbox_each_mail_once"),
            models.CheckConstraint(condition=models.Q(kind__in=list(Kind)), name="inbox_known_kind"),
            models.CheckConstraint(
                condition=models.Q(label="", labelled_at__isnull=True)
                | models.Q(label__in=list(ReplyClass), labelled_at__isnull=False),
                name="inbox_known_label",
            ),
            models.CheckConstraint(
                condition=models.Q(guess="") | models.Q(guess__in=list(ReplyClass)), name="inbox_known_guess"
            ),
        ]
        indexes = [
            # inbox, newest first
            models.Index(fields=["workspace", "-received_at", "-id"], name="inbox_newest"),
            # inbox by kind, newest first
            models.Index(fields=["workspace", "kind", "-received_at", "-id"], name="inbox_of_kind"),
            # timeline of a contact
            models.Index(fields=["contact", "-received_at"], name="inbox_of_contact"),
            # whether it is the first of its kind from a person in a campaign
            models.Index(fields=["enrollment", "kind"], name="inbox_of_enrollment"),
            # what waits for a person to say whether it belongs together; a message that is deleted
            models.Index(fields=["suggested"], condition=models.Q(suggested__isnull=False), name="inbox_suggestions"),
            # story of a message, and how many answered each wording
            models.Index(fields=["answers", "kind"], name="inbox_answers"),
            # a conversation, newest first
            models.Index(fields=["thread", "-received_at", "-id"], name="inbox_of_thread"),
            # the mail that another one names; hashed, as an id may be longer than an entry of a tree
            HashIndex(fields=["message_id"], condition=~models.Q(message_id=""), name="inbox_by_message_id"),
        ]


class LabelChange(models.Model):
    """What a person said of an answer, and what was thought of it before: never changed, and learnt from."""

    message = models.ForeignKey(InboundMessage, on_delete=models.CASCADE, related_name="label_changes")
    before = models.CharField(max_length=13, blank=True)  # the label, or the guess; "" = nothing
    after = models.CharField(max_length=13, blank=True)
    rule = models.CharField(max_length=40, blank=True)  # that had guessed
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "inbox_label_change"
        indexes = [
            # whether a person has corrected a rule before
            models.Index(fields=["rule", "-id"], condition=~models.Q(rule=""), name="inbox_corrected_rules"),
        ]


class WordRule(models.Model):
    """What a workspace takes words to mean that no rule of the program knows: a person has read them, and says so.

    Ended and never deleted: mails tell by its number because of which words they are what they are.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    about = models.CharField(max_length=6)  # a sending.inbox.unknowns.core.About
    words = models.CharField(max_length=200)  # lower case; " * " stands for at most 80 signs
    means = models.CharField(max_length=20)  # a Category, or a ReplyClass
    changed = models.PositiveIntegerField(default=0)  # mails of the past, when it was saved
    made_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    made_at = models.DateTimeField(db_default=Now())
    ended_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inbox_word_rule"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "about", "words"],
                condition=models.Q(ended_at__isnull=True),
                name="inbox_word_rule_once",
            ),
            models.CheckConstraint(condition=models.Q(about__in=["bounce", "answer"]), name="inbox_known_rule"),
            models.CheckConstraint(condition=~models.Q(words=""), name="inbox_rule_has_words"),
        ]
