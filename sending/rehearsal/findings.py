"""What a report has found, in words for its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from outreach.kit.looks import words_of
from outreach.kit.words import plural
from sending.pacing import HoldCode
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
    """Return what the report has found, the worst first; a broken promise before all else."""
    report: Mapping[str, Any] = row.report or {}
    broken = [
        Found(
            "red",
            f"A promise was broken: {one['promise']}",
            f"{one['broken']} messages, for one to {one['examples'][0]}",
            "",
        )
        for one in report.get("checks", ())
        if one["broken"]
    ]
    found = [_found(one) for one in report.get("findings", ())]
    return sorted([*broken, *found], key=lambda one: one.tone != "red")


def ending_words(row: Rehearsal) -> str:
    """Say why the rehearsal was over."""
    return _ENDINGS[Ending((row.report or {}).get("ending", Ending.DONE))]


def _found(one: Mapping[str, Any]) -> Found:
    asked = {name: one[name] for name in ("state", "reason") if one.get(name)}
    return Found(one["tone"], _title(one), str(one["words"]), f"?{urlencode(asked)}" if asked else "")


def _title(one: Mapping[str, Any]) -> str:  # noqa: PLR0911  # a sentence for each
    people = plural(int(one["count"]), _PEOPLE)
    match one["code"]:
        case "paused":
            return "The campaign would have been paused"
        case "mailbox":
            return "A mailbox would have stopped"
        case "mend" if one["reason"] == HoldCode.MISSING_VALUE:
            return f"{people} would wait, since a value is missing"
        case "mend":
            return f"{people} would wait, since a wording is broken"
        case "skipped":
            return f"{people} would never be written to: {words_of(str(one['reason'])).lower()}"
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
