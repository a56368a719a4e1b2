"""Answers of Google's Postmaster Tools API, as saved to a file: trafficStats (v1) and domainStats (v2). Pure.

v1: https://developers.google.com/workspace/gmail/postmaster/reference/rest/v1/domains.trafficStats
v2: https://developers.google.com/workspace/gmail/postmaster/reference/rest/v2/domains.domainStats/query

A page, one entry, a batch, or a list of any of them. A number that is left out is unknown, never 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, NoReturn

from sending.postmaster.errors import BadReport
from sending.postmaster.fields import RATES, error_in, key_of, why_unknown
from sending.postmaster.gathering import Gathering
from sending.postmaster.shapes import Report, Source
from sending.postmaster.values import Order, Unreadable, count_of, date_of, day_in, domain_in, ratio_of, shown

_NAME_V1 = re.compile(r"domains/([^/]{1,253})/trafficStats/(\d{8})", re.ASCII)
_NAME_V2 = re.compile(r"domains/([^/]{1,253})/domainStats/.{0,500}", re.ASCII)
_REPUTATIONS = ("HIGH", "MEDIUM", "LOW", "BAD")
_DEEPEST = 6
_MOST_ENTRIES = 50_000
_MOST_OF_A_DAY = 60  # delivery errors, or reputations, of one
_V1_NAME = re.compile(r"[A-Z_]{1,60}", re.ASCII)

Entry = tuple[str, dict[str, Any]]  # its path in the file, and what stands there


def google_json(text: str, *, today: date) -> Report:
    """Return what saved answers of the API say. Raises BadReport."""
    try:
        told = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadReport(f"This is not the JSON of Google's API: {shown(str(error), 120)}.") from error
    entries = list(_entries(told, "", depth=0))
    if not entries:
        raise BadReport(
            "There is neither “trafficStats” nor “domainStats” in this JSON: save an answer of Google's API as it came."
        )
    if len(entries) > _MOST_ENTRIES:
        raise BadReport(f"The file has more than {_MOST_ENTRIES:,} entries: split it.")
    gathering, sources = Gathering(today), set()
    for place, entry in entries:
        source = Source.GOOGLE_V2 if "metric" in entry else Source.GOOGLE_V1
        sources.add(source)
        try:
            (_take_v2 if source is Source.GOOGLE_V2 else _take_v1)(entry, gathering, place)
        except Unreadable as error:
            gathering.refuse(place, str(error), json.dumps(entry, ensure_ascii=False)[:400])
    source = Source.GOOGLE_V2 if Source.GOOGLE_V2 in sources else Source.GOOGLE_V1
    return Report(source, tuple(gathering.days.values()), refused=tuple(gathering.refused))


def _entries(told: Any, place: str, *, depth: int) -> Iterator[Entry]:
    """Yield the entries of whatever form of answer it is; a list of batches is the deepest."""
    if depth > _DEEPEST:
        return
    if isinstance(told, list):
        for number, one in enumerate(told):
            yield from _entries(one, f"{place}[{number}]", depth=depth + 1)
    elif isinstance(told, dict):
        if str(told.get("name", "")).startswith("domains/"):
            yield place or "the file", told
            return
        for name in ("trafficStats", "domainStats", "results", "response"):
            if name in told:
                yield from _entries(told[name], f"{place}.{name}".lstrip("."), depth=depth + 1)


def _take_v1(entry: dict[str, Any], gathering: Gathering, place: str) -> None:
    found = _NAME_V1.fullmatch(str(entry["name"]))
    if found is None:
        raise Unreadable(
            f"“{shown(entry['name'])}” names no domain and day, as domains/acme.example/trafficStats/20260401"
        )
    domain, day = domain_in(found[1]), gathering.check(day_in(found[2], Order.UNSAID))
    values: dict[str, object] = {
        field: ratio for name, value in entry.items()
        if (field := RATES.get(key_of(name))) and (ratio := ratio_of(value)) is not None
    }  # fmt: skip
    if entry.get("domainReputation") in _REPUTATIONS:
        values["domain_reputation"] = entry["domainReputation"]
    if addresses := _ip_reputations(entry.get("ipReputations")):
        values["ip_reputations"] = addresses
    if errors := _errors(entry.get("deliveryErrors")):
        values["errors"] = errors
    if not values:
        raise Unreadable("it holds no number that is known here")
    gathering.put(domain, day, values)
    if "spam_rate" not in values:
        gathering.refuse(place, "no spam rate is given for this day: it stays unknown", found[0])


def _take_v2(entry: dict[str, Any], gathering: Gathering, _place: str) -> None:
    found = _NAME_V2.fullmatch(str(entry["name"]))
    if found is None:
        raise Unreadable(f"“{shown(entry['name'])}” names no domain, as domains/acme.example/domainStats/1")
    domain, day, metric = domain_in(found[1]), gathering.check(_date(entry.get("date"))), str(entry["metric"])
    ratio = _value(entry.get("value"))
    if field := RATES.get(key_of(metric)):
        gathering.put(domain, day, {field: ratio})
    elif cause := error_in(metric):
        gathering.put(domain, day, {"errors": {cause: ratio}})
    else:
        raise Unreadable(f"“{shown(metric)}” is {why_unknown(metric)}")


def _date(told: Any) -> date:
    if not isinstance(told, dict):
        raise Unreadable("it has no day: ask for aggregationGranularity DAILY")
    year, month, day = (count_of(told.get(part)) or 0 for part in ("year", "month", "day"))
    return date_of(year, month, day)


def _value(told: Any) -> float:
    """Return the one number of a StatisticValue."""
    found = [told[name] for name in ("doubleValue", "floatValue") if name in told] if isinstance(told, dict) else []
    ratio = ratio_of(found[0]) if len(found) == 1 else None
    if ratio is None:
        raise Unreadable("it has no value: it stays unknown")
    return ratio


def _ip_reputations(told: Any) -> dict[str, int]:
    rows = [one for one in told[:_MOST_OF_A_DAY] if isinstance(one, dict)] if isinstance(told, list) else []
    counts = {str(one.get("reputation")): count_of(one.get("ipCount")) for one in rows}
    return {name: counts[name] or 0 for name in _REPUTATIONS if counts.get(name)}


def _errors(told: Any) -> dict[str, float]:
    rows = [one for one in told[:_MOST_OF_A_DAY] if isinstance(one, dict)] if isinstance(told, list) else []
    found = {}
    for one in rows:
        names = [str(one.get(name, "")) for name in ("errorClass", "errorType")]
        ratio = ratio_of(one.get("errorRatio"))
        if ratio and all(_V1_NAME.fullmatch(name) for name in names):
            found[": ".join(name.removesuffix("_ERROR").lower().replace("_", " ") for name in names)] = ratio
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
