"""What an import would do, counted over the whole file with samples: the result of a dry run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

SAMPLES = 5  # of each kind of thing
_CAUSES = 40  # kinds of rejection that are told apart; the rest is counted together
_REST = "Other causes."
_SAMPLE_LIMIT = 160  # characters of a value
_NUMBERS = re.compile(r"[0-9][0-9,]*")


@dataclass(slots=True)
class Change:
    """How many known people get another value in a field, and some of them: [address, before, after]."""

    people: int = 0
    samples: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class Rejections:
    """How many rows are rejected for one cause, and some of them: [line, cause in full, original]."""

    rows: int = 0
    samples: list[list[str | int]] = field(default_factory=list)


@dataclass(slots=True)
class InCampaign:
    """How many of the known people are in one running campaign."""

    campaign_id: int
    name: str
    people: int = 0


@dataclass(slots=True)
class Difference:
    """What would become of a file's rows: rows = created + changed + unchanged + rejected."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0  # known, and nothing would change: by the policy, or because all is equal
    rejected: int = 0
    suppressed: int = 0  # of those that are not rejected
    grounded: int = 0  # of the known: the stated ground would go on record for them
    refused: int = 0  # of the known: it would not, since they said no themselves
    enrolled: int = 0  # of the known: they are in a running campaign
    created_samples: list[list[str]] = field(default_factory=list)  # [address, name]
    changes: dict[str, Change] = field(default_factory=dict)  # by field, or "fields.<name>"
    rejections: dict[str, Rejections] = field(default_factory=dict)  # by cause, numbers in it folded
    campaigns: list[InCampaign] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # sentences about values that would be left empty

    def reject(self, rows: Iterable[tuple[int, str, str]]) -> None:
        """Count rejected rows: line, cause, original."""
        for line, cause, original in rows:
            self.rejected += 1
            self.rows += 1
            kind = _NUMBERS.sub("…", cause)
            if kind not in self.rejections and len(self.rejections) >= _CAUSES:
                kind = _REST
            found = self.rejections.setdefault(kind, Rejections())
            found.rows += 1
            if len(found.samples) < SAMPLES:
                found.samples.append([line, cause, cut(original)])

    def enroll(self, people: int, campaigns: Sequence[InCampaign]) -> None:
        """Count people who are in running campaigns; each is in at least one of them."""
        self.enrolled += people
        known = {one.campaign_id: one for one in self.campaigns}
        for one in campaigns:
            if one.campaign_id in known:
                known[one.campaign_id].people += one.people
            else:
                self.campaigns.append(one)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            **{
                **stored,
                "changes": {name: Change(**change) for name, change in stored["changes"].items()},
                "rejections": {cause: Rejections(**rows) for cause, rows in stored["rejections"].items()},
                "campaigns": [InCampaign(**one) for one in stored["campaigns"]],
            }
        )

    def samples_of(self, names: Callable[[str], bool]) -> dict[str, Any]:
        """Return the samples and notes of whom `names` knows by the text of an address, by the names of the parts."""
        changes = {name: _of_whom(change.samples, names) for name, change in self.changes.items()}
        rejections = [
            sample
            for rows in self.rejections.values()
            for sample in rows.samples
            if any(names(str(text)) for text in sample)
        ]
        found = {
            "created": _of_whom(self.created_samples, names),
            "changes": {name: samples for name, samples in changes.items() if samples},
            "rejections": rejections,
            "notes": [note for note in self.notes if names(note)],
        }
        return {name: part for name, part in found.items() if part}


def _of_whom(samples: Sequence[list[str]], names: Callable[[str], bool]) -> list[list[str]]:
    return [sample for sample in samples if names(sample[0])]


def cut(text: str) -> str:
    """Return a value as samples show it."""
    return text if len(text) <= _SAMPLE_LIMIT else f"{text[:_SAMPLE_LIMIT]} …"
