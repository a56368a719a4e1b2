"""What a report has found, in words for its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from outreach.kit.looks import words_of
from outreach.kit.words import plural
from sending.pacing import HoldCode
from sending.rehearsal import queries
from sending.rehearsal.models import Rehearsal
from sending.rehearsal.play import Ending

_PEOPLE = "person,people"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that would have gone wrong: what, why, and where the people are whom it concerns ("" for nobody)."""

    tone: str
    title: str
    words: str
    people: str  # the query of the page of people


def found_in(row: Rehearsal) -> list[Found]:
    """Return what the report has found, the worst first; a broken promise before all else.

    The report has codes and counts. Words and addresses of people come from their own rows, which an erasure takes.
    """
    report: Mapping[str, Any] = row.report or {}
    checks = [one for one in report.get("checks", ()) if one["broken"]]
    addresses = queries.addresses_in(row, {pk for one in checks for pk in one["examples"]})
    broken = [_broken(one, [addresses[pk] for pk in one["examples"] if pk in addresses]) for one in checks]
    findings = report.get("findings", ())
    words = queries.words_by_reason(row) if any(one.get("reason") for one in findings) else {}
    names = queries.mailbox_names(row, [one["mailbox_id"] for one in findings if "mailbox_id" in one])
    found = [_found(one, words, names) for one in findings]
    return sorted([*broken, *found], key=lambda one: one.tone != "red")


def ending_words(row: Rehearsal) -> str:
    """Say why the rehearsal was over."""
    return _ENDINGS[Ending((row.report or {}).get("ending", Ending.DONE))]


def _broken(one: Mapping[str, Any], addresses: Sequence[str]) -> Found:
    example = f", for one to {addresses[0]}" if addresses else ""
    return Found(
        "red", f"A promise was broken: {one['promise']}", f"{plural(int(one['broken']), 'message')}{example}", ""
    )


def _found(one: Mapping[str, Any], words: Mapping[tuple[str, str], str], names: Mapping[int, str]) -> Found:
    asked = {name: one[name] for name in ("state", "reason") if one.get(name)}
    said = str(one["words"]) or words.get((one.get("state", ""), one.get("reason", "")), "")
    if name := names.get(one.get("mailbox_id", 0)):
        said = f"{name}: {said}"
    return Found(one["tone"], _title(one), said, f"?{urlencode(asked)}" if asked else "")


def _title(one: Mapping[str, Any]) -> str:  # noqa: PLR0911  # a sentence for each
    people = plural(int(one["count"]), _PEOPLE)
    match one["code"]:
        case "paused":
            return "The campaign would have been paused"
        case "mailbox":
            return "A mailbox would have stopped"
        case "mend" if one["reason"] == HoldCode.MISSING_VALUE:
            return f"{people} would wait, since a value is missing"
        case "mend" if one["reason"] == HoldCode.NO_CONSENT:
            return f"{people} would wait, since their consent is not on record"
        case "mend" if one["reason"] == HoldCode.NO_POSTAL_ADDRESS:
            return f"{people} would wait, since the workspace has no postal address"
        case "mend":
            return f"{people} would wait, since a wording is broken"
        case "skipped":
            return f"{people} would never be written to: {words_of(str(one['reason'])).lower()}"
        case "decided":
            return f"{people} would be written to on an admin's decision about their consent alone"
        case "unwritten":
            return f"{people} would not be reached in this time"
        case _:
            return "No message would have left"


_ENDINGS = {
    Ending.DONE: "Nothing is left to do by itself.",
    Ending.STOPPED: "The campaign was paused, and nothing was on its way any more.",
    Ending.DAYS: "The days that were asked for had passed.",
    Ending.MESSAGES: "A rehearsal ends after 20,000 messages.",
    Ending.TIME: "A rehearsal ends after ten minutes.",
}
