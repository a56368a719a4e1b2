from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from outreach import __version__, cli
from outreach.env import ROOT
from tests.outreach.embedded.up import clean_env


def outreach(data_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "outreach.cli", *words],
        cwd=ROOT, env=clean_env(data_dir), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out == f"outreach {__version__}\n"


@pytest.mark.parametrize("port", ["0", "65536", "web", "-1"])
def test_port_that_cannot_be_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["up", f"--port={port}"])
    assert "write a number from 1 to 65535" in capsys.readouterr().err


def test_command_that_needs_servers_says_so_in_one_line(tmp_path: Path) -> None:
    refused = outreach(tmp_path, "import", "people.csv", "--workspace", "acme", "--list", "Leads")
    assert refused.returncode == 1
    assert refused.stderr.startswith("outreach: DATABASE_URL is not set. Start the embedded servers with `make run`")
    assert refused.stderr.count("\n") == 1


def test_lines_are_printed_with_the_name_of_who_says_them(capsys: pytest.CaptureFixture[str]) -> None:
    cli._print_line("beat", "tick")
    assert capsys.readouterr().out[8:] == " beat     | tick\n"


def test_reader_that_goes_away_does_not_stop_the_program(tmp_path: Path) -> None:
    code = "from outreach.cli import _print_line; [_print_line('web', 'x' * 80) for _ in range(20000)]"
    done = subprocess.run(
        ["sh", "-c", '{ "$0" -c "$1" && echo survived >&2; } | head -1', sys.executable, code],
        cwd=ROOT, env=clean_env(tmp_path), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == "survived\n"


def test_terminal_that_is_closed_does_not_stop_the_program(tmp_path: Path) -> None:
    """The kernel answers with EIO, not with a broken pipe, and goes on doing so."""
    code = (
        "import os, sys; from outreach.cli import _print_line; sys.stdin.readline(); "
        "_print_line('web', 'nobody reads this'); _print_line('web', 'nor this'); os.write(2, b'survived')"
    )
    master, terminal = pty.openpty()
    try:
        program = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT, env=clean_env(tmp_path), text=True,
            stdin=subprocess.PIPE, stdout=terminal, stderr=subprocess.PIPE,
        )  # fmt: skip
    finally:
        os.close(terminal)
        os.close(master)
    assert program.communicate("now\n", timeout=60)[1] == "survived"


def test_full_disk_under_the_log_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    code = "from outreach.cli import _print_line; [_print_line('web', 'x' * 80) for _ in range(2000)]"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", f"{code}; import os; os.write(2, b'survived'); os._exit(0)"],
            cwd=ROOT, env=clean_env(tmp_path), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.stderr == "survived"


def test_terminal_of_another_alphabet_shows_a_mark_instead_of_failing(tmp_path: Path) -> None:
    code = "from outreach import cli; cli.main(['version']); cli._print_line('demo', '\u201cSpring fair\u201d')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, env={**clean_env(tmp_path), "PYTHONIOENCODING": "latin-1"},
        capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.endswith(b"?Spring fair?\n")
