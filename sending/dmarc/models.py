"""Reports of receivers, and what they say of each source; of people nothing is kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from outreach.accounts.models import User, Workspace
from sending.dmarc.states import Proof, ReportKind
from sending.mailboxes.models import Mailbox

ONE_REPORT = "dmarc_report_once"


class DmarcReport(models.Model):
    """A report, taken in once: the same organization, number, domain and stretch of time are the same report."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    kind = models.CharField(max_length=9)
    org = models.CharField(max_length=100)
    report_id = models.CharField(max_length=200)
    domain = models.CharField(max_length=253)  # where the policy stands, or whose exchangers they are; A-labels
    begins = models.DateTimeField()
    ends = models.DateTimeField()
    day = models.DateField()  # in UTC, of the middle of that stretch
    digest = models.BinaryField(max_length=32)  # SHA-256 of what it says
    policy = models.JSONField(default=dict)  # reading.shapes.Published; {} of a TLS report
    messages = models.BigIntegerField(default=0)  # of a TLS report: sessions
    aligned = models.BigIntegerField(default=0)  # of them, those that passed
    rows = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)  # records that were not taken, with the first causes
    causes = models.JSONField(default=list)
    name = models.CharField(max_length=255)  # of the file
    taken_at = models.DateTimeField(db_default=Now())
    taken_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    mailbox = models.ForeignKey(Mailbox, null=True, on_delete=models.SET_NULL, related_name="+")  # it came through
    proof = models.CharField(max_length=6, blank=True, default=Proof.NO_MAIL)

    class Meta:
        db_table = "dmarc_report"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "kind", "org", "report_id", "domain", "begins", "ends"], name=ONE_REPORT
            ),
            models.CheckConstraint(condition=Q(kind__in=list(ReportKind)), name="dmarc_known_kind"),
            models.CheckConstraint(condition=Q(proof__in=list(Proof)), name="dmarc_known_proof"),
            models.CheckConstraint(condition=Q(begins__lte=models.F("ends")), name="dmarc_report_has_a_length"),
            models.CheckConstraint(
                condition=Q(aligned__gte=0, aligned__lte=models.F("messages")), name="dmarc_aligned_is_a_part"
            ),
        ]
        indexes = [
            # page of a domain
            models.Index(fields=["workspace", "domain", "day"], name="dmarc_of_domain"),
            # the newest reports; how much came by mail in a day
            models.Index(fields=["workspace", "-taken_at"], name="dmarc_newest"),
            # what is old enough to be forgotten
            models.Index(fields=["ends"], name="dmarc_oldest"),
        ]


class DmarcRow(models.Model):
    """Messages of one source that a receiver judged alike; see reading.shapes.Row."""

    report = models.ForeignKey(DmarcReport, on_delete=models.CASCADE, related_name="of_sources")
    source = models.GenericIPAddressField()
    count = models.BigIntegerField()
    disposition = models.CharField(max_length=10, blank=True)
    dkim = models.BooleanField()
    spf = models.BooleanField()
    header_from = models.CharField(max_length=253)
    envelope_from = models.CharField(max_length=253, blank=True)
    signatures = models.JSONField(default=list)  # [[domain, selector, result]]
    spf_results = models.JSONField(default=list)  # [[domain, scope, result]]
    overrides = models.JSONField(default=list)  # [type]

    class Meta:
        db_table = "dmarc_row"
        constraints = [models.CheckConstraint(condition=Q(count__gt=0), name="dmarc_row_counts")]


class TlsRow(models.Model):
    """How sessions to a domain went under one policy; see reading.shapes.TlsPolicy."""

    report = models.ForeignKey(DmarcReport, on_delete=models.CASCADE, related_name="of_policies")
    kind = models.CharField(max_length=15)
    successes = models.BigIntegerField()
    failures = models.BigIntegerField()
    details = models.JSONField(default=list)  # [[result, exchanger, sessions, reason]]

    class Meta:
        db_table = "dmarc_tls_row"
