"""Read e-mail addresses as people write them, and give each the one key by which the program compares it.

The address that everybody has is told by one compiled expression; only the rest takes the slow way, where
each refusal names its cause. Accepted are dot-atom local parts (RFC 5321 section 4.1.2), in Unicode too (RFC
6531), at a domain of at least two labels. Quoted local parts and address literals are valid SMTP and never a
lead: refused.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

LOCAL_LIMIT = 64  # octets, RFC 5321 section 4.5.3.1.1
DOMAIN_LIMIT = 253  # characters: 255 octets on the wire (RFC 1035 section 2.3.4, RFC 5321 section 4.5.3.1.2)
ADDRESS_LIMIT = 254  # octets: a path of 256 (section 4.5.3.1.3) less its angle brackets
_TEXT_LIMIT = 2_000  # characters of a cell that is looked at: an address with a name beside it fits well

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN = re.compile(
    rf"([a-z0-9_+-]+(?:[.'&%=/][a-z0-9_+-]+)*)@((?!xn--)(?:{_LABEL}\.(?!xn--))+[a-z]{{2,63}})",
    re.ASCII | re.IGNORECASE,
)
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}", re.ASCII)
_ATEXT = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\x80-\U0010ffff]"
_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_NAMED = re.compile(r"(?P<display>[^<>]*)<(?P<address>[^<>]*)>")
_QUOTED = re.compile(r"(?P<mark>[\"'])(?P<address>[^\"']+)(?P=mark)")
# What spreadsheets, web pages and copied lists leave around a value: white space of every width, marks of no
# width.
_PADDING = (
    " \t\r\n\v\f\x85\xa0\xad\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)


class BadAddress(ValueError):
    """A text that is no usable address; `cause` says why in words for the person who typed it."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Address:
    """One address: as given, and as compared."""

    display: str  # the name written beside it, as in "Ada <ada@example.com>"; often empty
    email: str  # as given, trimmed: what a person recognises
    key: str  # lower-cased local part at the A-label domain: two texts with one key are one person
    local: str  # of email
    domain: str  # of key


def parse_address(text: str) -> Address:
    """Return the address in `text`; padding, "mailto:" and a name beside it are understood.

    Raises BadAddress naming the cause.
    """
    text = text.strip(_PADDING)
    if plain := plain_address(text):
        email, key, domain = plain
        return Address("", email, key, email[: -len(domain) - 1], domain)
    return _parse_slowly(text)


def plain_address(text: str) -> tuple[str, str, str] | None:
    """Return email, key and domain of a text that is an address and nothing else, as nearly all are in files.

    None says only that parse_address must look: this is its fast way, for loops over a million rows.
    """
    if len(text) > ADDRESS_LIMIT or not (plain := _PLAIN.fullmatch(text)) or plain.end(1) > LOCAL_LIMIT:
        return None
    key = text.lower()
    return text, key, key[plain.end(1) + 1 :]


def key_of(text: str) -> str:
    """Return the key of the address in `text`, "" when there is none."""
    try:
        return parse_address(text).key
    except BadAddress:
        return ""


def parse_domain(text: str) -> str:
    """Return the domain in `text` ("Example.com", "@example.com", "münchen.de") as lower-case A-labels.

    Raises BadAddress naming the cause.
    """
    text = text.strip(_PADDING).removeprefix("@")
    if not text:
        raise BadAddress("There is no domain.")
    _refuse_hidden_characters(text)
    return _a_labels(text)


def domain_and_parents(domain: str) -> tuple[str, ...]:
    """Return the domain and the domains above it, longest first, without the top level.

    "a.b.example.com" -> ("a.b.example.com", "b.example.com", "example.com"). Takes A-labels, as parse_address
    gives.
    """
    labels = domain.split(".")
    return tuple(".".join(labels[start:]) for start in range(max(1, len(labels) - 1)))


def _parse_slowly(text: str) -> Address:
    if not text:
        raise BadAddress("There is no e-mail address.")
    if len(text) > _TEXT_LIMIT:
        raise BadAddress(f"This is a text of {len(text):,} characters; an address has at most {ADDRESS_LIMIT}.")
    _refuse_hidden_characters(text)
    display, text = _without_name(text)
    if text.count("@") != 1:
        raise BadAddress(_why_not_one_at(text))
    local, _, domain = text.partition("@")
    _check_local(local)
    a_domain = _a_labels(domain)
    local_key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", local).lower())
    for octets in (len(f"{local}@{a_domain}".encode()), len(f"{local_key}@{a_domain}".encode())):
        if octets > ADDRESS_LIMIT:
            raise BadAddress(f"The address has {octets} characters; mail servers take at most {ADDRESS_LIMIT}.")
    return Address(display, text, f"{local_key}@{a_domain}", local, a_domain)


def _refuse_hidden_characters(text: str) -> None:
    for character in text:
        if character.isprintable():
            continue
        category = unicodedata.category(character)
        if category in {"Cc", "Zl", "Zp"}:
            raise BadAddress(f"There is a control character (U+{ord(character):04X}) inside.")
        if category in {"Cf", "Cs", "Co", "Cn"}:
            raise BadAddress(f"There is an invisible character (U+{ord(character):04X}) inside.")


def _without_name(text: str) -> tuple[str, str]:
    """Split 'Ada Lovelace <ada@example.com>' into name and address; drop "mailto:" and outer quotes."""
    display = ""
    if quoted := _QUOTED.fullmatch(text):
        text = quoted["address"].strip(_PADDING)
    if named := _NAMED.fullmatch(text):
        display = named["display"].strip(_PADDING).strip('"').strip(_PADDING)
        text = named["address"].strip(_PADDING)
    if text[:7].lower() == "mailto:":
        text = text[7:].strip(_PADDING)
    return display, text


def _why_not_one_at(text: str) -> str:
    if "@" not in text:
        return "There is no @ in it."
    if re.search(r"[,;\s/|]", text):
        return "There is more than one address in it; one row holds one person."
    return "There is more than one @ in it."


def _check_local(local: str) -> None:
    if not local:
        raise BadAddress("There is nothing before the @.")
    octets = len(local.encode())
    if octets > LOCAL_LIMIT:
        raise BadAddress(f"The part before the @ has {octets} characters; mail servers take at most {LOCAL_LIMIT}.")
    if local.startswith('"'):
        raise BadAddress("The part before the @ is quoted; such addresses are not accepted.")
    if re.search(r"\s", local):
        raise BadAddress("There is a space before the @.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise BadAddress("The part before the @ begins or ends with a dot, or has two in a row.")
    if not _ATOM.fullmatch(local) or not local.isascii():
        for character in local:
            if not _may_stand_in_local(character):
                raise BadAddress(f"The part before the @ has a character that no address has: {character}")


def _may_stand_in_local(character: str) -> bool:
    """Say whether the character is atext or a dot; of Unicode only letters, marks and digits."""
    if character.isascii():
        return character == "." or _ATOM.fullmatch(character) is not None
    return unicodedata.category(character)[0] in "LMN"


def _a_labels(domain: str) -> str:
    """Return the domain in lower-case A-labels (RFC 5890). Raises BadAddress."""
    if not domain:
        raise BadAddress("There is nothing after the @.")
    if domain.startswith("["):
        raise BadAddress("There is an IP address after the @; write a domain name.")
    if len(domain) > DOMAIN_LIMIT:
        raise BadAddress(f"The domain has {len(domain)} characters; a domain has at most {DOMAIN_LIMIT}.")
    known = domain.lower() if domain.isascii() else domain
    if not domain.isascii() or "xn--" in known:
        try:
            known = idna.encode(known, uts46=True, std3_rules=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError) as error:
            raise BadAddress(f"The domain {domain} is not a valid international domain name.") from error
    if _DOMAIN.fullmatch(known) and len(known) <= DOMAIN_LIMIT:
        return known
    raise BadAddress(_why_no_domain(known))


def _why_no_domain(domain: str) -> str:
    if len(domain) > DOMAIN_LIMIT:
        return f"The domain has {len(domain)} characters; a domain has at most {DOMAIN_LIMIT}."
    if re.search(r"\s", domain):
        return "There is a space after the @."
    if "." not in domain:
        return f"The domain {domain} has no ending such as .com."
    if domain.startswith(".") or domain.endswith(".") or ".." in domain:
        return "The domain begins or ends with a dot, or has two in a row."
    if wrong := re.search(r"[^a-z0-9.-]", domain):
        return f"The domain has a character that no domain has: {wrong[0]}"
    is_long = any(len(label) > 63 for label in domain.split("."))
    return "A part of the domain has more than 63 characters." if is_long else f"{domain} is not a domain name."
