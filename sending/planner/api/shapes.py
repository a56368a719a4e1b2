"""What the API says of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from ninja import Schema
from pydantic import Field

from campaigns.sequences.models import Campaign
from sending.planner.forecast.outlooks import Outlook
from sending.planner.queries import Standing


class PeopleOut(Schema):
    """Where a campaign's people stand: active, sending, finished, stopped and skipped add up to enrolled."""

    enrolled: int
    active: int = Field(description="Something is still to come to them.")
    sending: int = Field(description="A message to them is on its way.")
    finished: int
    stopped: int = Field(description="By an answer, a bounce, an opt-out, a person.")
    skipped: int = Field(description="Never written to, each with the reason.")
    next_due: datetime | None

    @classmethod
    def of(cls, standing: Standing) -> Self:
        return cls(
            enrolled=standing.enrolled,
            active=standing.active,
            sending=standing.sending,
            finished=standing.finished,
            stopped=standing.stopped_total,
            skipped=standing.skipped_total,
            next_due=standing.next_at,
        )


class OutlookOut(Schema):
    """What the last forecast said of a running campaign; it is reckoned anew within the hour, and behind each edit."""

    done_by: datetime | None = Field(description="The last message that is foreseen; null where none is.")
    left: int = Field(description="People who wait longer than is foreseen; 0 where it reaches the finish.")
    binding: str = Field(description="The limit that binds most of its days, as `daily_limit`; empty where none does.")
    binding_words: str
    reckoned_at: datetime
    is_overtaken: bool = Field(description="It was edited, or went on, since then.")

    @classmethod
    def of(cls, outlook: Outlook) -> Self:
        return cls(
            done_by=outlook.ends_at,
            left=outlook.left,
            binding=outlook.binding,
            binding_words=outlook.words,
            reckoned_at=outlook.reckoned_at,
            is_overtaken=outlook.is_overtaken,
        )


class CampaignOut(Schema):
    """A campaign."""

    id: int
    name: str
    state: str = Field(description="`draft`, `running`, `paused`, `stopped` or `archived`.")
    created_at: datetime
    launched_at: datetime | None
    people: PeopleOut | None = Field(description="Null where nobody is enrolled.")
    is_complete: bool = Field(description="Nobody of its people is still to be written to.")
    outlook: OutlookOut | None = Field(description="Of a running campaign that is not complete, once it was reckoned.")

    @classmethod
    def of(cls, row: Campaign, standing: Standing | None, outlook: Outlook | None) -> Self:
        is_complete = standing is not None and standing.is_complete
        return cls(
            id=row.pk,
            name=row.name,
            state=row.state,
            created_at=row.created_at,
            launched_at=row.launched_at,
            people=PeopleOut.of(standing) if standing else None,
            is_complete=is_complete,
            outlook=OutlookOut.of(outlook) if outlook and not is_complete else None,
        )
