from __future__ import annotations

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
