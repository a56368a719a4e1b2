"""Make a draft of a campaign file. Nobody is in its audience and no mailbox carries it: a person chooses both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from django.db import transaction

from campaigns.calendar import WaitUnit, is_known
from campaigns.contacts.core.segments import BadQuery, Vocabulary, parse, write
from campaigns.contacts.queries.segments import read_condition
from campaigns.sequences import services
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.markup import MarkupProblem, clean_html
from campaigns.sequences.models import Branch, Campaign, Path, Step, Variant
from campaigns.sequences.portable.conditions import CAMPAIGN, GONE, Thing, renumbered
from campaigns.sequences.portable.exporting import names_by_id
from campaigns.sequences.portable.planning import faults_of, schedule_of
from campaigns.sequences.portable.reading import BadFile
from campaigns.sequences.portable.shape import BranchPart, CampaignFile, SchedulePart, StepPart
from campaigns.sequences.positions import position_in, step_name
from campaigns.sequences.states import BranchKind, StepThread
from campaigns.sequences.variables import known_variables
from campaigns.templating import check, check_spin
from outreach.accounts.access import Member
from outreach.kit import clock

_MOST_NOTES = 30
_LONGEST_WAIT = 365


@dataclass(frozen=True, slots=True)
class Imported:
    """The draft that a file has become, and what a person should look at before a launch."""

    campaign: Campaign
    notes: tuple[str, ...]


def import_file(member: Member, file: CampaignFile) -> Imported:
    """Make a draft of the file in the member's workspace, all of it or nothing.

    Raises BadFile for what no campaign may have: windows that overlap, a wait that a page would refuse.
    """
    causes = list(_impossible(member, file))
    if causes:
        raise BadFile(*causes[:10])
    notes: list[str] = []
    with transaction.atomic():
        campaign = services.create_campaign(member, file.name)
        Campaign.objects.filter(pk=campaign.pk).update(
            skips_roles=file.skips_roles,
            track_clicks=file.tracking.clicks,
            track_text_clicks=file.tracking.text_clicks,
            track_opens=file.tracking.opens,
            opt_out_language=file.tracking.opt_out_language,
        )
        try:
            services.save_schedule(campaign, _schedule(file.schedule, notes))
        except BadEdit as error:
            raise BadFile(f"schedule: {error.cause}") from error
        _write_steps(campaign, file, notes)
    campaign.refresh_from_db()
    if file.tracking.opt_out_line is False:
        notes.append(
            "Its opt-out line is off, which is ignored: the law asks for it wherever the wording does not say it."
        )
    notes += [*_click_notes(file), *_wording_notes(campaign.workspace_id, file)]
    return Imported(campaign, tuple(notes[:_MOST_NOTES]))


def _impossible(member: Member, file: CampaignFile) -> Iterator[str]:
    for field, cause in faults_of(file.schedule):
        yield f"schedule.{field}: {cause}"
    for position, part in _steps(file):
        if position == 1:
            continue
        if part.wait.unit is WaitUnit.MINUTES and member.workspace.time_scale == 1:
            yield f"Step {step_name(position)}: waits in minutes are for sandboxes."
        elif not 1 <= part.wait.amount <= _LONGEST_WAIT:
            yield f"Step {step_name(position)}: a follow-up waits 1 to {_LONGEST_WAIT}, not {part.wait.amount}."


def _schedule(part: SchedulePart, notes: list[str]) -> services.Schedule:
    starts_on = part.starts_on
    if starts_on is not None and starts_on < clock.now().date():
        notes.append(f"Its first day, {starts_on}, is over, and was left out.")
        starts_on = None
    schedule = replace(schedule_of(part), starts_on=starts_on)
    notes += [f"The public holidays of {one} are not known here." for one in schedule.regions if not is_known(one)]
    return schedule


def _write_steps(campaign: Campaign, file: CampaignFile, notes: list[str]) -> None:
    Step.objects.filter(campaign=campaign).delete()  # the empty one of a new campaign
    paths = Path.objects.bulk_create(
        Path(campaign=campaign, number=number, name=path.name) for number, path in enumerate(file.paths, 1)
    )
    by_name = {path.name: path for path in paths}
    rows = Step.objects.bulk_create(_row(campaign, position, part) for position, part in _steps(file))
    parts = [part for _, part in _steps(file)]
    Variant.objects.bulk_create(
        Variant(
            step=row,
            label=one.label,
            weight=one.weight,
            subject=one.subject.strip(),
            body_text=_lines(one.text),
            body_html=_html(one.html, row.position),
            saved_by=campaign.created_by,
            saved_at=campaign.created_at,
        )
        for row, part in zip(rows, parts, strict=True)
        for one in part.wordings
    )
    conditions = _Conditions(campaign, file)
    Branch.objects.bulk_create(
        Branch(
            step=row,
            place=place,
            kind=one.kind,
            where=conditions.here(one, f"Step {step_name(row.position)}", notes) if one.condition else "",
            reply=one.reply or "",
            path=by_name[one.path] if one.path else None,
        )
        for row, part in zip(rows, parts, strict=True)
        for place, one in enumerate(part.branches, 1)
    )


def _row(campaign: Campaign, position: int, part: StepPart) -> Step:
    is_first = position == 1
    return Step(
        campaign=campaign,
        position=position,
        wait_amount=0 if is_first else part.wait.amount,
        wait_unit=part.wait.unit,
        thread=StepThread.NEW if is_first else part.thread,
    )


def _steps(file: CampaignFile) -> Iterator[tuple[int, StepPart]]:
    for path, steps in file.by_path():
        for place, part in enumerate(steps, 1):
            yield position_in(path, place), part


class _Conditions:
    """Makes conditions of a file into conditions of the workspace: what they are about is found by its name."""

    def __init__(self, campaign: Campaign, file: CampaignFile) -> None:
        self._campaign = campaign
        self._workspace_id = campaign.workspace_id
        self._vocabulary = Vocabulary(file.fields)
        self._names: dict[str, Mapping[int, str]] = {}

    def here(self, branch: BranchPart, place: str, notes: list[str]) -> str:
        """Return the condition as it is read here. What is not here gets a number that nothing has, and a note.

        Raises BadFile when it is no condition.
        """
        try:
            node = parse(branch.condition, self._vocabulary)
        except BadQuery as error:
            raise BadFile(f"{place}: the condition of a branch cannot be read. {error}") from error
        told = len(notes)
        where = write(renumbered(node, lambda thing: self._number(thing, branch.names, place, notes)))
        try:
            read_condition(self._workspace_id, where)
        except BadQuery as error:
            if len(notes) == told:  # else it is said already what is not here
                notes.append(f"{place}: a branch cannot be decided here. {error}")
        return where

    def _number(self, thing: Thing, names: Mapping[str, str], place: str, notes: list[str]) -> int:
        kind, number = thing
        name = names.get(f"{kind} {number}", "")
        if kind == CAMPAIGN and name == self._campaign.name:
            return self._campaign.pk  # it asks about its own people
        if kind not in self._names:
            self._names[kind] = names_by_id(self._workspace_id, kind)
        here = self._names[kind]
        if name and here.get(number) == name:
            return number
        found = max((pk for pk, one in here.items() if one == name), default=GONE)
        if found == GONE:
            notes.append(f"{place}: a branch asks for the {kind} “{name or number}”, which is not here.")
        return found


def _click_notes(file: CampaignFile) -> Iterator[str]:
    """Tell of branches that nothing would take: the launch waits for it, too."""
    if file.tracking.clicks:
        return
    for position, part in _steps(file):
        if any(one.kind is BranchKind.CLICK for one in part.branches):
            yield f"Step {step_name(position)}: a branch waits for clicks, which are not followed (tracking.clicks)."


def _wording_notes(workspace_id: int, file: CampaignFile) -> list[str]:
    """Tell what the language says to the wordings: the editor says it too, and the launch waits for it."""
    known = known_variables(workspace_id)
    notes = []
    for position, part in _steps(file):
        for one in part.wordings:
            problems = _problems((one.subject, one.text, one.html), known)
            if problems:
                notes.append(f"Step {step_name(position)}, wording {one.label}: {problems[0]}")
    return notes


def _problems(texts: Iterable[str], known: frozenset[str]) -> list[str]:
    found = [problem for text in texts for problem in [*check_spin(text), *check(text, known=known)]]
    return [f"{one.message} {one.hint}".rstrip() for one in found]


def _html(html: str, position: int) -> str:
    """Return the HTML without what no mail needs. Raises BadFile."""
    try:
        return clean_html(_lines(html))
    except MarkupProblem as problem:
        raise BadFile(f"Step {step_name(position)}: {problem}") from problem


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
