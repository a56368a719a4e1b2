"""Read and press the buttons of the campaign pages, as a member of a workspace."""

from __future__ import annotations

import re

from django.http import HttpResponse, HttpResponseBase
from django.test import Client

from campaigns.sequences.models import Campaign
from outreach.accounts.access import Member
from sending.mailboxes.models import Mailbox
from sending.pacing import HoldCode
from sending.planner.states import EnrollmentState, StopReason
from tests.builders import (
    make_audience,
    make_campaign,
    make_contact,
    make_enrollment,
    make_list,
    make_open_windows,
    make_step,
)
from tests.builders import make_sender as carry
from tests.sending.planner.stage import DAY, database_time, make_empty_campaign, make_people, make_sender


def signed_in(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member.user)
    return client


def read(member: Member, name: str, *args: object, query: str = "", status: int = 200) -> str:
    """Return the visible text of a page, spaces made one."""
    answer = signed_in(member).get(member.url(f"planner:{name}", *args) + query)
    assert answer.status_code == status, answer.content[:500]
    return text_of(answer)


def seen_on(client: Client, url: str) -> str:
    """Return the fingerprint of what the form of a page is drawn from now."""
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page_of(client.get(url)))
    return str(seen)


def save(member: Member, name: str, *args: object, **values: object) -> HttpResponseBase:
    """Open a page and post to it, with the fingerprint of what stands there now."""
    seen = seen_on(signed_in(member), member.url(f"planner:{name}", *args))
    return post(member, name, *args, seen=seen, **values)


def page_of(answer: HttpResponseBase) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def text_of(answer: HttpResponseBase) -> str:
    main = page_of(answer).split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def post(member: Member, name: str, *args: object, **values: object) -> HttpResponseBase:
    answer: HttpResponseBase = signed_in(member).post(member.url(f"planner:{name}", *args), values)
    return answer


def make_draft(member: Member, *, people: int = 2) -> Campaign:
    campaign = make_campaign(member.workspace, "Autumn")
    make_open_windows(campaign)
    make_step(campaign, 1, subject="For {{ first_name }}", body="Good day, {{ first_name }}.")
    contacts = tuple(make_contact(member.workspace, f"p{n}@example.com", first_name=f"Ada{n}") for n in range(people))
    make_audience(campaign, make_list(member.workspace, "Leads", contacts))
    carry(campaign, make_sender(member))
    return campaign


def make_mixed(member: Member) -> Campaign:
    """Make a running campaign in which each person stands somewhere else."""
    campaign = make_empty_campaign(member, make_sender(member))
    mailbox = Mailbox.objects.get()
    now = database_time()
    new, held, away, busy, done, replied, skipped = make_people(member, 7)
    make_enrollment(campaign, new, due_at=now)
    make_enrollment(
        campaign, held, due_at=now + DAY, hold_code=HoldCode.WINDOW, hold_detail="Outside the sending window in UTC."
    )
    make_enrollment(
        campaign, away, mailbox=mailbox, due_at=now + 2 * DAY, hold_code=HoldCode.ABSENT, hold_detail="Back on Monday",
        next_position=2, begun_at=now, last_sent_at=now,
    )  # fmt: skip
    make_enrollment(campaign, busy, state=EnrollmentState.SENDING, due_at=None, mailbox=mailbox, begun_at=now)
    make_enrollment(campaign, done, state=EnrollmentState.FINISHED, due_at=None, mailbox=mailbox, begun_at=now)
    make_enrollment(
        campaign, replied, state=EnrollmentState.STOPPED, due_at=None, mailbox=mailbox, begun_at=now,
        stop_reason=StopReason.REPLIED,
    )  # fmt: skip
    make_enrollment(campaign, skipped, state=EnrollmentState.SKIPPED, due_at=None, stop_reason=StopReason.SUPPRESSED)
    return campaign


def follow(member: Member, answer: HttpResponseBase) -> HttpResponseBase:
    """Follow a redirect with the cookies of the answer, where the messages are."""
    client = signed_in(member)
    client.cookies.update(answer.cookies)
    found: HttpResponseBase = client.get(answer.headers["Location"])
    return found
