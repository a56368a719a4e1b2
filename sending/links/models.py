"""Destinations: where an address of ours leads. Tracking domains: hosts of workspaces that it may have."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import MD5

from campaigns.contacts.models import Contact
from outreach.accounts.models import User, Workspace
from sending.links.core import LONGEST_URL
from sending.links.hosts.core import LONGEST_HOST
from sending.links.states import DomainState, Finding

ONE_HOST, ONE_DOMAIN = "links_one_domain_per_host", "links_one_domain_in_use"

_IS_OF_THE_WEB = models.Q(url__regex=r"^https?://[^/@[:space:]]+(/[^[:space:]]*|[?#][^[:space:]]*)?$")


class Destination(models.Model):
    """Where a link leads that a wording of the workspace has for everybody.

    Written once, before a message names it, and never changed.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    url = models.CharField(max_length=LONGEST_URL)

    class Meta:
        db_table = "links_destination"
        constraints = [
            # by its hash: an address may be longer than an entry of an index
            models.UniqueConstraint("workspace", MD5("url"), name="links_destination_once"),
            models.CheckConstraint(condition=_IS_OF_THE_WEB, name="links_web_without_account"),
        ]


class PersonalDestination(models.Model):
    """Where a link leads that is another one for each person, and so tells of them: it goes with its contact.

    Numbered by the sequence of Destination: one number, one place.
    """

    id = models.BigIntegerField(primary_key=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, db_index=False)
    url = models.CharField(max_length=LONGEST_URL)

    class Meta:
        db_table = "links_personal_destination"
        constraints = [
            # also the way to those of a contact
            models.UniqueConstraint("contact", MD5("url"), name="links_personal_once"),
            models.CheckConstraint(condition=_IS_OF_THE_WEB, name="links_personal_of_the_web"),
        ]


class TrackingDomain(models.Model):
    """A host of a workspace over which its messages lead back, once it is proven to lead here.

    What is out names it for years: a row that ever worked stays until its DNS has pointed elsewhere for long.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="tracking_domains", db_index=False)
    host = models.CharField(max_length=LONGEST_HOST)  # A-labels, lower case
    state = models.CharField(max_length=8, default=DomainState.UNPROVEN)
    finding = models.CharField(max_length=11, blank=True, default=Finding.NOTHING)
    found = models.CharField(max_length=300, blank=True)  # what the last look found, in words
    checked_at = models.DateTimeField(null=True)
    points_here = models.BooleanField(default=False)  # its DNS did at the last look that got an answer
    proven_at = models.DateTimeField(null=True)  # when it worked for the first time
    away_since = models.DateTimeField(null=True)  # retired, and since then its DNS does not point here
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "links_tracking_domain"
        constraints = [
            models.UniqueConstraint(fields=["host"], name=ONE_HOST),
            # also finds the one of a workspace, for a batch of its messages
            models.UniqueConstraint(fields=["workspace"], condition=~models.Q(state="retired"), name=ONE_DOMAIN),
            models.CheckConstraint(condition=models.Q(state__in=list(DomainState)), name="links_known_domain_state"),
            models.CheckConstraint(condition=models.Q(finding__in=list(Finding)), name="links_known_finding"),
            models.CheckConstraint(
                condition=models.Q(state=DomainState.UNPROVEN) | models.Q(proven_at__isnull=False),
                name="links_domain_was_proven",
            ),
            models.CheckConstraint(
                condition=models.Q(finding=Finding.NOTHING) | models.Q(checked_at__isnull=False),
                name="links_finding_was_looked_for",
            ),
            models.CheckConstraint(
                condition=models.Q(state=DomainState.RETIRED) | models.Q(away_since__isnull=True),
                name="links_only_retired_are_away",
            ),
            models.CheckConstraint(
                condition=models.Q(host__regex=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"), name="links_host_is_a_name"
            ),
        ]
        indexes = [
            # check: domains that were not looked at for the longest time
            models.Index(models.F("checked_at").asc(nulls_first=True), name="links_domain_checked"),
        ]

    def __str__(self) -> str:
        return self.host
