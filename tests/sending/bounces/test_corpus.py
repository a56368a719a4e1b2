"""The classifier against labelled mails from the world, where that data lies beside the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sending.bounces import Kind, classify_mail, parse_mail

_DATA = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "bounces"

pytestmark = pytest.mark.skipif(
    not _DATA.exists(), reason="the labelled mails are not beside this clone (../shared/data/bounces)"
)


def cases(kind: str) -> Iterator[tuple[dict[str, Any], bytes]]:
    for line in (_DATA / "cases.jsonl").read_text().splitlines():
        case = json.loads(line)
        if case["kind"] == kind and "path" in case:
            yield case, (_DATA / case["path"]).read_bytes()


def test_nearly_every_labelled_bounce_is_recognised() -> None:
    found = [classify_mail(parse_mail(raw)).kind in {Kind.BOUNCE, Kind.DELAYED} for _, raw in cases("dsn_mail")]
    assert sum(found) / len(found) > 0.92


def test_ordinary_mail_is_never_taken_for_a_hard_bounce() -> None:
    wrong = [
        case["id"]
        for case, raw in cases("not_a_bounce")
        if (verdict := classify_mail(parse_mail(raw))).kind is Kind.BOUNCE and verdict.category.suppresses
    ]
    assert not wrong


def test_an_address_is_hardly_ever_condemned_for_another_reason() -> None:
    condemned = [
        case["expected"]["type"] == "hard" or "hard" in (case["expected"].get("type_alt") or [])
        for case, raw in cases("dsn_mail")
        if case["expected"]["reason"] and classify_mail(parse_mail(raw)).category.suppresses
    ]
    assert sum(condemned) / len(condemned) > 0.96
