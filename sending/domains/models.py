"""Signing keys (DKIM) of the domains that messages come from."""

from __future__ import annotations

from django.db import models

from outreach.accounts.models import User, Workspace
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
