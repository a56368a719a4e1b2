"""The weighings of a legitimate interest: of a list, of a workspace, of a person."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from campaigns.contacts.models import ContactList, ListInterest
from outreach.kit import clock


def interests_of(row: ContactList) -> QuerySet[ListInterest]:
    """Return every version for a list, the newest first."""
    return ListInterest.objects.filter(contact_list=row).order_by("-version")


def newest_interest(row: ContactList) -> ListInterest | None:
    """Return the version that holds for a list, None where nobody has weighed anything."""
    return interests_of(row).first()


def lists_weighed(workspace_id: int) -> list[int]:
    """Return the lists whose newest version holds today."""
    rows = ListInterest.objects.filter(contact_list__workspace=workspace_id)
    newest = rows.order_by("contact_list", "-version").distinct("contact_list").values_list("contact_list", "review_on")
    today = clock.now().date()
    return [pk for pk, review_on in newest if review_on >= today]


def interests_in(contact_id: int) -> Sequence[ListInterest]:
    """Return the newest version for each list that a contact is on."""
    rows = ListInterest.objects.filter(contact_list__members__contact=contact_id)
    return list(rows.order_by("contact_list", "-version").distinct("contact_list"))
