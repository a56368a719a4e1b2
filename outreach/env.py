"""The one typed door for settings: nothing else in the program reads the process environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
RUN_FILE = "run.env"
IPNetwork = IPv4Network | IPv6Network
_ZONE = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_TENANT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,98}[A-Za-z0-9])?")  # it becomes a part of an address


class BadSetting(ValueError):
    """A variable that is missing or cannot be understood; the text names it and says what to write."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment: docs/settings.md is written from these. `default` None: required."""

    name: str
    meaning: str
    default: str | None = None
    secret: bool = False


VARIABLES = (
    Variable(
        "DATABASE_URL",
        "PostgreSQL: `postgresql://user:password@host:5432/name`. Leave it out for the embedded server.",
        secret=True,
    ),
    Variable(
        "REDIS_URL",
        "Redis or Valkey: `redis://:password@host:6379/0`. Leave it out for the embedded server.",
        secret=True,
    ),
    Variable("OUTREACH_SECRET_KEY", "Signs sessions and tokens: 50 random characters.", secret=True),
    Variable(
        "OUTREACH_CREDENTIAL_KEYS",
        "Fernet keys that encrypt mailbox passwords, newest first, separated by spaces. "
        "To rotate, put a new key in front and keep the old ones: prints of erased people are lost with theirs.",
        secret=True,
    ),
    Variable(
        "OUTREACH_DATA_DIR",
        "Folder for the embedded servers, generated secrets and collected static files.",
        default=".data",
    ),
    Variable(
        "OUTREACH_JOURNAL_DIR",
        "Folder of the couriers' journals and of the guard against a restored copy of the database, shared by the "
        "`worker` and `courier` of one machine. It is no part of a backup: it has to outlive the database. "
        "`outreach up` keeps it in the data folder; empty: neither journal nor guard.",
        default="",
    ),
    Variable(
        "OUTREACH_PUBLIC_URL",
        "Address at which people reach the pages; `https://` switches on secure cookies and HSTS.",
        default="http://127.0.0.1:8000",
    ),
    Variable(
        "OUTREACH_TRACKING_URL",
        "Address that links, images and opt-out pages in messages begin with: its host is one of its own, that leads "
        "here and shows nothing else (`https://go.example.com`; docs/tracking.md). Workspaces can have "
        "domains of their own that lead to it. One-click opt-outs need https. "
        "Empty: messages carry no address of this instance, and people opt out by mail.",
        default="",
    ),
    Variable(
        "OUTREACH_ALLOWED_HOSTS",
        "Host names at which the web server shows its pages. With `*` no workspace can have its own tracking domain.",
        default="localhost 127.0.0.1 [::1]",
    ),
    Variable(
        "OUTREACH_PRIVATE_NETWORKS",
        "Private networks that mailbox hosts may lie in, as CIDR ranges; all others are refused.",
        default="",
    ),
    Variable(
        "OUTREACH_DNS",
        "Name servers that are asked about the domains of contacts, mailboxes and keys, as IP addresses with or "
        "without a port (`192.0.2.53 127.0.0.1:5353 [2001:db8::53]:53`); empty: those of this machine.",
        default="",
    ),
    Variable(
        "OUTREACH_BLOCKLISTS",
        "Blocklists that are asked about sending domains and the addresses of their servers: zones with what they "
        "list (`zen.spamhaus.org=addresses dbl.spamhaus.org=domains`). Mind their terms; most refuse public "
        "resolvers, which is shown as unknown. Empty: none.",
        default="",
    ),
    Variable(
        "OUTREACH_ALLOW_SIGN_UP",
        "1: strangers may create accounts and workspaces of their own.",
        default="0",
    ),
    Variable(
        "OUTREACH_LEASE_S",
        "A worker that gives no sign of life for so many seconds (2 to 3600) is held for dead: others take over its "
        "mailboxes, and the database ends what it has left open (after 30 s at the earliest). Fewer: they wait less "
        "after a crash. More: a machine that stalls keeps what it has in hand.",
        default="60",
    ),
    Variable(
        "OUTREACH_IDLE_SLOTS",
        "How many mailboxes are listened to at the same time, over IMAP connections that are kept open (0 to 2000); 0: "
        "none. All others are read in turn.",
        default="100",
    ),
    Variable(
        "OUTREACH_GOOGLE_CLIENT_ID",
        "OAuth client of this instance at Google, for mailboxes that sign in with Google (docs/oauth.md).",
        default="",
    ),
    Variable("OUTREACH_GOOGLE_CLIENT_SECRET", "Secret of that client.", default="", secret=True),
    Variable(
        "OUTREACH_MICROSOFT_CLIENT_ID",
        "Application of this instance at Microsoft, for mailboxes that sign in with Microsoft (docs/oauth.md).",
        default="",
    ),
    Variable("OUTREACH_MICROSOFT_CLIENT_SECRET", "Secret of that application.", default="", secret=True),
    Variable(
        "OUTREACH_MICROSOFT_TENANT",
        "Whose accounts may sign in with Microsoft: a tenant's id or domain, `organizations`, `consumers` or `common`.",
        default="common",
    ),
    Variable(
        "OUTREACH_SPAMD_URL",
        "A SpamAssassin daemon that judges wordings before they are sent: `spamd://127.0.0.1:783`. It reads what a "
        "contact would get, so let it be your own. Empty: no score.",
        default="",
    ),
    Variable("OUTREACH_LOG_JSON", "1: log one JSON object per line.", default="0"),
    Variable(
        "OUTREACH_DEBUG",
        "1: Django's error pages and unminified files; never on a server that others reach.",
        default="0",
    ),
)
_KNOWN = {variable.name: variable for variable in VARIABLES}


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """How this instance is known to a provider that mailboxes sign in with."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NameServer:
    """A name server that this instance asks."""

    address: str
    port: int = 53


@dataclass(frozen=True, slots=True)
class Daemon:
    """Where a daemon of this instance listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Env:
    """Everything the program learns from outside, parsed and checked once at start."""

    data_dir: Path
    journal_dir: Path | None
    database_url: str
    redis_url: str
    secret_key: str
    credential_keys: tuple[str, ...]
    debug: bool
    allowed_hosts: tuple[str, ...]
    public_url: str
    tracking_url: str
    private_networks: tuple[IPNetwork, ...]
    dns: tuple[NameServer, ...]
    blocklists: tuple[tuple[str, str], ...]  # a zone, and what it lists: addresses or domains
    allow_sign_up: bool
    lease_s: int
    idle_slots: int
    spamd: Daemon | None
    log_json: bool
    google: OAuthClient | None
    microsoft: OAuthClient | None
    microsoft_tenant: str


@cache
def env() -> Env:
    """Return the settings of this process. Raises BadSetting naming the variable."""
    return load(os.environ)


def data_dir() -> Path:
    """Return the data directory; unlike env(), this needs no other variable."""
    return _data_dir(os.environ)


def is_given(name: str) -> bool:
    """Tell whether the environment itself names a value for the variable, directly or as a file."""
    return bool(os.environ.get(name, "").strip() or os.environ.get(f"{name}_FILE"))


def load(environ: Mapping[str, str]) -> Env:
    """Parse environ; a variable NAME may also be given as NAME_FILE (a path to a secret).

    Where the embedded servers run, their addresses and secrets stand in <data dir>/run.env.
    """
    folder = _data_dir(environ)
    known = {**_run_file(folder), **{name: value for name, value in environ.items() if value.strip()}}
    return Env(
        data_dir=folder,
        journal_dir=_folder(known, "OUTREACH_JOURNAL_DIR"),
        database_url=_url(known, "DATABASE_URL", "postgresql", "postgres"),
        redis_url=_url(known, "REDIS_URL", "redis", "rediss"),
        secret_key=_text(known, "OUTREACH_SECRET_KEY"),
        credential_keys=_words(_text(known, "OUTREACH_CREDENTIAL_KEYS")),
        debug=_truth(known, "OUTREACH_DEBUG"),
        allowed_hosts=_words(_text(known, "OUTREACH_ALLOWED_HOSTS")),
        public_url=_url(known, "OUTREACH_PUBLIC_URL", "http", "https").rstrip("/"),
        tracking_url=_tracking_url(known),
        private_networks=_networks(known, "OUTREACH_PRIVATE_NETWORKS"),
        dns=tuple(_name_server("OUTREACH_DNS", word) for word in _words(_text(known, "OUTREACH_DNS"))),
        blocklists=tuple(
            _blocklist("OUTREACH_BLOCKLISTS", word) for word in _words(_text(known, "OUTREACH_BLOCKLISTS"))
        ),
        allow_sign_up=_truth(known, "OUTREACH_ALLOW_SIGN_UP"),
        lease_s=_number(known, "OUTREACH_LEASE_S", least=2, most=3600),
        idle_slots=_number(known, "OUTREACH_IDLE_SLOTS", least=0, most=2000),
        spamd=_daemon(known, "OUTREACH_SPAMD_URL", "spamd", 783),
        log_json=_truth(known, "OUTREACH_LOG_JSON"),
        google=_client(known, "OUTREACH_GOOGLE"),
        microsoft=_client(known, "OUTREACH_MICROSOFT"),
        microsoft_tenant=_tenant(known, "OUTREACH_MICROSOFT_TENANT"),
    )


def _data_dir(environ: Mapping[str, str]) -> Path:
    return (ROOT / (environ.get("OUTREACH_DATA_DIR") or ".data")).absolute()


def _folder(known: Mapping[str, str], name: str) -> Path | None:
    value = _text(known, name)
    return (ROOT / value).absolute() if value else None


def _run_file(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / RUN_FILE).read_text().splitlines()
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _text(known: Mapping[str, str], name: str) -> str:
    path = known.get(f"{name}_FILE")
    value = _content(name, path) if path else known.get(name, "").strip()
    if value:
        return value
    default = _KNOWN[name].default
    if default is None:
        raise BadSetting(
            f"{name} is not set. Start the embedded servers with `make run` (or `outreach up`), "
            f"or set {name} or {name}_FILE. docs/settings.md lists every variable."
        )
    return default


def _content(name: str, path: str) -> str:
    try:
        value = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text file"
        raise BadSetting(f"{name}_FILE: cannot read {path}: {reason}") from error
    if not value:
        raise BadSetting(f"{name}_FILE: {path} is empty")
    return value


def _url(known: Mapping[str, str], name: str, *schemes: str) -> str:
    value = _text(known, name)
    try:
        parts = urlsplit(value)
        scheme, _ = parts.scheme, parts.port
    except ValueError as error:
        raise BadSetting(f"{name} is not an address: {error}") from error
    if scheme not in schemes:
        raise BadSetting(f"{name} must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    return value


def _tracking_url(known: Mapping[str, str]) -> str:
    if not _text(known, "OUTREACH_TRACKING_URL"):
        return ""
    url = _url(known, "OUTREACH_TRACKING_URL", "http", "https").rstrip("/")
    parts, public = urlsplit(url), urlsplit(_url(known, "OUTREACH_PUBLIC_URL", "http", "https"))
    if not parts.hostname or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadSetting("OUTREACH_TRACKING_URL is more or less than a host: write https://go.example.com")
    if parts.hostname == public.hostname:
        raise BadSetting("OUTREACH_TRACKING_URL has the host of OUTREACH_PUBLIC_URL: it needs one of its own")
    return url


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _truth(known: Mapping[str, str], name: str) -> bool:
    value = _text(known, name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(f"{name} is {value!r}: write 1 or 0")


def _number(known: Mapping[str, str], name: str, *, least: int, most: int) -> int:
    value = _text(known, name)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise BadSetting(f"{name} is {value!r}: write a whole number from {least} to {most}")
    return int(value)


def _client(known: Mapping[str, str], prefix: str) -> OAuthClient | None:
    found = {name: _text(known, f"{prefix}_{name}") for name in ("CLIENT_ID", "CLIENT_SECRET")}
    given = [name for name, value in found.items() if value]
    if len(given) == 1:
        (missing,) = set(found) - set(given)
        raise BadSetting(f"{prefix}_{given[0]} is set and {prefix}_{missing} is not: set both, or none")
    return OAuthClient(found["CLIENT_ID"], found["CLIENT_SECRET"]) if given else None


def _tenant(known: Mapping[str, str], name: str) -> str:
    value = _text(known, name)
    if not _TENANT.fullmatch(value):
        raise BadSetting(f"{name} is {value!r}: write a tenant's id or domain, organizations, consumers or common")
    return value


def _networks(known: Mapping[str, str], name: str) -> tuple[IPNetwork, ...]:
    try:
        return tuple(ip_network(word) for word in _words(_text(known, name)))
    except ValueError as error:
        raise BadSetting(f"{name}: {error}; write CIDR ranges such as 127.0.0.0/8") from error


def _name_server(name: str, word: str) -> NameServer:
    try:
        return NameServer(str(ip_address(word)))
    except ValueError:  # with a port, then
        pass
    try:
        parts = urlsplit(f"//{word}")
        return NameServer(str(ip_address(parts.hostname or "")), parts.port or 53)
    except ValueError as error:
        raise BadSetting(f"{name}: {word!r} is no IP address, with or without a port") from error


def _blocklist(name: str, word: str) -> tuple[str, str]:
    zone, _, lists = word.lower().partition("=")
    if not _ZONE.fullmatch(zone) or lists not in {"addresses", "domains"}:
        raise BadSetting(f"{name}: {word!r} is no zone with =addresses or =domains behind it")
    return zone, lists


def _daemon(known: Mapping[str, str], name: str, scheme: str, usual_port: int) -> Daemon | None:
    if not _text(known, name):
        return None
    parts = urlsplit(_url(known, name, scheme))
    if not parts.hostname:
        raise BadSetting(f"{name} names no host: write {scheme}://127.0.0.1:{usual_port}")
    return Daemon(parts.hostname, parts.port or usual_port)


def settings_page() -> str:
    """Return docs/settings.md."""
    return _PAGE + "".join(_row(variable) for variable in VARIABLES)


def _row(variable: Variable) -> str:
    if variable.default is None:
        default = "generated or started by `outreach up`, else required"
    else:
        default = f"`{variable.default}`" if variable.default else "none"
    meaning = f"**Secret.** {variable.meaning}" if variable.secret else variable.meaning
    return f"| `{variable.name}` | {default} | {meaning} |\n"


_PAGE = """\
# Settings

Written by `make docs` from `outreach/env.py`; a test keeps it current.

Every value comes from the environment. A variable `NAME` may also be given as `NAME_FILE`, the path of a file
that holds the value: that is how secrets reach containers. `outreach up` generates the secrets of an instance
on its first start (`.data/secrets/`, mode 0600) and writes what it started to `.data/run.env`, where other
commands find it; a variable of the environment always wins over that file.

| variable | default | meaning |
| --- | --- | --- |
"""
