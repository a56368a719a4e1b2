from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from outreach.embedded.faults import AlreadyRunning
from outreach.embedded.keys import KeyLost, instance_keys
from outreach.embedded.lock import sole_supervisor


def test_first_start_generates_secrets_that_stay(tmp_path: Path) -> None:
    first = instance_keys(tmp_path, may_create=True)
    assert instance_keys(tmp_path, may_create=False) == first
    assert instance_keys(tmp_path, may_create=True) == first
    assert len({first.secret_key, first.credential_keys, first.postgres_password, first.redis_password}) == 4
    assert len(first.secret_key) >= 50
    Fernet(first.credential_keys)


def test_secrets_are_private_under_any_umask(tmp_path: Path) -> None:
    instance_keys(tmp_path, may_create=True)
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_key_added_in_front_is_read_with_the_old_one(tmp_path: Path) -> None:
    old = instance_keys(tmp_path, may_create=True).credential_keys
    new = Fernet.generate_key().decode()
    (tmp_path / "secrets/credential_keys").write_text(f"{new}\n{old}\n")
    assert instance_keys(tmp_path, may_create=False).credential_keys == f"{new} {old}"


@pytest.mark.parametrize("name", ["secret_key", "credential_keys", "postgres_password"])
def test_lost_secret_of_existing_data_is_never_replaced(tmp_path: Path, name: str) -> None:
    instance_keys(tmp_path, may_create=True)
    (tmp_path / "secrets" / name).unlink()
    with pytest.raises(KeyLost, match=f"{name} is missing, but the database exists"):
        instance_keys(tmp_path, may_create=False)
    assert not (tmp_path / "secrets" / name).exists()


def test_emptied_secret_counts_as_lost(tmp_path: Path) -> None:
    instance_keys(tmp_path, may_create=True)
    (tmp_path / "secrets/secret_key").write_text("\n")
    with pytest.raises(KeyLost):
        instance_keys(tmp_path, may_create=False)


def test_lock_admits_one_and_leaves_no_file(tmp_path: Path) -> None:
    with sole_supervisor(tmp_path):
        with pytest.raises(AlreadyRunning, match="already running"), sole_supervisor(tmp_path):
            pass
        assert (tmp_path / "run.lock").exists()
    assert not (tmp_path / "run.lock").exists()


def test_lock_file_left_by_a_killed_process_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("4242\n")
    with sole_supervisor(tmp_path):
        pass
