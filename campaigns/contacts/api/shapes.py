"""What the room's operations take and give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from campaigns.contacts.core.fields import COUNTRY, EMAIL, SUBSCRIBER, TEXT_LIMITS, TIME_ZONE
from campaigns.contacts.models import Contact, Suppression
from campaigns.contacts.services.upserts import TOGETHER, UpsertStatus
from campaigns.contacts.states import ImportPolicy
from outreach.rest.values import ID, NO_NUL, Text, Wanted, Word, examples

Verdict = Literal["", "unchecked", "valid", "risky", "role", "unknown", "disposable", "no_mail"]
Fields = Annotated[
    dict[Annotated[str, Field(max_length=60)], Text],
    Field(max_length=200, description="Custom fields: name to text. Names are small letters, digits and _."),
]
Policy = Annotated[ImportPolicy, Field(description="What happens to who is known already.")]
Ids = Annotated[list[ID], Field(max_length=TOGETHER)]
_ADA: dict[str, Any] = {
    "email": "ada@example.com",
    "first_name": "Ada",
    "company": "Example Ltd",
    "country": "GB",
    "fields": {"plan": "gold"},
}


class ContactValues(Wanted):
    """The values of a contact."""

    first_name: Word = ""
    last_name: Word = ""
    company: Word = ""
    title: Word = Field("", description="Of the job.")
    phone: Word = ""
    website: Word = ""
    city: Word = ""
    region: Word = Field("", description="State or province; with the country it can tell the time zone.")
    country: Word = Field("", description="A name or a code such as DE; stored as the code.")
    time_zone: Word = Field("", description="IANA name such as Europe/Berlin; empty = the campaign's.")
    subscriber_kind: Word = Field(
        "",
        description="`companies` or `individuals`, to a law that protects individuals (PECR in the United Kingdom); "
        "empty = as their import says it.",
    )
    fields: Fields = Field(default_factory=dict)


class NewContact(ContactValues):
    """A contact to be stored."""

    model_config = examples(**_ADA)
    email: Word = Field(description="One address; a name beside it is left out.")

    def texts(self) -> dict[str, str]:
        """Return the values by field, as services take them."""
        return {name: getattr(self, name) for name in (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)}


class ContactChanges(ContactValues):
    """What changes; what is left out stays. An empty value empties, null takes a custom field away."""

    model_config = examples(company="Example plc", fields={"plan": None, "seats": "12"})
    email: Word | None = None
    fields: dict[Annotated[str, Field(max_length=60)], Text | None] = Field(default_factory=dict, max_length=200)  # type: ignore[assignment]

    def applied_to(self, contact: Contact) -> tuple[dict[str, str], dict[str, str]]:
        """Return all values and custom fields that the contact then has; an empty field is taken away."""
        given = self.model_dump(exclude_unset=True, exclude={"fields"})
        values = {name: getattr(contact, name) for name in (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)}
        values |= {name: text for name, text in given.items() if text is not None}
        fields = {**contact.fields, **self.fields}
        return values, {name: text or "" for name, text in fields.items() if text is not None or name in contact.fields}


class Contacts(Wanted):
    """Up to 1,000 contacts that are added or brought up to date, all in one transaction."""

    model_config = examples(policy="overwrite", list_name="Customers", tags=["crm"], contacts=[_ADA])
    contacts: list[NewContact] = Field(min_length=1, max_length=TOGETHER)
    policy: Policy = ImportPolicy.OVERWRITE
    list_name: Word = Field("", description="The list that all of them come onto; made when there is none.")
    tags: Annotated[list[Word], Field(max_length=20)] = Field(default_factory=list)


class RowAnswer(Schema):
    """What became of one contact, in the order in which they were sent."""

    index: int
    status: UpsertStatus
    id: int | None = None
    field: str = Field("", description="Of a rejected one: what to mend.")
    detail: str = ""


class BulkAnswer(Schema):
    """What became of all of them."""

    created: int
    updated: int
    unchanged: int
    skipped: int
    rejected: int
    results: list[RowAnswer]


class Named(Schema):
    """A list, by its id and name."""

    id: int
    name: str


class SuppressionOut(Schema):
    """Somebody, or a whole domain, that is never written to."""

    id: int
    scope: str = Field(
        description="`address`, `domain`, `wildcard`, `erased`: the print of an erased person's address, or `sender`: "
        "the print of an address, a colon, and the address of the mailbox that it wants no more from."
    )
    value: str
    reason: str
    evidence: str = Field(description="What the server or the person said, or the note of whoever added it.")
    created_at: datetime

    @classmethod
    def of(cls, row: Suppression) -> SuppressionOut:
        return cls(
            id=row.pk,
            scope=row.scope,
            value=row.value,
            reason=row.reason,
            evidence=row.evidence,
            created_at=row.created_at,
        )


class Stop(Schema):
    """That somebody is never written to, told to a key that may not read suppressions."""

    scope: str
    reason: str

    @classmethod
    def of(cls, row: Suppression) -> Stop:
        return cls(scope=row.scope, reason=row.reason)


class ContactOut(Schema):
    """A contact."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": 4711, **_ADA}]})
    id: int
    email: str
    first_name: str
    last_name: str
    company: str
    title: str
    phone: str
    website: str
    city: str
    region: str
    country: str
    time_zone: str
    subscriber_kind: str
    fields: dict[str, str]
    verdict: str = Field(description="What the last check thought of the address; `unchecked` before one.")
    tags: list[str]
    lists: list[Named]
    suppression: SuppressionOut | Stop | None = Field(
        description="What forbids writing to them, if anything does: all of it with the scope `suppressions:read`."
    )
    import_id: int | None = Field(description="The import that they came with.")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(
        cls,
        row: Contact,
        tags: Iterable[str],
        lists: Iterable[tuple[int, str]],
        suppression: SuppressionOut | Stop | None,
    ) -> ContactOut:
        names = (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)
        texts: Mapping[str, str] = {name: getattr(row, name) for name in names}
        return cls(
            id=row.pk,
            **texts,
            fields=row.fields,
            verdict=row.verdict or "unchecked",
            tags=list(tags),
            lists=[Named(id=pk, name=name) for pk, name in lists],
            suppression=suppression,
            import_id=row.origin_id,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class ListName(Wanted):
    """The name of a list."""

    model_config = examples(name="Spring fair")
    name: Annotated[str, Field(min_length=1, max_length=120, pattern=NO_NUL)]


class ListOut(Schema):
    """A list. Beyond 10,000 its size is told as 10,001: nobody counts a million rows for an answer."""

    id: int
    name: str
    size: int
    created_at: datetime


class InterestIn(Wanted):
    """The weighing of a legitimate interest for a list (GDPR, article 6 (1) (f))."""

    model_config = examples(
        purpose="We sell racks to those who run warehouses, and want to offer them to these.",
        necessity="Name, firm and address of work; there is no other way to reach them.",
        balancing="They run warehouses and expect offers; one answer ends it.",
        review_on="2027-06-30",
    )
    purpose: str = Field(description="Which interest, and whose.")
    necessity: str = Field(description="Why it takes these data, and no milder way does.")
    balancing: str = Field(description="What weighs on the side of the people, and why it weighs less.")
    review_on: date = Field(description="After this day it counts no more; within two years.")


class InterestOut(Schema):
    """One version of the weighing."""

    version: int
    purpose: str
    necessity: str
    balancing: str
    decided_by: str
    decided_at: datetime
    review_on: date


class MemberChanges(Wanted):
    """Contacts that come onto a list or leave it, by their ids."""

    model_config = examples(add=[4711, 4712], remove=[4713])
    add: Ids = Field(default_factory=list)
    remove: Ids = Field(default_factory=list)


class MemberAnswer(Schema):
    """How many are new on the list, how many have left it, and which ids nobody has."""

    added: int
    removed: int
    unknown: list[int]


class TagChanges(Wanted):
    """Contacts that are given tags, or lose them."""

    model_config = examples(contacts=[4711], add=["vip"], remove=["cold"])
    contacts: Ids
    add: Annotated[list[Word], Field(max_length=20)] = Field(default_factory=list)
    remove: Annotated[list[Word], Field(max_length=20)] = Field(default_factory=list)


class TagAnswer(Schema):
    """How many contacts were given the tags, and from how many places tags were taken."""

    tagged: int
    untagged: int


class NewSuppression(Wanted):
    """An address, a domain with all below it, or a wildcard, that is never written to again."""

    model_config = examples(value="ada@example.com", note="Asked us on the phone not to write.")
    value: Word = Field(
        description="`ada@example.com`; `example.com` for everybody there; or a wildcard such as `*@*.example`."
    )
    note: Annotated[str, Field(max_length=2_000, pattern=NO_NUL)] = ""
