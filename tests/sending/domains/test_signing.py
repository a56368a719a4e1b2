"""Messages of a domain that is signed here: what the server takes verifies, at the first try and at the next."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from sending.chaos.faultsmtpd import FaultServer, say, serving_in_thread
from sending.domains import keys
from sending.domains.models import DomainKey
from sending.domains.states import KeyState
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.outbox.models import OutboundMessage
from tests.builders import make_domain_key
from tests.sending.outbox.plain import make_post
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.smtp.signatures import verifies

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_leaves_signed_and_its_next_try_is_the_same() -> None:
    later, taken = say(b"451 4.3.0 come back\r\n", takes=True), say(b"250 2.0.0 taken\r\n")
    with serving_in_thread(FaultServer({"dot": [later, taken]})) as faults:
        post = make_post(faults, "ada")
        domain = post.mailbox.address.partition("@")[2]
        row = make_domain_key(post.member.workspace, domain, state=KeyState.SIGNING, checked_at=Now())
        deliver(work_s=0.3)
        make_due()
        deliver(work_s=0.3)
        first, second = faults.accepted
    assert verifies(first, keys.opened(row))
    assert first == second
    assert b"h=from:from:to:to:cc:subject:subject:date:date:message-id:" in first.replace(b"\r\n ", b"")


@pytest.mark.parametrize("state", [KeyState.UNPUBLISHED, KeyState.MISSING])
def test_nothing_is_signed_that_nobody_could_verify(state: KeyState) -> None:
    with serving_in_thread(FaultServer({})) as faults:
        post = make_post(faults, "ada")
        domain = post.mailbox.address.partition("@")[2]
        make_domain_key(post.member.workspace, domain, state=state, checked_at=Now())
        deliver(work_s=0.3)
        (content,) = faults.accepted
    assert b"DKIM-Signature" not in content


def test_a_key_that_cannot_be_opened_stops_its_mailbox_and_says_why() -> None:
    with serving_in_thread(FaultServer({})) as faults:
        post = make_post(faults, "ada")
        domain = post.mailbox.address.partition("@")[2]
        row = make_domain_key(post.member.workspace, domain, state=KeyState.SIGNING, checked_at=Now())
        DomainKey.objects.filter(pk=row.pk).update(private_key=bytes(row.private_key)[:-8] + b"AAAAAAAA")
        deliver(work_s=0.3)
        assert faults.accepted == []
    box = Mailbox.objects.get(pk=post.mailbox.pk)
    assert box.state == MailboxState.BLOCKED
    assert f"The signing key of {domain} cannot be opened" in box.state_reason
    assert not OutboundMessage.objects.exists(), "nobody was claimed for it"
