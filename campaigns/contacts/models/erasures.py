"""Who was erased, and what is left of them."""

from __future__ import annotations

from django.db import models

from campaigns.contacts.states import ErasureState
from outreach.accounts.models import Workspace


class Erasure(models.Model):
    """That a person was erased: who wanted it, when and why, and a print instead of the address. Never deleted."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, db_index=False)
    contact_id = models.BigIntegerField()  # of the row that stays, empty, so that reports keep counting
    print = models.CharField(max_length=32)  # of the address, see Keyring.prints
    address = models.CharField(max_length=320, blank=True)  # the email_key, as long as it is looked for; then ""
    given = models.CharField(max_length=320, blank=True)  # the address as it was written, for as long
    state = models.CharField(max_length=6, default=ErasureState.WANTED)
    why = models.CharField(max_length=200)
    wanted_by = models.CharField(max_length=254)  # e-mail address of the user, or what rule of retention
    wanted_at = models.DateTimeField()
    look_at = models.DateTimeField(null=True)  # when it goes on: a message was on its way, or a worker died
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "contacts_erasure"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state=ErasureState.WANTED, done_at__isnull=True, look_at__isnull=False)
                & ~models.Q(address="")
                | models.Q(state=ErasureState.DONE, done_at__isnull=False, look_at__isnull=True, address="", given=""),
                name="contacts_erased_keeps_no_address",
            ),
        ]
        indexes = [
            # page of erasures, newest first
            models.Index(fields=["workspace", "-wanted_at", "-id"], name="contacts_erasures_newest"),
            # sweep: those that go on
            models.Index(
                fields=["look_at"], name="contacts_erasures_open", condition=models.Q(state=ErasureState.WANTED)
            ),
        ]
