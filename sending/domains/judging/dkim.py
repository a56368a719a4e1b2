"""DKIM (RFC 6376): the keys of a domain under the selectors that are known or usual, and whether they still serve.

Nobody can list a domain's selectors. Known are those that signed something; others are guessed by the provider, and
finding none of them proves nothing.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from sending.domains.judging.asking import Asker, Kind, tags_of
from sending.domains.judging.findings import Check, Finding, Judged, Standing

_LEAST_BITS, _GOOD_BITS = 1024, 2048  # RFC 8301 section 3.2
_ED25519_BYTES = 32  # RFC 8463 section 3.1
_MOST_BYTES = 10_000

_finding = partial(Finding, Check.DKIM)


class KeyStanding(StrEnum):
    """What stands under a selector."""

    GOOD = "good"
    ABSENT = "absent"
    REVOKED = "revoked"  # an empty p=
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Key:
    """The key under a selector. is_known: something was signed with it, or is going to be."""

    selector: str
    is_known: bool
    standing: KeyStanding
    kind: str = "rsa"
    bits: int = 0
    is_on_trial: bool = False
    record: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Selectors:
    """Under which names to look: those that are known to sign, and those that the providers of the mailboxes use."""

    known: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()  # whose those are, by name


def read(ask: Asker, domain: str, selectors: Selectors) -> tuple[Key, ...]:
    """Look up the key of each selector, the known ones first."""
    usual = (one for one in selectors.usual if one not in selectors.known)
    return tuple(
        _key(ask, domain, selector, is_known=is_known)
        for names, is_known in ((selectors.known, True), (usual, False))
        for selector in names
    )


def _key(ask: Asker, domain: str, selector: str, *, is_known: bool) -> Key:
    answer = ask(f"{selector}._domainkey.{domain}", Kind.TXT)
    if answer.is_unknown:
        return Key(selector, is_known, KeyStanding.UNKNOWN, words=answer.trouble)
    # v= may be left out (section 3.6.1), so anything with a p= is a key
    records = [one for one in answer.records if "p" in tags_of(one) and tags_of(one).get("v", "DKIM1") == "DKIM1"]
    if not records:
        return Key(selector, is_known, KeyStanding.ABSENT)
    if len(records) > 1:
        return Key(selector, is_known, KeyStanding.BROKEN, record=records[0], words=f"{len(records)} keys stand there")
    return key_of(records[0], selector, is_known=is_known)


def key_of(record: str, selector: str, *, is_known: bool = True) -> Key:
    """Read a key record (section 3.6.1); it has a p=."""
    tags = tags_of(record)
    kind, text = tags.get("k", "rsa").lower(), re.sub(r"\s+", "", tags["p"])
    make = partial(Key, selector, is_known, kind=kind, record=record, is_on_trial="y" in _flags(tags))
    if not text:
        return make(KeyStanding.REVOKED)
    try:
        bits, trouble = _measured(kind, b64decode(text[:_MOST_BYTES], validate=True))
    except ValueError:
        bits, trouble = 0, "its p= is no base64"
    return make(KeyStanding.BROKEN if trouble else KeyStanding.GOOD, bits=bits, words=trouble)


def _measured(kind: str, raw: bytes) -> tuple[int, str]:
    """Return the bits of an RSA key, 0 for another kind, and what is wrong with it."""
    if kind == "ed25519":
        return 0, "" if len(raw) == _ED25519_BYTES else "its p= is no key of 32 bytes"
    if kind != "rsa":
        return 0, f"nobody knows keys of the kind “{kind[:20]}”"
    try:
        public = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        public = None
    return (public.key_size, "") if isinstance(public, rsa.RSAPublicKey) else (0, "its p= is no RSA key")


def _flags(tags: dict[str, str]) -> list[str]:
    return [one.strip().lower() for one in tags.get("t", "").split(":")]


def judge(keys: Iterable[Key], domain: str, selectors: Selectors) -> Judged:
    """Say how a domain's keys stand, and what is to be done."""
    keys = tuple(keys)
    there = [one for one in keys if one.standing in {KeyStanding.GOOD, KeyStanding.BROKEN} or _is_lost(one)]
    findings = [one for key in there for one in _of_key(key, domain)]
    unknown = [one for one in keys if one.standing is KeyStanding.UNKNOWN]
    if unknown and (unknown[0].is_known or not there):
        findings.append(_finding("unknown", Standing.UNKNOWN, f"Nobody knows at the moment: {unknown[0].words}"))
    elif not there:
        findings.append(_not_found(domain, selectors))
    found = tuple(f"{one.selector}: {one.record}" for one in keys if one.record)
    return Judged(Check.DKIM, tuple(findings), found)


def _is_lost(key: Key) -> bool:
    """Say whether a key that signs is not there any more; what is only usual may well not be there."""
    return key.is_known and key.standing in {KeyStanding.ABSENT, KeyStanding.REVOKED}


def _of_key(key: Key, domain: str) -> Iterator[Finding]:
    name = f"{key.selector}._domainkey.{domain}"
    bad_why = "What is signed with it fails at every receiver."
    if key.standing in {KeyStanding.ABSENT, KeyStanding.REVOKED}:
        words = (
            f"The key at {name} is gone." if key.standing is KeyStanding.ABSENT else f"The key at {name} is revoked."
        )
        yield _finding(f"{key.standing}:{key.selector}", Standing.BAD, words, why=bad_why, stops_cold=True,
                       fix="Publish the record that whoever signs shows, or have another key sign.")  # fmt: skip
    elif key.standing is KeyStanding.BROKEN:
        standing = Standing.BAD if key.is_known else Standing.ADVICE
        yield _finding(f"broken:{key.selector}", standing, f"The key at {name} cannot be read: {key.words}.",
                       why=bad_why, fix="Copy the record once more from whoever signs; often a part of it is lost.",
                       stops_cold=key.is_known)  # fmt: skip
    elif key.kind == "rsa" and key.bits < _LEAST_BITS:
        yield _finding(f"too_short:{key.selector}", Standing.BAD, f"The key at {name} has {key.bits} bits.",
                       why="Receivers ignore keys below 1,024 bits (RFC 8301 section 3.2).", stops_cold=key.is_known,
                       fix="Make a key of 2,048 bits where the mail is signed.")  # fmt: skip
    elif key.kind == "rsa" and key.bits < _GOOD_BITS:
        yield _finding(f"short:{key.selector}", Standing.ADVICE, f"The key at {name} has {key.bits} bits.",
                       why="It still serves; 2,048 are asked for today (RFC 8301 section 3.2).",
                       fix="Make a key of 2,048 bits where the mail is signed.")  # fmt: skip
    else:
        size = f", {key.bits} bits" if key.bits else ""
        yield _finding(f"good:{key.selector}", Standing.GOOD, f"There is a key at {name} ({key.kind}{size}).")
    if key.is_on_trial:
        yield _finding(f"on_trial:{key.selector}", Standing.ADVICE, f"The key at {name} is on trial (t=y).",
                       why="Receivers may treat what it signs as if it were not signed (section 3.6.1).",
                       fix="Take t=y out of the record.")  # fmt: skip


def _not_found(domain: str, selectors: Selectors) -> Finding:
    whose = f" that are usual at {' and '.join(selectors.providers)}" if selectors.providers else " that are usual"
    return _finding(
        "not_found",
        Standing.UNKNOWN,
        f"No key of {domain} stands under the names{whose} ({', '.join(selectors.usual) or 'none were tried'}).",
        why="That proves nothing: a key may have any name, and no domain lists its own.",
        fix="Switch signing on where the mailboxes are, if it is off. A message to yourself shows it.",
    )
