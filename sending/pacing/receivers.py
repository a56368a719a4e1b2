"""Who receives the mail of a domain: the few providers that judge senders, and the domains of everybody and nobody.

Known by name alone; a domain of one's own at one of these providers is told by its mail exchangers, where known.
"""

from __future__ import annotations

from enum import StrEnum


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
# Addresses that anybody can have: who shares such a domain shares no company.
_FREE = {
    "gmx.de", "gmx.net", "gmx.com", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "icloud.com", "me.com",
    "mac.com", "proton.me", "protonmail.com", "pm.me", "fastmail.com", "zoho.com", "mail.com", "mail.ru", "bk.ru",
    "inbox.ru", "list.ru", "yandex.ru", "yandex.com", "ya.ru", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net",
    "sfr.fr", "libero.it", "virgilio.it", "tiscali.it", "alice.it", "wp.pl", "o2.pl", "onet.pl", "interia.pl",
    "seznam.cz", "centrum.cz", "abv.bg", "ukr.net", "qq.com", "163.com", "126.com", "sina.com", "naver.com",
    "daum.net", "hanmail.net", "rediffmail.com", "uol.com.br", "bol.com.br", "terra.com.br", "btinternet.com",
    "sky.com", "virginmedia.com", "comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net",
    "cox.net", "charter.net", "shaw.ca", "rogers.com", "bigpond.com", "optusnet.com.au", "tutanota.com", "tuta.com",
    "posteo.de", "mailbox.org", "hey.com", "bluewin.ch", "telenet.be", "skynet.be", "ziggo.nl", "kpnmail.nl",
}  # fmt: skip


def receiver_of(domain: str, *, known: str = "") -> Receiver:
    """Return who receives the mail of a domain (lower-case A-labels); `known` is what its mail exchangers have told."""
    if known in set(Receiver):
        return Receiver(known)
    return DOMAINS.get(domain, Receiver.OTHER)


def is_free_mail(domain: str) -> bool:
    """Say whether anybody can have an address at the domain, so that it is nobody's company."""
    return domain in _FREE or receiver_of(domain) is not Receiver.OTHER
