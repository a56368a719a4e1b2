"""Who runs the mail of a domain, told by the names of its mail exchangers.

Each provider publishes the names of its own servers, and a domain that it serves points at them. Names as published in
the setup pages of the providers, looked at in November 2026; an exchanger belongs to a provider when its name is one of
these or lies below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from outreach.kit.addresses import domain_and_parents


class Provider(StrEnum):
    """Who receives the mail of a domain: a mailbox provider, or a gateway that filters it for somebody behind it."""

    GOOGLE = "google"
    MICROSOFT = "microsoft"
    YAHOO = "yahoo"  # with AOL, whose mail it runs
    PROTON = "proton"
    APPLE = "apple"
    ZOHO = "zoho"
    FASTMAIL = "fastmail"
    PROOFPOINT = "proofpoint"
    MIMECAST = "mimecast"
    BARRACUDA = "barracuda"
    CISCO = "cisco"
    SYMANTEC = "symantec"
    TREND_MICRO = "trend_micro"
    SOPHOS = "sophos"
    HORNETSECURITY = "hornetsecurity"
    FORCEPOINT = "forcepoint"
    TRELLIX = "trellix"
    CLOUDFLARE = "cloudflare"
    N_ABLE = "n_able"
    RETARUS = "retarus"
    OTHER = "other"  # its own servers, or a hoster that is not known here


# They filter for another provider, and judge senders more strictly than most.
GATEWAYS = frozenset(
    {
        Provider.PROOFPOINT, Provider.MIMECAST, Provider.BARRACUDA, Provider.CISCO, Provider.SYMANTEC,
        Provider.TREND_MICRO, Provider.SOPHOS, Provider.HORNETSECURITY, Provider.FORCEPOINT, Provider.TRELLIX,
        Provider.CLOUDFLARE, Provider.N_ABLE, Provider.RETARUS,
    }
)  # fmt: skip
LABELS: Mapping[Provider, str] = {
    Provider.GOOGLE: "Google", Provider.MICROSOFT: "Microsoft", Provider.YAHOO: "Yahoo", Provider.PROTON: "Proton",
    Provider.APPLE: "Apple iCloud", Provider.ZOHO: "Zoho", Provider.FASTMAIL: "Fastmail",
    Provider.PROOFPOINT: "Proofpoint", Provider.MIMECAST: "Mimecast", Provider.BARRACUDA: "Barracuda",
    Provider.CISCO: "Cisco Secure Email", Provider.SYMANTEC: "Symantec Email Security",
    Provider.TREND_MICRO: "Trend Micro", Provider.SOPHOS: "Sophos", Provider.HORNETSECURITY: "Hornetsecurity",
    Provider.FORCEPOINT: "Forcepoint", Provider.TRELLIX: "Trellix", Provider.CLOUDFLARE: "Cloudflare",
    Provider.N_ABLE: "N-able SpamExperts", Provider.RETARUS: "Retarus", Provider.OTHER: "its own or another server",
}  # fmt: skip
_EXCHANGERS: Mapping[Provider, Sequence[str]] = {
    Provider.GOOGLE: ("google.com", "googlemail.com", "psmtp.com"),
    Provider.MICROSOFT: ("mail.protection.outlook.com", "olc.protection.outlook.com", "mx.microsoft", "hotmail.com"),
    Provider.YAHOO: ("yahoodns.net",),
    Provider.PROTON: ("protonmail.ch",),
    Provider.APPLE: ("mail.icloud.com",),
    Provider.ZOHO: ("zoho.com", "zoho.eu", "zoho.in", "zoho.com.au", "zohomail.com"),
    Provider.FASTMAIL: ("messagingengine.com",),
    Provider.PROOFPOINT: ("pphosted.com", "ppe-hosted.com"),
    Provider.MIMECAST: ("mimecast.com", "mimecast.co.za", "mimecast-offshore.com"),
    Provider.BARRACUDA: ("barracudanetworks.com",),
    Provider.CISCO: ("iphmx.com",),
    Provider.SYMANTEC: ("messagelabs.com",),
    Provider.TREND_MICRO: ("trendmicro.com", "trendmicro.eu"),
    Provider.SOPHOS: ("sophos.com", "reflexion.net"),
    Provider.HORNETSECURITY: ("hornetsecurity.com", "antispameurope.com"),
    Provider.FORCEPOINT: ("mailcontrol.com",),
    Provider.TRELLIX: ("fireeyecloud.com", "fireeyegov.com"),
    Provider.CLOUDFLARE: ("mxrecord.io", "mx.cloudflare.net"),
    Provider.N_ABLE: ("antispamcloud.com",),
    Provider.RETARUS: ("retarus.com",),
}
_BY_NAME = {name: provider for provider, names in _EXCHANGERS.items() for name in names}


def provider_of(exchangers: Sequence[str]) -> Provider:
    """Return who runs the servers: the first, in their order of preference, that is known decides."""
    names = (name for one in exchangers for name in domain_and_parents(one.rstrip(".").lower()))
    return next((_BY_NAME[name] for name in names if name in _BY_NAME), Provider.OTHER)
