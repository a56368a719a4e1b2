"""Fill the servers of a provider into the form, and leave alone what a person has typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sending.imap import Protocol
from sending.mailboxes.discovery import How
from sending.mailboxes.presets import Preset, guess_for, preset_named

_LABELS = {"host": "host", "port": "port", "security": "security", "username": "user name"}


@dataclass(frozen=True, slots=True)
class Kept:
    """What a person had typed and we left, beside what the provider has."""

    label: str
    mine: str
    theirs: str


@dataclass(frozen=True, slots=True)
class Filled:
    """The values of the form's fields about servers, and what was not touched."""

    values: dict[str, str]
    kept: tuple[Kept, ...]


def fill(typed: Mapping[str, str], theirs: Mapping[str, str], ours: Mapping[str, str], *, replace: bool) -> Filled:
    """Fill in what is empty or was filled in by us before; the rest only where `replace` says so.

    ours: what we had put into the form, its defaults included. A host that a person has typed keeps the whole server.
    """
    values: dict[str, str] = {}
    kept: list[Kept] = []
    for protocol in ("smtp", "imap"):
        names = {part: f"{protocol}_{part}" for part in _LABELS}
        mine = {part: typed.get(name, "").strip() for part, name in names.items()}
        hand = {part for part, name in names.items() if _by_hand(mine[part], theirs[name], ours.get(name, ""))}
        if not hand.isdisjoint({"port", "security"}):
            hand |= {"port", "security"}  # one is right only with the other
        if replace:
            hand = set()
        if "host" in hand:
            kept.append(_kept(protocol, "host", mine["host"], theirs[names["host"]]))
            continue
        values |= {name: theirs[name] for part, name in names.items() if part not in hand}
        kept += [
            _kept(protocol, part, mine[part], theirs[names[part]])
            for part in _LABELS
            if part in hand and mine[part] != theirs[names[part]]
        ]
    return Filled(values, tuple(kept))


def servers_of(preset: Preset, address: str, reading: Protocol = Protocol.IMAP) -> dict[str, str]:
    """Return the form's fields about servers, as the provider has them for this address.

    reading: the protocol that is wanted; where its server is not known, IMAP's is returned.
    """
    place_of_reading = preset.imap if reading is Protocol.IMAP or preset.pop3 is None else preset.pop3
    return {
        f"{protocol}_{part}": value
        for protocol, place in (("smtp", preset.smtp), ("imap", place_of_reading))
        for part, value in (
            ("host", place.host),
            ("port", str(place.port)),
            ("security", place.security.value),
            ("username", place.user_of(address)),
        )
    }


def reading_of(preset: Preset, wanted: str) -> Protocol:
    """Return the protocol whose server `servers_of` fills in."""
    return Protocol.POP3 if wanted == Protocol.POP3 and preset.pop3 else Protocol.IMAP


def filled_before(preset_id: str, address: str, reading: str) -> dict[str, str]:
    """Return what we had filled in when this preset was found for this address; nothing when it is not known."""
    preset = guess_for(address.rpartition("@")[2]) if preset_id == How.GUESS else preset_named(preset_id)
    return servers_of(preset, address, reading_of(preset, reading)) if preset and address else {}


def _by_hand(mine: str, theirs: str, ours: str) -> bool:
    return mine.lower() not in {"", theirs.lower(), ours.lower()}


def _kept(protocol: str, part: str, mine: str, theirs: str) -> Kept:
    label = f"SMTP {_LABELS[part]}" if protocol == "smtp" else f"{_LABELS[part].capitalize()} for reading"
    return Kept(label, mine.upper(), theirs.upper()) if part == "security" else Kept(label, mine, theirs)
