"""A decision of an admin about the law holds in a rehearsal as in life, and the report tells who rests on it."""

from __future__ import annotations

import pytest

from campaigns.contacts.models import Contact, ContactList, ListMember
from campaigns.contacts.states import LegalBasis
from outreach.accounts.access import Member
from sending.pacing import HoldCode
from sending.planner.lawful.law import Duty
from sending.planner.lawful.overriding import override
from sending.planner.lawful.stating import state_ground
from sending.planner.models import LawOverride
from sending.rehearsal.findings import found_in
from sending.rehearsal.models import Rehearsal
from sending.rehearsal.telling import Message, Report, Standing, Told
from tests.builders import make_audience, make_contact, make_import, make_list
from tests.sending.planner.stage import make_sender, make_team
from tests.sending.rehearsal.drafts import finding, make_draft, make_people, of, play, report_of

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "Each of them publishes the address for offers of this kind; see folder 7."


@pytest.fixture
def member() -> Member:
    return make_team()


def written(told: list[Told]) -> set[str]:
    return {one.recipient for one in of(told, Message)}


def codes(report: Report) -> list[object]:
    return [one["code"] for one in report.findings]


def test_it_lets_those_go_whom_it_covers_until_it_is_overtaken(member: Member) -> None:
    agreed, decided, german = people = make_people(member, 3)
    draft = make_draft(member, people, (make_sender(member),), steps=1)
    Contact.objects.update(country="CA")
    Contact.objects.filter(pk=agreed.pk).update(origin=make_import(member.workspace, legal_basis=LegalBasis.CONSENT))
    Contact.objects.filter(pk=german.pk).update(country="DE")
    told = play(draft)
    assert written(told) == {agreed.email}
    assert codes(report_of(told)) == ["mend"]

    override(member, draft, Duty.CONSENT, WHY)
    told = play(draft)
    assert written(told) == {agreed.email, decided.email}
    assert [one.reason for one in of(told, Standing) if not one.messages] == [HoldCode.NO_CONSENT]
    report = report_of(told)
    assert finding(report, "decided") == {
        "code": "decided", "tone": "amber", "count": 1, "words": "Of people in Canada, by CASL, section 10 (9) (b).",
    }  # fmt: skip
    assert WHY not in str(report), "it may name somebody, who can be erased"
    row = Rehearsal(campaign=draft, workspace=draft.workspace, report={"findings": [finding(report, "decided")]})
    assert [one.title for one in found_in(row)] == [
        "1 person would be written to on an admin's decision about their consent alone"
    ]

    make_audience(draft, make_list(member.workspace, "More", ()))
    told = play(draft)
    assert written(told) == {agreed.email}
    assert codes(report_of(told)) == ["mend"]
    assert LawOverride.objects.get().ended_at is None, "a rehearsal changes nothing"

    late = make_contact(member.workspace, "late@example9.com", country="DE")
    state_ground(member, draft, LegalBasis.CONSENT, "Forms of the fair.")
    ListMember.objects.create(contact_list=ContactList.objects.get(name="More"), contact=late)
    told = play(draft)
    assert written(told) == {one.email for one in people}, "and nobody who came after it was stated"
    assert codes(report_of(told)) == ["mend"]
