"""Mailboxes, their sealed secrets, their clock and their connection tests."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from campaigns.contacts.core.tags import NAME_LIMIT
from outreach.accounts.models import User, Workspace
from sending.imap import Protocol
from sending.mailboxes.states import MailboxState, SignInKind
from sending.pacing.health import Cause
from sending.pacing.receivers import NAMES, Receiver
from sending.smtp import Security

ONE_PER_ADDRESS = "mailboxes_one_per_address"
MAIL = "mail"  # a test that sent one message
_HIGHEST_PORT = 65_535


class Mailbox(models.Model):
    """An account at a mail provider from which we send and which we read."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    address = models.EmailField(max_length=254)
    display_name = models.CharField(max_length=120, blank=True)
    reply_to = models.EmailField(max_length=254, blank=True)
    signature = models.TextField(blank=True)
    # by which campaigns choose their senders, as campaigns.contacts.core.tags.parse_tags gives them
    tags = ArrayField(models.CharField(max_length=NAME_LIMIT), default=list, db_default=[])

    sign_in = models.CharField(max_length=9, default=SignInKind.PASSWORD)
    smtp_host = models.CharField(max_length=255)
    smtp_port = models.PositiveIntegerField(default=587)
    smtp_security = models.CharField(max_length=8, default=Security.STARTTLS)
    smtp_username = models.CharField(max_length=254)
    # The server that mail is read from: over IMAP, or over the protocol that stands here.
    reading = models.CharField(max_length=4, default=Protocol.IMAP)
    imap_host = models.CharField(max_length=255)
    imap_port = models.PositiveIntegerField(default=993)
    imap_security = models.CharField(max_length=8, default=Security.TLS)
    imap_username = models.CharField(max_length=254)
    ca_pem = models.TextField(blank=True)  # a private certificate authority; empty = the public ones

    state = models.CharField(max_length=13, default=MailboxState.UNTESTED)
    state_reason = models.CharField(max_length=500, blank=True)  # in words, for its owner
    state_changed_at = models.DateTimeField(auto_now_add=True)

    daily_limit = models.PositiveIntegerField(default=30)
    hourly_limit = models.PositiveIntegerField(default=8)
    gap_min_s = models.PositiveIntegerField(default=360)  # between two sends, drawn from [min, max]
    gap_max_s = models.PositiveIntegerField(default=720)
    ramp_on = models.BooleanField(default=True)
    ramp_start = models.PositiveIntegerField(default=5)  # mails on the first sending day
    ramp_step = models.PositiveIntegerField(default=2)  # more on each further sending day
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "mailboxes_mailbox"
        constraints = [
            models.UniqueConstraint("workspace", Lower("address"), name=ONE_PER_ADDRESS),
            models.CheckConstraint(condition=models.Q(state__in=list(MailboxState)), name="mailboxes_known_state"),
            models.CheckConstraint(condition=models.Q(sign_in__in=list(SignInKind)), name="mailboxes_known_sign_in"),
            models.CheckConstraint(condition=models.Q(reading__in=list(Protocol)), name="mailboxes_known_reading"),
            models.CheckConstraint(
                condition=models.Q(smtp_security__in=list(Security), imap_security__in=list(Security)),
                name="mailboxes_known_security",
            ),
            models.CheckConstraint(
                condition=models.Q(gap_min_s__lte=models.F("gap_max_s")), name="mailboxes_gap_in_order"
            ),
            models.CheckConstraint(
                condition=models.Q(smtp_port__range=(1, _HIGHEST_PORT), imap_port__range=(1, _HIGHEST_PORT)),
                name="mailboxes_possible_port",
            ),
            # A limit of nothing would be a pause that does not say so.
            models.CheckConstraint(
                condition=models.Q(daily_limit__gte=1, hourly_limit__gte=1, ramp_start__gte=1),
                name="mailboxes_limits_allow_one",
            ),
        ]

    def __str__(self) -> str:
        return self.address


class Credential(models.Model):
    """The sealed secrets of a mailbox, apart from it so that no list of mailboxes ever loads them.

    Passwords, or the tokens that a provider has given: each sealed, bound to the mailbox and to its field. The row is
    locked while the provider is asked for a new token, so that only one asks.
    """

    mailbox = models.OneToOneField(Mailbox, primary_key=True, on_delete=models.CASCADE)
    smtp_password = models.BinaryField(null=True)
    imap_password = models.BinaryField(null=True)
    account = models.CharField(max_length=254, blank=True)  # who signed in at the provider
    refresh_token = models.BinaryField(null=True)  # null: nobody has signed in, or the provider has ended it
    access_token = models.BinaryField(null=True)
    access_until = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)  # the provider did not answer: nobody asks it before
    ask_failures = models.PositiveSmallIntegerField(default=0)  # in a row; drives ask_at
    ask_words = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "mailboxes_credential"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(access_token__isnull=True, access_until__isnull=True)
                | models.Q(access_token__isnull=False, access_until__isnull=False),
                name="mailboxes_token_has_its_end",
            ),
            models.CheckConstraint(
                condition=models.Q(refresh_token__isnull=True) | ~models.Q(account=""),
                name="mailboxes_token_has_its_account",
            ),
        ]


class PendingSignIn(models.Model):
    """One way to a provider's sign-in page and back, begun by one person in one browser, good for ten minutes, once."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="sign_ins")
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    provider = models.CharField(max_length=9)
    verifier = models.BinaryField(null=True)  # PKCE, sealed; null: it has been used
    account = models.CharField(max_length=254, blank=True)  # another one than the mailbox: a person must say yes
    grant = models.BinaryField(null=True)  # its tokens meanwhile, sealed
    begun_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "mailboxes_pending_sign_in"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(provider__in=[SignInKind.GOOGLE, SignInKind.MICROSOFT]),
                name="mailboxes_known_provider",
            ),
            models.CheckConstraint(
                condition=models.Q(account="") ^ models.Q(grant__isnull=False), name="mailboxes_grant_has_its_account"
            ),
        ]
        indexes = [
            # trim: those that nobody came back from
            models.Index(fields=["begun_at"], name="mailboxes_sign_in_begun"),
        ]


class MailboxClock(models.Model):
    """When a mailbox may send next and which worker holds it: the narrow, hot row that ticks lock."""

    mailbox = models.OneToOneField(Mailbox, primary_key=True, on_delete=models.CASCADE, related_name="clock")
    free_at = models.DateTimeField(db_default=Now())  # the gap: no send before this instant
    look_at = models.DateTimeField(db_default=Now())  # nothing is due before; new work sets it to now
    hold_code = models.CharField(max_length=20, blank=True)  # why it sends nothing at the moment, for people
    hold_words = models.CharField(max_length=300, blank=True)
    hold_until = models.DateTimeField(null=True)
    # why its due follow-ups wait: one verdict for all of them, binding while the instant lies ahead
    follow_up_hold_words = models.CharField(max_length=300, blank=True, default="")
    follow_up_hold_until = models.DateTimeField(null=True)
    # why it begins nobody new: its places are kept for follow-ups
    new_hold_words = models.CharField(max_length=300, blank=True, default="")
    new_hold_until = models.DateTimeField(null=True)
    # why it writes to no stranger: receivers would not believe its domain; "" where they do, or nobody knows
    cold_hold_words = models.CharField(max_length=300, blank=True, default="", db_default="")
    backoff_until = models.DateTimeField(null=True)  # its server asked us to wait, or cannot be reached
    backoff_words = models.CharField(max_length=300, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)  # in a row, of connections; drives the backoff
    ramp_days = models.PositiveIntegerField(default=0)  # completed days on which it sent: the ramp climbs on these
    ramp_day_at = models.DateTimeField(null=True)  # when the sending day under way began
    health = models.PositiveSmallIntegerField(default=100)  # in percent of the budget, see sending.pacing.health
    cut_at = models.DateTimeField(null=True)  # when the health was last cut
    bad_at = models.DateTimeField(null=True)  # the last bad signal: its day of sending is no clean one
    synced_at = models.DateTimeField(null=True)  # all folders read to their end; follow-ups wait for it
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "mailboxes_clock"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lease_owner__isnull=True, lease_until__isnull=True)
                | models.Q(lease_owner__isnull=False, lease_until__isnull=False),
                name="mailboxes_lease_is_whole",
            ),
            models.CheckConstraint(condition=models.Q(health__range=(1, 100)), name="mailboxes_health_in_percent"),
        ]
        indexes = [
            # tick: mailboxes whose turn has come, and those whose worker died
            models.Index(fields=["look_at"], name="mailboxes_clock_look"),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(lease_until__isnull=False),
                name="mailboxes_clock_lease",
            ),
        ]


class Cooldown(models.Model):
    """A provider that a mailbox leaves alone for a while, because it distrusts it."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="cooldowns", db_index=False)
    side = models.CharField(max_length=255)  # a Receiver, or the domain of another provider's recipients
    since = models.DateTimeField()
    until = models.DateTimeField()
    words = models.CharField(max_length=300)
    # of the domain, where a provider's own number made it: only an admin's word ends it before its time
    reported = models.CharField(max_length=253, blank=True, default="", db_default="")

    class Meta:
        db_table = "mailboxes_cooldown"
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "side"], name="mailboxes_one_cooldown_per_side"),
        ]

    @property
    def name(self) -> str:
        """The side in words."""
        return NAMES[Receiver(self.side)] if self.side in set(Receiver) else self.side


class HealthChange(models.Model):
    """One change of a mailbox's health, with its reason: the rows of a mailbox, in order, add up to its clock's."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="health_changes")
    at = models.DateTimeField()
    cause = models.CharField(max_length=10)
    percent = models.PositiveSmallIntegerField()  # afterwards
    words = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "mailboxes_health_change"
        constraints = [
            models.CheckConstraint(condition=models.Q(cause__in=list(Cause)), name="mailboxes_known_health_cause"),
            models.CheckConstraint(condition=models.Q(percent__range=(1, 100)), name="mailboxes_health_change_range"),
        ]
        indexes = [
            # newest changes of one mailbox
            models.Index(fields=["mailbox", "-id"], name="mailboxes_newest_health"),
        ]


class Spending(models.Model):
    """One message that left a mailbox: the account book of its rolling hour and day.

    Written in the statement that marks the dot, before the first byte of the body, so that no crash can lose it.
    """

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="spending", db_index=False)
    spent_at = models.DateTimeField(db_default=Now())
    is_new_lead = models.BooleanField(default=False)
    # whom it went to, named by plain ids as in the ledger; of a test mail, nobody
    workspace_id = models.BigIntegerField(null=True)
    campaign_id = models.BigIntegerField(null=True)
    contact_id = models.BigIntegerField(null=True)
    domain = models.CharField(max_length=255, blank=True, default="")
    receiver = models.CharField(max_length=9, blank=True, default="")  # who takes the mail of the domain

    class Meta:
        db_table = "mailboxes_spending"
        indexes = [
            # budget: what a mailbox spent in the last hour and the last day
            models.Index(fields=["mailbox", "spent_at"], name="mailboxes_spent"),
            # throttles: what a workspace sent to a domain, and to a provider
            models.Index(fields=["workspace_id", "domain", "spent_at"], name="mailboxes_spent_on_domain"),
            # cap of a campaign
            models.Index(fields=["campaign_id", "spent_at"], name="mailboxes_spent_by_campaign"),
            models.Index(fields=["workspace_id", "receiver", "spent_at"], name="mailboxes_spent_on_receiver"),
        ]


class ConnectionTest(models.Model):
    """One try to sign in to a mailbox's servers, or to send one message to oneself, with its dialogue and meaning."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="tests")
    protocol = models.CharField(max_length=4)  # smtp | imap | pop3 | mail
    recipient = models.CharField(max_length=254, blank=True, default="")  # of a test mail
    passed = models.BooleanField()
    transcript = models.JSONField(default=list)  # [{"side": "client"|"server"|"note", "text": ...}]
    what = models.CharField(max_length=300, blank=True)
    why = models.CharField(max_length=500, blank=True)
    fix = models.CharField(max_length=500, blank=True)
    tested_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "mailboxes_connection_test"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(protocol__in=["smtp", *Protocol, MAIL]), name="mailboxes_tested_protocol"
            ),
            models.CheckConstraint(
                condition=models.Q(protocol=MAIL) ^ models.Q(recipient=""), name="mailboxes_mail_has_recipient"
            ),
            models.CheckConstraint(
                condition=models.Q(passed=True) | ~models.Q(what=""), name="mailboxes_failure_is_explained"
            ),
        ]
        indexes = [
            # newest tests of one mailbox
            models.Index(fields=["mailbox", "-id"], name="mailboxes_newest_tests"),
        ]
