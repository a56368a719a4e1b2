"""Sign messages with DKIM (RFC 6376, rsa-sha256, relaxed/relaxed) for relays that do not sign themselves.

The arithmetic is that of `cryptography`: signing with dkimpy, whose RSA is written in Python, costs twenty times as
much as everything else that is done for a message. In the tests dkimpy checks what is signed here.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# What is read by people or steers programs (RFC 6376 section 5.4.1). Each is named once more than it occurs: another
# one that is added on the way breaks the signature (section 8.15). Sender is not among them: some relays add one.
_SIGNED = (
    "from", "to", "cc", "subject", "date", "message-id", "reply-to", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
_KEY_BITS = 2048
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\Z")
_BLANKS = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")
_FIELD_END = re.compile(rb"\r\n(?![ \t])")
_STRING = 255  # of a TXT record (RFC 1035 section 3.3.14)
_LINE = 72


class BadKey(ValueError):
    """A key that cannot sign; the words say why."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Whose signature it is: the domain, the selector under it, and the private key (PEM, RSA).

    Raises BadKey when one of them cannot be used.
    """

    domain: str
    selector: str
    private_pem: str = field(repr=False)

    def __post_init__(self) -> None:
        for what, name in (("domain", self.domain), ("selector", self.selector)):
            if not _NAME.match(name):
                raise BadKey(f"This is no {what} of a DKIM key: {name[:80]!r}")
        _private_key(self.private_pem)


@dataclass(frozen=True, slots=True)
class TxtRecord:
    """What to publish: the name, and the value whole and as a zone file wants it, in strings of at most 255 bytes."""

    name: str
    value: str

    @property
    def quoted(self) -> str:
        pieces = (self.value[start : start + _STRING] for start in range(0, len(self.value), _STRING))
        return " ".join(f'"{piece}"' for piece in pieces)


def make_private_key() -> str:
    """Return a new RSA key of 2,048 bits as PEM: what every receiver verifies (RFC 8301 section 3.2)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")


def record_of(key: SigningKey) -> TxtRecord:
    """Return the record to publish before the first signed message leaves (RFC 6376 section 3.6.1)."""
    public = _private_key(key.private_pem).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return TxtRecord(f"{key.selector}._domainkey.{key.domain}", f"v=DKIM1; k=rsa; p={b64encode(der).decode('ascii')}")


def is_published(key: SigningKey, value: str) -> bool:
    """Say whether a TXT record that was found (its strings joined) verifies what this key signs."""
    tags = dict(part.strip().partition("=")[::2] for part in value.split(";"))
    wanted = record_of(key).value.rpartition("p=")[2]
    found = re.sub(r"\s+", "", tags.get("p", ""))
    try:
        return bool(found) and b64decode(found, validate=True) == b64decode(wanted)
    except ValueError:
        return False


def sign(content: bytes, key: SigningKey, *, at: datetime) -> bytes:
    """Return the message (CRLF lines) with its signature in front. The same message and instant give the same bytes."""
    head, _, body = content.partition(b"\r\n\r\n")
    fields = _fields(head + b"\r\n")
    signed = [name for name in _SIGNED for _ in range(len(fields.get(name, ())) + 1)]
    tags = [
        "v=1", "a=rsa-sha256", "c=relaxed/relaxed", f"d={key.domain}", f"s={key.selector}", f"t={int(at.timestamp())}",
        f"h={':'.join(signed)}", f"bh={b64encode(sha256(_relaxed_body(body)).digest()).decode('ascii')}", "b=",
    ]  # fmt: skip
    unsigned = _folded(f"DKIM-Signature: {'; '.join(tags)}")
    told = [value for name in dict.fromkeys(signed) for value in reversed(fields.get(name, ()))]
    # The field itself stands last, without its line end (section 3.7).
    digest_of = b"".join(told) + _relaxed_field(unsigned.encode()).removesuffix(b"\r\n")
    signature = _private_key(key.private_pem).sign(digest_of, padding.PKCS1v15(), hashes.SHA256())
    return f"{unsigned}{_wrapped(b64encode(signature).decode('ascii'))}\r\n".encode() + content


@lru_cache(maxsize=512)
def _private_key(pem: str) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise BadKey("This is no private key in PEM form.") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 1024:
        raise BadKey("A DKIM key is an RSA key of at least 1,024 bits.")
    return key


def _fields(head: bytes) -> dict[str, list[bytes]]:
    """Return the relaxed header fields by name, each name's in order."""
    found: dict[str, list[bytes]] = {}
    for line in _FIELD_END.split(head):
        if line:
            name = line.partition(b":")[0].strip().lower().decode("ascii", "replace")
            found.setdefault(name, []).append(_relaxed_field(line))
    return found


def _relaxed_field(line: bytes) -> bytes:
    """Section 3.4.2: lower-case name, unfolded, runs of blanks made one and dropped at the colon and the end."""
    name, _, value = _FOLD.sub(b"", line).partition(b":")
    return name.strip().lower() + b":" + _BLANKS.sub(b" ", value).strip(b" ") + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    """Section 3.4.4: runs of blanks made one, none at line ends, no empty lines at the end, one line end there."""
    if b"  " in body or b"\t" in body or b" \r\n" in body:
        body = b"\r\n".join(_BLANKS.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n"))
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _folded(tags: str) -> str:
    """Fold between tags, and the list of names after its colons; long digests are broken anywhere (section 3.2)."""
    lines, current = [], ""
    for word in tags.replace(":", ":\0").replace("; ", ";\0 ").split("\0"):
        if len(current) + len(word) > _LINE and current:
            lines.append(current)
            current = word.lstrip(" ")
        else:
            current += word
    return "\r\n ".join([*lines, current])


def _wrapped(text: str) -> str:
    return "\r\n " + "\r\n ".join(text[start : start + _LINE] for start in range(0, len(text), _LINE))
