"""Load the demo: a workspace with contacts, mailboxes and a running campaign, all through the program's own doors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from campaigns.calendar import Wait, WaitUnit, Window
from campaigns.contacts.command import run_import
from campaigns.contacts.models import Contact, ContactList
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign, Step, Variant
from campaigns.sequences.services import Schedule, Text
from campaigns.sequences.states import StepThread
from outreach.accounts.access import Member
from outreach.accounts.models import User, Workspace
from outreach.accounts.roles import Role
from outreach.accounts.services import create_workspace
from outreach.env import data_dir
from sending.mailboxes import services as mailboxes
from sending.mailboxes.models import Mailbox
from sending.mailboxes.testing import test_connections
from sending.planner.services import launch, set_senders
from sending.sandbox.people import DEMO_ACCOUNTS, DEMO_TIME_SCALE, write_csv
from sending.sandbox.world import WorldInfo, read_world
from sending.smtp import Security

EMAIL = "demo@outreach.test"
PASSWORD = "try-outreach-now"  # noqa: S105  # printed for the person who runs the demo on their own machine
SLUG = "brightpath"
LIST_NAME = "Spring fair"
CAMPAIGN_NAME = "Spring fair follow-up"
_ALWAYS = tuple(Window(weekday, 0, 1440) for weekday in range(1, 8))

_FIRST = Text(
    subject="{Question|A question} about {{ company }}",
    body_text=(
        "{Hi|Hello} {{ first_name|default('there') }},\n\n"
        "I saw what {{ company }} does in {{ industry|lower|default('your field') }}"
        "{% if city %} from {{ city }}{% endif %}, and one thing stood out: teams of your size lose about a day "
        "a week to chasing orders by hand.\n\n"
        "We take that off their desk. Would a short look next week make sense?\n\n"
        'If this is not for you, answer "no thanks" and I will not write again.\n'
    ),
)  # fmt: skip
_FIRST_B = Text(
    subject="{{ company }}: a day a week back?",
    body_text=(
        "{Hi|Hello} {{ first_name|default('there') }},\n\n"
        "One question: how many hours does {{ company }} spend on chasing orders each week?\n\n"
        "Most teams that we ask say eight. We bring it to one. Is that worth fifteen minutes?\n\n"
        'Not for you? Answer "no thanks" and I will not write again.\n'
    ),
)  # fmt: skip
_SECOND = Text(
    subject="",
    body_text=(
        "{{ first_name|default('Hi')|title }}, did my note reach you at a bad time?\n\n"
        "A customer much like {{ company }} went live in nine days; I can send you their three numbers.\n"
    ),
)
_THIRD = Text(
    subject="",
    body_text=(
        "I will leave it here, {{ first_name|default('and thank you for reading') }}.\n\n"
        "Should it come up again at {{ company }}, this thread finds me.\n"
    ),
)


@dataclass(frozen=True, slots=True)
class _Wave:
    """A step of the demo campaign."""

    wait_days: int
    texts: tuple[Text, ...]


_SEQUENCE = (_Wave(0, (_FIRST, _FIRST_B)), _Wave(3, (_SECOND,)), _Wave(4, (_THIRD,)))


def load(echo: Callable[[str], None]) -> None:
    """Load what is not there yet, reconnect the mailboxes to the running sandbox, and say how to sign in."""
    world = read_world(data_dir() / "sandbox")
    member = _member()
    _connect_mailboxes(member, world)
    if not Contact.objects.filter(workspace=member.workspace).exists():
        _import_people(member, echo)
    if not Campaign.objects.filter(workspace=member.workspace).exists():
        count = _launch_campaign(member)
        echo(f"the campaign “{CAMPAIGN_NAME}” is launched to {count:,} people; a day passes in 15 seconds")
    echo(f"sign in as {EMAIL} with the password {PASSWORD}")


def _member() -> Member:
    user = User.objects.filter(email=EMAIL).first() or User.objects.create_user(EMAIL, PASSWORD, name="Demo Owner")
    workspace = Workspace.objects.filter(slug=SLUG).first()
    if workspace is None:
        workspace = create_workspace(user, "Brightpath", "Europe/Warsaw", time_scale=DEMO_TIME_SCALE)
        Workspace.objects.filter(pk=workspace.pk).update(
            postal_address="Brightpath, 5 Market Square, 00-001 Warsaw, Poland"
        )
        workspace.refresh_from_db()
    return Member(user=user, workspace=workspace, role=Role.OWNER)


def _connect_mailboxes(member: Member, world: WorldInfo) -> None:
    """Create the mailboxes, or point them to the ports at which the sandbox listens this time."""
    known = {mailbox.address: mailbox for mailbox in Mailbox.objects.filter(workspace=member.workspace)}
    for address, password in DEMO_ACCOUNTS.items():
        servers = _servers(address, world)
        if address in known:
            Mailbox.objects.filter(pk=known[address].pk).update(**servers)
            continue
        name = address.partition("@")[0].title()
        columns: dict[str, Any] = {
            **servers,
            "address": address,
            "display_name": f"{name} of Brightpath",
            "signature": f"{name}\nBrightpath, 5 Market Square, 00-001 Warsaw, Poland",
        }
        mailbox = mailboxes.create_mailbox(member, columns, smtp=password, imap=password)
        test_connections(mailbox)


def _servers(address: str, world: WorldInfo) -> dict[str, Any]:
    return {
        "smtp_host": world.host,
        "smtp_port": world.smtp_port,
        "smtp_security": Security.STARTTLS,
        "smtp_username": address,
        "imap_host": world.host,
        "imap_port": world.imap_port,
        "imap_security": Security.STARTTLS,
        "imap_username": address,
        "ca_pem": world.ca_pem,
    }


def _import_people(member: Member, echo: Callable[[str], None]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "spring-fair.csv"
        write_csv(path)
        run_import(path, member.workspace.slug, LIST_NAME, echo)


def _launch_campaign(member: Member) -> int:
    campaign = sequences.create_campaign(member, CAMPAIGN_NAME)
    schedule = Schedule(time_zone=member.workspace.time_zone, use_contact_zone=True, windows=_ALWAYS)
    sequences.save_schedule(campaign, schedule)
    for position, wave in enumerate(_SEQUENCE, start=1):
        step = _step(campaign, position, wave)
        labels = [Variant.objects.get(step=step), *(sequences.add_variant(step) for _ in wave.texts[1:])]
        for variant, text in zip(labels, wave.texts, strict=True):
            sequences.save_variant(variant, text)
    chosen = ContactList.objects.get(workspace=member.workspace, name=LIST_NAME)
    sequences.set_audience(campaign, [chosen.pk])
    senders = Mailbox.objects.filter(workspace=member.workspace).values_list("pk", flat=True)
    set_senders(member, campaign, list(senders))
    return launch(member, campaign)


def _step(campaign: Campaign, position: int, wave: _Wave) -> Step:
    if position == 1:
        return Step.objects.get(campaign=campaign, position=1)
    step = sequences.add_step(campaign)
    sequences.save_step(step, sequences.Joining(Wait(wave.wait_days, WaitUnit.DAYS), StepThread.REPLY))
    return step
