"""Addresses of one account are one mailbox, and to know that takes each mailbox of a workspace once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sending.mailboxes.aliases import aliases_of
from sending.mailboxes.models import Mailbox
from tests.builders import make_mailbox, make_workspace

pytestmark = pytest.mark.django_db
MANY = 300


def account(name: str, host: str = "imap.acme.example") -> dict[str, str]:
    return {"imap_host": host, "imap_username": name}


def test_who_is_read_from_one_account_with_one_name_is_one_in_its_workspace_alone() -> None:
    place, other = make_workspace(), make_workspace("other")
    me = make_mailbox(place, "Me@acme.example", **account("me"))
    sales = make_mailbox(place, "sales@acme.example", **account("ME", "IMAP.acme.example"))
    you = make_mailbox(place, "you@acme.example", **account("you"))
    theirs = make_mailbox(other, "news@acme.example", **account("me"))
    one = {me.pk: "me@acme.example", sales.pk: "sales@acme.example"}
    assert aliases_of([place.pk]) == {me.pk: one, sales.pk: one, you.pk: {you.pk: "you@acme.example"}}
    assert aliases_of([place.pk, other.pk])[theirs.pk] == {theirs.pk: "news@acme.example"}


def touched(plan: dict[str, Any]) -> float:
    """Return how many rows a node and those below it gave or threw away."""
    names = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    own = sum(plan.get(name, 0) for name in names) * plan["Actual Loops"]
    return float(own + sum(touched(one) for one in plan.get("Plans", ())))


def test_it_costs_each_mailbox_once() -> None:
    workspace = make_workspace()
    rows = [Mailbox(workspace=workspace, address=f"m{at}@acme.example", **account(f"m{at}")) for at in range(MANY)]
    Mailbox.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as asked:
        assert len(aliases_of([workspace.pk])) == MANY
    (query,) = asked.captured_queries
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailboxes_mailbox")
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}", [[workspace.pk]])
        assert touched(cursor.fetchone()[0][0]["Plan"]) <= 4 * MANY
