"""The instance's own secrets: generated on first start, mode 0600, never changed by the program."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from outreach.embedded.faults import Fault, NoAccess
from outreach.kit.files import write_durably

FOLDER = "secrets"


class KeyLost(Fault):
    """There are data that only a missing secret opens."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is missing, but the database exists and needs it. Put it back from a backup; "
            "to start empty, move the whole data directory away."
        )


@dataclass(frozen=True, slots=True)
class InstanceKeys:
    """What signs, what encrypts (Fernet keys, newest first), and the passwords of the two servers."""

    secret_key: str
    credential_keys: str
    postgres_password: str
    redis_password: str


def instance_keys(data_dir: Path, *, may_create: bool) -> InstanceKeys:
    """Read the secrets of data_dir; create those that are missing if may_create. Raises KeyLost, NoAccess."""
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)

    def secret(name: str, fresh: str, *, vital: bool = True) -> str:
        return _read_or_create(folder / name, fresh, may_create=may_create or not vital)

    return InstanceKeys(
        secret_key=secret("secret_key", secrets.token_urlsafe(48)),
        credential_keys=secret("credential_keys", Fernet.generate_key().decode()),
        postgres_password=secret("postgres_password", secrets.token_urlsafe(24)),
        redis_password=secret("redis_password", secrets.token_urlsafe(24), vital=False),
    )


def write_service_secrets(folder: Path) -> None:
    """Write the secrets that docker-compose.yml mounts. Raises NoAccess when folder already holds any.

    The files are readable by all inside a folder that only its owner enters: Compose mounts them as they are,
    and the containers run as users of their own.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise NoAccess(f"{folder} is not empty: secrets are never overwritten. Choose a new folder.")
        for name, secret in _service_secrets().items():
            (folder / name).write_text(secret + "\n")
            (folder / name).chmod(0o644)
    except OSError as error:
        if isinstance(error, NoAccess):
            raise
        raise NoAccess(f"Cannot write into {folder}: {error.strerror}") from error


def _service_secrets() -> dict[str, str]:
    postgres, redis = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    return {
        "postgres_password": postgres,
        "database_url": f"postgresql://outreach:{postgres}@postgres:5432/outreach",
        "redis_password": redis,
        "redis_url": f"redis://:{redis}@redis:6379/0",
        "secret_key": secrets.token_urlsafe(48),
        "credential_keys": Fernet.generate_key().decode(),
    }


def _read_or_create(path: Path, fresh: str, *, may_create: bool) -> str:
    try:
        text = " ".join(path.read_text().split())
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise NoAccess(
            f"Cannot read {path}: {error.strerror}. Start as the user who owns the data directory."
        ) from error
    if text:
        return text
    if not may_create:
        raise KeyLost(path)
    write_durably(path, fresh + "\n")
    return fresh
