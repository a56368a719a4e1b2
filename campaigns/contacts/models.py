"""Contacts, lists, imports and suppressions."""

from __future__ import annotations

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import Lower

from campaigns.contacts.states import ImportState, SuppressionReason, SuppressionScope
from outreach.accounts.models import User, Workspace


class Contact(models.Model):
    """One person of one workspace; `email_key` is the normalised address that makes them one."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    email = models.CharField(max_length=320)  # as given, trimmed: what a person recognises
    email_key = models.CharField(max_length=320)  # lower-cased local part, A-label domain: what dedupe compares
    domain = models.CharField(max_length=255)  # of email_key: for throttles and domain suppressions
    first_name = models.CharField(max_length=120, blank=True)
    last_name = models.CharField(max_length=120, blank=True)
    company = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    website = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    time_zone = models.CharField(max_length=64, blank=True)  # IANA name; empty = the campaign's
    fields = models.JSONField(default=dict)  # custom fields: name -> text
    origin = models.ForeignKey("ContactImport", null=True, on_delete=models.SET_NULL, related_name="created")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "contacts_contact"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email_key"], name="contacts_one_per_address"),
            models.CheckConstraint(condition=~models.Q(email_key=""), name="contacts_has_address"),
        ]
        indexes = [
            # contact list, newest first, keyset by (created_at, id)
            models.Index(fields=["workspace", "-created_at", "-id"], name="contacts_newest"),
            # search box: prefix of the address
            models.Index(
                "workspace", OpClass("email_key", name="varchar_pattern_ops"), name="contacts_email_prefix"
            ),
            # domain suppressions and company throttles
            models.Index(fields=["workspace", "domain"], name="contacts_domain"),
        ]


class ContactList(models.Model):
    """A named set of contacts."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_list"
        constraints = [
            models.UniqueConstraint("workspace", Lower("name"), name="contacts_one_list_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class ListMember(models.Model):
    """A contact's place on a list."""

    contact_list = models.ForeignKey(ContactList, on_delete=models.CASCADE, related_name="members")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="list_places")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_list_member"
        constraints = [
            models.UniqueConstraint(fields=["contact_list", "contact"], name="contacts_once_on_a_list"),
        ]


class ContactImport(models.Model):
    """One file of contacts on its way in; rows = created + updated + unchanged + rejected once it is done."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    contact_list = models.ForeignKey(ContactList, null=True, on_delete=models.SET_NULL)
    filename = models.CharField(max_length=255)
    size_bytes = models.PositiveBigIntegerField()
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    mapping = models.JSONField(default=dict)  # column header -> contact field or "fields.<name>" or ""
    state = models.CharField(max_length=12, default=ImportState.UPLOADED)
    problem = models.TextField(blank=True)  # what stopped it, for the person
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_updated = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_rejected = models.PositiveIntegerField(default=0)
    bytes_read = models.PositiveBigIntegerField(default=0)  # of size_bytes: the progress bar
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_import"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=list(ImportState)), name="contacts_known_import_state"),
            models.CheckConstraint(
                condition=~models.Q(state=ImportState.DONE)
                | models.Q(
                    rows_read=models.F("rows_created")
                    + models.F("rows_updated")
                    + models.F("rows_unchanged")
                    + models.F("rows_rejected")
                ),
                name="contacts_import_adds_up",
            ),
        ]
        indexes = [
            # import history of a workspace
            models.Index(fields=["workspace", "-id"], name="contacts_import_newest"),
        ]


class ImportChunk(models.Model):
    """A piece of an uploaded file, kept in the database so that any worker of a cluster can read it."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "contacts_import_chunk"
        constraints = [
            models.UniqueConstraint(fields=["contact_import", "number"], name="contacts_one_chunk_per_number"),
        ]


class RejectedRow(models.Model):
    """A row that did not become a contact, with its cause: nobody is skipped in silence."""

    contact_import = models.ForeignKey(ContactImport, on_delete=models.CASCADE, related_name="rejected")
    line = models.PositiveIntegerField()  # of the file, from 1, the header included
    cause = models.CharField(max_length=300)
    original = models.TextField()

    class Meta:
        db_table = "contacts_rejected_row"
        indexes = [
            # result page and its download, in file order
            models.Index(fields=["contact_import", "line"], name="contacts_rejected_in_order"),
        ]


class Suppression(models.Model):
    """An address or domain that this workspace never writes to."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    scope = models.CharField(max_length=8, default=SuppressionScope.ADDRESS)
    value = models.CharField(max_length=320)  # an email_key or a domain, both normalised
    reason = models.CharField(max_length=20)
    evidence = models.TextField(blank=True)  # what the server or the person said, as it came
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_suppression"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "scope", "value"], name="contacts_suppressed_once"),
            models.CheckConstraint(
                condition=models.Q(scope__in=list(SuppressionScope)), name="contacts_known_suppression_scope"
            ),
            models.CheckConstraint(
                condition=models.Q(reason__in=list(SuppressionReason)), name="contacts_known_suppression_reason"
            ),
        ]
        indexes = [
            # suppressions page, newest first
            models.Index(fields=["workspace", "-created_at", "-id"], name="contacts_suppressed_newest"),
        ]
