"""The one typed door for settings: nothing else in the program reads the process environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IPNetwork = IPv4Network | IPv6Network


class BadSetting(ValueError):
    """A variable that is missing or cannot be understood; the text names it and says what to write."""


@dataclass(frozen=True, slots=True)
class Env:
    """Everything the program learns from outside, parsed and checked once at start."""

    data_dir: Path
    database_url: str
    redis_url: str
    secret_key: str
    credential_keys: tuple[str, ...]
    debug: bool
    allowed_hosts: tuple[str, ...]
    public_url: str
    private_networks: tuple[IPNetwork, ...]
    allow_sign_up: bool
    log_json: bool


@cache
def env() -> Env:
    """Return the settings of this process. Raises BadSetting naming the variable."""
    return load(os.environ)


def load(environ: Mapping[str, str]) -> Env:
    """Parse environ; a variable NAME may also be given as NAME_FILE (a path to a secret).

    Where the embedded servers run, their addresses and secrets stand in <data dir>/run.env.
    """
    data_dir = Path(environ.get("OUTREACH_DATA_DIR") or ROOT / ".data").absolute()
    known = {**_run_env(data_dir), **environ}
    return Env(
        data_dir=data_dir,
        database_url=_text(known, "DATABASE_URL"),
        redis_url=_text(known, "REDIS_URL"),
        secret_key=_text(known, "OUTREACH_SECRET_KEY"),
        credential_keys=_words(_text(known, "OUTREACH_CREDENTIAL_KEYS")),
        debug=_truth(known, "OUTREACH_DEBUG", default=False),
        allowed_hosts=_words(known.get("OUTREACH_ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]")),
        public_url=known.get("OUTREACH_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
        private_networks=_networks(known.get("OUTREACH_PRIVATE_NETWORKS", "")),
        allow_sign_up=_truth(known, "OUTREACH_ALLOW_SIGN_UP", default=False),
        log_json=_truth(known, "OUTREACH_LOG_JSON", default=False),
    )


def _run_env(data_dir: Path) -> dict[str, str]:
    try:
        lines = (data_dir / "run.env").read_text().splitlines()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _text(known: Mapping[str, str], name: str) -> str:
    if path := known.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise BadSetting(f"{name}_FILE: cannot read {path}: {error.strerror}") from error
    value = known.get(name, "").strip()
    if not value:
        raise BadSetting(
            f"{name} is not set. Start the embedded servers with `make run` (or `outreach up`), "
            f"or set {name} or {name}_FILE. docs/settings.md lists every variable."
        )
    return value


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _truth(known: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = known.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if not value:
        return default
    raise BadSetting(f"{name} is {value!r}: write 1 or 0")


def _networks(text: str) -> tuple[IPNetwork, ...]:
    try:
        return tuple(ip_network(word) for word in _words(text))
    except ValueError as error:
        raise BadSetting(f"OUTREACH_PRIVATE_NETWORKS: {error}; write CIDR ranges such as 127.0.0.0/8") from error
