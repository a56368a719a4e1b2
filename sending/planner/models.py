"""Enrollments, and which mailboxes carry which campaign."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.contacts.core.tags import NAME_LIMIT
from campaigns.contacts.models import Contact
from campaigns.contacts.states import CAMPAIGN_BASES, LegalBasis
from campaigns.sequences.models import Campaign
from outreach.accounts.models import User, Workspace
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.pacing.receivers import Receiver
from sending.pacing.rotation import MOST_WEIGHT, Rotation
from sending.planner.lawful.law import Duty
from sending.planner.states import EnrollmentState, HoldScope, PauseScope, StopReason


class CampaignMailbox(models.Model):
    """A mailbox that carries a campaign. The link belongs to the upper floor: a campaign knows no mailbox.

    What lies below the weight is written by the claims of this mailbox alone and read by those of the others.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="senders")
    mailbox = models.ForeignKey(Mailbox, on_delete=models.PROTECT, related_name="campaigns")
    by_tag = models.BooleanField(default=False, db_default=False)  # it carries it as long as it has one of its tags
    weight = models.PositiveSmallIntegerField(
        default=1, db_default=1
    )  # its share of the new contacts, where weights decide
    moved = models.FloatField(default=0.0, db_default=0.0)  # how far its turns have come (see sending.pacing.rotation)
    is_keen = models.BooleanField(
        default=True, db_default=True
    )  # its last place went to somebody new of the campaign, or would have
    waits_since = models.DateTimeField(null=True)  # since when it lets others go before it
    held_until = models.DateTimeField(null=True)  # and until when nobody need ask it
    receivers = ArrayField(models.CharField(max_length=9), null=True)  # whose people it begins; null = everybody's

    class Meta:
        db_table = "planner_campaign_mailbox"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "mailbox"], name="planner_sender_once"),
            models.CheckConstraint(condition=Q(weight__range=(1, MOST_WEIGHT)), name="planner_weight_in_range"),
        ]


class CampaignTag(models.Model):
    """A tag whose mailboxes carry a campaign: those that have it now, and those that get it later."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="sender_tags", db_index=False)
    tag = models.CharField(max_length=NAME_LIMIT)

    class Meta:
        db_table = "planner_campaign_tag"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "tag"], name="planner_tag_once"),
        ]


class CampaignRotation(models.Model):
    """How the new contacts of a campaign come to its mailboxes; without a row, evenly."""

    campaign = models.OneToOneField(Campaign, primary_key=True, on_delete=models.CASCADE, related_name="rotation")
    mode = models.CharField(max_length=8, default=Rotation.EVEN)

    class Meta:
        db_table = "planner_campaign_rotation"
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=list(Rotation)), name="planner_known_rotation"),
        ]


class CampaignOutlook(models.Model):
    """What the last forecast of a campaign as it stands has said; without a row, none was reckoned yet."""

    campaign = models.OneToOneField(Campaign, primary_key=True, on_delete=models.CASCADE, related_name="outlook")
    ends_at = models.DateTimeField(null=True)  # the last message that is foreseen; null = none is
    left = models.PositiveIntegerField(default=0)  # who still waits when the forecast ends
    binding = models.CharField(max_length=20, blank=True)  # HoldCode: what binds most days; empty = nothing
    reckoned_at = models.DateTimeField()  # the instant from which it foresees

    class Meta:
        db_table = "planner_campaign_outlook"


class CampaignGround(models.Model):
    """On what ground a campaign writes to its people, stated by whoever answers for it; without a row, as imported.

    Where a law asks for a consent, it is one for whom it covers, and for nobody else.
    """

    campaign = models.OneToOneField(Campaign, primary_key=True, on_delete=models.CASCADE, related_name="ground")
    basis = models.CharField(max_length=12)
    words = models.CharField(max_length=500)  # how they agreed, or why the interest outweighs; where it is recorded
    stated_by = models.CharField(max_length=254)  # e-mail address of the user
    stated_at = models.DateTimeField()

    class Meta:
        db_table = "planner_campaign_ground"
        constraints = [
            models.CheckConstraint(
                condition=Q(basis__in=[one for one in CAMPAIGN_BASES if one is not LegalBasis.UNSTATED]),
                name="planner_known_ground",
            ),
            models.CheckConstraint(condition=~Q(words=""), name="planner_ground_is_explained"),
        ]


class GroundCover(models.Model):
    """Some of the people for whom the ground of a campaign stands as a consent: see lawful/covering.py.

    Their numbers and nothing of theirs: no key binds them, so that whoever goes leaves no more than a number.
    """

    ground = models.ForeignKey(CampaignGround, on_delete=models.CASCADE, related_name="covers", db_index=False)
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    ids = ArrayField(models.BigIntegerField())  # contacts, in their order

    class Meta:
        db_table = "planner_ground_cover"
        constraints = [
            models.UniqueConstraint(fields=["ground", "first_id"], name="planner_covered_in_parts"),
        ]


class LawOverride(models.Model):
    """What an admin decided where a law leaves room, for whom, and why. A row only ever ends.

    It covers the people of its countries up to a contact, as long as what it was decided about stays what it was: see
    lawful/overrides.py.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="overrides", db_index=False)
    duty = models.CharField(max_length=8)
    countries = ArrayField(models.CharField(max_length=2))  # whose law leaves room
    up_to = models.BigIntegerField()  # the last contact who was there
    reason = models.CharField(max_length=500)
    law = models.CharField(max_length=200)  # which place of it leaves the room
    version = models.CharField(max_length=20)  # of the law table
    audience = models.CharField(max_length=32)  # a print of the campaign's lists and segments
    content = models.CharField(max_length=16, blank=True)  # and, of a notice, of its first message
    decided_by = models.CharField(max_length=254)  # e-mail address of the user
    decided_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_words = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "planner_law_override"
        constraints = [
            # also finds the one that a claim asks for
            models.UniqueConstraint(
                fields=["campaign", "duty"], condition=Q(ended_at=None), name="planner_one_override_per_duty"
            ),
            models.CheckConstraint(condition=Q(duty__in=list(Duty)), name="planner_known_duty"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(law=""), name="planner_override_has_its_reason"),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_words="") | Q(ended_at__isnull=False) & ~Q(ended_words=""),
                name="planner_override_ends_for_a_reason",
            ),
        ]
        indexes = [
            # decisions_of: all of a campaign, also those that have ended
            models.Index(fields=["campaign", "decided_at"], name="planner_override_of_campaign"),
        ]

    def covers(self, code: str, is_old: bool) -> bool:  # noqa: FBT001  # one fact of a person
        """Say whether somebody of a country is covered; is_old: they were there when it was decided."""
        return is_old and code in self.countries


class Throttles(models.Model):
    """How much a workspace lets go to one domain, company and provider; without a row the usual limits hold."""

    workspace = models.OneToOneField(Workspace, primary_key=True, on_delete=models.CASCADE, related_name="throttles")
    company_per_day = models.PositiveIntegerField(null=True, blank=True, default=1)  # people of one company
    domain_per_hour = models.PositiveIntegerField(null=True, blank=True, default=4)
    domain_per_day = models.PositiveIntegerField(null=True, blank=True, default=20)
    google_per_hour = models.PositiveIntegerField(null=True, blank=True)
    google_per_day = models.PositiveIntegerField(null=True, blank=True)
    microsoft_per_hour = models.PositiveIntegerField(null=True, blank=True)
    microsoft_per_day = models.PositiveIntegerField(null=True, blank=True)
    yahoo_per_hour = models.PositiveIntegerField(null=True, blank=True)
    yahoo_per_day = models.PositiveIntegerField(null=True, blank=True)
    other_per_hour = models.PositiveIntegerField(null=True, blank=True)
    other_per_day = models.PositiveIntegerField(null=True, blank=True)
    # of a day's budget, for new contacts at domains that take any address
    catch_all_percent = models.PositiveIntegerField(null=True, blank=True, default=20, db_default=20)

    class Meta:
        db_table = "planner_throttles"
        constraints = [
            # a limit of nothing would be a pause that does not say so
            models.CheckConstraint(
                condition=~Q(company_per_day=0)
                & ~Q(domain_per_hour=0)
                & ~Q(domain_per_day=0)
                & ~Q(google_per_hour=0)
                & ~Q(google_per_day=0)
                & ~Q(microsoft_per_hour=0)
                & ~Q(microsoft_per_day=0)
                & ~Q(yahoo_per_hour=0)
                & ~Q(yahoo_per_day=0)
                & ~Q(other_per_hour=0)
                & ~Q(other_per_day=0)
                & ~Q(catch_all_percent=0),
                name="planner_throttles_allow_one",
            ),
        ]


class CampaignHold(models.Model):
    """Why a campaign as a whole begins nobody new: one row instead of a verdict on each who waits.

    It binds while `until` lies ahead. What is shown of somebody who is due is composed with it (see reasons.py).
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="holds")
    scope = models.CharField(max_length=3)
    code = models.CharField(max_length=20)
    words = models.CharField(max_length=300)
    since = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        db_table = "planner_campaign_hold"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "scope"], name="planner_one_hold_per_scope"),
            models.CheckConstraint(condition=Q(scope__in=list(HoldScope)), name="planner_known_hold_scope"),
            models.CheckConstraint(condition=Q(code__in=list(HoldCode)), name="planner_known_campaign_hold"),
        ]


class Pause(models.Model):
    """An address, or everybody at a company's domain, that nothing is sent to for now, in whatever campaign."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    scope = models.CharField(max_length=7)
    value = models.CharField(max_length=320, db_collation="C")  # an email_key, or a domain as contacts have it
    words = models.CharField(max_length=300)
    until = models.DateTimeField(null=True)  # null: until a person ends it
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "planner_pause"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "value"], name="planner_paused_once"),
            models.CheckConstraint(condition=Q(scope__in=list(PauseScope)), name="planner_known_pause"),
            models.CheckConstraint(
                condition=~Q(scope=PauseScope.ADDRESS, until__isnull=True), name="planner_held_address_has_its_end"
            ),
        ]


class WrittenPrint(models.Model):
    """An address for which a campaign has made a message, and which no contact in it has any more: a keyed print."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="+", db_index=False)
    print = models.CharField(max_length=32, db_collation="C")  # see traces.py

    class Meta:
        db_table = "planner_written_print"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "print"], name="planner_written_once"),
        ]


class Enrollment(models.Model):
    """One contact's way through one campaign.

    The mailbox is empty until the first message is claimed and never changes after it: follow-ups come from the same
    sender, in the same thread.
    """

    # Each index is written with each step of each person: keys that begin another one have none of their own, and a
    # workspace is reached through its campaigns.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="enrollments", db_index=False)
    mailbox = models.ForeignKey(Mailbox, null=True, on_delete=models.PROTECT, related_name="enrollments")
    state = models.CharField(max_length=10, default=EnrollmentState.ACTIVE)
    stop_reason = models.CharField(max_length=14, blank=True)
    stop_detail = models.CharField(max_length=300, blank=True)
    # who receives their mail, as it was known at the enrollment: whose mailbox is to write first
    receiver = models.CharField(max_length=9, default=Receiver.OTHER, db_default=Receiver.OTHER)
    next_position = models.PositiveSmallIntegerField(default=1)  # of the step to come
    due_at = models.DateTimeField(null=True)  # not looked at before; null when there is nothing to come
    hold_code = models.CharField(max_length=20, blank=True)  # the last "not now", until the next look
    hold_detail = models.CharField(max_length=300, blank=True)
    held_since = models.DateTimeField(null=True)
    absent_until = models.DateTimeField(null=True)  # heard while a step was under way: the one after it waits so long
    absent_words = models.CharField(max_length=300, blank=True, default="", db_default="")
    # Where an answer leads: kept until nothing of them is in the outbox's hands. Until the message there is claimed,
    # led_until says when its wait is over.
    led_to = models.PositiveSmallIntegerField(null=True)
    led_until = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)  # first claimed: counts against the new leads of the day
    last_sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "planner_enrollment"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact"], name="planner_enrolled_once"),
            models.CheckConstraint(condition=Q(state__in=list(EnrollmentState)), name="planner_known_enrollment_state"),
            models.CheckConstraint(
                condition=Q(stop_reason="") | Q(stop_reason__in=list(StopReason)),
                name="planner_known_stop_reason",
            ),
            models.CheckConstraint(
                condition=Q(hold_code="") | Q(hold_code__in=list(HoldCode)), name="planner_known_hold_code"
            ),
            models.CheckConstraint(condition=Q(receiver__in=list(Receiver)), name="planner_known_receiver"),
            # who is called off has a reason, who is not has none
            models.CheckConstraint(
                condition=Q(state__in=[EnrollmentState.STOPPED, EnrollmentState.SKIPPED]) & ~Q(stop_reason="")
                | ~Q(state__in=[EnrollmentState.STOPPED, EnrollmentState.SKIPPED]) & Q(stop_reason=""),
                name="planner_stopped_has_reason",
            ),
            # only an active enrollment waits for an instant
            models.CheckConstraint(
                condition=Q(state=EnrollmentState.ACTIVE, due_at__isnull=False)
                | ~Q(state=EnrollmentState.ACTIVE) & Q(due_at__isnull=True),
                name="planner_due_when_active",
            ),
            models.CheckConstraint(
                condition=Q(led_to__isnull=True) | Q(led_until__isnull=False), name="planner_led_has_an_instant"
            ),
        ]
        indexes = [
            # claim: follow-ups that are due from a mailbox
            models.Index(
                fields=["mailbox", "due_at", "id"],
                condition=Q(state=EnrollmentState.ACTIVE),
                name="planner_due_by_mailbox",
            ),
            # claim: new leads of a campaign (no mailbox yet)
            models.Index(
                fields=["campaign", "due_at", "id"],
                condition=Q(state=EnrollmentState.ACTIVE, mailbox__isnull=True),
                name="planner_new_by_campaign",
            ),
            # claim: the same, for mailboxes that begin only the people of some providers
            models.Index(
                fields=["campaign", "receiver", "due_at", "id"],
                condition=Q(state=EnrollmentState.ACTIVE, mailbox__isnull=True),
                name="planner_new_by_receiver",
            ),
            # new leads of a rolling day
            models.Index(
                fields=["campaign", "begun_at"],
                condition=Q(begun_at__isnull=False),
                name="planner_begun",
            ),
            # people page and counts of a campaign
            models.Index(fields=["campaign", "state", "id"], name="planner_people"),
            # timeline of a contact
            models.Index(fields=["contact"], name="planner_of_contact"),
            # sweeper: whom an answer leads on
            models.Index(
                fields=["id"],
                condition=Q(state=EnrollmentState.STOPPED, led_to__isnull=False),
                name="planner_to_be_led",
            ),
        ]
