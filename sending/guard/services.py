"""Keep watch over the database's identity, say what is wrong, and adopt what an owner has confirmed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from django.db import connection, transaction
from django.db.models.functions import Now

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from outreach.kit import statements
from outreach.kit.files import said
from sending.guard.core import AHEAD, ALIVE, Damaged, Kind, Note, Row, judge
from sending.guard.models import Adoption, Finding, Installation, Stranger
from sending.guard.notes import name_of, place_of, read_note, sole_watch, write_note
from sending.guard.numbers import skip_numbers
from sending.guard.queries import runs_the_server

log = logging.getLogger(__name__)

# What nobody has seen for so long was the trouble of a stack that is gone.
_GONE = timedelta(hours=1)
_FIRST = (
    "INSERT INTO guard_installation (id, installation, head, is_paused) VALUES (1, %s, 0, false) ON CONFLICT DO NOTHING"
)
_RAISE = """
UPDATE guard_installation SET head = head + 1, raised_at = clock_timestamp()
 WHERE installation = %s AND head >= %s AND NOT is_paused RETURNING head
"""


def watch(folder: Path | None) -> bool:
    """Compare the guard file with the database, and raise both; False when nothing may be sent from here.

    The first time ever it makes both. What an owner has confirmed is adopted.
    """
    if folder is None:
        if not Installation.objects.exists():
            return True
        _find(None, Kind.NO_FILE)
        return False
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with sole_watch(folder):
            return _watch(folder)
    except OSError as error:
        _note(name_of(folder), Kind.DAMAGED, said(error))
        return False


def _watch(folder: Path) -> bool:
    kind = _look(folder)
    confirmed = _find(folder, kind) if kind else None
    if confirmed is not None:
        _adopt(folder, confirmed)
        kind = _look(folder)
    return kind is None and _raise(folder)


def found_older(folder: Path | None) -> None:
    """Let nobody send: a journal knows of messages that the database has lost."""
    if _pause():
        log.error("guard.paused place=%s kind=%s", name_of(folder), Kind.BEHIND)
        _find(folder, Kind.BEHIND)


def unread(folder: Path) -> Finding | None:
    """Return what was found about this stack and not yet compared with its journals."""
    return Finding.objects.filter(place=name_of(folder), read_at=None).exclude(kind=Kind.JOURNAL).first()


def note_read(finding: Finding, *, doubts: int, settled: int, unknown: int) -> None:
    """Write down what the journals told about it."""
    Finding.objects.filter(pk=finding.pk).update(read_at=Now(), doubts=doubts, settled=settled, unknown=unknown)


def remember(  # noqa: PLR0913  # what a journal tells of one message
    message_id: str,
    person: str,
    written_at: datetime,
    *,
    workspace_id: int | None,
    mailbox_id: int | None = None,
    was_taken: bool = False,
) -> None:
    """Keep the print of somebody who was written to, and whom this database does not know; once for each message.

    mailbox_id: of an answer of the team, which may be put back into its conversation; was_taken: by its server, for
    certain.
    """
    one = Stranger(message_id=message_id, person=person, written_at=written_at, workspace_id=workspace_id)
    one.mailbox_id, one.was_taken = mailbox_id, was_taken
    Stranger.objects.bulk_create([one], ignore_conflicts=True)


def forget(stranger: Stranger) -> None:
    """Let go of a stranger who was met, and is known by their address now: of each message that was lost."""
    Stranger.objects.filter(person=stranger.person, workspace=stranger.workspace_id).delete()


def confirm(member: Member, finding_id: int) -> bool:
    """Take an owner's word that the stack may send: it does with its next tick. False when nothing is asked."""
    member.require(Role.OWNER)
    if not runs_the_server(member):
        return False
    open_ones = Finding.objects.filter(pk=finding_id, read_at__isnull=False).exclude(kind=Kind.JOURNAL)
    return bool(open_ones.update(confirmed_by=member.user.email))


def adopt_here(folder: Path, by: str) -> None:
    """Adopt at once what was found about this stack, as a person at its terminal decides."""
    finding = look_here(folder)
    if finding is not None:
        Finding.objects.filter(pk=finding.pk).update(confirmed_by=by)
        watch(folder)


def look_here(folder: Path) -> Finding | None:
    """Return what is wrong about this stack, written down; None when nothing is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with sole_watch(folder):
        kind = _look(folder)
        if kind is None:
            return None
        _find(folder, kind)
        return Finding.objects.get(place=name_of(folder), kind=kind)


def journal_fault(folder: Path | None, words: str) -> None:
    """Say that couriers cannot write their journal here."""
    _note(name_of(folder), Kind.JOURNAL, words)


def journal_is_well(folder: Path | None) -> None:
    Finding.objects.filter(place=name_of(folder), kind=Kind.JOURNAL).delete()


def _look(folder: Path) -> Kind | None:
    note, row = read_note(folder), Installation.objects.first()
    if row is not None and row.is_paused:
        return Kind.BEHIND
    return judge(note, Row(row.installation, row.head) if row else None, place=place_of(folder))


def _find(folder: Path | None, kind: Kind) -> Finding | None:
    """Write down what is wrong; return it when an owner has confirmed it."""
    place = name_of(folder)
    if kind is Kind.BEHIND:
        _pause()
    Finding.objects.filter(place=place).exclude(kind__in=[kind, Kind.JOURNAL]).delete()
    Finding.objects.filter(seen_at__lt=Now() - _GONE).delete()
    finding = _note(place, kind, "")
    return finding if finding.confirmed_by else None


def _pause() -> bool:
    """Let no stack send from an older copy; True when this is news."""
    if not Installation.objects.filter(is_paused=False).update(is_paused=True):
        return False
    skip_numbers()
    return True


def _note(place: str, kind: Kind, words: str) -> Finding:
    row = Installation.objects.first()
    finding, is_new = Finding.objects.get_or_create(
        place=place, kind=kind, defaults={"words": words[:300], "copy_of": row.raised_at if row else None}
    )
    if is_new:
        log.error("guard.found place=%s kind=%s words=%s", place, kind, words)
    else:
        Finding.objects.filter(pk=finding.pk).update(seen_at=Now(), words=words[:300])
    return finding


def _adopt(folder: Path, finding: Finding) -> None:
    """Make file and database one installation again. The database comes first: a crash between the two asks again."""
    note = read_note(folder)
    head = note.head if isinstance(note, Note) else 0
    with transaction.atomic():
        statements.commit_durably()
        with connection.cursor() as cursor:
            cursor.execute(_FIRST, [uuid4()])
        row = Installation.objects.select_for_update().get()
        joins = finding.kind == Kind.NO_FILE and Installation.objects.filter(raised_at__gt=Now() - ALIVE).exists()
        installation = row.installation if joins or finding.kind == Kind.BEHIND else uuid4()
        head = row.head if joins else max(head, row.head) + AHEAD
        if installation != row.installation:  # of another folder: how old this copy is nobody can tell
            skip_numbers()
        Installation.objects.update(installation=installation, head=head, raised_at=Now(), is_paused=False)
        Adoption.objects.create(
            by=finding.confirmed_by,
            place=finding.place,
            kind=finding.kind,
            former=row.installation,
            installation=installation,
            head=head,
            doubts=finding.doubts,
            settled=finding.settled,
            unknown=finding.unknown,
        )
        Finding.objects.filter(place=finding.place).exclude(kind=Kind.JOURNAL).delete()
    write_note(folder, Note(installation, head, place_of(folder)))
    log.warning("guard.adopted place=%s kind=%s by=%s", finding.place, finding.kind, finding.confirmed_by)


def _raise(folder: Path) -> bool:
    """Count one more tick, in the database and then in the file; the very first time both are made."""
    note, place = read_note(folder), place_of(folder)
    if isinstance(note, Damaged):
        return False
    with transaction.atomic(), connection.cursor() as cursor:
        statements.commit_durably()  # a head that could be lost would look like an older copy
        if note is None or note.head == 0:
            cursor.execute(_FIRST, [note.installation if note else uuid4()])
            note = Note(Installation.objects.get().installation, 0, place)
            write_note(folder, note)  # before the head is raised: a head of 0 without a file asks nobody
        cursor.execute(_RAISE, [note.installation, note.head])
        raised = cursor.fetchone()
    if raised is None:
        return False
    Finding.objects.filter(place=name_of(folder)).exclude(kind=Kind.JOURNAL).delete()
    try:
        write_note(folder, Note(note.installation, raised[0], place))
    except OSError as error:  # the file stays behind, which stops nobody
        log.error("guard.file_not_written place=%s reason=%s", name_of(folder), said(error))  # noqa: TRY400
    return True
