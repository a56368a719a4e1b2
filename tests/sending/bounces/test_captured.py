"""Reports that five mail servers of Debian really made, each labelled by its cause before it was read."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sending.bounces import Category, Kind, Verdict, classify_mail, parse_mail
from tests.sending.bounces.captured.causes import CAUSES, Cause

REPORTS = Path(__file__).parent / "captured" / "reports.tar.xz"
# What the report itself does not tell: dma waits for a domain with a null MX and then speaks of the days alone; Exim
# has one sentence for an unknown user of its own and an unknown domain.
UNTOLD = {("dma", "nullmx"), ("exim", "local")}
Found = dict[tuple[str, str], tuple[Cause, Verdict]]


@pytest.fixture(scope="module")
def found() -> Found:
    return dict(_classified())


def _classified() -> Iterator[tuple[tuple[str, str], tuple[Cause, Verdict]]]:
    """Yield the verdict of each report by program and file; a second report of a cause is named CAUSE-2."""
    with tarfile.open(REPORTS) as archive:
        for member in archive:
            opened = archive.extractfile(member)
            assert opened
            program, _, name = member.name.removesuffix(".eml").partition("/")
            cause = CAUSES.get(name.partition("-")[0])
            if cause:  # a report about another report has none
                yield (program, name), (cause, classify_mail(parse_mail(opened.read())))


def test_each_report_is_known_with_whom_it_is_about(found: Found) -> None:
    assert len(found) == 280
    for name, (cause, verdict) in found.items():
        assert verdict.kind in {Kind.BOUNCE, Kind.DELAYED}, name
        assert [one.lower() for one in verdict.recipients] == [cause.address], name


def test_each_report_has_the_category_of_its_cause(found: Found) -> None:
    for name, (cause, verdict) in found.items():
        labels = {*cause.labels, *(["temporary"] if verdict.kind is Kind.DELAYED else [])}
        assert verdict.category in labels or name in UNTOLD, name


def test_no_address_is_condemned_for_another_cause(found: Found) -> None:
    for name, (cause, verdict) in found.items():
        may_be = any(Category(label).suppresses for label in cause.labels)
        assert may_be or not verdict.category.suppresses, name
