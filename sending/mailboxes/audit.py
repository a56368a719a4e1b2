"""What is kept about test mails: who sent which from where and to whom, as events of the mailbox and the campaign."""

from __future__ import annotations

from dataclasses import dataclass

from sending.ledger.kinds import EventKind
from sending.ledger.services import Entry, record
from sending.mailboxes.budgets import database_now
from sending.mailboxes.models import Mailbox


@dataclass(frozen=True, slots=True)
class Shown:
    """Which message of a campaign a test mail shows. step and variant as a person reads them: "2", "A"."""

    campaign_id: int
    campaign: str
    step: str
    variant: str
    variant_id: int

    def __str__(self) -> str:
        return f"step {self.step} {self.variant} of “{self.campaign}”"


@dataclass(frozen=True, slots=True)
class Sending:
    """One test mail: the address of the account that sends it, from where, to whom, and what of a campaign it shows."""

    by: str
    mailbox: Mailbox
    to: str
    shown: Shown | None = None

    def begun(self) -> None:
        """Write down that it leaves. Runs inside the transaction that charges it, before its first byte."""
        self._tell(f"{self.by} sends {self.shown or 'a test mail'} to {self.to}{' as a test' if self.shown else ''}.")

    def failed(self, what: str) -> None:
        """Write down that no server has taken it for sure, and why. Runs inside a transaction."""
        self._tell(f"The test mail of {self.by} to {self.to}: {what}", failed=True)

    def _tell(self, words: str, **more: object) -> None:
        data: dict[str, object] = {"words": words, "by": self.by, "to": self.to, **more}
        if self.shown:
            data |= {"step": self.shown.step, "variant": self.shown.variant, "variant_id": self.shown.variant_id}
        record(
            [
                Entry(
                    self.mailbox.workspace_id,
                    EventKind.TEST_MAIL,
                    database_now(),
                    campaign_id=self.shown.campaign_id if self.shown else None,
                    mailbox_id=self.mailbox.pk,
                    data=data,
                )
            ]
        )
