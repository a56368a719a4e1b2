"""Keyset pages: every row once, in order, whatever the cursor says."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from campaigns.contacts.models import Contact
from outreach.kit.paging import Page, paged
from tests.builders import make_contact, make_workspace

pytestmark = pytest.mark.django_db
SIZE = 3
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def people() -> QuerySet[Contact]:
    """Eight contacts, of whom four share one instant, so that only the id tells them apart."""
    workspace = make_workspace()
    for index in range(8):
        contact = make_contact(workspace, f"person{index}@example.com")
        at = START + timedelta(minutes=min(4, index))
        Contact.objects.filter(pk=contact.pk).update(created_at=at)
    return Contact.objects.filter(workspace=workspace)


def page(query: str, rows: QuerySet[Contact], by: str = "created_at") -> Page[Contact]:
    return paged(RequestFactory().get(f"/contacts/{query}"), rows, by=by, size=SIZE)


def names(found: Page[Contact]) -> list[str]:
    return [row.email[len("person")] for row in found.rows]


def cursor(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize("by", ["created_at", "id"])
def test_older_links_lead_through_every_row_once(people: QuerySet[Contact], by: str) -> None:
    found = page("", people, by)
    walked = names(found)
    while found.older:
        found = page(found.older, people, by)
        walked += names(found)
    assert walked == list("76543210")


@pytest.mark.parametrize("by", ["created_at", "id"])
def test_newer_links_lead_back_the_same_way(people: QuerySet[Contact], by: str) -> None:
    second = page(page("", people, by).older, people, by)
    third = page(second.older, people, by)
    assert names(page(third.newer, people, by)) == names(second)
    first = page(page(third.newer, people, by).newer, people, by)
    assert names(first) == list("765")
    assert first.newer == ""


def test_a_new_row_shifts_nothing_on_the_next_page(people: QuerySet[Contact]) -> None:
    first = page("", people, "id")
    make_contact(people[0].workspace, "late@example.com")
    assert names(page(first.older, people, "id")) == list("432")


def test_the_filters_of_the_address_stay_in_the_links(people: QuerySet[Contact]) -> None:
    older = page("?q=ada&state=held", people).older
    assert "q=ada" in older
    assert "state=held" in older
    assert page(older, people).older.count("after=") == 1


def test_few_rows_have_no_neighbours(people: QuerySet[Contact]) -> None:
    found = page("", people.filter(email="person1@example.com"))
    assert (names(found), found.newer, found.older) == (["1"], "", "")


HOSTILE = [
    "",
    "%00",
    "bm90IGpzb24",
    "A" * 501,
    cursor(),
    cursor("2026-11-24T09:00:00+00:00"),
    cursor("2026-11-24T09:00:00", 1),
    cursor("yesterday", 1),
    cursor("2026-11-24T09:00:00+00:00", True),
    cursor("2026-11-24T09:00:00+00:00", 2**63),
    cursor({"$gt": ""}, 1),
    cursor(None, None),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cursor_that_cannot_be_read_is_the_first_page(people: QuerySet[Contact], text: str) -> None:
    assert names(page(f"?after={text}", people)) == list("765")


def test_a_page_costs_one_query(people: QuerySet[Contact], django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        page(f"?after={cursor('2026-11-24T09:04:00+00:00', 10**9)}", people)


@pytest.mark.parametrize("text", ["", "bm90IGpzb24"])
def test_a_backward_cursor_that_cannot_be_read_is_the_first_page_too(people: QuerySet[Contact], text: str) -> None:
    assert names(page(f"?before={text}", people)) == list("765")


def test_a_page_far_down_begins_the_index_at_its_cursor(people: QuerySet[Contact]) -> None:
    """ "Before, or at it with a smaller id" alone is a filter: every row above the cursor would be read and dropped."""
    with CaptureQueriesContext(connection) as asked:
        page(f"?after={cursor(START.isoformat(), 10**9)}", people)
    assert re.search(r'WHERE .*"created_at" <= [^(]+ AND \(', asked[0]["sql"])


def test_pages_of_a_rising_order_go_forward_and_back_over_equal_keys(people: QuerySet[Contact]) -> None:
    rows = people.annotate(key=Lower("company"))
    Contact.objects.filter(email__in=["person1@example.com", "person6@example.com"]).update(company="Beta")
    whole = [row.email for row in rows.order_by("key", "id")]

    def rising(query: str) -> Page[Contact]:
        return paged(RequestFactory().get(f"/contacts/{query}"), rows, by="key", size=SIZE, rises=True)

    found = [rising("")]
    while found[-1].older:
        found.append(rising(found[-1].older))
    assert [row.email for page in found for row in page.rows] == whole
    assert [row.email for row in rising(found[-1].newer).rows] == whole[SIZE : 2 * SIZE]
