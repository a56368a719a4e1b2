"""Every fault in its short form: nobody twice, nobody lost, no more doubts than were in hand."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outreach.env import ROOT

# Faults mostly wait, for leases to run out and for servers to come back: two worlds do so at the same time.
WORLDS = (
    ("F1", "F4", "F5", "F8", "F14", "F25"),
    ("F2", "F3", "F6", "F7", "F11", "F15", "F16", "F20", "F23", "F24"),
)
CODES = [code for world in WORLDS for code in world]
LONGEST_S = 480
LINE = re.compile(
    r"(?P<verdict>pass|FAIL) (?P<code>F\d+) .*: runs (?P<runs>\d+), .* accepted (?P<accepted>\d+), "
    r"duplicates (?P<duplicates>\d+), lost (?P<lost>\d+), in doubt (?P<in_doubt>\d+) of at most (?P<bound>\d+)"
)


@pytest.fixture(scope="session")
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Run the command once for the faults that are asked for, also where several processes share the tests."""
    wanted = [
        [code for code in world if any(_is_about(item, code) for item in request.session.items)] for world in WORLDS
    ]
    shared = os.environ.get("PYTEST_XDIST_WORKER") is not None
    folder = tmp_path_factory.getbasetemp().parent if shared else tmp_path_factory.getbasetemp()
    with (folder / "chaos.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = folder / "chaos.txt"
        if not answer.exists():
            with ThreadPoolExecutor() as worlds:
                logs = [folder / f"chaos-{number}.log" for number in range(len(WORLDS))]
                answer.write_text("".join(worlds.map(_run, wanted, logs)))
    return answer.read_text()


def _is_about(item: pytest.Item, code: str) -> bool:
    return item.path == Path(__file__) and item.name.endswith(f"[{code}]")


def _run(codes: list[str], log: Path) -> str:
    if not codes:
        return ""
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
