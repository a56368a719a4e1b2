"""Reports as receivers write them, and as nobody should; names and numbers are made up."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from outreach.kit import clock

NEW = "urn:ietf:params:xml:ns:dmarc-2.0"


def midnight(days: int = 1) -> datetime:
    """Return the beginning (UTC) of the day so many days ago."""
    return clock.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


def signature(domain: str = "acme.example", selector: str | None = "s1", result: str = "pass") -> str:
    told = "" if selector is None else f"<selector>{selector}</selector>"
    return f"<dkim><domain>{domain}</domain>{told}<result>{result}</result></dkim>"


def record(  # the values of a record
    source: str = "192.0.2.7",
    count: object = 10,
    *,
    dkim: str = "pass",
    spf: str = "pass",
    disposition: str = "none",
    header_from: str = "acme.example",
    envelope: str = "acme.example",
    signatures: str | None = None,
    spf_result: str = "<spf><domain>acme.example</domain><result>pass</result></spf>",
    reason: str = "",
) -> str:
    told = signature() if signatures is None else signatures
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}"
        f"</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>{reason}</policy_evaluated></row><identifiers><envelope_from>"
        f"{envelope}</envelope_from><header_from>{header_from}</header_from></identifiers><auth_results>{told}"
        f"{spf_result}</auth_results></record>"
    )


def forged(source: str = "198.51.100.9", count: object = 3, **values: Any) -> str:
    """Return a record of mail that fails both."""
    return record(source, count, dkim="fail", spf="fail", signatures="", spf_result="", **values)


def aggregate(  # the parts of a report
    domain: str = "acme.example",
    records: Iterable[str] = (),
    *,
    org: str = "mailer.example",
    number: str = "1",
    begins: datetime | None = None,
    days: float = 1,
    policy: str = "<adkim>r</adkim><aspf>r</aspf><p>none</p><sp>none</sp><pct>100</pct>",
    namespace: str = "",
    before: str = '<?xml version="1.0" encoding="UTF-8"?>',
    version: str = "",
) -> bytes:
    first = begins or midnight()
    start, end = int(first.timestamp()), int((first + timedelta(days=days)).timestamp()) - 1
    space = f' xmlns="{namespace}"' if namespace else ""
    return (
        f"{before}<feedback{space}>{version}<report_metadata><org_name>{org}</org_name><email>d@{org}</email><report_id>"
        f"{number}</report_id><date_range><begin>{start}</begin><end>{end}</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain>{policy}</policy_published>{''.join(records)}</feedback>"
    ).encode()


def tls(*policies: Mapping[str, Any], org: str = "Mailer", number: str = "t1", begins: datetime | None = None) -> bytes:
    first = begins or midnight()
    told = {
        "organization-name": org, "contact-info": "tls@mailer.example", "report-id": number,
        "date-range": {
            "start-datetime": first.isoformat().replace("+00:00", "Z"),
            "end-datetime": (first + timedelta(hours=23)).isoformat().replace("+00:00", "Z"),
        },
        "policies": list(policies),
    }  # fmt: skip
    return json.dumps(told).encode()


def tls_policy(domain: str = "acme.example", good: int = 100, bad: int = 0, kind: str = "sts") -> dict[str, Any]:
    failed = {
        "result-type": "certificate-expired", "sending-mta-ip": "192.0.2.1", "failed-session-count": bad,
        "receiving-mx-hostname": "mx.acme.example",
    }  # fmt: skip
    return {
        "policy": {
            "policy-type": kind,
            "policy-domain": domain,
            "policy-string": ["version: STSv1"],
            "mx-host": ["mx.x"],
        },
        "summary": {"total-successful-session-count": good, "total-failure-session-count": bad},
        "failure-details": [failed] if bad else [],
    }


def zipped(*contents: bytes, name: str = "r.xml") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        for at, content in enumerate(contents):
            package.writestr(f"{at}{name}", content)
    return held.getvalue()


def mailed(
    content: bytes,
    *,
    name: str = "mailer.example!acme.example!1767225600!1767311999.xml.gz",
    kind: str = "application/gzip",
    sender: str = "noreply@mailer.example",
    subject: str = "Report domain: acme.example Submitter: mailer.example Report-ID: <1>",
    **headers: str,
) -> bytes:
    """Return a mail that brings a report; a header In_Reply_To="<1@x>" becomes In-Reply-To."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "me@acme.example", subject
    mail["Message-ID"] = "<r1@mailer.example>"
    for header, value in headers.items():
        mail[header.replace("_", "-")] = value
    mail.set_content("This is an aggregate report.")
    maintype, _, subtype = kind.partition("/")
    mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content)
