"""Write a campaign as a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pydantic import ValidationError

from campaigns.calendar import WaitUnit
from campaigns.contacts.core.fields import CUSTOM_PREFIX, FieldKind
from campaigns.contacts.core.segments import BadQuery, Vocabulary, parse
from campaigns.contacts.core.segments.tree import DayIs, NumberIs, TextIs, leaves_of
from campaigns.contacts.models import ContactImport, ContactList, Segment
from campaigns.contacts.queries.segments import vocabulary_of
from campaigns.sequences import queries
from campaigns.sequences.models import Branch, Campaign, Path, Step
from campaigns.sequences.portable.conditions import CAMPAIGN, things_in
from campaigns.sequences.portable.reading import BadFile, causes_of
from campaigns.sequences.portable.shape import (
    FILE_LIMIT_BYTES,
    BranchPart,
    CampaignFile,
    ClosedPart,
    PathPart,
    RegionPart,
    SchedulePart,
    StepPart,
    TrackingPart,
    WaitPart,
    WindowPart,
    WordingPart,
)
from campaigns.sequences.positions import path_of
from campaigns.sequences.states import BranchKind, Priority, ReplyClass, StepThread

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")


def file_of(campaign: Campaign) -> CampaignFile:
    """Return the campaign as a file: what was written and planned, and nobody whom it is sent to or from.

    Raises BadFile for what was stored past the pages, and could not be taken in again.
    """
    try:
        return _file_of(campaign)
    except ValidationError as error:
        raise BadFile(*causes_of(error)) from error


def _file_of(campaign: Campaign) -> CampaignFile:
    vocabulary = vocabulary_of(campaign.workspace_id)
    paths = list(Path.objects.filter(campaign=campaign).order_by("number"))
    steps = Step.objects.filter(campaign=campaign).order_by("position").prefetch_related("variants", "branches__path")
    by_path: dict[int, list[StepPart]] = {}
    conditions: list[str] = []
    for step in steps:
        branches = sorted(step.branches.all(), key=lambda one: one.place)
        conditions += [one.where for one in branches if one.where]
        by_path.setdefault(path_of(step.position), []).append(
            _step(step, [_branch(campaign.workspace_id, one, vocabulary) for one in branches])
        )
    return CampaignFile(
        name=_line(campaign.name),
        skips_roles=campaign.skips_roles,
        schedule=_schedule(campaign),
        tracking=TrackingPart(
            clicks=campaign.track_clicks,
            text_clicks=campaign.track_text_clicks,
            opens=campaign.track_opens,
            opt_out_language=campaign.opt_out_language,
        ),
        steps=by_path.get(0, []),
        paths=[PathPart(name=path.name, steps=by_path.get(path.number, [])) for path in paths],
        fields=_kinds_in(conditions, vocabulary),
    )


def schedule_part(campaign: Campaign) -> SchedulePart:
    """Return when the campaign may send, as its file has it. Raises BadFile as file_of does."""
    try:
        return _schedule(campaign)
    except ValidationError as error:
        raise BadFile(*causes_of(error)) from error


def content_of(campaign: Campaign) -> bytes:
    """Return the bytes of a campaign's file. Raises BadFile when they are more than one may have."""
    content = file_of(campaign).model_dump_json(indent=1).encode()
    if len(content) > FILE_LIMIT_BYTES:
        raise BadFile(f"Its wordings are more than the {FILE_LIMIT_BYTES:,} bytes that a file may have.")
    return content


def file_name(campaign: Campaign) -> str:
    """Return what the file of a campaign is called, without what a file system or a header would mind."""
    words = re.sub(r"[^a-z0-9]+", "-", campaign.name.lower()).strip("-")[:60]
    return f"{words or 'campaign'}.campaign.json"


def _schedule(campaign: Campaign) -> SchedulePart:
    return SchedulePart(
        time_zone=campaign.time_zone,
        use_contact_zone=campaign.use_contact_zone,
        starts_on=campaign.starts_on,
        windows=[
            WindowPart(weekday=one.weekday, start=_clock(one.start), end=_clock(one.end))
            for one in queries.windows_of(campaign)
        ],
        new_contacts_per_day=campaign.new_leads_per_day,
        messages_per_day=campaign.daily_limit,
        priority=Priority(campaign.priority),
        closed_days=[
            ClosedPart(first=one.first, last=one.last, name=_line(one.name))
            for one in queries.closed_days_of(campaign.workspace_id, campaign)
        ],
        holidays=[
            RegionPart(country=one.country, part=one.part)
            for one in queries.holiday_regions_of(campaign.workspace_id, campaign)
        ],
    )


def _step(step: Step, branches: Sequence[BranchPart]) -> StepPart:
    return StepPart(
        wait=WaitPart(amount=step.wait_amount, unit=WaitUnit(step.wait_unit)),
        thread=StepThread(step.thread),
        wordings=[
            WordingPart(
                label=one.label, weight=one.weight, subject=_line(one.subject), text=one.body_text, html=one.body_html
            )
            for one in sorted(step.variants.all(), key=lambda one: one.label)
        ],
        branches=list(branches),
    )


def _branch(workspace_id: int, branch: Branch, vocabulary: Vocabulary) -> BranchPart:
    return BranchPart(
        kind=BranchKind(branch.kind),
        reply=ReplyClass(branch.reply) if branch.reply else None,
        condition=branch.where,
        names=_names_in(workspace_id, branch.where, vocabulary) if branch.where else {},
        path=branch.path.name if branch.path else None,
    )


def _names_in(workspace_id: int, where: str, vocabulary: Vocabulary) -> dict[str, str]:
    """Return the names of the lists, segments, imports and campaigns that a condition gives by number."""
    try:
        things = things_in(parse(where, vocabulary))
    except BadQuery:
        return {}  # it cannot be read here either
    found: dict[str, str] = {}
    for kind in sorted({kind for kind, _ in things}):
        names = names_by_id(workspace_id, kind, [pk for one, pk in things if one == kind])
        found |= {f"{kind} {pk}": name for pk, name in sorted(names.items())}
    return found


def names_by_id(workspace_id: int, kind: str, ids: Iterable[int] | None = None) -> dict[int, str]:
    """Return the names of the things of a kind that a workspace has: all, or those with the ids."""
    model, column = _MODELS[kind]
    rows = model._default_manager.filter(workspace=workspace_id)  # noqa: SLF001
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return dict(rows.values_list("pk", column))


def _kinds_in(conditions: Iterable[str], vocabulary: Vocabulary) -> dict[str, FieldKind]:
    """Return the kinds of the custom fields that conditions are about, without which they could not be read."""
    found: dict[str, FieldKind] = {}
    for where in conditions:
        try:
            leaves = leaves_of(parse(where, vocabulary))
        except BadQuery:
            continue
        fields = {one.field for one in leaves if isinstance(one, TextIs | NumberIs | DayIs)}
        names = {one.removeprefix(CUSTOM_PREFIX) for one in fields if one.startswith(CUSTOM_PREFIX)}
        found |= {name: vocabulary.custom[name] for name in sorted(names) if name in vocabulary.custom}
    return found


def _line(text: str) -> str:
    """Return the text in one line, as a file has it."""
    return " ".join(_CONTROLS.sub(" ", text).split())


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


_MODELS = {
    "list": (ContactList, "name"),
    "segment": (Segment, "name"),
    "import": (ContactImport, "filename"),
    CAMPAIGN: (Campaign, "name"),
}
