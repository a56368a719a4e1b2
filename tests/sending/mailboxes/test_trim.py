"""Old connection tests go, the newest of each kind of each mailbox stay."""

from __future__ import annotations

import pytest

from outreach.accounts.access import Member
from sending.mailboxes import testing
from sending.mailboxes.models import ConnectionTest
from sending.mailboxes.tasks import trim_task
from tests.builders import make_mailbox

pytestmark = pytest.mark.django_db


def test_the_newest_tests_of_each_kind_of_each_mailbox_stay(member: Member) -> None:
    boxes = [make_mailbox(member.workspace, f"{name}@acme.test") for name in ("a", "b")]
    rows = [
        ConnectionTest.objects.create(mailbox=box, protocol=protocol, passed=True)
        for _ in range(testing.KEPT + 2)
        for box in boxes
        for protocol in ("smtp", "imap")
    ]
    few = ConnectionTest.objects.create(mailbox=boxes[0], protocol="mail", recipient="me@acme.test", passed=True)
    trim_task()
    left = set(ConnectionTest.objects.values_list("pk", flat=True))
    assert left == {row.pk for row in rows[8:]} | {few.pk}
    trim_task()
    assert ConnectionTest.objects.count() == len(left)
