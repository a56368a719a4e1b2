"""F23: people pause, resume, edit, stop, suppress and delete at random while messages go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from campaigns.contacts.models import Contact
from campaigns.contacts.services import delete_contacts, suppress
from campaigns.contacts.states import SuppressionReason
from campaigns.sequences import services as sequences
from campaigns.sequences.models import Campaign, Variant
from campaigns.sequences.services import Text
from campaigns.sequences.states import CampaignState
from sending.chaos.oracle import Stop
from sending.chaos.scene import Cast, Scene, plain_server
from sending.chaos.world import Run, instant
from sending.mailboxes import services as mailboxes
from sending.mailboxes.models import Mailbox
from sending.mailboxes.states import MailboxState
from sending.outbox.models import OutboundMessage
from sending.planner import services as planner
from sending.planner.models import Enrollment
from sending.planner.states import EnrollmentState, StopReason

_MAILBOXES = 3
_PAUSE_S = 0.03
# Enough people for every action and for the messages between them.
_PEOPLE_PER_ACTION = 2
_OPEN = [EnrollmentState.ACTIVE, EnrollmentState.SENDING]


class _Hands:
    """Somebody who clicks around, and remembers what they were told."""

    def __init__(self, run: Run, scene: Scene) -> None:
        self._run = run
        self._scene = scene
        self._paused_at: datetime | None = None
        self._edits = 0
        self.ids: dict[int, str] = {}  # Message-ID by message, as first seen

    def act(self) -> None:
        """Do one thing, as its page would."""
        self._remember()
        actions: Sequence[Callable[[], None]] = (
            self._pause, self._resume, self._resume, self._edit, self._stop, self._suppress, self._delete,
            self._pause_mailbox, self._resume_mailbox,
        )  # fmt: skip
        self._run.random.choice(actions)()

    def let_everything_go_on(self) -> None:
        self._resume()
        for box in Mailbox.objects.filter(workspace=self._scene.workspace_id, state=MailboxState.PAUSED):
            mailboxes.resume(box.pk)
        self._remember()

    def changed_ids(self) -> int:
        """Return how many messages have another Message-ID than when they were first seen."""
        now = dict(OutboundMessage.objects.filter(pk__in=self.ids).values_list("pk", "message_id"))
        return sum(self.ids[pk] != message_id for pk, message_id in now.items())

    def _remember(self) -> None:
        for pk, message_id in self._scene.campaign.messages.values_list("pk", "message_id"):
            self.ids.setdefault(pk, message_id)

    def _pause(self) -> None:
        if self._state() is CampaignState.RUNNING:
            planner.pause(self._scene.member, self._scene.campaign)
            self._paused_at = instant()

    def _resume(self) -> None:
        if self._paused_at is not None:
            pause = Stop(self._paused_at, instant(), campaign_id=self._scene.campaign.pk)
            self._run.stops.append(pause)
            self._paused_at = None
            planner.resume(self._scene.member, self._scene.campaign)

    def _edit(self) -> None:
        self._edits += 1
        variant = Variant.objects.get(step__campaign=self._scene.campaign)
        sequences.save_variant(variant, Text(subject=f"Edit {self._edits}", body_text=f"Good day {self._edits}"))

    def _stop(self) -> None:
        person = self._somebody()
        if person is not None:
            with transaction.atomic():
                planner.stop(person, StopReason.REMOVED, detail="A person took it out.")
            self._run.stops.append(Stop(instant(), contact_id=person.contact_id))

    def _suppress(self) -> None:
        person = self._somebody()
        if person is not None:
            suppress(self._scene.member.workspace, person.contact.email, SuppressionReason.MANUAL)
            self._run.stops.append(Stop(instant(), contact_id=person.contact_id))

    def _delete(self) -> None:
        person = self._somebody()
        if person is not None:
            delete_contacts(self._scene.member.workspace, [person.contact_id])
            self._run.deleted += not Contact.objects.filter(pk=person.contact_id).exists()

    def _pause_mailbox(self) -> None:
        box = self._run.random.choice(self._scene.mailboxes)
        if Mailbox.objects.filter(pk=box.pk, state=MailboxState.ACTIVE).exists():
            mailboxes.pause(box.pk, "A person paused it.")

    def _resume_mailbox(self) -> None:
        paused = Mailbox.objects.filter(workspace=self._scene.workspace_id, state=MailboxState.PAUSED)
        for box in paused:
            mailboxes.resume(box.pk)

    def _state(self) -> CampaignState:
        return CampaignState(Campaign.objects.values_list("state", flat=True).get(pk=self._scene.campaign.pk))

    def _somebody(self) -> Enrollment | None:
        """Return a person under way: whoever is being written to right now, sooner than one who waits."""
        people = Enrollment.objects.filter(campaign=self._scene.campaign, state__in=_OPEN).select_related("contact")
        busy = list(people.filter(state=EnrollmentState.SENDING)[:20]) or list(people.order_by("id")[:20])
        return self._run.random.choice(busy) if busy else None


def at_random(run: Run, *, actions: int) -> None:
    """Act so often while messages go out; then let everything go on to its end."""
    receiver = run.receiver(think_s=0.01)
    scene = run.scene(Cast(actions * _PEOPLE_PER_ACTION, plain_server(receiver.port), mailboxes=_MAILBOXES))
    run.until(lambda: run.log.count, "the first message")
    hands = _Hands(run, scene)
    for _ in range(actions):
        hands.act()
        time.sleep(run.random.uniform(0, _PAUSE_S))
    hands.let_everything_go_on()
    run.settle(seconds=60 + actions / 5)
    if changed := hands.changed_ids():
        run.notes.append(f"{changed} messages changed their Message-ID")
