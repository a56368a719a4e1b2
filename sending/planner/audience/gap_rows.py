"""Stream the people of a campaign with the values that its wordings use; left out are those who can lack nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Length

from campaigns.contacts.models import Contact
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.templating import STANDARD, clean_text
from campaigns.templating.rendering import MAX_VALUE
from sending.planner.states import EnrollmentState

_BATCH = 2_000
# A sign that is neither blank nor taken out when a value is cleaned.
VISIBLE = "[^\\u0001-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028-\\u202f\\u205f\\u2066-\\u2069\\u3000]"
_COLUMNS = frozenset(name for name in STANDARD if "." not in name and name != "full_name")
_NAMES = ("first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Row:
    """One contact: the id, the address, the position of the step to come, and the cleaned values that are used."""

    id: int
    email: str
    position: int
    values: dict[str, str]

    def contact(self) -> Contact:
        """Return a contact that has these values and no others."""
        columns = {name: value for name, value in self.values.items() if name in _COLUMNS}
        custom = {name: value for name, value in self.values.items() if name not in STANDARD}
        return Contact(pk=self.id, **{"email": self.email, **columns}, fields=custom)


def rows_of(campaign: Campaign, names: Collection[str], *, is_draft: bool, narrow: bool, after: int) -> Iterator[Row]:
    """Yield the people of a campaign behind an id, by id: those of its audience, or, once launched, those still in it.

    narrow: only those who lack a value, or have one that may not stand in a message.
    """
    custom = sorted(name for name in names if name not in STANDARD)
    columns = [name for name in (*_NAMES, *sorted(_COLUMNS - {*_NAMES, "email"})) if name in names or name in _NAMES]
    if narrow and not names:
        return
    rows, position = _people(campaign, is_draft=is_draft)
    own = {
        f"own{place}": Coalesce(KeyTextTransform(name, "fields"), Value(""), output_field=TextField())
        for place, name in enumerate(custom)
    }
    if narrow:
        lengths = {f"{alias}_length": Length(text) for alias, text in own.items()}
        rows = rows.alias(**own, **lengths).filter(_doubtful(names, own))
    told = rows.filter(pk__gt=after).annotate(**own).order_by("pk").values_list("pk", "email", position, *columns, *own)
    for pk, email, place, *values in told.iterator(chunk_size=_BATCH):
        found = {name: clean_text(str(value)) for name, value in zip((*columns, *custom), values, strict=True)}
        yield Row(pk, email, place, _named(found, email, names))


def _named(found: dict[str, str], email: str, names: Collection[str]) -> dict[str, str]:
    whole = f"{found['first_name']} {found['last_name']}".strip()
    every = {**found, "email": clean_text(email), "full_name": whole}
    wanted = {*names, *_NAMES} if "full_name" in names else names
    return {name: every[name] for name in wanted if name in every}


def _people(campaign: Campaign, *, is_draft: bool) -> tuple[QuerySet[Contact], Any]:
    if is_draft:
        return audience_contacts(campaign), Value(1)
    rows = Contact.objects.filter(enrollments__campaign=campaign, enrollments__state=EnrollmentState.ACTIVE)
    return rows, F("enrollments__next_position")


def _doubtful(names: Collection[str], own: dict[str, Any]) -> Q:
    found = Q()
    for name in sorted(_COLUMNS & set(names)):
        found |= ~Q(**{f"{name}__regex": VISIBLE}) | Q(**{f"{name}__regex": "[{}]"})
    if "full_name" in names:
        found |= Q(first_name__regex="[{}]") | Q(last_name__regex="[{}]")
        found |= ~Q(first_name__regex=VISIBLE) & ~Q(last_name__regex=VISIBLE)
    for alias in own:
        found |= ~Q(**{f"{alias}__regex": VISIBLE}) | Q(**{f"{alias}__regex": "[{}]"})
        found |= Q(**{f"{alias}_length__gt": MAX_VALUE})
    return found
