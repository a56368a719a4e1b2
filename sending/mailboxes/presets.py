"""What is known about mail providers: their servers, what they want done first, how much they let leave in a day."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from outreach.kit.addresses import domain_and_parents
from sending.mailboxes.states import SignInKind
from sending.pacing.receivers import Receiver
from sending.smtp import Security

_THIS_MACHINE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """One server. user: the user name, with {address} or {local} in place of what differs from person to person."""

    host: str
    port: int
    security: Security
    user: str = "{address}"

    def user_of(self, address: str) -> str:
        return self.user.format(address=address, local=address.rpartition("@")[0])


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. ceiling: messages a day above which mail to strangers goes wrong; None where nobody tells."""

    id: str
    name: str
    smtp: Place
    imap: Place
    needs: str  # what a person must do at the provider first, in sentences
    domains: tuple[str, ...] = ()  # addresses of its own
    mx: tuple[str, ...] = ()  # mail exchangers of the domains that it serves: these names, and all below them
    ceiling: int | None = None
    ceiling_says: str = ""
    pop3: Place | None = None  # None: not known, or there is none
    oauth: SignInKind | None = None  # the provider whose sign-in it takes instead of a password
    receiver: Receiver = Receiver.OTHER  # as whom the house knows it where it receives mail
    oauth_needs: str = ""  # what must be done first then, in sentences; "" = nothing
    spf: tuple[str, ...] = ()  # of domains that it serves: the include it asks for, then others that do as well
    dkim: tuple[str, ...] = ()  # the selectors that it usually signs them with
    servers_source: str = ""
    needs_source: str = ""
    ceiling_source: str = ""
    dns_source: str = ""


@cache
def presets() -> tuple[Preset, ...]:
    """Return all presets, in the order of their file."""
    table = tomllib.loads((files("sending.mailboxes") / "presets.toml").read_text(encoding="utf-8"))
    return tuple(_preset(one) for one in table["preset"])


def preset_named(preset_id: str) -> Preset | None:
    return next((one for one in presets() if one.id == preset_id), None)


def by_domain(domain: str) -> Preset | None:
    """Return the provider whose own addresses stand at this domain (lower-case A-labels)."""
    return next((one for one in presets() if domain in one.domains), None)


def by_exchangers(hosts: Iterable[str]) -> Preset | None:
    """Return the provider of the first mail exchanger that is known; of two names that fit a host, the longer wins."""
    return next((found for host in hosts if (found := _by_exchanger(host.lower().rstrip(".")))), None)


def by_server(smtp_host: str, address: str) -> Preset | None:
    """Return the provider whose server this is; where several share it, the one that fits the address.

    This machine is nobody's: a program on it (Proton's bridge) is told by the address alone.
    """
    host, domain = smtp_host.lower(), address.lower().rpartition("@")[2]
    sharing = [one for one in presets() if one.smtp.host == host]
    own = [one for one in sharing if domain in one.domains]
    if own or host == _THIS_MACHINE:
        return next(iter(own), None)
    return next(iter([one for one in sharing if one.mx] or sharing), None)


@lru_cache(maxsize=10_000)
def receiver_at(smtp_host: str, address: str, sign_in: str) -> Receiver:
    """Return at whose provider a mailbox is: told by its sign-in, else by its server."""
    if sign_in in _SIGN_INS:
        return _SIGN_INS[sign_in]
    preset = by_server(smtp_host, address)
    return preset.receiver if preset else Receiver.OTHER


_SIGN_INS: Mapping[str, Receiver] = {
    SignInKind.GOOGLE: Receiver.GOOGLE, SignInKind.MICROSOFT: Receiver.MICROSOFT,
}  # fmt: skip


def guess_for(domain: str) -> Preset:
    """Return what many servers of an own domain are called; nothing is known about this one."""
    host = f"mail.{domain}"
    return Preset(
        id="guess",
        name=domain,
        smtp=Place(host, 465, Security.TLS),
        imap=Place(host, 993, Security.TLS),
        pop3=Place(host, 995, Security.TLS),
        needs="Compare the servers below with those that your provider names for mail programs.",
    )


def _by_exchanger(host: str) -> Preset | None:
    known = _by_mx()
    return next((known[name] for name in domain_and_parents(host) if name in known), None)


@cache
def _by_mx() -> Mapping[str, Preset]:
    return {name: one for one in presets() for name in one.mx}


def _preset(row: dict[str, Any]) -> Preset:
    known = row | {name: _place(row[name]) for name in ("smtp", "imap", "pop3") if name in row}
    known["receiver"] = Receiver(row.get("receiver", Receiver.OTHER))
    known["oauth"] = SignInKind(row["oauth"]) if "oauth" in row else None
    return Preset(**(known | {name: tuple(row.get(name, ())) for name in ("domains", "mx", "spf", "dkim")}))


def _place(row: dict[str, Any]) -> Place:
    return Place(**(row | {"security": Security(row["security"])}))
