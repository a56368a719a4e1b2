"""The verbs of the Makefile and the script of the build machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from outreach.env import ROOT, settings_page
from tests.conftest import LONGEST, TESTS

VERBS = ("setup", "demo", "run", "test", "check", "fix", "types", "bench", "migrations", "docs", "pictures", "lock")
MAKEFILE = (ROOT / "Makefile").read_text()


def make(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--no-print-directory", *words],
        cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_make_alone_lists_every_verb() -> None:
    listed = re.findall(r"^  make (\S+) ", make().stdout, re.MULTILINE)
    assert set(VERBS) <= set(listed)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_has_a_rule(verb: str) -> None:
    assert make("--dry-run", verb).returncode == 0


def test_the_files_that_begin_first_are_there() -> None:
    assert [name for name in LONGEST if not (TESTS / name).is_file()] == []


def test_python_that_is_too_old_is_one_clear_line(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    refused = make(f"{tmp_path}/venv/tools", f"VENV={tmp_path}/venv", f"PYTHON={old}")
    assert refused.returncode != 0
    assert f"Python 3.11 or newer is needed, and {old} is not" in refused.stderr


def test_python_without_venv_names_the_debian_package(tmp_path: Path) -> None:
    bare = tmp_path / "python3"
    bare.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n')
    bare.chmod(0o755)
    refused = make(f"{tmp_path}/venv/tools", f"VENV={tmp_path}/venv", f"PYTHON={bare}")
    assert refused.returncode != 0
    assert "apt-get install python3-venv" in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_demo_needs_the_program_alone_and_tests_need_the_tools() -> None:
    assert re.search(r"^demo: \$\(VENV\)/ready ", MAKEFILE, re.MULTILINE)
    assert re.search(r"^test: \$\(VENV\)/dev ", MAKEFILE, re.MULTILINE)
    assert re.search(r"^\$\(VENV\)/ready: requirements.lock ", MAKEFILE, re.MULTILINE)
    assert re.search(r"^\$\(VENV\)/dev: requirements-dev.lock ", MAKEFILE, re.MULTILINE)


def test_build_machine_runs_make_check_and_allows_no_skip() -> None:
    script = (ROOT / ".ci/run").read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=False).returncode == 0
    assert script.index("export REQUIRE_ALL=1") < script.index("make check")
    for package in (
        "chromium",
        "dovecot-imapd",
        "dovecot-pop3d",
        "dovecot-lmtpd",
        "postfix",
        "uidmap",
        "caddy",
        "nginx-light",
    ):
        assert re.search(rf"\b{package}\b", script)


def test_page_of_settings_is_current() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_page(), "run `make docs`"
