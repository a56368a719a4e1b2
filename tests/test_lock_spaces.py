"""No two rooms share a number among PostgreSQL's advisory locks: they would wait for each other, or skip their work."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from campaigns.contacts.services import erasing, locks, retention, unpacking
from outreach.accounts import services as accounts
from outreach.kit import gate
from outreach.rest import kept
from sending.ledger import services as ledger
from sending.planner.claim import throttling
from sending.rehearsal import services as rehearsal
from sending.tracking import services as tracking

_ROOT = Path(__file__).parent.parent
_SPACES = (  # of pairs: a space, and a number in it
    gate._SPACE, kept._SPACE, locks.IMPORTS, locks.DRY_RUNS, locks.MERGES, erasing._SPACE, unpacking._LOCK[0],
    retention._SPACE, throttling._SPACE, rehearsal._SPACE, rehearsal.WORKSPACES,
)  # fmt: skip
_SINGLES = (accounts._FIRST_VISITOR, ledger._FOLD_LOCK, tracking._LOCK)
_CONSTANT = re.compile(r"^_?[A-Z_, ]*(?:SPACE|LOCK|VISITOR|WORKSPACES|MERGES) = (\(?0x.*?)(?:#.*)?$", re.MULTILINE)


def test_each_has_its_own() -> None:
    for numbers in (_SPACES, _SINGLES):
        assert [f"{number:#x}" for number, times in Counter(numbers).items() if times > 1] == []


def test_none_is_left_out_of_the_comparison() -> None:
    found: set[int] = set()
    for room in ("campaigns", "outreach", "sending"):
        for path in (_ROOT / room).rglob("*.py"):
            for numbers in _CONSTANT.findall(path.read_text()):
                found |= {int(number, 16) for number in re.findall(r"0x[0-9A-Fa-f]+", numbers)}
    assert found == {*_SPACES, *_SINGLES}
