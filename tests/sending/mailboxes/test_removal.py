"""A mailbox that was never connected can be forgotten; one that carried mail keeps its history."""

from __future__ import annotations

import pytest
from django.test import Client

from outreach.accounts.access import Member
from outreach.accounts.roles import Role
from sending.mailboxes import services
from sending.mailboxes.errors import StillNeeded
from sending.mailboxes.models import Credential, Mailbox
from sending.mailboxes.states import MailboxState
from tests.builders import make_campaign, make_mailbox, make_member, make_sender, make_workspace

pytestmark = pytest.mark.django_db


def removed(member: Member, mailbox: Mailbox) -> int:
    """Ask for the removal as this member does, and return the answer's status."""
    client = Client()
    client.force_login(member.user)
    return client.post(member.url("mailboxes:removal", mailbox.pk)).status_code


def test_a_mailbox_that_never_passed_its_test_is_forgotten_with_its_passwords() -> None:
    admin = make_member(make_workspace(), Role.ADMIN)
    mailbox = make_mailbox(admin.workspace)
    kept = make_mailbox(admin.workspace, "kept@acme.example")
    assert removed(admin, mailbox) == 302
    assert list(Mailbox.objects.all()) == [kept]
    assert list(Credential.objects.values_list("mailbox", flat=True)) == [kept.pk]


@pytest.mark.parametrize("state", [state for state in MailboxState if state is not MailboxState.UNTESTED])
def test_a_mailbox_that_was_connected_once_stays(state: MailboxState) -> None:
    mailbox = make_mailbox(make_workspace(), state=state)
    with pytest.raises(StillNeeded, match="has carried mail"):
        services.remove(mailbox)
    assert Mailbox.objects.filter(pk=mailbox.pk).exists()


def test_a_mailbox_that_a_campaign_names_stays() -> None:
    workspace = make_workspace()
    mailbox = make_mailbox(workspace)
    make_sender(make_campaign(workspace), mailbox)
    with pytest.raises(StillNeeded, match="among its senders"):
        services.remove(mailbox)
    assert Mailbox.objects.filter(pk=mailbox.pk).exists()


def test_only_admins_of_the_workspace_remove_a_mailbox() -> None:
    workspace = make_workspace()
    mailbox = make_mailbox(workspace)
    assert removed(make_member(workspace, Role.MEMBER), mailbox) == 403
    assert removed(make_member(make_workspace("other"), Role.OWNER), mailbox) == 404
    assert Mailbox.objects.filter(pk=mailbox.pk).exists()
