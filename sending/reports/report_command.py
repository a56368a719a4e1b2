"""`outreach report`: take in a provider's file, or a receiver's report about a domain, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from outreach.accounts.models import Workspace
from sending.dmarc.reading.errors import BadReport as BadDmarcReport
from sending.dmarc.reading.files import looks_so
from sending.dmarc.services import Way, take_file
from sending.mailboxes.reported import report_alarms_of
from sending.postmaster.errors import BadReport
from sending.postmaster.reading import SIZE_LIMIT_BYTES
from sending.postmaster.services import Taken
from sending.postmaster.values import Unreadable
from sending.reports.provider_reports import take_in

DONE, NOT_TAKEN, BAD_USAGE = 0, 1, 2
_REFUSALS = 10


def take_report_file(path: Path, workspace: str, domain: str, echo: Callable[[str], None], *, is_json: bool) -> int:
    """Take the file in for the workspace (its slug), and tell what came of it.

    domain: whose a table is that names none. Returns 0 when something of it was kept or known already, 1 when nothing
    was, 2 for a wrong path, workspace or domain.
    """
    target = Workspace.objects.filter(slug=workspace).first()
    if target is None:
        echo(f"There is no workspace “{workspace}”.")
        return BAD_USAGE
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT_BYTES + 1)
        if looks_so(content):
            return _take_of_receiver(target, path.name, content, echo, is_json=is_json)
        taken = take_in(target, path.name, content, domain=domain)
    except OSError as error:
        echo(f"{path} cannot be read: {error.strerror}.")
        return BAD_USAGE
    except Unreadable as error:
        echo(f"--domain: {error}.")
        return BAD_USAGE
    except BadReport as error:
        echo(f"{path.name}: {error}")
        return NOT_TAKEN
    row = taken.file
    if is_json:
        _tell_json(taken, echo)
    else:
        _tell(taken, target, echo)
    return DONE if row.added + row.changed + row.unchanged else NOT_TAKEN


def _take_of_receiver(
    workspace: Workspace, name: str, content: bytes, echo: Callable[[str], None], *, is_json: bool
) -> int:
    """Take in a DMARC or TLS report, and tell what came of it."""
    try:
        taken = take_file(workspace, name, content, Way())
    except BadDmarcReport as error:
        echo(json.dumps({"name": name, "fault": error.fault, "words": str(error)}) if is_json else f"{name}: {error}")
        return NOT_TAKEN
    for one in taken:
        told = {
            "name": name,
            "domain": one.report.domain,
            "messages": one.report.messages,
            "known_before": one.is_known,
        }
        echo(json.dumps(told, ensure_ascii=False) if is_json else f"{name}: {one.words}")
    return DONE


def _tell(taken: Taken, workspace: Workspace, echo: Callable[[str], None]) -> None:
    row = taken.file
    if taken.is_known:
        echo(f"{row.name} was taken in before: nothing has changed.")
    else:
        echo(
            f"{row.name} ({row.source_words}): {row.added:,} added, {row.changed:,} changed, "
            f"{row.unchanged:,} known already, {row.refused:,} refused."
        )
    for place, cause, _ in row.refusals[:_REFUSALS]:
        echo(f"  {place}: {cause}")
    if row.refused > _REFUSALS:
        echo(f"  … and {row.refused - _REFUSALS:,} more.")
    for alarm in report_alarms_of(workspace):
        echo(f"{'Stopped' if alarm.stops else 'Warning'}: {alarm.words}")


def _tell_json(taken: Taken, echo: Callable[[str], None]) -> None:
    names = ("name", "source", "added", "changed", "unchanged", "refused", "refusals")
    told = {name: getattr(taken.file, name) for name in names}
    echo(json.dumps({**told, "known_before": taken.is_known}, ensure_ascii=False))
