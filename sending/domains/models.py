"""The domains that messages come from: their signing keys (DKIM), and what the DNS says of them from day to day."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from outreach.accounts.models import User, Workspace
from sending.domains.judging.findings import Standing
from sending.domains.states import KeyState

ONE_KEY = "domains_one_key_per_domain"


class DomainKey(models.Model):
    """The key with which a workspace signs the messages of a domain, sealed; its public half stands in the DNS."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="domain_keys", db_index=False)
    domain = models.CharField(max_length=253)  # A-labels, lower case
    selector = models.CharField(max_length=63)
    private_key = models.BinaryField()  # PEM, sealed, bound to the workspace, the domain and the selector
    state = models.CharField(max_length=11, default=KeyState.UNPUBLISHED)
    checked_at = models.DateTimeField(null=True)
    found = models.CharField(max_length=300, blank=True)  # what the last look at the DNS found, in words
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "domains_key"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "domain"], name=ONE_KEY),
            models.CheckConstraint(condition=models.Q(state__in=list(KeyState)), name="domains_known_key_state"),
            models.CheckConstraint(
                condition=models.Q(state=KeyState.UNPUBLISHED) | models.Q(checked_at__isnull=False),
                name="domains_state_was_looked_up",
            ),
        ]
        indexes = [
            # check: keys that were not looked at for the longest time
            models.Index(models.F("checked_at").asc(nulls_first=True), name="domains_key_checked"),
        ]

    def __str__(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


class WatchedDomain(models.Model):
    """A domain that mailboxes of the workspace send from, and where it stood when the DNS was last asked."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+", db_index=False)
    domain = models.CharField(max_length=253)  # A-labels, lower case
    senders = models.JSONField(default=dict)  # who sends for it, as the mailboxes say: see watching.Sends
    look_at = models.DateTimeField(db_default=Now())  # when it is checked next
    asked_at = models.DateTimeField(null=True)  # when a person asked for a check
    checked_at = models.DateTimeField(null=True)
    standing = models.CharField(max_length=7, blank=True)  # "" before the first check
    failing_since = models.DateTimeField(null=True)  # since when receivers have reason not to believe it
    failing_words = models.CharField(max_length=300, blank=True)  # the gravest reason
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "domains_watched"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "domain"], name="domains_watched_once"),
            models.CheckConstraint(
                condition=models.Q(standing="") | models.Q(standing__in=list(Standing)), name="domains_known_standing"
            ),
            models.CheckConstraint(
                condition=models.Q(failing_since__isnull=True, failing_words="")
                | (models.Q(failing_since__isnull=False) & ~models.Q(failing_words="")),
                name="domains_failing_has_words",
            ),
        ]
        indexes = [
            # check_due: the domains whose time has come
            models.Index(fields=["look_at"], name="domains_watched_look"),
        ]

    def __str__(self) -> str:
        return self.domain


class DomainReport(models.Model):
    """What checks of a domain found from one instant to another, in which nothing changed."""

    watched = models.ForeignKey(WatchedDomain, on_delete=models.CASCADE, related_name="reports", db_index=False)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    report = models.JSONField()  # as judging.whole.to_json gives it

    class Meta:
        db_table = "domains_report"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(first_at__lte=models.F("last_at")), name="domains_report_in_order"
            ),
        ]
        indexes = [
            # the last report of a domain, and those before it
            models.Index(fields=["watched", "-first_at"], name="domains_report_last"),
        ]
