"""Set-up installs exactly what the locks say, and the locks say what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from outreach import __version__
from outreach.env import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-setup.lock")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")


def entries(lock: str) -> list[str]:
    """Return one text per pinned package: its line and the hashes that follow."""
    text = "\n".join(line for line in (ROOT / lock).read_text().splitlines() if not line.startswith("#"))
    return [entry for entry in re.split(r"\n(?=\S)", text.strip()) if entry]


def pins(lock: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries(lock):
        pin = PIN.match(entry)
        assert pin, entry
        found.setdefault(canonicalize_name(pin["name"]), set()).add(pin["version"])
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_with_hashes(lock: str) -> None:
    assert entries(lock)
    bare = [entry for entry in entries(lock) if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)]
    assert not bare


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_address_and_no_index(lock: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links| @ ", (ROOT / lock).read_text())


@pytest.mark.parametrize(("lock", "groups"), [("requirements.lock", ()), ("requirements-dev.lock", ("dev", "bench"))])
def test_lock_satisfies_what_the_project_asks_for(lock: str, groups: tuple[str, ...]) -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [*PROJECT["project"]["dependencies"], *extras["embedded"], *extras["sandbox"]]
    asked += [text for group in groups for text in PROJECT["dependency-groups"][group]]
    pinned = pins(lock)
    for requirement in map(Requirement, asked):
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in {lock}: run `make lock`"
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), requirement


def test_both_locks_agree_so_that_tests_run_what_is_deployed() -> None:
    run, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: versions for name, versions in dev.items() if name in run} == run


def test_set_up_installs_one_tool() -> None:
    assert set(pins("requirements-setup.lock")) == {"uv"}


def test_version_is_told_once_in_two_places() -> None:
    assert PROJECT["project"]["version"] == __version__
