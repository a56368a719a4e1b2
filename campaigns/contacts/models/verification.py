"""What is known of mail domains, and the checks that ask for it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from campaigns.contacts.core.mail_domains import DomainReason, DomainVerdict
from campaigns.contacts.core.providers import Provider
from campaigns.contacts.models.people import ContactList
from campaigns.contacts.states import (
    CheckState,
)
from outreach.accounts.models import User, Workspace


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


class DomainRecord(models.Model):
    """What a workspace has met at a mail domain that it wrote to: see core.catch_all."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    domain = models.CharField(max_length=255, db_collation="C")  # lower-case A-labels
    written = models.PositiveIntegerField()  # addresses that got a message, each once
    refused = models.PositiveIntegerField()  # of them, those that did not exist
    takes_any = models.BooleanField()  # it seems to take mail for any address
    counted_at = models.DateTimeField()

    class Meta:
        db_table = "contacts_domain_record"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "domain"], name="contacts_one_record_of_a_domain"),
        ]
