"""Every fault in its short form, in one world: nobody twice, nobody lost, no more doubts than were in hand."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.env import ROOT

CODES = ("F1", "F2", "F3", "F4", "F6", "F7", "F8", "F16", "F23", "F24")
LONGEST_S = 480
LINE = re.compile(
    r"(?P<verdict>pass|FAIL) (?P<code>F\d+) .*: runs (?P<runs>\d+), .* accepted (?P<accepted>\d+), "
    r"duplicates (?P<duplicates>\d+), lost (?P<lost>\d+), in doubt (?P<in_doubt>\d+) of at most (?P<bound>\d+)"
)


@pytest.fixture(scope="session")
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the command once for the faults that are asked for, also where several processes share the tests."""
    wanted = [code for code in CODES if any(_is_about(item, code) for item in request.session.items)]
    shared = os.environ.get("PYTEST_XDIST_WORKER") is not None
    folder = tmp_path_factory.getbasetemp().parent if shared else tmp_path_factory.getbasetemp()
    with (folder / "chaos.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = folder / "chaos.txt"
        if not answer.exists():
            answer.write_text(_run(wanted, folder / "chaos.log"))
    return answer.read_text()


def _is_about(item: pytest.Item, code: str) -> bool:
    return item.path == Path(__file__) and item.name.endswith(f"[{code}]")


def _run(codes: list[str], log: Path) -> str:
    words = [sys.executable, "-m", "outreach.cli", "chaos", *codes, "--short", "--log", str(log)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("code", CODES)
def test_fault_costs_no_duplicate_and_no_loss(said: str, code: str) -> None:
    found = {line["code"]: line for line in LINE.finditer(said)}
    assert code in found, said
    line = found[code]
    assert line["verdict"] == "pass", said
    assert (line["duplicates"], line["lost"]) == ("0", "0")
    assert int(line["in_doubt"]) <= int(line["bound"])
    assert int(line["accepted"]) > 0
