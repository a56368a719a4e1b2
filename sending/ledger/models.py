"""Append-only events and their daily rollups."""

from __future__ import annotations

from django.db import models

from outreach.accounts.models import Workspace
from sending.ledger.kinds import EventKind


class Event(models.Model):
    """Something that happened. Rows are added and never changed.

    The rooms above the ledger are named by plain ids: a floor does not know the rooms that stand on it, and an
    event outlives the thing that it is about.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
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
            # live feed of a workspace
            models.Index(fields=["workspace", "-id"], name="ledger_feed"),
            # log of one campaign
            models.Index(fields=["campaign_id", "-id"], name="ledger_of_campaign"),
            # story of one message
            models.Index(fields=["message_id", "id"], name="ledger_of_message"),
            # timeline of one contact, and why a person was not written to
            models.Index(fields=["contact_id", "-id"], name="ledger_of_contact"),
            # log of one mailbox
            models.Index(fields=["mailbox_id", "-id"], name="ledger_of_mailbox"),
        ]


class DailyTally(models.Model):
    """How often a kind happened on one day; updated in the transaction that adds the events.

    campaign_id and mailbox_id are 0 where the event names none, so that the row is unique.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    day = models.DateField()  # in the workspace's zone
    kind = models.CharField(max_length=16)
    campaign_id = models.BigIntegerField(default=0)
    mailbox_id = models.BigIntegerField(default=0)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "ledger_daily_tally"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "day", "kind", "campaign_id", "mailbox_id"], name="ledger_one_tally"
            ),
        ]
        indexes = [
            # results of one campaign
            models.Index(fields=["campaign_id", "kind", "day"], name="ledger_tally_of_campaign"),
            # state of one mailbox
            models.Index(fields=["mailbox_id", "kind", "day"], name="ledger_tally_of_mailbox"),
        ]
