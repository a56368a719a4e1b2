"""Destinations: where an address of ours leads."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import MD5

from outreach.accounts.models import Workspace
from sending.links.core import LONGEST_URL


class Destination(models.Model):
    """Where a link of a workspace's messages leads. Written once, before a message names it, and never changed."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    url = models.CharField(max_length=LONGEST_URL)

    class Meta:
        db_table = "links_destination"
        constraints = [
            # by its hash: an address may be longer than an entry of an index
            models.UniqueConstraint("workspace", MD5("url"), name="links_destination_once"),
            models.CheckConstraint(
                condition=models.Q(url__regex=r"^https?://[^/@[:space:]]+(/[^[:space:]]*|[?#][^[:space:]]*)?$"),
                name="links_web_without_account",
            ),
        ]
