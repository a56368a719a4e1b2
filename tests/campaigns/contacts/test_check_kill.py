"""A worker killed at any moment of a check loses the batch in its hands at most, and nothing is counted twice."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from campaigns.contacts import services
from campaigns.contacts.models import AddressCheck, CheckedDomain, Contact, MailDomain
from campaigns.contacts.states import CheckState
from tests.builders import make_contact, make_list, make_workspace
from tests.dnsserver import FakeDns

pytestmark = pytest.mark.django_db(transaction=True)
DOMAINS = 400
KILLS = 2


def test_kill_9_at_many_moments_loses_no_domain_and_counts_none_twice() -> None:
    workspace = make_workspace()
    leads = make_list(workspace, "Leads", tuple(make_contact(workspace, f"p@d{n}.test") for n in range(DOMAINS)))
    check = services.start_check(leads, hint=False)
    zone = "".join(f"d{n}.test. 60 IN MX 10 mx.d{n}.test.\n" for n in range(DOMAINS))
    with FakeDns(zone) as server:
        for kill in range(1, KILLS + 1):
            with worker(check, server) as process:
                wait_until_done(check, at_least=kill * 100)
                process.kill()
                process.wait(10)
            check.refresh_from_db()
            assert check.state == CheckState.RUNNING, "the kill came too late"
            left = CheckedDomain.objects.filter(address_check=check).count()
            assert check.domains_done + left == check.domains_total == DOMAINS
            assert Contact.objects.filter(verdict="valid").count() == MailDomain.objects.count() == check.domains_done
            AddressCheck.objects.filter(pk=check.pk).update(lease_until=None)  # as if its lease had ended
        with worker(check, server) as process:
            assert process.wait(60) == 0
    check.refresh_from_db()
    assert (check.state, check.domains_done) == (CheckState.DONE, DOMAINS)
    assert Contact.objects.filter(verdict="valid").count() == DOMAINS
    asked = [name for name, _ in server.asked]
    assert len(asked) <= DOMAINS + KILLS * 5 + KILLS, "only the batch that was in hand is asked about again"


def worker(check: AddressCheck, server: FakeDns) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "tests.campaigns.contacts.check_worker",
        str(connection.settings_dict["NAME"]), str(check.pk),
    ]  # fmt: skip
    environment = {**os.environ, "OUTREACH_DNS": f"127.0.0.1:{server.port}"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def wait_until_done(check: AddressCheck, *, at_least: int) -> None:
    deadline = time.monotonic() + 30
    while check.domains_done < at_least:
        assert time.monotonic() < deadline, "the worker does nothing"
        time.sleep(0.005)
        check.refresh_from_db(fields=["domains_done"])
