"""Imports: a file on its way in, its pieces, and the rows that were refused."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from campaigns.contacts.core.sheets import Sheet
from campaigns.contacts.core.undo import UNDO_FOR
from campaigns.contacts.models.people import ContactList
from campaigns.contacts.states import (
    BASIS_LABELS,
    MERGED,
    SUBSCRIBER_LABELS,
    ImportPolicy,
    ImportState,
    LegalBasis,
    Subscribers,
)
from outreach.accounts.models import User, Workspace

SOURCE_LIMIT = PAGE_LIMIT = 300


class ContactImport(models.Model):
    """One file of contacts on its way in; rows = created + updated + unchanged + skipped + rejected at the end."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    contact_list = models.ForeignKey(ContactList, null=True, on_delete=models.SET_NULL)
    filename = models.CharField(max_length=255)  # of the table; `archive` is the ZIP file in which it came
    archive = models.CharField(max_length=255, blank=True)
    size_bytes = models.PositiveBigIntegerField()  # of the text, also when it came packed; or of the workbook's file
    sheets = models.JSONField(default=list)  # of a workbook: core.sheets.Sheet; empty for a text
    sheet = models.PositiveSmallIntegerField(default=0)  # the chosen one, counted from 0
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    quote = models.CharField(max_length=1, blank=True)  # empty = quotation marks are ordinary characters
    escape = models.CharField(max_length=1, blank=True)
    skip_lines = models.PositiveSmallIntegerField(default=0)  # before the first row: Excel's "sep=;", titles
    has_header = models.BooleanField(default=True)
    columns = models.JSONField(default=list)  # names in the order of the file, unique
    mapping = models.JSONField(default=dict)  # column header -> contact field or "fields.<name>" or ""
    kinds = models.JSONField(default=dict)  # custom field -> core.kinds.Typed.code; those left out are text
    tidy_names = models.BooleanField(default=False, db_default=False)  # as core.names proposes them
    policy = models.CharField(max_length=12, default=ImportPolicy.OVERWRITE)
    list_name = models.CharField(max_length=120, blank=True)  # as chosen; the list is there once it is confirmed
    tags = models.JSONField(default=list)  # names, given to everybody in the file
    # The answer to "how did you get my address?": stated by whoever imports, kept with the import.
    source = models.CharField(max_length=SOURCE_LIMIT, blank=True)
    legal_basis = models.CharField(max_length=12, default=LegalBasis.UNSTATED)
    # What has to be on record with some of them: the last purchase, the inquiry, or the day on which the page said it.
    basis_on = models.DateField(null=True)
    basis_page = models.CharField(max_length=PAGE_LIMIT, blank=True, default="", db_default="")  # http or https
    subscribers = models.CharField(max_length=12, blank=True, default=Subscribers.UNSTATED, db_default="")
    state = models.CharField(max_length=12, default=ImportState.UPLOADED)
    problem = models.TextField(blank=True)  # what stopped it, for the person
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_updated = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_skipped = models.PositiveIntegerField(default=0)  # known, and the policy leaves them as they are
    rows_rejected = models.PositiveIntegerField(default=0)
    # Of those known: for whom its ground went on record, beside what was there.
    rows_grounded = models.PositiveIntegerField(default=0, db_default=0)
    rows_suppressed = models.PositiveIntegerField(default=0)  # of those taken: known, and never written to
    notes = models.JSONField(default=list)  # sentences about values that were left empty
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker has begun
    bytes_read = models.PositiveBigIntegerField(default=0)  # of table_bytes: the progress bar
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    checkpoint = models.JSONField(null=True)  # services.reading.Checkpoint: where another worker goes on
    checkpoint_attempt = models.PositiveSmallIntegerField(default=0)  # the attempt that came so far
    # The instant at which its contacts were written: what they, and their places, have as their own instant.
    merged_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    undo_asked_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undo = models.JSONField(default=dict)  # core.undo.UndoCounts: what was taken back so far, and what was kept

    class Meta:
        db_table = "contacts_import"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=list(ImportState)), name="contacts_known_import_state"),
            models.CheckConstraint(
                condition=models.Q(legal_basis__in=list(LegalBasis)), name="contacts_known_legal_basis"
            ),
            models.CheckConstraint(
                condition=models.Q(subscribers__in=list(Subscribers)), name="contacts_known_subscribers"
            ),
            models.CheckConstraint(
                condition=models.Q(policy__in=list(ImportPolicy)), name="contacts_known_import_policy"
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=MERGED)
                | models.Q(
                    rows_read=models.F("rows_created")
                    + models.F("rows_updated")
                    + models.F("rows_unchanged")
                    + models.F("rows_skipped")
                    + models.F("rows_rejected")
                ),
                name="contacts_import_adds_up",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[ImportState.UNDOING, ImportState.UNDONE], undo_asked_at__isnull=False)
                | ~models.Q(state__in=[ImportState.UNDOING, ImportState.UNDONE]) & models.Q(undo_asked_at__isnull=True),
                name="contacts_undo_was_asked_for",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ImportState.UNDONE, undone_at__isnull=False)
                | ~models.Q(state=ImportState.UNDONE) & models.Q(undone_at__isnull=True),
                name="contacts_undone_has_time",
            ),
        ]
        indexes = [
            # import history of a workspace
            models.Index(fields=["workspace", "-id"], name="contacts_import_newest"),
            # the sweep: imports and undos that wait for a worker, or lost theirs
            models.Index(
                fields=["state"],
                name="contacts_import_unfinished",
                condition=models.Q(
                    state__in=[ImportState.UPLOADED, ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING]
                ),
            ),
        ]

    @property
    def basis_words(self) -> str:
        return BASIS_LABELS[LegalBasis(self.legal_basis)]

    @property
    def subscriber_words(self) -> str:
        return SUBSCRIBER_LABELS[Subscribers(self.subscribers)]

    @property
    def chosen_sheet(self) -> Sheet | None:
        """The sheet of the workbook that is imported; None for a text."""
        return Sheet(**self.sheets[self.sheet]) if self.sheets else None

    @property
    def undo_until(self) -> datetime | None:
        """Until when the import can be undone; None where it never could."""
        return self.merged_at + UNDO_FOR if self.merged_at else None

    @property
    def told_rejections(self) -> models.QuerySet[RejectedRow]:
        """Its rejected rows, without those that the merge has still to judge: these have no cause yet."""
        return self.rejected.exclude(cause="")

    @property
    def table_bytes(self) -> int:
        """Size of the stored text that is imported: what bytes_read is a part of."""
        return sheet.size_bytes if (sheet := self.chosen_sheet) else self.size_bytes


class ImportChunk(models.Model):
    """A piece of an uploaded file, kept in the database so that any worker of a cluster can read it."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "contacts_import_chunk"
        constraints = [
            models.UniqueConstraint(fields=["contact_import", "number"], name="contacts_one_chunk_per_number"),
        ]


class RejectedRow(models.Model):
    """A row that did not become a contact, with its cause: nobody is skipped in silence."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="rejected", db_index=False)
    line = models.PositiveIntegerField()  # of the file, from 1, the header included
    cause = models.CharField(max_length=300)  # "" = may repeat an address; the merge judges it
    original = models.TextField()  # as it stood in the file, cut when it is long

    class Meta:
        db_table = "contacts_rejected_row"
        indexes = [
            # result page and its download, in file order
            models.Index(fields=["contact_import", "line"], name="contacts_rejected_in_order"),
        ]
