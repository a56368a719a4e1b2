"""Why a legitimate interest carries a list: weighed, written down, and never changed afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from campaigns.contacts.models.people import ContactList

INTEREST_LIMIT = 2_000


class ListInterest(models.Model):
    """One version of the weighing of a legitimate interest for a list (GDPR, article 6 (1) (f)); the newest holds.

    The database refuses every change of a row: whoever thinks anew adds the next version.
    """

    contact_list = models.ForeignKey(ContactList, on_delete=models.CASCADE, related_name="interests", db_index=False)
    version = models.PositiveSmallIntegerField()  # from 1
    purpose = models.CharField(max_length=INTEREST_LIMIT)  # which interest, and whose
    necessity = models.CharField(max_length=INTEREST_LIMIT)  # why it takes these data, and no milder way does
    balancing = models.CharField(max_length=INTEREST_LIMIT)  # what weighs on the side of the people, and why less
    decided_by = models.CharField(max_length=254)  # e-mail address of the user
    decided_at = models.DateTimeField()
    review_on = models.DateField()  # it holds up to this day

    class Meta:
        db_table = "contacts_list_interest"
        constraints = [
            # also finds the newest of a list
            models.UniqueConstraint(fields=["contact_list", "version"], name="contacts_one_interest_per_version"),
            models.CheckConstraint(
                condition=~Q(purpose="") & ~Q(necessity="") & ~Q(balancing=""), name="contacts_interest_is_weighed"
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="contacts_interest_is_numbered"),
        ]

    def __str__(self) -> str:
        return f"version {self.version} for {self.contact_list_id}"
