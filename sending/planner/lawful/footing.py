"""What stands below a message because the law asks for it: the postal address, and where the reader's address is from.

It becomes part of the wording at the claim, as the signature does, so that each try has the same bytes. The address
stands below every message that does not show it, whatever the country: GDPR asks for the sender's identity, too, and a
country may become known after the message was made. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import NamedTuple

from campaigns.sequences.wording import Wording
from campaigns.templating.lint.page import page_of
from campaigns.templating.lint.saying import Says, may_show, shows
from sending.links.core import parted
from sending.planner.lawful.law import Duty, country_of_domain, duty_of, may_ask_source, name_of, rule_of

SOURCE_LINE = "Where I have your address from"
# Words by which a mail says where it has the address from, in the languages most written in.
# They only decide whether a line is put below: a person knows better.
_SOURCE = re.compile(
    r"\bsource\b|found (?:you|your)|came across|saw (?:you|your)"
    r"|(?:address|details|contact) (?:is |are |was |were )?(?:from|on|in)\b|got your|we met|met (?:you )?at|spoke at"
    r"|your (?:web ?site|profile|listing)|ihre (?:e-?mail|adresse|daten)|auf ihrer|gefunden|herkunft"
    r"|votre (?:adresse|site)|su (?:direcci[óo]n|sitio)|suo (?:indirizzo|sito)",
    re.IGNORECASE,
)


class Reader(NamedTuple):
    """Of whom a message is to be told what; source: where their address is from, "" where nobody has written it down.

    is_first: it is the first message that they get. is_real: False where they are invented, and no law asks.
    """

    country: str
    domain: str
    source: str = ""
    is_first: bool = False
    is_real: bool = True

    @property
    def code(self) -> str:
        return self.country or country_of_domain(self.domain)


@dataclass(frozen=True, slots=True)
class Footed:
    """A wording as it leaves; lacking: what the law asks of it and nothing is known to say, in words."""

    wording: Wording
    lacking: str = ""


def footed(wording: Wording, reader: Reader, postal_address: str) -> Footed:
    """Return a message with what the law asks for below each part that does not say it."""
    address = one_line(postal_address)
    if not address and reader.is_real and (why := why_address(reader.code)):
        return Footed(wording, f"The message would show no postal address, and {why}.")
    if address:
        wording = _below(wording, address, shown=shows(postal_address), may=lambda html: may_show(html, postal_address))
    if reader.is_first and reader.source and may_ask_source(reader.code):
        source, says = f"{SOURCE_LINE}: {reader.source}", shows(reader.source)
        wording = _below(wording, source, shown=lambda text: says_source(text) or says(text))
    return Footed(wording)


def why_address(code: str) -> str:
    """Return why a message to somebody of a country ("" = not known) has to show one, "" where no law of it does."""
    if duty := duty_of(code, Duty.ADDRESS):
        return f"{duty.law} asks for it for people in {name_of(code)}"
    if rule_of(code) is not None:
        return ""
    where = f"of {code} no law is known here" if code else "their country is not known"
    return f"{where}: it may ask for it, as the United States and Canada do"


def says_source(text: str) -> bool:
    """Say whether a text seems to tell where its sender has the address from."""
    return bool(_SOURCE.search(text))


def one_line(postal_address: str) -> str:
    """Return an address as it stands below a message."""
    return ", ".join(part for line in postal_address.splitlines() if (part := line.strip().rstrip(",")))


def _below(wording: Wording, line: str, *, shown: Says, may: Says = bool) -> Wording:
    """Put a line below each part that does not show it to its reader. may: False of an HTML that cannot."""
    if not shown(wording.text):
        wording = replace(wording, text=f"{wording.text.rstrip()}\n\n{line}\n")
    if wording.html and not (may(wording.html) and shown(page_of(wording.html).text)):
        before, after = parted(wording.html)
        wording = replace(wording, html=f"{before.rstrip()}\n<p>{escape(line)}</p>\n{after}")
    return wording
