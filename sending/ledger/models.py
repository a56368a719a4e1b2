"""Append-only events and their daily rollups."""

from __future__ import annotations

from django.db import models

from outreach.accounts.models import Workspace
from sending.ledger.kinds import EventKind, How, StretchScope


class Event(models.Model):
    """Something that happened. Rows are added and never changed: a trigger refuses it. A correction is a further row.

    The rooms above the ledger are named by plain ids: a floor does not know the rooms that stand on it, and an
    event outlives the thing that it is about.
    """

    # The index of the feed begins with it: one more on it alone would only cost.
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=16)
    campaign_id = models.BigIntegerField(null=True)
    contact_id = models.BigIntegerField(null=True)
    enrollment_id = models.BigIntegerField(null=True)
    mailbox_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "ledger_event"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=list(EventKind)), name="ledger_known_kind"),
        ]
        indexes = [
            # log of a workspace and live feed, newest first
            models.Index(fields=["workspace", "-at", "-id"], name="ledger_feed"),
            # what stands behind a number: one kind in a workspace, or in one campaign, in a span of days
            models.Index(fields=["workspace", "kind", "-at", "-id"], name="ledger_of_kind"),
            models.Index(fields=["campaign_id", "kind", "-at", "-id"], name="ledger_of_campaign"),
            # story of one message
            models.Index(fields=["message_id", "id"], name="ledger_of_message"),
            # timeline of one contact, and why a person was not written to
            models.Index(fields=["contact_id", "-id"], name="ledger_of_contact"),
            # log of one mailbox
            models.Index(fields=["mailbox_id", "-id"], name="ledger_of_mailbox"),
        ]

    @property
    def said(self) -> str:
        """What was said, or why, and who did it; "" where the kind says it all."""
        said = next((str(self.data[name]) for name in ("words", "text", "reason") if self.data.get(name)), "")
        by = str(self.data.get("by", ""))
        return said if by in said else f"{said} By {by}.".strip()


_FOLDED = models.Q(is_fresh=False)


class DailyTally(models.Model):
    """A part of how often a kind happened on one day; the parts of a day add up to its tally.

    Whoever adds events adds fresh parts beside them and waits for nobody: transactions write several times, in orders
    of their own, and a common row would make them wait in circles. The fold makes one part of all from time to time.
    campaign_id and mailbox_id are 0 where the event names none; how is empty where its kind says all.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()  # in the zone that the workspace had then
    kind = models.CharField(max_length=16)
    campaign_id = models.BigIntegerField(default=0)
    mailbox_id = models.BigIntegerField(default=0)
    how = models.CharField(max_length=10, blank=True, default=How.PLAIN, db_default="")
    count = models.PositiveIntegerField(default=0)
    is_fresh = models.BooleanField(default=True)  # not folded yet

    class Meta:
        db_table = "ledger_daily_tally"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "day", "kind", "campaign_id", "mailbox_id", "how"],
                condition=_FOLDED,
                name="ledger_one_folded_part",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=list(EventKind)), name="ledger_known_tally_kind"),
            models.CheckConstraint(condition=models.Q(how__in=list(How)), name="ledger_known_how"),
        ]
        indexes = [
            # Each message adds fresh parts, which one index keeps until the fold; the others know folded ones alone.
            # results of a workspace in a span of days
            models.Index(fields=["workspace", "day", "kind"], condition=_FOLDED, name="ledger_tally_of_workspace"),
            # results of one campaign
            models.Index(fields=["campaign_id", "kind", "day"], condition=_FOLDED, name="ledger_tally_of_campaign"),
            # state of one mailbox
            models.Index(fields=["mailbox_id", "kind", "day"], condition=_FOLDED, name="ledger_tally_of_mailbox"),
            # fold, and all of these numbers until then
            models.Index(fields=["workspace"], condition=models.Q(is_fresh=True), name="ledger_fresh"),
        ]


class Stretch(models.Model):
    """A stretch of time in which one reason held a mailbox, or a campaign, as a whole.

    What holds one person is an event; what holds everybody behind a limit changes with each message and would be as
    many events, so the looks that find the same reason make one row longer. Kept for some months, then forgotten.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    scope = models.CharField(max_length=10)  # whom it holds of the mailbox or campaign, see StretchScope
    mailbox_id = models.BigIntegerField(default=0)  # 0: it holds a campaign
    campaign_id = models.BigIntegerField(default=0)
    code = models.CharField(max_length=20)
    words = models.CharField(max_length=300)  # of the last look
    begun_at = models.DateTimeField()
    until = models.DateTimeField()  # as foreseen by the last look, or when it was found to be over

    class Meta:
        db_table = "ledger_stretch"
        constraints = [
            models.CheckConstraint(condition=models.Q(scope__in=list(StretchScope)), name="ledger_known_scope"),
            models.CheckConstraint(
                condition=models.Q(begun_at__lte=models.F("until")), name="ledger_stretch_has_a_length"
            ),
        ]
        indexes = [
            # the last stretch of a mailbox or campaign, which a look makes longer; those of a day
            models.Index(fields=["mailbox_id", "campaign_id", "scope", "-id"], name="ledger_last_stretch"),
            # those of a campaign in a day
            models.Index(fields=["campaign_id", "until"], name="ledger_stretch_of_campaign"),
        ]
