"""Contacts, their lists and tags."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Collate, Concat, Lower, Now, NullIf, Reverse, Trim

from campaigns.contacts.core.fields import TEXT_LIMITS
from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.contacts.core.verdicts import AddressVerdict
from campaigns.contacts.states import Subscribers
from outreach.accounts.models import Workspace

# What sorts behind every text: who has no name stands behind those who have one.
_LAST = "\U0010ffff"


def sort_key(*fields: str) -> Collate:
    """Return texts of a contact as they are sorted and found by their beginnings: small letters, byte by byte."""
    text: Any = F(fields[0])
    for field in fields[1:]:
        text = Concat(text, Value(" "), F(field))
    plain = NullIf(Trim(Lower(text)), Value(""))
    return Collate(Coalesce(plain, Value(_LAST), output_field=models.TextField()), "C")


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
    region = models.CharField(max_length=TEXT_LIMITS["region"], blank=True, default="", db_default="")
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1 alpha-2
    time_zone = models.CharField(max_length=64, blank=True)  # IANA name; empty = the campaign's
    # Company or individual, to a law that protects individuals; "" = as their import says it.
    subscriber_kind = models.CharField(max_length=12, blank=True, default="", db_default="")
    fields = models.JSONField(default=dict)  # custom fields: name -> text
    # What the last check thought of the address; "" = never checked. What the gates ask is the domain itself.
    verdict = models.CharField(max_length=10, blank=True, default="", db_default="")
    # Where it came from, for the timeline and for undoing an import. No constraint: PostgreSQL would look up
    # the one same import once for every row of a file, a tenth of the time of the whole import.
    origin = models.ForeignKey(
        "ContactImport", null=True, on_delete=models.SET_NULL, related_name="created", db_constraint=False
    )
    # They wrote on their own and were answered: in no audience by a condition, until a person puts them on a list, or
    # states them in an import.
    is_correspondent = models.BooleanField(default=False, db_default=False)
    # What is left of somebody who was erased: nothing of theirs, so that reports keep counting them.
    erased_at = models.DateTimeField(null=True)
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
            models.CheckConstraint(
                condition=models.Q(subscriber_kind__in=list(Subscribers)), name="contacts_known_subscriber"
            ),
        ]
        indexes = [
            # contact list, newest first, keyset by id; ascending, so that new rows go to the end of the index
            models.Index(fields=["workspace", "id"], name="contacts_newest"),
            # contact list by company and by name; who has a company, or a name that begins so
            models.Index("workspace", sort_key("company"), "id", name="contacts_by_company"),
            models.Index("workspace", sort_key("last_name", "first_name"), "id", name="contacts_by_name"),
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

    # No constraints, for the same reason as Contact.origin: whoever adds many locks the list's row once instead, and
    # of the contacts those that others can see (services.people.held); whoever deletes contacts locks them first.
    contact_list = models.ForeignKey(
        ContactList, on_delete=models.CASCADE, related_name="members", db_index=False, db_constraint=False
    )
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="list_places", db_constraint=False)
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

    # No constraints, as on ListMember; tags are never deleted.
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="places", db_index=False, db_constraint=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="tag_places", db_constraint=False)
    added_at = models.DateTimeField(null=True, db_default=Now())  # null: before such instants were kept

    class Meta:
        db_table = "contacts_tag_place"
        constraints = [
            models.UniqueConstraint(fields=["tag", "contact"], name="contacts_tagged_once"),
        ]
