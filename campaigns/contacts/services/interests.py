"""Write down why a legitimate interest carries a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import INTEREST_LIMIT, ContactList, ListInterest
from campaigns.contacts.queries.interests import newest_interest
from outreach.accounts.access import Member
from outreach.kit import clock

_TEXTS = ("purpose", "necessity", "balancing")
LONGEST = timedelta(days=731)  # nobody knows today what will weigh more in three years


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a person has weighed: the interest, why it takes these data, why it outweighs; until when that holds."""

    purpose: str
    necessity: str
    balancing: str
    review_on: date


def weigh_interest(member: Member, row: ContactList, weighing: Weighing, *, seen: int | None = None) -> ListInterest:
    """Add a version of the weighing for a list; one that says the same again is none.

    seen: the version that the page showed, 0 for none. Raises BadContact with the field to mend, also where somebody
    has added another one meanwhile.
    """
    texts = {name: " ".join(getattr(weighing, name).replace("\0", " ").split()) for name in _TEXTS}
    for name, text in texts.items():
        if not text:
            raise BadContact(name, "Say it in a sentence or two: who asks later needs an answer.")
        if len(text) > INTEREST_LIMIT:
            raise BadContact(name, f"That is {len(text):,} characters; {INTEREST_LIMIT:,} is the most.")
    now = clock.now()
    if not now.date() < weighing.review_on <= now.date() + LONGEST:
        raise BadContact("review_on", "Choose a day after today, and within two years.")
    with transaction.atomic():
        ContactList.objects.select_for_update(no_key=True).get(pk=row.pk)
        last = newest_interest(row)
        number = last.version if last else 0
        if seen is not None and seen != number:
            raise BadContact("purpose", "Somebody has written another version meanwhile: read it first.")
        if last and weighing.review_on == last.review_on and all(getattr(last, one) == texts[one] for one in _TEXTS):
            return last
        return ListInterest.objects.create(
            contact_list=row,
            version=number + 1,
            review_on=weighing.review_on,
            decided_by=member.user.email,
            decided_at=now,
            **texts,
        )
