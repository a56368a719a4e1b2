"""The values of contacts, as people and programs write them: judged, and brought into the form that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.calendar import ZoneProblem, parse_zone
from campaigns.contacts.core.countries import parse_country
from campaigns.contacts.core.fields import (
    COUNTRY,
    CUSTOM_LIMIT,
    CUSTOM_PREFIX,
    EMAIL,
    SUBSCRIBER,
    TEXT_LIMITS,
    TIME_ZONE,
    FieldKind,
    is_custom_name,
)
from campaigns.contacts.core.subscribing import parse_subscriber
from campaigns.contacts.core.typed import Misfit, Style, canonical
from campaigns.contacts.errors import BadContact
from campaigns.contacts.models import Contact
from campaigns.contacts.services.fields import define_fields
from outreach.kit.addresses import BadAddress, parse_address


def cleaned_contact(
    values: Mapping[str, str], fields: Mapping[str, str], *, kinds: Mapping[str, FieldKind], before: Mapping[str, str]
) -> dict[str, object]:
    """Return the columns of a contact with these values; before are the custom fields it has. Raises BadContact."""
    try:
        address = parse_address(values.get("email", ""))
    except BadAddress as error:
        raise BadContact("email", error.cause) from error
    cleaned: dict[str, object] = {"email": address.email, "email_key": address.key, "domain": address.domain}
    for field, limit in TEXT_LIMITS.items():
        cleaned[field] = _one_line(field, values.get(field, ""), limit)
    cleaned["country"] = _country(values.get("country", ""))
    cleaned["time_zone"] = _zone(values.get("time_zone", ""))
    cleaned[SUBSCRIBER] = _subscriber(values.get(SUBSCRIBER, ""))
    cleaned["fields"] = _custom(fields, kinds, before)
    return cleaned


def changes_of(before: Contact, cleaned: Mapping[str, object]) -> dict[str, list[str]]:
    """Return what an edit changes: field, or "fields.<name>" -> [before, after]."""
    plain = (EMAIL, *TEXT_LIMITS, COUNTRY, TIME_ZONE, SUBSCRIBER)
    found = {name: [getattr(before, name), str(cleaned[name])] for name in plain}
    new: Any = cleaned["fields"]
    for name in {**before.fields, **new}:
        found[f"{CUSTOM_PREFIX}{name}"] = [before.fields.get(name, ""), new.get(name, "")]
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def define_texts(workspace_id: int, fields: Mapping[str, str]) -> None:
    """Make the fields that have a value here and that the workspace does not know; they hold text."""
    define_fields(workspace_id, {name: (FieldKind.TEXT, name) for name, text in fields.items() if text.strip()})


def _one_line(field: str, text: str, limit: int) -> str:
    line = " ".join(text.replace("\0", " ").split())
    if len(line) > limit:
        raise BadContact(field, f"This has {len(line):,} characters; {limit} fit.")
    return line


def _country(text: str) -> str:
    if not text.strip():
        return ""
    code = parse_country(text)
    if code is None:
        raise BadContact("country", f"“{text.strip()[:60]}” is not a country that is known; write a code such as DE.")
    return code


def _zone(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return parse_zone(text).key
    except ZoneProblem as error:
        raise BadContact("time_zone", str(error)) from error


def _subscriber(text: str) -> str:
    if not text.strip():
        return ""
    kind = parse_subscriber(text)
    if kind is None:
        raise BadContact(SUBSCRIBER, f"“{text.strip()[:60]}” is neither: write companies or individuals.")
    return kind.value


def _custom(fields: Mapping[str, str], kinds: Mapping[str, FieldKind], before: Mapping[str, str]) -> dict[str, str]:
    """Return the values of custom fields as they are kept. One that stays as it was before is left in peace."""
    cleaned: dict[str, str] = {}
    for name, text in fields.items():
        if not is_custom_name(name):
            raise BadContact("fields", f"“{name}” cannot be the name of a field: small letters, digits and _ only.")
        value = text.replace("\0", " ").strip()
        if len(value) > CUSTOM_LIMIT:
            raise BadContact("fields", f"“{name}” has {len(value):,} characters; {CUSTOM_LIMIT:,} fit.")
        if value and value != before.get(name):
            value = _typed(name, value, kinds.get(name, FieldKind.TEXT))
        if value:
            cleaned[name] = value
    return cleaned


def _typed(name: str, value: str, kind: FieldKind) -> str:
    # What a form shows of a number has a point: that decides where a value alone could be read in two ways.
    kept = canonical(value, kind, Style.POINT if kind == FieldKind.NUMBER else Style.UNKNOWN)
    if isinstance(kept, Misfit):
        raise BadContact("fields", f"“{name}” is no {_FORMS[kind][0]}: “{value[:60]}”. {_FORMS[kind][1]}")
    return kept


_FORMS = {
    FieldKind.NUMBER: ("number", "Write it as 1234.5."),
    FieldKind.DATE: ("date", "Write it as 2026-11-05."),
    FieldKind.YES_NO: ("yes or no", "Write yes or no."),
}
