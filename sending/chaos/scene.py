"""A workspace whose mailboxes write to its people through servers of the run, made by the program's own services."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.calendar import Window
from campaigns.contacts.models import Contact
from campaigns.contacts.services import add_to_list, create_list
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.services import Schedule, Text
from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from outreach.accounts.services import create_workspace
from sending.mailboxes import services as mailboxes
from sending.mailboxes.models import Mailbox
from sending.outbox.models import OutboundMessage
from sending.outbox.states import MessageState
from sending.planner.models import Enrollment
from sending.planner.services import launch, set_senders
from sending.planner.services.limits import set_throttles
from sending.planner.states import EnrollmentState
from sending.smtp import Security

# A thousand times faster: a greylisting of five minutes takes 0.3 s, a day of doubt a minute and a half.
TIME_SCALE = 1000
_OWNER = "chaos@outreach.test"
_ALWAYS = [Window(weekday, 0, 1440) for weekday in range(1, 8)]
_SHORT = "Hi {{ first_name }},\n\nOne short question about how {{ company }} does this today.\n\nBest\n"
# Two parts of 60 kB: more than a server reads before the step "body", and more than the kernel holds for a slow one.
_LONG = _SHORT + "And a long story, of which nobody reads a word to its end, told over and over again.\n" * 700
_IN_HAND = [MessageState.CLAIMED, MessageState.DOT_PENDING, MessageState.DEFERRED]
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Cast:
    """How many people, written to from how many mailboxes, in what words; `server` are columns of each mailbox."""

    people: int
    server: Mapping[str, Any]
    mailboxes: int = 1
    is_long: bool = False
    steps: int = 1
    time_scale: int = TIME_SCALE


@dataclass(frozen=True, slots=True)
class Scene:
    """A launched campaign."""

    member: Member
    campaign: Campaign
    mailboxes: Sequence[Mailbox]
    people: int

    @property
    def workspace_id(self) -> int:
        return self.member.workspace.pk

    @property
    def messages(self) -> list[OutboundMessage]:
        return list(self.campaign.messages.order_by("id"))

    @property
    def answers(self) -> list[OutboundMessage]:
        """What a person of the team has answered, which belongs to no campaign."""
        return list(OutboundMessage.objects.filter(workspace=self.workspace_id, campaign=None).order_by("id"))

    @property
    def is_over(self) -> bool:
        return are_over([self])


def are_over(scenes: Sequence[Scene]) -> bool:
    """Say whether nobody waits and nothing is in hand: what is in doubt may stay so. Two queries, however many."""
    workspaces = [scene.workspace_id for scene in scenes]
    waits = Enrollment.objects.filter(workspace__in=workspaces, state=EnrollmentState.ACTIVE).exists()
    return not waits and not OutboundMessage.objects.filter(workspace__in=workspaces, state__in=_IN_HAND).exists()


def plain_server(port: int, **more: object) -> dict[str, object]:
    """Return the columns of a mailbox at a receiver that speaks no TLS; nothing reads it."""
    return {
        "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": Security.PLAIN, "smtp_username": "me",
        "imap_host": "127.0.0.1", "imap_port": 1, "imap_username": "me",
        "daily_limit": 100_000, "hourly_limit": 100_000, "gap_min_s": 0, "gap_max_s": 0, "ramp_on": False, **more,
    }  # fmt: skip


def make_scene(cast: Cast) -> Scene:
    """Make everything and launch it: within two seconds the next tick begins to send."""
    number = next(_numbers)
    member = _member(f"Chaos {number}", cast.time_scale)
    boxes = [_mailbox(member, f"me{box}@chaos{number}.test", cast.server) for box in range(cast.mailboxes)]
    campaign = _campaign(member, cast, boxes, number)
    launch(member, campaign)
    campaign.refresh_from_db()
    return Scene(member, campaign, boxes, cast.people)


def _member(name: str, time_scale: int) -> Member:
    user = User.objects.filter(email=_OWNER).first() or User.objects.create_user(_OWNER)
    workspace = create_workspace(user, name, "UTC", time_scale=time_scale)
    set_throttles(workspace, {})
    Workspace.objects.filter(pk=workspace.pk).update(postal_address="1 Main Street, Springfield")
    return Member(user=user, workspace=workspace, role=Role.OWNER)


def _mailbox(member: Member, address: str, server: Mapping[str, Any]) -> Mailbox:
    columns = {"address": address, **server}
    password = columns.pop("password", "secret")
    mailbox = mailboxes.create_mailbox(member, columns, smtp=password, imap=password)
    mailboxes.activate(mailbox.pk)
    return mailbox


def _campaign(member: Member, cast: Cast, boxes: Sequence[Mailbox], number: int) -> Campaign:
    domains = max(1, cast.people // 20)
    people = [
        Contact(
            workspace=member.workspace, email=address, email_key=address, domain=address.partition("@")[2],
            first_name=f"Person {one}", company=f"Company {one % domains}",
        )
        for one in range(cast.people)
        for address in [f"p{one}@x{one % domains}.c{number}.test"]
    ]  # fmt: skip
    chosen = create_list(member.workspace, "Leads")
    add_to_list(chosen, [person.pk for person in Contact.objects.bulk_create(people)])
    campaign = sequences.create_campaign(member, "Chaos")
    sequences.save_schedule(campaign, Schedule("UTC", use_contact_zone=False, windows=_ALWAYS))
    for position in range(1, cast.steps + 1):
        step = Step.objects.get(campaign=campaign, position=1) if position == 1 else sequences.add_step(campaign)
        words = _LONG if cast.is_long else _SHORT
        text = Text(subject="A question, {{ first_name }}", body_text=words, body_html=words if cast.is_long else "")
        sequences.save_variant(Variant.objects.get(step=step), text)
    sequences.set_audience(campaign, [chosen.pk])
    set_senders(member, campaign, [box.pk for box in boxes])
    return campaign
