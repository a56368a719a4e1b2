"""The throw-away servers of the test run itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from outreach.env import ROOT
from tests.outreach.embedded.up import alive, descendants, wait_until

REPORT = "import json, os; print(json.dumps(dict(os.environ)))"


def run_pytest(folder: Path, test: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one test file, without the servers, under the rules of this project about skipping.

    Loading all plugins that are installed would take several times as long as the run.
    """
    lean = {"REQUIRE_ALL": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    dovecot: x\n    postfix: x\n    browser: x\n")
    (folder / "test_it.py").write_text(test)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.needs", folder],
        cwd=ROOT, env={**os.environ, **lean, **variables}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_command_gets_servers_of_its_own_and_leaves_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.servers", sys.executable, "-c", REPORT],
        cwd=ROOT, env={**os.environ, "DATABASE_URL": "postgresql://real/data"},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    assert seen["DATABASE_URL"] not in {"postgresql://real/data", os.environ["DATABASE_URL"]}
    assert seen["OUTREACH_DATA_DIR"] != os.environ["OUTREACH_DATA_DIR"]
    assert not Path(seen["OUTREACH_DATA_DIR"]).exists()


def test_status_of_the_command_is_passed_on() -> None:
    words = [sys.executable, "-m", "tests.servers", sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(words, cwd=ROOT, timeout=60, check=False).returncode == 7


def test_killed_run_leaves_no_process_and_no_folder() -> None:
    words = [
        sys.executable,
        "-m",
        "tests.servers",
        sys.executable,
        "-uc",
        f"{REPORT}; import time; time.sleep(60)",
    ]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout
        folder = Path(json.loads(run.stdout.readline())["OUTREACH_DATA_DIR"])
        family = descendants(run.pid)
        command = max(family, key=lambda pid: "time.sleep(60)" in Path(f"/proc/{pid}/cmdline").read_text())
        assert len(family) >= 4  # the keeper, both servers, the command
        os.kill(run.pid, signal.SIGKILL)
        wait_until(lambda: not alive(family - {command}), 20)
        os.kill(command, signal.SIGKILL)
    wait_until(lambda: not folder.exists(), 10)


def test_killed_keeper_takes_the_servers_along() -> None:
    words = [sys.executable, "-m", "tests.servers", "--keep"]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout
        folder = Path(json.loads(keeper.stdout.readline())["OUTREACH_DATA_DIR"])
        family = descendants(keeper.pid)
        keeper.kill()
        wait_until(lambda: not alive(family), 20)
    assert folder.is_relative_to(tempfile.gettempdir())
    subprocess.run(["rm", "-r", folder], check=True)


def test_workers_of_one_run_share_the_server_and_have_their_own_databases() -> None:
    assert os.environ["OUTREACH_DATA_DIR"].startswith(tempfile.gettempdir())
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    expected = 1 + int(worker.removeprefix("gw")) if worker else 0
    assert os.environ["REDIS_URL"].endswith(f"/{expected}")


@pytest.mark.parametrize(
    ("marker", "package"),
    [("browser", "chromium"), ("dovecot", "dovecot-imapd"), ("postfix", "postfix"), ("nginx", "nginx-light")],
)
def test_missing_program_skips_with_one_loud_line(tmp_path: Path, marker: str, package: str) -> None:
    absent = f"import pytest, tests.needs as n\nn.NEEDS['{marker}'] = n.Need('no-such-program', '{package}')\n"
    test = f"{absent}@pytest.mark.{marker}\ndef test_a(): pass\n@pytest.mark.{marker}\ndef test_b(): pass\n"
    done = run_pytest(tmp_path, test)
    assert done.returncode == 0, done.stdout
    advice = f"because Debian's package {package} is missing: apt-get install {package}"
    assert [line for line in done.stdout.splitlines() if "NOT RUN" in line] == [f"NOT RUN: 2 tests, {advice}"]
    insisting = run_pytest(tmp_path, test, REQUIRE_ALL="1")
    assert insisting.returncode == 1
    assert "2 errors" in insisting.stdout
    assert f"needs Debian's package {package}" in insisting.stdout


def test_any_skip_is_a_failure_where_all_is_required(tmp_path: Path) -> None:
    test = "import pytest\ndef test_a(): pytest.skip('tired')\n"
    assert "1 skipped" in run_pytest(tmp_path, test).stdout
    insisting = run_pytest(tmp_path, test, REQUIRE_ALL="1")
    assert insisting.returncode == 1
    assert "REQUIRE_ALL=1, but this test was skipped: Skipped: tired" in insisting.stdout


def test_module_that_skips_itself_is_a_failure_too(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text("def test_b(): pass\n")
    test = "import pytest\npytest.importorskip('no_such_module')\ndef test_a(): pass\n"
    assert run_pytest(tmp_path, test).returncode == 0
    insisting = run_pytest(tmp_path, test, REQUIRE_ALL="1")
    assert insisting.returncode == 2  # interrupted: errors while collecting
    assert "could not import 'no_such_module'" in insisting.stdout
