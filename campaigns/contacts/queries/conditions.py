"""Compile a condition to a query: the one place that knows what each of its parts is in the database.

Texts are compared as core.segments.judging does it: in small letters, byte by byte. What an index can find is written
as the index has it. A custom field that holds no number, or no day, passes no test of them instead of failing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    DecimalField,
    Exists,
    Expression,
    F,
    OuterRef,
    Q,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Collate, Lower, Reverse
from django.db.models.lookups import (
    Contains,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
    Lookup,
    Regex,
    StartsWith,
)
from django.utils.module_loading import import_string

from campaigns.contacts.core.fields import COUNTRY, CUSTOM_PREFIX, EMAIL
from campaigns.contacts.core.segments import (
    UNCHECKED,
    UNKNOWN,
    All,
    At,
    DayIs,
    DidIt,
    Either,
    Fact,
    Has,
    Node,
    Not,
    NumberIs,
    NumberTest,
    TextIs,
    TextTest,
)
from campaigns.contacts.core.segments.judging import DAY_PATTERN, NUMBER_PATTERN, span_of
from campaigns.contacts.core.segments.tree import Leaf
from campaigns.contacts.core.segments.vocabulary import ADDED, DOMAIN
from campaigns.contacts.models import ContactTag, ListMember, MailDomain, Tag
from campaigns.contacts.models.people import sort_key
from campaigns.contacts.queries.suppressions import IsSuppressed, suppressed_contacts
from outreach.slots import CONTACT_DEEDS

COMPANY = "company"
_NUMBER_TESTS: dict[NumberTest, type[Lookup[Any]]] = {
    NumberTest.EQUALS: Exact,
    NumberTest.OVER: GreaterThan,
    NumberTest.UNDER: LessThan,
    NumberTest.LEAST: GreaterThanOrEqual,
    NumberTest.MOST: LessThanOrEqual,
}


def condition(node: Node, workspace_id: int, at: At) -> Q:
    """Return the condition on contacts of the workspace; segments in it are put in place before."""
    return _Compiler(workspace_id, at).compiled(node, is_wanted=True)


def folded(field: str) -> Expression:
    """Return a text field of a contact as it is compared, sorted and indexed."""
    return Collate(Lower(F(field)), "C")


class _Compiler:
    def __init__(self, workspace_id: int, at: At) -> None:
        self._workspace_id = workspace_id
        self._at = at

    def compiled(self, node: Node, *, is_wanted: bool) -> Q:
        """Return the condition; is_wanted is False inside of a negation."""
        if isinstance(node, Not):
            return ~self.compiled(node.part, is_wanted=not is_wanted)
        if isinstance(node, All):
            # Joined one by one: Django looks through a list of conditions for each that it adds.
            return Q(*(self.compiled(part, is_wanted=is_wanted) for part in node.parts))
        if isinstance(node, Either):
            return Q(*(self.compiled(part, is_wanted=is_wanted) for part in node.parts), _connector=Q.OR)
        return self._leaf(node, is_wanted=is_wanted)

    def _leaf(self, leaf: Leaf, *, is_wanted: bool) -> Q:
        if isinstance(leaf, DidIt):
            since = self._at.now - timedelta(days=leaf.days) if leaf.days is not None else None
            return Q(import_string(CONTACT_DEEDS)(leaf.deed, since=since, campaign=leaf.campaign))
        if isinstance(leaf, Has):
            return self._has(leaf, is_wanted=is_wanted)
        if isinstance(leaf, DayIs):
            return self._day(leaf)
        return _number(leaf) if isinstance(leaf, NumberIs) else _text(leaf)

    def _has(self, leaf: Has, *, is_wanted: bool) -> Q:
        me = OuterRef("pk")
        match leaf.fact:
            case Fact.LIST:
                return Q(Exists(ListMember.objects.filter(contact=me, contact_list=int(leaf.value))))
            case Fact.TAG:
                # By the id the database knows how many have it.
                tags = Tag.objects.filter(workspace=self._workspace_id, name=leaf.value)
                return Q(
                    Exists(ContactTag.objects.filter(contact=me, tag=tags.values_list("pk", flat=True).first() or 0))
                )
            case Fact.IMPORT:
                return Q(origin__isnull=False, origin=int(leaf.value))
            case Fact.VERDICT:
                return Q(verdict="" if leaf.value == UNCHECKED else leaf.value)
            case Fact.PROVIDER:
                return _at_provider(leaf.value)
            case Fact.SUPPRESSED:
                # Few are, and they are found from the suppressions; that somebody is not is asked of each.
                pk = self._workspace_id
                return Q(pk__in=suppressed_contacts(pk)) if is_wanted else Q(IsSuppressed(pk))
            case Fact.SEGMENT:
                raise AssertionError("a segment was not put in place")

    def _day(self, leaf: DayIs) -> Q:
        first, end = span_of(leaf, self._at)
        if leaf.field == ADDED:
            found = Q()
            if first is not None:
                found &= Q(created_at__gte=self._at.begin_of(first))
            return found & Q(created_at__lt=self._at.begin_of(end)) if end is not None else found
        text = _custom(leaf.field)
        bounds = [GreaterThanOrEqual(text, first.isoformat())] if first is not None else []
        within = Q(*bounds, *([LessThan(text, end.isoformat())] if end is not None else []))
        return _where_it_fits(text, DAY_PATTERN, within)


def _text(leaf: TextIs) -> Q:
    if leaf.test is TextTest.IS and (indexed := _indexed(leaf)) is not None:
        return indexed
    if leaf.field in {EMAIL, DOMAIN}:
        text: Expression | F = F("email_key" if leaf.field == EMAIL else "domain")
    elif leaf.field.startswith(CUSTOM_PREFIX):
        text = Collate(Lower(_custom(leaf.field)), "C")
    else:
        text = folded(leaf.field)
    match leaf.test:
        case TextTest.IS:
            return Q(Exact(text, leaf.value))
        case TextTest.CONTAINS:
            return Q(Contains(text, leaf.value))
        case TextTest.BEGINS:
            return Q(StartsWith(text, leaf.value))
        case TextTest.EMPTY:
            return Q(Exact(text, ""))


def _indexed(leaf: TextIs) -> Q | None:
    """Return that a field is a text as an index of the table has it, None for a field without one."""
    if leaf.field == DOMAIN:
        return Q(Exact(Reverse("domain"), leaf.value[::-1]))
    if leaf.field == COUNTRY:
        return Q(country=leaf.value.upper()) & ~Q(country="")
    return Q(Exact(sort_key(COMPANY), leaf.value)) if leaf.field == COMPANY else None


def _number(leaf: NumberIs) -> Q:
    text = _custom(leaf.field)
    number = Cast(text, DecimalField(max_digits=80, decimal_places=40))
    return _where_it_fits(text, NUMBER_PATTERN, Q(_NUMBER_TESTS[leaf.test](number, leaf.value)))


def _where_it_fits(text: Expression, pattern: str, within: Q) -> Q:
    """Return the condition, false for what does not have the pattern; it is not even read as a number then."""
    has_form = Regex(text, f"^{pattern}$")
    return Q(
        Case(
            When(has_form, then=Case(When(within, then=Value(True)), default=Value(False))),
            default=Value(False),
            output_field=BooleanField(),
        )
    )


def _custom(field: str) -> Expression:
    key = KeyTextTransform(field.removeprefix(CUSTOM_PREFIX), "fields")
    return Collate(Coalesce(key, Value(""), output_field=TextField()), "C")


def _at_provider(value: str) -> Q:
    known = MailDomain.objects.filter(domain=OuterRef("domain"))
    if value == UNKNOWN:
        return ~Q(Exists(known.exclude(provider="")))
    return Q(Exists(known.filter(provider=value)))
