"""What a guard file and a database tell about each other."""

from __future__ import annotations

from uuid import UUID

import pytest

from sending.guard.core import Damaged, Kind, Note, Row, judge

US, THEM = UUID(int=1), UUID(int=2)
HERE = "machine:7"


@pytest.mark.parametrize(
    ("note", "row", "kind"),
    [
        (None, None, None),
        (None, Row(US, 0), None),
        (Note(US, 0, HERE), None, None),
        (Note(US, 0, HERE), Row(THEM, 0), None),
        (Note(US, 0, HERE), Row(US, 0), None),
        (Note(US, 0, HERE), Row(US, 1), None),
        (Note(US, 5, HERE), Row(US, 5), None),
        (Note(US, 5, HERE), Row(US, 6), None),
        (Note(US, 5, HERE), Row(US, 4), Kind.BEHIND),
        (Note(US, 5, "other:7"), Row(US, 4), Kind.BEHIND),
        (Note(US, 5, "other:7"), Row(US, 5), Kind.MOVED),
        (Note(US, 5, HERE), Row(THEM, 9), Kind.FOREIGN),
        (Note(US, 5, HERE), None, Kind.NO_ROW),
        (None, Row(US, 1), Kind.NO_FILE),
        (Note(US, 0, HERE), Row(THEM, 1), Kind.NO_FILE),
        (Damaged(), Row(US, 1), Kind.DAMAGED),
        (Damaged(), None, Kind.DAMAGED),
    ],
)
def test_only_what_fits_together_may_send(note: Note | Damaged | None, row: Row | None, kind: Kind | None) -> None:
    assert judge(note, row, place=HERE) is kind
