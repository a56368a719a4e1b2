"""Files as the providers write them, and as nobody should."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

TODAY = date(2026, 11, 27)


def day_v1(day: str = "20261124", domain: str = "acme.example", **values: Any) -> dict[str, Any]:
    """Return an entry of trafficStats."""
    return {"name": f"domains/{domain}/trafficStats/{day}", **values}


def v1(*entries: Any) -> bytes:
    return json.dumps({"trafficStats": entries}).encode()


def metric(name: str, value: Any, day: date = date(2026, 11, 24), domain: str = "acme.example") -> dict[str, Any]:
    """Return an entry of domainStats."""
    return {
        "name": f"domains/{domain}/domainStats/Zm9v", "metric": name, "value": {"doubleValue": value},
        "date": {"year": day.year, "month": day.month, "day": day.day},
    }  # fmt: skip


def v2(*entries: Any) -> bytes:
    return json.dumps({"domainStats": entries, "nextPageToken": ""}).encode()


def snds_row(address: str = "192.0.2.7", day: str = "11/24/2026", **cells: str) -> str:
    """Return a line of data.aspx."""
    told = {
        "address": address, "begins": f"{day} 10:00 AM", "ends": f"{day} 7:00 PM", "rcpt": "1895", "data": "1894",
        "recipients": "1894", "filter": "GREEN", "complaints": "< 0.1%", "trap_begins": "", "trap_ends": "",
        "traps": "0", "helo": "mx.acme.example", "mail_from": "ada@acme.example", "comments": "",
    } | cells  # fmt: skip
    return ",".join(told.values())
