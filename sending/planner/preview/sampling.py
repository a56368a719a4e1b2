"""Whom a preview shows: the next of the audience, anybody, or whoever is hardest on the wording."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum

from django.db.models import F, Func, IntegerField, Max, Min, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Concat, Length

from campaigns.contacts.models import Contact
from campaigns.sequences.audience import audience_contacts
from campaigns.sequences.models import Campaign
from campaigns.sequences.plans import plans
from campaigns.templating import STANDARD, TemplateProblem, compile_template
from outreach.kit.ids import row_id
from sending.planner.audience.gaps import MOST_LOOKED, next_who_lacks

# Signs that Latin letters, digits and the usual punctuation do not need: other scripts, and pictures.
_OTHER_SCRIPT = "[^\\u0001-\\u024f\\u02b0-\\u036f\\u1e00-\\u1eff\\u2000-\\u206f\\u20a0-\\u20cf\\u2100-\\u214f]"
_COLUMNS = frozenset(name for name in STANDARD if "." not in name and name != "full_name")
# The hardest people are looked for among so many of the newest, for a page waits for it.
NEWEST = 20_000
_NAMES = ("first_name", "last_name", "company")


class Whom(StrEnum):
    """The contact that is asked for, seen from the one that is shown."""

    NEXT = "next"
    PREVIOUS = "previous"
    RANDOM = "random"
    LONGEST = "longest"  # the most text in what the wordings use
    LACKING = "lacking"  # the next whose message would be held
    SCRIPT = "script"  # the next with signs beyond Latin


def whom_to_show(
    campaign: Campaign, whom: Whom, *, shown: int, draw: Callable[[int, int], int]
) -> tuple[int | None, str]:
    """Return the id of the contact of the audience that is asked for; None where nobody is like that, and words for it.

    LONGEST and SCRIPT look among the NEWEST contacts of the audience, LACKING as far as the list of gaps does.
    draw: gives a number between two, both included. What goes on to the next begins again behind the last.
    """
    if whom is Whom.LACKING:
        found, is_all = next_who_lacks(campaign, behind=shown)
        words = "Nobody lacks anything that a wording shows."
        return found, words if is_all else f"Nobody of {MOST_LOOKED:,} who were looked at lacks anything."
    words = "Nobody is in the audience."
    if whom is Whom.SCRIPT:
        words = f"Nobody of the newest {NEWEST:,} has a name or value in another script than Latin."
    return _whom(campaign, whom, shown, draw), words


def _whom(campaign: Campaign, whom: Whom, shown: int, draw: Callable[[int, int], int]) -> int | None:
    people = audience_contacts(campaign)
    match whom:
        case Whom.NEXT:
            return _from(people, shown)
        case Whom.PREVIOUS:
            return _first(people.filter(pk__lt=shown).order_by("-pk")) or _first(people.order_by("-pk"))
        case Whom.RANDOM:
            return _anybody(people, draw)
        case Whom.LONGEST:
            return _first(_newest(people).annotate(amount=_amount(_used(campaign))).order_by("-amount", "pk"))
        case _:
            told = Concat(*[_text(name) for name in _used(campaign)], Value(""), output_field=TextField())
            return _from(_newest(people).annotate(told=told).filter(told__regex=_OTHER_SCRIPT), shown)


def contact_shown(campaign: Campaign, wanted: str) -> Contact | None:
    """Return the contact with this id, of the audience or enrolled; the first of the audience where none is asked for.

    None where there is no such contact: nobody else is shown in their place.
    """
    people = audience_contacts(campaign)
    if not wanted:
        return people.order_by("pk").first()
    enrolled = Contact.objects.filter(enrollments__campaign=campaign)
    pk = row_id(wanted)
    return people.filter(pk=pk).first() or enrolled.filter(pk=pk).first()


def contact_by_address(campaign: Campaign, address: str) -> int | None:
    """Return the id of the contact of the audience whose address begins so."""
    begin = address.strip().lower().replace("\0", "")[:320]
    return _first(audience_contacts(campaign).filter(email_key__startswith=begin).order_by("pk")) if begin else None


def _used(campaign: Campaign) -> list[str]:
    """Return the variables of the contacts that the wordings use, beside the name and the company."""
    found: set[str] = set()
    for step in plans([campaign.pk])[campaign.pk].steps:
        for variant in step.variants:
            for source in (variant.subject, variant.body_text, variant.body_html):
                try:
                    found |= compile_template(source).variables
                except TemplateProblem:
                    continue
    return sorted({*_NAMES, *(name for name in found if name in _COLUMNS or name not in STANDARD)})


def _newest(people: QuerySet[Contact]) -> QuerySet[Contact]:
    return Contact.objects.filter(pk__in=people.order_by("-pk").values("pk")[:NEWEST])


def _from(people: QuerySet[Contact], shown: int) -> int | None:
    return _first(people.filter(pk__gt=shown).order_by("pk")) or _first(people.order_by("pk"))


def _anybody(people: QuerySet[Contact], draw: Callable[[int, int], int]) -> int | None:
    ends = people.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return None
    return _first(people.filter(pk__gte=draw(ends["first"], ends["last"])).order_by("pk"))


def _first(people: QuerySet[Contact]) -> int | None:
    return people.values_list("pk", flat=True).first()


def _amount(names: Collection[str]) -> Func:
    total: Func = Length(Value(""))
    for name in names:
        total = total + Length(_text(name))  # type: ignore[assignment]  # a sum is an expression, too
    return Func(total, function="", output_field=IntegerField())


def _text(name: str) -> Func | F:
    return (
        F(name) if name in _COLUMNS else Coalesce(KeyTextTransform(name, "fields"), Value(""), output_field=TextField())
    )
