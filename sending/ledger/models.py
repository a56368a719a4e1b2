"""Append-only events and their daily rollups."""

from __future__ import annotations

from django.db import models

from outreach.accounts.models import Workspace
from sending.ledger.kinds import EventKind


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


class DailyTally(models.Model):
    """A part of how often a kind happened on one day; the parts of a day add up to its tally.

    Whoever adds events adds fresh parts beside them and waits for nobody: transactions write several times, in orders
    of their own, and a common row would make them wait in circles. The fold makes one part of all from time to time.
    campaign_id and mailbox_id are 0 where the event names none.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()  # in the zone that the workspace had then
    kind = models.CharField(max_length=16)
    campaign_id = models.BigIntegerField(default=0)
    mailbox_id = models.BigIntegerField(default=0)
    count = models.PositiveIntegerField(default=0)
    is_fresh = models.BooleanField(default=True)  # not folded yet

    class Meta:
        db_table = "ledger_daily_tally"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "day", "kind", "campaign_id", "mailbox_id"],
                condition=models.Q(is_fresh=False),
                name="ledger_one_folded_tally",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=list(EventKind)), name="ledger_known_tally_kind"),
        ]
        indexes = [
            # results of a workspace in a span of days
            models.Index(fields=["workspace", "day", "kind"], name="ledger_tally_of_workspace"),
            # results of one campaign
            models.Index(fields=["campaign_id", "kind", "day"], name="ledger_tally_of_campaign"),
            # state of one mailbox
            models.Index(fields=["mailbox_id", "kind", "day"], name="ledger_tally_of_mailbox"),
            # fold: the fresh parts
            models.Index(fields=["id"], condition=models.Q(is_fresh=True), name="ledger_fresh"),
        ]
