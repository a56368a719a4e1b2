"""Contacts, lists, imports and suppressions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Reverse

from campaigns.contacts.core.fields import TEXT_LIMITS
from campaigns.contacts.core.mail_domains import DomainReason, DomainVerdict
from campaigns.contacts.core.providers import Provider
from campaigns.contacts.core.sheets import Sheet
from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.states import (
    BASIS_LABELS,
    REASON_LABELS,
    CheckState,
    ImportPolicy,
    ImportState,
    LegalBasis,
    SuppressionReason,
    SuppressionScope,
)
from outreach.accounts.models import User, Workspace

SOURCE_LIMIT = 300


class Contact(models.Model):
    """One person of one workspace; `email_key` is the normalised address that makes them one."""

    # Every index below begins with the workspace: one more on it alone would only cost.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    email = models.CharField(max_length=320)  # as given, trimmed: what a person recognises
    # Lower-cased local part, A-label domain: what dedupe compares. Byte order ("C") makes its unique index
    # cheap to keep and lets it find prefixes, whatever the locale of the database.
    email_key = models.CharField(max_length=320, db_collation="C")
    domain = models.CharField(max_length=255, db_collation="C")  # of email_key
    first_name = models.CharField(max_length=TEXT_LIMITS["first_name"], blank=True)
    last_name = models.CharField(max_length=TEXT_LIMITS["last_name"], blank=True)
    company = models.CharField(max_length=TEXT_LIMITS["company"], blank=True)
    title = models.CharField(max_length=TEXT_LIMITS["title"], blank=True)
    phone = models.CharField(max_length=TEXT_LIMITS["phone"], blank=True)
    website = models.CharField(max_length=TEXT_LIMITS["website"], blank=True)
    city = models.CharField(max_length=TEXT_LIMITS["city"], blank=True)
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    time_zone = models.CharField(max_length=64, blank=True)  # IANA name; empty = the campaign's
    fields = models.JSONField(default=dict)  # custom fields: name -> text
    # What the last check thought of the address; "" = never checked. What the gates ask is the domain itself.
    verdict = models.CharField(max_length=10, blank=True, default="", db_default="")
    # Where it came from, for the timeline and for undoing an import. No constraint: PostgreSQL would look up
    # the one same import once for every row of a file, a tenth of the time of the whole import.
    origin = models.ForeignKey(
        "ContactImport", null=True, on_delete=models.SET_NULL, related_name="created", db_constraint=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "contacts_contact"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email_key"], name="contacts_one_per_address"),
            models.CheckConstraint(condition=~models.Q(email_key=""), name="contacts_has_address"),
            models.CheckConstraint(
                condition=models.Q(verdict__in=["", *AddressVerdict]), name="contacts_known_verdict"
            ),
        ]
        indexes = [
            # contact list, newest first, keyset by id; ascending, so that new rows go to the end of the index
            models.Index(fields=["workspace", "id"], name="contacts_newest"),
            # who is at a suppressed domain or below it: reversed, "moc.elpmaxe" is a prefix of "moc.elpmaxe.liam"
            models.Index("workspace", Reverse("domain"), name="contacts_domain"),
            # contact list filtered by country, newest first, and the countries that there are
            models.Index(
                fields=["workspace", "country", "id"], name="contacts_country", condition=~models.Q(country="")
            ),
            # contact list filtered by verdict, newest first; also by none, when few are left without one
            models.Index(fields=["workspace", "verdict", "id"], name="contacts_verdict"),
        ]


class ContactList(models.Model):
    """A named set of contacts."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
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

    # No constraint, for the same reason as Contact.origin: whoever adds many locks the list's row once
    # instead.
    contact_list = models.ForeignKey(
        ContactList, on_delete=models.CASCADE, related_name="members", db_index=False, db_constraint=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="list_places")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts_list_member"
        constraints = [
            models.UniqueConstraint(fields=["contact_list", "contact"], name="contacts_once_on_a_list"),
        ]


class Tag(models.Model):
    """A word by which a workspace marks contacts. One that nobody has is not shown anywhere."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=NAME_LIMIT)  # in small letters, as core.tags.parse_tags gives it

    class Meta:
        db_table = "contacts_tag"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="contacts_one_tag_per_name"),
        ]


class ContactTag(models.Model):
    """That a contact has a tag."""

    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="places", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tag_places")

    class Meta:
        db_table = "contacts_tag_place"
        constraints = [
            models.UniqueConstraint(fields=["tag", "contact"], name="contacts_tagged_once"),
        ]


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
    skip_lines = models.PositiveSmallIntegerField(default=0)  # before the first row: Excel's "sep=;"
    has_header = models.BooleanField(default=True)
    columns = models.JSONField(default=list)  # names in the order of the file, unique
    mapping = models.JSONField(default=dict)  # column header -> contact field or "fields.<name>" or ""
    policy = models.CharField(max_length=12, default=ImportPolicy.OVERWRITE)
    tags = models.JSONField(default=list)  # names, given to everybody in the file
    # The answer to "how did you get my address?": stated by whoever imports, kept with the import.
    source = models.CharField(max_length=SOURCE_LIMIT, blank=True)
    legal_basis = models.CharField(max_length=12, default=LegalBasis.UNSTATED)
    state = models.CharField(max_length=12, default=ImportState.UPLOADED)
    problem = models.TextField(blank=True)  # what stopped it, for the person
    rows_read = models.PositiveIntegerField(default=0)
    rows_created = models.PositiveIntegerField(default=0)
    rows_updated = models.PositiveIntegerField(default=0)
    rows_unchanged = models.PositiveIntegerField(default=0)
    rows_skipped = models.PositiveIntegerField(default=0)  # known, and the policy leaves them as they are
    rows_rejected = models.PositiveIntegerField(default=0)
    rows_suppressed = models.PositiveIntegerField(default=0)  # of those taken: known, and never written to
    notes = models.JSONField(default=list)  # sentences about values that were left empty
    attempts = models.PositiveSmallIntegerField(default=0)  # how often a worker has begun
    bytes_read = models.PositiveBigIntegerField(default=0)  # of table_bytes: the progress bar
    created_at = models.DateTimeField(auto_now_add=True)
    queued_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_import"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=list(ImportState)), name="contacts_known_import_state"),
            models.CheckConstraint(
                condition=models.Q(legal_basis__in=list(LegalBasis)), name="contacts_known_legal_basis"
            ),
            models.CheckConstraint(
                condition=models.Q(policy__in=list(ImportPolicy)), name="contacts_known_import_policy"
            ),
            models.CheckConstraint(
                condition=~models.Q(state=ImportState.DONE)
                | models.Q(
                    rows_read=models.F("rows_created")
                    + models.F("rows_updated")
                    + models.F("rows_unchanged")
                    + models.F("rows_skipped")
                    + models.F("rows_rejected")
                ),
                name="contacts_import_adds_up",
            ),
        ]
        indexes = [
            # import history of a workspace
            models.Index(fields=["workspace", "-id"], name="contacts_import_newest"),
            # the sweep: imports that wait for a worker, or lost theirs
            models.Index(
                fields=["state"],
                name="contacts_import_unfinished",
                condition=models.Q(state__in=[ImportState.UPLOADED, ImportState.QUEUED, ImportState.RUNNING]),
            ),
        ]

    @property
    def basis_words(self) -> str:
        return BASIS_LABELS[LegalBasis(self.legal_basis)]

    @property
    def chosen_sheet(self) -> Sheet | None:
        """The sheet of the workbook that is imported; None for a text."""
        return Sheet(**self.sheets[self.sheet]) if self.sheets else None

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
    cause = models.CharField(max_length=300)
    original = models.TextField()  # as it stood in the file, cut when it is long

    class Meta:
        db_table = "contacts_rejected_row"
        indexes = [
            # result page and its download, in file order
            models.Index(fields=["contact_import", "line"], name="contacts_rejected_in_order"),
        ]


class MailDomain(models.Model):
    """What the DNS says of a domain's mail. Public facts, and the same ones for every workspace: it belongs to none."""

    domain = models.CharField(max_length=255, primary_key=True, db_collation="C")  # lower-case A-labels
    verdict = models.CharField(max_length=7)
    reason = models.CharField(max_length=10)
    hosts = ArrayField(models.CharField(max_length=255), default=list)  # exchangers, the preferred first
    provider = models.CharField(max_length=14, blank=True)
    checked_at = models.DateTimeField()  # of the last answer
    since = models.DateTimeField()  # when the reason was first found, without a break
    look_at = models.DateTimeField()  # when the next look is worth it
    tries = models.PositiveSmallIntegerField(default=0)  # looks in a row that nobody answered

    class Meta:
        db_table = "contacts_mail_domain"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=list(DomainVerdict)), name="contacts_known_domain_verdict"
            ),
            models.CheckConstraint(
                condition=models.Q(reason__in=list(DomainReason)), name="contacts_known_domain_reason"
            ),
            models.CheckConstraint(condition=models.Q(provider__in=["", *Provider]), name="contacts_known_provider"),
        ]
        indexes = [
            # look_again: domains that are looked at once more by themselves
            models.Index(
                fields=["look_at"], name="contacts_domain_due", condition=~models.Q(verdict=DomainVerdict.MAIL)
            ),
        ]


class AddressCheck(models.Model):
    """A check of the addresses of a list, domain by domain; a worker owns it until its lease ends."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    contact_list = models.ForeignKey(ContactList, on_delete=models.CASCADE, related_name="checks")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    state = models.CharField(max_length=9, default=CheckState.RUNNING)
    domains_total = models.PositiveIntegerField(null=True)  # null until they are dealt out
    domains_done = models.PositiveIntegerField(default=0)
    owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_check"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=list(CheckState)), name="contacts_known_check_state"),
            models.CheckConstraint(
                condition=models.Q(state=CheckState.RUNNING, finished_at__isnull=True)
                | ~models.Q(state=CheckState.RUNNING) & models.Q(finished_at__isnull=False),
                name="contacts_check_ends_once",
            ),
            models.UniqueConstraint(
                fields=["contact_list"],
                condition=models.Q(state=CheckState.RUNNING),
                name="contacts_one_check_of_a_list",
            ),
        ]


class CheckedDomain(models.Model):
    """A domain that a check has still to do; it goes with what the look has found, in one transaction."""

    address_check = models.ForeignKey(AddressCheck, on_delete=models.CASCADE, related_name="left", db_index=False)
    domain = models.CharField(max_length=255, db_collation="C")

    class Meta:
        db_table = "contacts_check_domain"
        constraints = [
            models.UniqueConstraint(fields=["address_check", "domain"], name="contacts_domain_once_in_a_check"),
        ]


class Suppression(models.Model):
    """An address or domain that this workspace never writes to."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    scope = models.CharField(max_length=8, default=SuppressionScope.ADDRESS)
    value = models.CharField(max_length=320, db_collation="C")  # an email_key or a domain, both normalised
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
                condition=models.Q(reason__in=list(SuppressionReason)),
                name="contacts_known_suppression_reason",
            ),
        ]
        indexes = [
            # suppressions page, newest first
            models.Index(fields=["workspace", "-created_at", "-id"], name="contacts_suppressed_newest"),
        ]

    @property
    def reason_words(self) -> str:
        return REASON_LABELS[SuppressionReason(self.reason)]
