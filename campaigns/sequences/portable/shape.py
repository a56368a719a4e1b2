"""What stands in a campaign file: the schema by which files and bodies of requests are checked.

Sizes of each part are at least those of the pages, so that what was written there can be given out and taken in; but
for a campaign with more than a million characters of HTML in all its wordings, which is refused with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from campaigns.calendar import WaitUnit
from campaigns.calendar.closed import LONGEST_SPAN_DAYS, MOST_SPANS, NAME_LIMIT
from campaigns.calendar.waits import LONGEST
from campaigns.contacts.core.fields import FieldKind
from campaigns.contacts.core.segments import LENGTH_LIMIT
from campaigns.sequences.positions import MOST_PATHS
from campaigns.sequences.states import BranchKind, Priority, ReplyClass, StepThread
from campaigns.templating.spoken import LANGUAGES

FORMAT = "outreach-campaign"
VERSION = 1
FILE_LIMIT_BYTES = 4_000_000
_MOST_STEPS = 99  # of a path: a block of positions holds no more
_MOST_WINDOWS = 200
_MOST_REGIONS = 20
_MOST_HTML = 1_000_000  # characters of all wordings: each is cleaned in the request that brings the file

_LINE = r"^[^\x00-\x1f\x7f]*$"
_TEXT = r"^[^\x00]*$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=_LINE, strip_whitespace=True)]
PathName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_LINE, strip_whitespace=True)]
Line = Annotated[str, StringConstraints(max_length=500, pattern=_LINE)]
Text = Annotated[str, StringConstraints(max_length=64_000, pattern=_TEXT)]
Minute = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Amount = Annotated[int, Field(ge=1, le=100_000)]


class Part(BaseModel):
    """A part of the file; a key that it does not have is refused and not passed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WordingPart(Part):
    """One wording of a step."""

    label: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}$")] = "A"
    weight: Annotated[int, Field(ge=0, le=100)] = 1
    subject: Line = ""
    text: Text = ""
    html: Text = Field("", description="Cleaned when the file is taken in.")


class WaitPart(Part):
    """How long a step waits from the message before it."""

    amount: Annotated[int, Field(ge=0, le=LONGEST.days)]
    unit: WaitUnit = WaitUnit.DAYS


class BranchPart(Part):
    """A way that leads away behind a step."""

    kind: BranchKind
    reply: ReplyClass | None = Field(None, description="Of the kind reply: the class of the answer.")
    condition: Annotated[str, StringConstraints(max_length=LENGTH_LIMIT, pattern=_TEXT)] = Field(
        "", description="Of the kind field: a condition as segments have it."
    )
    names: dict[Annotated[str, StringConstraints(pattern=r"^(list|segment|import|campaign) [0-9]{1,18}$")], Name] = (
        Field(default_factory=dict, max_length=40, description="What the numbers in the condition are the names of.")
    )
    path: PathName | None = Field(None, description="Where it leads: the name of a path further down; null = the end.")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> BranchPart:
        if (self.kind is BranchKind.REPLY) != (self.reply is not None):
            raise ValueError("a branch has a class of answers exactly when its kind is reply")
        if (self.kind is BranchKind.FIELD) != bool(self.condition):
            raise ValueError("a branch has a condition exactly when its kind is field")
        if self.kind is BranchKind.REPLY and self.path is None:
            raise ValueError("an answer ends the sequence by itself: a branch for it leads to a path")
        return self


class StepPart(Part):
    """One message of the sequence."""

    wait: WaitPart = WaitPart(amount=0)
    thread: StepThread = StepThread.REPLY
    wordings: Annotated[list[WordingPart], Field(min_length=1, max_length=26)]
    branches: Annotated[list[BranchPart], Field(max_length=50)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> StepPart:
        _once([one.label for one in self.wordings], "wording")
        _once([one.reply for one in self.branches if one.reply], "branch for answers that are")
        single = {BranchKind.CLICK, BranchKind.EVERYBODY}
        _once([one.kind for one in self.branches if one.kind in single], "branch for")
        return self


class PathPart(Part):
    """A sub-sequence that branches lead to."""

    name: PathName
    steps: Annotated[list[StepPart], Field(max_length=_MOST_STEPS)]


class WindowPart(Part):
    """Hours of a weekday (1 = Monday) in which messages may go out."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    start: Minute
    end: Minute = Field(description="24:00 = the end of the day")

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> WindowPart:
        if minute_of(self.start) >= minute_of(self.end):
            raise ValueError("a window ends after it starts")
        return self


class ClosedPart(Part):
    """Days on which nothing goes out; last is included."""

    first: date
    last: date
    name: Annotated[str, StringConstraints(max_length=NAME_LIMIT, pattern=_LINE)] = ""

    @model_validator(mode="after")
    def _is_in_order(self) -> ClosedPart:
        if self.first > self.last:
            raise ValueError("closed days end before they begin")
        if (self.last - self.first).days >= LONGEST_SPAN_DAYS:
            raise ValueError("closed days are more than a year at once")
        return self


class RegionPart(Part):
    """A country, or a part of it, whose public holidays close the campaign."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    part: Annotated[str, StringConstraints(max_length=40, pattern=_LINE)] = ""


class SchedulePart(Part):
    """When the campaign may send."""

    time_zone: Annotated[str, StringConstraints(max_length=64, pattern=_LINE)]
    use_contact_zone: bool = True
    windows: Annotated[list[WindowPart], Field(max_length=_MOST_WINDOWS)]
    starts_on: date | None = Field(None, description="Before this day nothing goes out, where the recipient is.")
    new_contacts_per_day: Amount | None = None
    messages_per_day: Amount | None = None
    priority: Priority = Priority.NORMAL
    closed_days: Annotated[list[ClosedPart], Field(max_length=MOST_SPANS)] = Field(default_factory=list)
    holidays: Annotated[list[RegionPart], Field(max_length=_MOST_REGIONS)] = Field(default_factory=list)


class TrackingPart(Part):
    """What of the messages is followed, where the law lets it be. On what ground it may is said where it is sent."""

    clicks: StrictBool = Field(default=False, description="Links in the HTML lead over the tracking host.")
    text_clicks: StrictBool = Field(default=False, description="Those in the plain text, too; never without clicks.")
    opens: StrictBool = Field(default=False, description="An image in the HTML tells when it is loaded.")
    opt_out_language: str = Field(
        default="",
        pattern=rf"^(?:{'|'.join(LANGUAGES)})?$",
        description="Of the line that says how to opt out; empty: as each wording seems to be.",
    )
    opt_out_line: StrictBool | None = Field(
        default=None,
        description="Of older files, and ignored: the line stands below whatever does not say it.",
        exclude=True,
    )

    @model_validator(mode="after")
    def _follows_text_beside_html(self) -> TrackingPart:
        if self.text_clicks and not self.clicks:
            raise ValueError("text_clicks: links in plain text are followed only where those in HTML are (clicks)")
        return self


class CampaignFile(Part):
    """A campaign as one file."""

    format: Literal["outreach-campaign"] = "outreach-campaign"
    version: Literal[1] = 1
    name: Name
    skips_roles: bool = Field(True, description="Addresses of offices such as info@ are left out.")
    schedule: SchedulePart
    tracking: TrackingPart = TrackingPart()
    steps: Annotated[list[StepPart], Field(max_length=_MOST_STEPS)]
    paths: Annotated[list[PathPart], Field(max_length=MOST_PATHS)] = Field(default_factory=list)
    fields: dict[Annotated[str, StringConstraints(max_length=60, pattern=_LINE)], FieldKind] = Field(
        default_factory=dict, max_length=200, description="Of what kind the custom fields in conditions are."
    )

    @model_validator(mode="after")
    def _can_be_cleaned(self) -> CampaignFile:
        wordings = (one for _, steps in self.by_path() for step in steps for one in step.wordings)
        size = sum(len(one.html) for one in wordings)
        if size > _MOST_HTML:
            raise ValueError(f"the HTML of all wordings has {size:,} characters; {_MOST_HTML:,} are the most")
        return self

    @model_validator(mode="after")
    def _leads_forward(self) -> CampaignFile:
        names = [path.name for path in self.paths]
        _once(names, "path")
        for number, steps in self.by_path():
            ahead = set(names[number:])
            for branch in (one for step in steps for one in step.branches):
                if branch.path is not None and branch.path not in ahead:
                    raise ValueError(f"no path “{branch.path}” lies ahead of the branch that leads to it")
        return self

    def by_path(self) -> Iterator[tuple[int, Sequence[StepPart]]]:
        """Yield the steps of each path with its number; the main path is 0."""
        yield 0, self.steps
        yield from ((number, path.steps) for number, path in enumerate(self.paths, 1))


def minute_of(text: str) -> int:
    """Return the minute of the day of "09:30": 0 to 1440."""
    hours, _, minutes = text.partition(":")
    return 60 * int(hours) + int(minutes)


def _once(values: Sequence[str], thing: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"there is more than one {thing} {value}")
