"""What comes back, over the real servers: each behaviour, once, after its time, also over a kill."""

from __future__ import annotations

import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from sending.sandbox.world import SandboxWorld
from tests.sending.sandbox.post import mails_in, send, wait_for


def inbox_of(world: SandboxWorld, account: str, count: int) -> list[EmailMessage]:
    """Return the inbox once it holds `count` mails, and has not got more a moment later."""
    wait_for(lambda: len(mails_in(world, account)) >= count)
    time.sleep(0.3)
    found = mails_in(world, account)
    assert len(found) == count
    return found


def test_every_behaviour_comes_back_to_its_sender(world: SandboxWorld) -> None:
    account = "me13@acme.test"
    for tag in ("reply", "ooo", "bounce", "complain", "optout", "silent"):
        assert send(world, account, f"all+{tag}@globex.test", f"<{tag}@acme.test>")[0] == 250
    found = inbox_of(world, account, 5)
    kinds = sorted(str(mail.get_param("report-type") or mail["Auto-Submitted"] or "person") for mail in found)
    assert kinds == ["auto-replied", "delivery-status", "feedback-report", "person", "person"]
    threads = {str(mail["In-Reply-To"]) for mail in found if mail["In-Reply-To"]}
    assert threads == {"<reply@acme.test>", "<ooo@acme.test>", "<optout@acme.test>"}


def test_a_person_answers_once_and_a_bounce_comes_for_each_message(world: SandboxWorld) -> None:
    account = "me14@acme.test"
    for number in (1, 2, 3):
        for tag in ("reply", "bounce"):
            headers = {} if number == 1 else {"In_Reply_To": f"<{tag}1@acme.test>"}
            send(world, account, f"Often+{tag}@globex.test", f"<{tag}{number}@acme.test>", **headers)
    found = inbox_of(world, account, 4)
    assert [str(mail["In-Reply-To"]) for mail in found if mail["In-Reply-To"]] == ["<reply1@acme.test>"]
    bounces = [mail for mail in found if mail.get_param("report-type")]
    assert {number for number in (1, 2, 3) for mail in bounces if f"<bounce{number}@" in mail.as_string()} == {1, 2, 3}


def test_the_same_person_answers_another_sender_too(world: SandboxWorld) -> None:
    for account in ("me15@acme.test", "me16@acme.test"):
        send(world, account, "polite+reply@globex.test", f"<hello.{account}>")
        (mail,) = inbox_of(world, account, 1)
        assert mail["In-Reply-To"] == f"<hello.{account}>"


def test_no_reaction_comes_before_the_floor(tmp_path: Path) -> None:
    with SandboxWorld(tmp_path, ["me@acme.test"], time_scale=1_000_000, floor_s=1.5) as world:
        before = time.monotonic()
        send(world, "me@acme.test", "fast+reply@x.test", "<floor@acme.test>")
        assert wait_for(lambda: mails_in(world, "me@acme.test"))
        assert 1.5 <= time.monotonic() - before < 6


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_mails_to_come_ports_and_uids_outlive_a_restart(tmp_path: Path, *, is_killed: bool) -> None:
    account = "me@acme.test"
    world = SandboxWorld(tmp_path, [account], time_scale=1_000_000, floor_s=1.5)
    with world:
        before = world.info
        send(world, account, "late+reply@x.test", "<late@acme.test>")
        send(world, account, "late+silent@x.test", "<quiet@acme.test>")
        copies = [mail["Message-ID"] for mail in mails_in(world, account, "Sent")]
        if is_killed:
            world.kill()
    with world:
        after = world.info
        assert (after.smtp_port, after.smtps_port, after.imap_port, after.imaps_port) == (
            before.smtp_port, before.smtps_port, before.imap_port, before.imaps_port,
        )  # fmt: skip
        assert after.ca_pem == before.ca_pem
        assert after.pid != before.pid
        assert [row["message_id"] for row in world.accepted()] == ["<late@acme.test>", "<quiet@acme.test>"]
        assert [mail["Message-ID"] for mail in mails_in(world, account, "Sent")] == copies, "in the order of their UIDs"
        (mail,) = inbox_of(world, account, 1)
        assert mail["In-Reply-To"] == "<late@acme.test>"
    with world:
        assert len(mails_in(world, account)) == 1, "delivered once"
