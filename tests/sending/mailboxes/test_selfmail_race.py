"""Test mails at the same moment: one place of the budget is spent once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from outreach.accounts.access import Member
from sending.chaos.faultsmtpd import FaultServer
from sending.mailboxes import selfmail
from sending.mailboxes.models import ConnectionTest, Spending
from sending.mailboxes.selfmail import NotNow, send_to_self
from tests.sending.mailboxes.test_selfmail import ME, at

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = 4


def test_of_many_who_press_at_once_one_gets_the_last_place(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    server = FaultServer({})
    charge, all_there = selfmail._charge, Barrier(PEOPLE)

    def together(trial: selfmail._Trial) -> bool:
        all_there.wait(20)
        return charge(trial)

    def press(_: int) -> str:
        try:
            return send_to_self(member, mailbox, ME).what
        except NotNow as error:
            return str(error)
        finally:
            connections.close_all()

    monkeypatch.setattr(selfmail, "_charge", together)
    columns = {"daily_limit": 1, "gap_min_s": 0, "gap_max_s": 0, "ramp_on": False}
    with at(member, server, **columns) as mailbox, ThreadPoolExecutor(PEOPLE) as pool:
        said = sorted(pool.map(press, range(PEOPLE)))
    assert len(server.accepted) == Spending.objects.count() == ConnectionTest.objects.count() == 1
    assert [words.startswith("1 of 1 messages of the last 24 hours") for words in said] == [True] * 3 + [False]
