"""Who may sign in to the sandbox: read from the command line or from a file, refused with a clear word."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

FILE = "accounts.json"
# An account becomes a folder and a line of a password file: nothing but letters, digits and a few marks.
_ADDRESS = re.compile(r"[a-z0-9][a-z0-9._+-]{0,63}@[a-z0-9][a-z0-9.-]{0,200}")


class SandboxError(Exception):
    """Base: the sandbox cannot start. The words are for the person who started it."""


class BadAccounts(SandboxError, ValueError):
    """An account that cannot be one."""


def accounts_of(words: Iterable[str]) -> dict[str, str]:
    """Return the accounts (address in lower case -> password) of `address:password` words. Raises BadAccounts."""
    pairs = [word.partition(":") for word in words]
    bad = [word for word, colon, _ in pairs if not colon]
    if bad:
        raise BadAccounts(f"{bad[0]!r} is no account: write it as address:password")
    return checked({address: password for address, _, password in pairs})


def read_accounts(folder: Path) -> dict[str, str]:
    """Return the accounts in accounts.json of a folder, none where there is no such file. Raises BadAccounts."""
    path = folder / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise BadAccounts(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadAccounts(f'{path} must hold one object of addresses and passwords: {{"me@acme.test": "secret"}}')
    return checked(found)


def checked(accounts: Mapping[str, str]) -> dict[str, str]:
    """Return the accounts with their addresses in lower case. Raises BadAccounts."""
    for address, password in accounts.items():
        if not _ADDRESS.fullmatch(address.lower()) or ".." in address:
            raise BadAccounts(f"{address!r} cannot be an account: plain addresses such as me@acme.test can")
        if not password or not password.isprintable():
            raise BadAccounts(f"the account {address} needs a password of printable characters")
    return {address.lower(): password for address, password in accounts.items()}
