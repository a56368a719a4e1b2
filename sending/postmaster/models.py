"""What providers have reported, and the files that it came in."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from outreach.accounts.models import User, Workspace
from sending.postmaster.shapes import SOURCE_WORDS, Filter, Source

ONE_PER_FILE = "postmaster_file_once"
_RATES = ("spam_rate", "spam_low", "spam_high", "spf", "dkim", "dmarc", "tls_in", "tls_out")


class ReportFile(models.Model):
    """A file that somebody gave: the same one again changes nothing, whatever other files have said since."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=255)
    source = models.CharField(max_length=10)
    # SHA-256 of its bytes, and of the domain that was said with it
    digest = models.BinaryField(max_length=32)
    taken_at = models.DateTimeField(db_default=Now())
    taken_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    added = models.PositiveIntegerField()  # days of domains, or spans of addresses, that nobody had reported
    changed = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()  # lines
    refusals = models.JSONField(default=list)  # the first of them: [place, cause, original]

    class Meta:
        db_table = "postmaster_file"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "digest"], name=ONE_PER_FILE),
            models.CheckConstraint(condition=Q(source__in=list(Source)), name="postmaster_known_source"),
        ]
        indexes = [
            # page of the reports: the newest files
            models.Index(fields=["workspace", "-id"], name="postmaster_newest_files"),
        ]

    @property
    def source_words(self) -> str:
        """Whose file it is, in words."""
        return SOURCE_WORDS[Source(self.source)]


class ReportedDay(models.Model):
    """What Google says of a domain's mail on one day (UTC); null: no file has said. See shapes.DomainDay."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    domain = models.CharField(max_length=253)
    day = models.DateField()
    spam_rate = models.FloatField(null=True)
    spam_low = models.FloatField(null=True)
    spam_high = models.FloatField(null=True)
    domain_reputation = models.CharField(max_length=6, blank=True)
    ip_reputations = models.JSONField(default=dict)
    spf = models.FloatField(null=True)
    dkim = models.FloatField(null=True)
    dmarc = models.FloatField(null=True)
    tls_in = models.FloatField(null=True)
    tls_out = models.FloatField(null=True)
    errors = models.JSONField(default=dict)
    taken_at = models.DateTimeField()  # when a file last changed it

    class Meta:
        db_table = "postmaster_domain_day"
        constraints = [
            # series of a domain
            models.UniqueConstraint(fields=["workspace", "domain", "day"], name="postmaster_one_per_day"),
            *(
                models.CheckConstraint(condition=Q(**{f"{name}__range": (0, 1)}), name=f"postmaster_{name}_is_a_share")
                for name in _RATES
            ),
        ]
        indexes = [
            # guard: what was reported lately, of all workspaces
            models.Index(fields=["day"], condition=Q(spam_rate__isnull=False), name="postmaster_lately"),
        ]


class ReportedSpan(models.Model):
    """What Microsoft says of an address in one span of activity. See shapes.AddressSpan."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    address = models.GenericIPAddressField()
    # as the file has them, which names no zone: kept as if they were UTC, and shown without one
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    rcpt_commands = models.BigIntegerField(null=True)
    data_commands = models.BigIntegerField(null=True)
    recipients = models.BigIntegerField(null=True)
    filter_result = models.CharField(max_length=6)
    complaint_rate = models.FloatField(null=True)
    complaint_below = models.BooleanField(default=False)
    trap_hits = models.BigIntegerField(null=True)
    # of addresses in these the domains alone
    helo = models.CharField(max_length=200, blank=True)
    mail_from = models.CharField(max_length=200, blank=True)
    comments = models.CharField(max_length=200, blank=True)
    taken_at = models.DateTimeField()

    class Meta:
        db_table = "postmaster_address_span"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "address", "begins"], name="postmaster_one_per_span"),
            models.CheckConstraint(condition=Q(filter_result__in=list(Filter)), name="postmaster_known_filter"),
            models.CheckConstraint(condition=Q(begins__lte=models.F("ends")), name="postmaster_span_has_a_length"),
            models.CheckConstraint(condition=Q(complaint_rate__range=(0, 1)), name="postmaster_complaints_are_a_share"),
        ]
        indexes = [
            # page of the reports: the newest spans
            models.Index(fields=["workspace", "-begins"], name="postmaster_newest_spans"),
        ]
