"""Campaigns, their steps, wordings, audience and sending windows."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from campaigns.calendar.waits import LONGEST, WaitUnit
from campaigns.contacts.models import ContactList, Segment
from campaigns.sequences.positions import step_name
from campaigns.sequences.states import BRANCHING, BranchKind, CampaignState, Priority, StepThread
from outreach.accounts.models import User, Workspace
from outreach.kit.words import plural


class Campaign(models.Model):
    """A sequence of personal messages to an audience, inside a schedule."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, default=CampaignState.DRAFT)
    time_zone = models.CharField(max_length=64, default="UTC")
    starts_on = models.DateField(null=True)  # local date of the recipient before which nothing goes out
    use_contact_zone = models.BooleanField(default=True)
    new_leads_per_day = models.PositiveIntegerField(null=True)  # None = as many as the mailboxes carry
    daily_limit = models.PositiveIntegerField(null=True)  # messages of all steps; None = as many as fall due
    priority = models.CharField(max_length=6, default=Priority.NORMAL)
    # Whoever comes onto its lists or into its segments after the launch is enrolled, too.
    grows = models.BooleanField(default=False, db_default=False)
    skips_roles = models.BooleanField(default=True, db_default=True)  # addresses of offices are left out
    # Which links are followed: in its HTML, and in its plain text, where that is wanted, too; whether it is opened.
    track_clicks = models.BooleanField(default=False, db_default=False)
    track_text_clicks = models.BooleanField(default=False, db_default=False)
    track_opens = models.BooleanField(default=False, db_default=False)
    # Of the line that says how to opt out, ISO 639-1; empty = as each wording seems to be.
    opt_out_language = models.CharField(max_length=2, default="", db_default="", blank=True)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    launched_at = models.DateTimeField(null=True)
    state_changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "sequences_campaign"
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=list(CampaignState)), name="sequences_known_state"),
            models.CheckConstraint(
                condition=models.Q(state=CampaignState.DRAFT, launched_at__isnull=True)
                | models.Q(state=CampaignState.ARCHIVED)
                | models.Q(
                    state__in=[CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.STOPPED],
                    launched_at__isnull=False,
                ),
                name="sequences_launched_when_running",
            ),
            models.CheckConstraint(
                condition=models.Q(new_leads_per_day__isnull=True) | models.Q(new_leads_per_day__gte=1),
                name="sequences_some_new_leads",
            ),
            models.CheckConstraint(
                condition=models.Q(daily_limit__isnull=True) | models.Q(daily_limit__gte=1),
                name="sequences_some_messages",
            ),
            models.CheckConstraint(condition=models.Q(priority__in=list(Priority)), name="sequences_known_priority"),
            models.CheckConstraint(
                condition=models.Q(track_clicks=True) | models.Q(track_text_clicks=False),
                name="sequences_text_clicks_with_clicks",
            ),
        ]
        indexes = [
            # campaign list, newest first
            models.Index(fields=["workspace", "-id"], name="sequences_newest"),
        ]

    def __str__(self) -> str:
        return self.name


class SendWindow(models.Model):
    """A half-open interval [start, end) of local minutes on one weekday in which messages may go out."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="windows")
    weekday = models.PositiveSmallIntegerField()  # ISO: Monday = 1
    start_minute = models.PositiveSmallIntegerField()  # of the local day, 0..1439
    end_minute = models.PositiveSmallIntegerField()  # 1..1440; 1440 = the end of the day

    class Meta:
        db_table = "sequences_window"
        constraints = [
            models.CheckConstraint(condition=models.Q(weekday__gte=1, weekday__lte=7), name="sequences_window_weekday"),
            models.CheckConstraint(
                condition=models.Q(start_minute__lt=models.F("end_minute"), end_minute__lte=1440),
                name="sequences_window_not_empty",
            ),
            models.UniqueConstraint(fields=["campaign", "weekday", "start_minute"], name="sequences_window_once"),
        ]


class ClosedDays(models.Model):
    """Local dates on which nothing goes out and no business day is counted: of a campaign, or of the whole workspace.

    A day counts where the recipient is.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="closed_days")
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.CASCADE, related_name="closed_days")
    first = models.DateField()
    last = models.DateField()  # included
    name = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "sequences_closed_days"
        constraints = [
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="sequences_closed_in_order"),
        ]


class HolidayRegion(models.Model):
    """A country, or a part of one, whose public holidays close a campaign, or all of the workspace.

    The choice is stored and not the days: see docs/decisions/public-holidays.md.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="holiday_regions")
    campaign = models.ForeignKey(Campaign, null=True, on_delete=models.CASCADE, related_name="holiday_regions")
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    part = models.CharField(max_length=40, blank=True)  # mostly ISO 3166-2 without the country; "" = all of it

    class Meta:
        db_table = "sequences_holiday_region"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "campaign", "country", "part"],
                name="sequences_holiday_region_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=models.Q(country__regex="^[A-Z]{2}$"), name="sequences_holiday_country"),
        ]


class AudienceList(models.Model):
    """A list whose contacts a campaign writes to."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="audience")
    contact_list = models.ForeignKey(ContactList, on_delete=models.PROTECT, related_name="campaigns")

    class Meta:
        db_table = "sequences_audience_list"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "contact_list"], name="sequences_list_once"),
        ]


class AudienceSegment(models.Model):
    """A segment whose contacts a campaign writes to."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="audience_segments")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="campaigns")

    class Meta:
        db_table = "sequences_audience_segment"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "segment"], name="sequences_segment_once"),
        ]

    def __str__(self) -> str:
        return f"the campaign {self.campaign}"


class Path(models.Model):
    """A sub-sequence: further steps of a campaign, for those whom a branch leads to them.

    Its steps are those with positions of its block (see positions.py); the main path has no row.
    """

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="paths")
    number = models.PositiveSmallIntegerField()  # from 1; branches lead to higher numbers only
    name = models.CharField(max_length=60)

    class Meta:
        db_table = "sequences_path"
        constraints = [
            models.UniqueConstraint(fields=["campaign", "number"], name="sequences_path_number_once"),
            models.UniqueConstraint(fields=["campaign", "name"], name="sequences_path_name_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1, number__lte=300), name="sequences_path_in_range"),
        ]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """One message of the sequence; the wait counts from the moment the step before it was really sent."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()  # from 1; further paths have blocks of their own (see positions.py)
    wait_amount = models.PositiveSmallIntegerField(default=0)  # of step 1: 0
    wait_unit = models.CharField(max_length=14, default=WaitUnit.DAYS)
    thread = models.CharField(max_length=5, default=StepThread.REPLY)

    class Meta:
        db_table = "sequences_step"
        constraints = [
            # deferrable: reordering swaps positions inside one transaction
            models.UniqueConstraint(
                fields=["campaign", "position"],
                name="sequences_one_step_per_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=models.Q(position__gte=1), name="sequences_step_from_1"),
            models.CheckConstraint(condition=models.Q(wait_unit__in=list(WaitUnit)), name="sequences_known_wait_unit"),
            # one step that the calendar cannot read would stop the claims of every campaign beside it
            models.CheckConstraint(condition=models.Q(wait_amount__lte=LONGEST.days), name="sequences_wait_has_an_end"),
            models.CheckConstraint(condition=models.Q(thread__in=list(StepThread)), name="sequences_known_thread"),
        ]

    @property
    def name(self) -> str:
        """Return how the step is called: "3", or "2.1" for the first of path 2."""
        return step_name(self.position)


class Variant(models.Model):
    """One wording of a step, as it stands; what it was before is kept in its versions."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="variants")
    label = models.CharField(max_length=2)  # A, B, C ...
    weight = models.PositiveSmallIntegerField(default=1)  # share = weight / sum of weights
    subject = models.CharField(max_length=500, blank=True)  # empty in a reply step: "Re:" of the thread
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)  # empty = plain text only
    version = models.PositiveSmallIntegerField(default=1, db_default=1)  # a message keeps the one it was made from
    came_from = models.PositiveSmallIntegerField(null=True)  # the version whose text was brought back; null = written
    is_kept = models.BooleanField(default=True, db_default=True)  # saved by a person; False = kept while they typed
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    saved_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)  # of what is kept while they type: since when it is one version

    class Meta:
        db_table = "sequences_variant"
        constraints = [
            models.UniqueConstraint(fields=["step", "label"], name="sequences_variant_label_once"),
            models.CheckConstraint(condition=models.Q(weight__lte=100), name="sequences_weight_up_to_100"),
        ]


class Branch(models.Model):
    """A way that leads away behind a step: to the beginning of a path, or to the end.

    Those of a step are asked in their order, and the first that is taken counts. Answers have an order of their own:
    there is one branch of a step for each class.
    """

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="branches")
    place = models.PositiveSmallIntegerField()  # from 1
    kind = models.CharField(max_length=9)
    where = models.TextField(blank=True)  # of FIELD: a condition as segments have it
    reply = models.CharField(max_length=13, blank=True)  # of REPLY: the class
    path = models.ForeignKey(Path, null=True, on_delete=models.CASCADE, related_name="branches")  # None = the end

    class Meta:
        db_table = "sequences_branch"
        constraints = [
            # deferrable: reordering swaps places inside one transaction
            models.UniqueConstraint(
                fields=["step", "place"], name="sequences_branch_place_once", deferrable=models.Deferrable.DEFERRED
            ),
            models.UniqueConstraint(
                fields=["step", "reply"], condition=~models.Q(reply=""), name="sequences_one_branch_per_reply"
            ),
            models.UniqueConstraint(
                fields=["step"],
                condition=models.Q(kind=BranchKind.EVERYBODY),
                name="sequences_one_branch_for_everybody",
            ),
            models.UniqueConstraint(
                fields=["step"], condition=models.Q(kind=BranchKind.CLICK), name="sequences_one_branch_per_click"
            ),
            # an answer ends the sequence by itself: a branch for it leads on
            models.CheckConstraint(
                condition=models.Q(kind=BranchKind.FIELD, reply="") & ~models.Q(where="")
                | models.Q(kind=BranchKind.REPLY, where="", reply__in=list(BRANCHING), path__isnull=False)
                | models.Q(kind__in=[BranchKind.CLICK, BranchKind.EVERYBODY], where="", reply=""),
                name="sequences_branch_by_its_kind",
            ),
        ]


class WordingVersion(models.Model):
    """What a wording was before it was changed: the rows below the number that it has now."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveSmallIntegerField()
    subject = models.CharField(max_length=500, blank=True)
    body_text = models.TextField(blank=True)
    body_html = models.TextField(blank=True)
    came_from = models.PositiveSmallIntegerField(null=True)
    saved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    saved_at = models.DateTimeField(null=True)  # null = before versions were kept

    class Meta:
        db_table = "sequences_wording_version"
        constraints = [
            # also the way to the versions of one wording
            models.UniqueConstraint(fields=["variant", "number"], name="sequences_version_once"),
        ]


class ShareChange(models.Model):
    """Since when a wording has its share and its text: what a comparison of wordings has to know of the past.

    The database itself adds a row whenever one of them changes (see migration 0005), whoever changes it.
    """

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="share_changes")
    weight = models.PositiveSmallIntegerField()
    version = models.PositiveSmallIntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "sequences_share_change"


class RemovedPart(models.Model):
    """A path, a step or a wording that was removed from a draft, kept to be brought back (see services/removals.py)."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="removed")
    # of a step: its columns, "id", "path_id", "wordings" and "branches" (behind it); of a wording: "step" (an id) and
    # "wordings"; of a path: "path" (id, number, name), "steps" (as above) and "leading" (the branches to it)
    content = models.JSONField()
    removed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    removed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "sequences_removed_part"

    @property
    def title(self) -> str:
        """Return what it was, and how its text begins."""
        if path := self.content.get("path"):
            return f"Path {path['number']}: {path['name']}, {plural(len(self.content['steps']), 'message')}"
        first = self.content["wordings"][0]
        is_wording = "step" in self.content
        what = f"Wording {first['label']}" if is_wording else f"Step {step_name(self.content['position'])}"
        begin = " ".join((first.get("subject") or first.get("body_text") or "").split())
        return f"{what}: {begin[:80]}" if begin else what
