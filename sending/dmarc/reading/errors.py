"""What can be wrong with a report, by name, for callers and people to tell apart."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """Why a file was refused. The names stay when the words are changed."""

    NO_REPORT = "no_report"  # something else
    TOO_LARGE = "too_large"
    TOO_DENSE = "too_dense"  # grows beyond any report when it is unpacked: a bomb
    NESTED = "nested"  # a package in a package
    NOT_ONE_FILE = "not_one_file"  # a ZIP of none or several
    BROKEN_PACKAGE = "broken_package"
    BROKEN_XML = "broken_xml"
    BROKEN_JSON = "broken_json"
    HAS_DOCTYPE = "has_doctype"  # may declare entities, that is other files, or itself a billion times
    TOO_DEEP = "too_deep"
    TOO_MANY_RECORDS = "too_many_records"
    BAD_VALUE = "bad_value"
    NOT_YOURS = "not_yours"  # about a domain that no mailbox here sends from
    TOO_MUCH = "too_much"  # by mail in a day


class BadReport(ValueError):  # what was wrong is its fault
    """A file that is no report that can be taken in; the words are for people."""

    def __init__(self, fault: Fault, words: str) -> None:
        super().__init__(words)
        self.fault = fault
