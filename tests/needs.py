"""Tests that need a program of Debian: skipped with one loud line, or failed when REQUIRE_ALL=1 insists."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from dataclasses import dataclass

import pytest

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Need:
    """A program, and the Debian package that brings it."""

    program: str
    package: str

    @property
    def path(self) -> str | None:
        return shutil.which(self.program, path=os.environ.get("PATH", "") + ":" + _SYSTEM_PATH)


# Keyed by the marker of pyproject.toml.
NEEDS = {
    "browser": Need("chromium", "chromium"),
    "caddy": Need("caddy", "caddy"),
    "dovecot": Need("dovecot", "dovecot-imapd dovecot-pop3d"),
    "nginx": Need("nginx", "nginx-light"),
    "postfix": Need("postfix", "postfix"),
}
_SKIPPED = "needs Debian's package "


def required(marker: str) -> str:
    """Return the path of the program behind a marker; skip the calling test when it is missing."""
    need = NEEDS[marker]
    return need.path or pytest.skip(f"{_SKIPPED}{need.package}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in NEEDS:
        if item.get_closest_marker(marker):
            required(marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn any skip into a failure when REQUIRE_ALL=1: a build machine must run every test."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1, but this test was skipped: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself while it is imported."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ALL=1, but {report.nodeid} was skipped: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once per missing package how many tests did not run for it."""
    for need in NEEDS.values():
        missed = [
            report
            for report in terminalreporter.stats.get("skipped", ())
            if _reason(report).endswith(f"{_SKIPPED}{need.package}")
        ]
        if missed:
            terminalreporter.write_line(
                f"NOT RUN: {len(missed)} tests, because Debian's package {need.package} is missing: "
                f"apt-get install {need.package}",
                red=True,
                bold=True,
            )


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
