"""The names under which Google's numbers come: columns of a table, keys of the API, and names that people give. Pure.

Sources: trafficStats of v1 and its "Postmaster Tools" dashboards, https://support.google.com/a/answer/14668346; of v2,
whose metrics are named by whoever asks (MetricDefinition.name), the standard metrics of its discovery document,
revision 20260512, and the names of the public client gpostmaster-domains-data 0.2.3.
"""

from __future__ import annotations

import re

_LONGEST = 100
# A name without what is no letter or digit -> the field of DomainDay.
RATES = {
    **dict.fromkeys(
        (
            "spamrate", "userreportedspamrate", "userreportedspamratio", "userreportspampercent", "userreportedspam",
            "spam", "spamratio", "spampercent", "spamratepercent", "spamratepercentage", "userreportedspampercent",
            "userreportedspamratepercent", "reportedspamrate", "spamreportrate", "complaintrate",
        ),
        "spam_rate",
    ),
    "userreportedspamratiolowerbound": "spam_low",
    "userreportedspamratioupperbound": "spam_high",
    **{
        f"{before}{kind}{behind}": kind
        for kind in ("spf", "dkim", "dmarc")
        for before, behind in (
            ("", ""), ("auth", ""), ("", "rate"), ("", "ratio"), ("", "successrate"), ("", "successratio"),
            ("authsuccessrate", ""), ("authuse", "percent"),
        )
    },
    **dict.fromkeys(("inboundencryptionratio", "tlsinbound", "inboundtls", "tlsencryptionrateinbound"), "tls_in"),
    **dict.fromkeys(("outboundencryptionratio", "tlsoutbound", "outboundtls", "tlsencryptionrateoutbound"), "tls_out"),
}  # fmt: skip
DAY = frozenset({"date", "day", "dateutc", "dayutc", "reportdate", "timestamp"})
DOMAIN = frozenset({"domain", "domainname", "sendingdomain", "authenticationdomain"})
REPUTATION = frozenset({"domainreputation", "reputation"})
_ERROR = re.compile(r"delivery_?errors?(?:_?(?P<count>count)|_?rate)?_{0,2}(?P<cause>[a-z_]{0,60})", re.IGNORECASE)
_LOOP = re.compile(r"feedback[ _-]?loop", re.IGNORECASE)


def key_of(name: str) -> str:
    """Return a name as RATES has it: "Spam rate (%)" is "spamrate"."""
    return "".join(one for one in name[:_LONGEST].lower() if one.isascii() and one.isalnum())


def error_in(name: str) -> str | None:
    """Return the class and cause that a metric of delivery errors is about ("all" for every one), None for another."""
    found = _ERROR.fullmatch("".join(one if one.isalpha() else "_" for one in name[:_LONGEST]).strip("_"))
    if found is None or found["count"]:
        return None
    return re.sub(r"_{2,}", ": ", found["cause"].strip("_").lower()).replace("_", " ") or "all"


def why_unknown(name: str) -> str:
    """Return why a metric with this name is not taken."""
    if _LOOP.match(name):
        return "the rate of one Feedback-ID: only those of the whole domain are taken"
    if _ERROR.match(name):
        return "a number of errors: only their rate (DELIVERY_ERROR_RATE) is taken"
    return (
        "a metric whose name says nothing: call it spam_rate, spf, dkim, dmarc, tls_inbound or delivery_error__reject"
    )
