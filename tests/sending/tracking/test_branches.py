"""Whoever follows a link goes on by the branch for it; no machine, no doubt and no open ever does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from campaigns.sequences import services
from campaigns.sequences.errors import BadEdit
from campaigns.sequences.models import Branch, Campaign, Path, Step, Variant
from campaigns.sequences.plans import plans
from campaigns.sequences.services import Fork
from campaigns.sequences.states import BranchKind, StepThread
from outreach.kit import clock
from sending.ledger.kinds import EventKind
from sending.ledger.models import Event
from sending.links.core import Trace
from sending.planner.forecast.roads import Roads
from sending.planner.models import Enrollment
from sending.planner.paths.broken import broken_branches
from sending.planner.states import EnrollmentState
from sending.tracking.states import Judgement
from tests.builders import make_branch, make_step
from tests.sending.outbox.stage import deliver, make_due
from tests.sending.planner.pages import signed_in, text_of
from tests.sending.tracking.host import Visitor
from tests.sending.tracking.stage import Stage, followed, judged

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def with_branch(stage: Stage) -> None:
    """Let whoever follows a link behind step 1 go to a path of their own; all others end there."""
    path = Path.objects.create(campaign=stage.campaign, number=1, name="Interested")
    make_step(stage.campaign, 101, subject="You had a look")
    Step.objects.filter(position=101).update(thread=StepThread.NEW, wait_amount=3)
    step = Step.objects.get(campaign=stage.campaign, position=1)
    Branch.objects.create(step=step, place=1, kind=BranchKind.CLICK, path=path)
    make_branch(step.pk, None)


def tell_of_click(stage: Stage, *, campaign_id: int) -> None:
    about = {"campaign_id": campaign_id, "contact_id": stage.post.people[0].pk}
    Event.objects.create(workspace=stage.post.member.workspace, at=clock.now(), kind=EventKind.CLICKED, **about)


def subject_after(stage: Stage) -> str:
    """Send what is due next, weeks later; return its subject, "" when there is nothing."""
    Enrollment.objects.update(last_sent_at=clock.now() - timedelta(days=30))
    make_due()
    return stage.message.subject if deliver() else ""


def test_a_person_who_clicks_takes_the_branch() -> None:
    with followed(steps=2) as stage:
        with_branch(stage)
        sent = stage.send()
        stage.delivered(HOUR)
        Visitor().get(sent.links[0])
        judged()
        assert subject_after(stage) == "You had a look"
        told = Event.objects.get(kind=EventKind.BRANCHED)
        assert told.data["words"].startswith("They have followed a link: goes on in")


@pytest.mark.parametrize("who", ["a gateway", "nobody knows", "an open", "the trap", "another campaign"])
def test_nothing_else_takes_it(who: str) -> None:
    with followed(steps=2) as stage:
        with_branch(stage)
        sent = stage.send()
        stage.delivered(HOUR)
        match who:
            case "a gateway":
                for link in sent.links:
                    Visitor().get(link)
            case "nobody knows":
                Visitor("").get(sent.links[0])
            case "an open":
                Visitor().get(sent.image)
            case "the trap":
                Visitor().get(sent.trap)
            case _:
                tell_of_click(stage, campaign_id=stage.campaign.pk + 1)
        expected = {"an open": {Judgement.PERSON}, "nobody knows": {Judgement.UNKNOWN}, "another campaign": set()}
        assert {hit.judgement for hit in judged()} == expected.get(who, {Judgement.MACHINE})
        assert subject_after(stage) == ""
        assert stage.post.enrollment_of("ada").state == EnrollmentState.FINISHED


def test_a_step_has_one_branch_for_clicks_and_it_needs_clicks_that_are_followed() -> None:
    with followed(steps=2) as stage:
        with_branch(stage)
        step = Step.objects.get(campaign=stage.campaign, position=1)
        with pytest.raises(BadEdit, match="whoever follows a link"):
            services.add_branch(step, Fork(BranchKind.CLICK, Path.objects.get().pk))
        plan = plans([stage.campaign.pk])[stage.campaign.pk]
        assert broken_branches(plan) == []
        (told,) = broken_branches(replace(plan, track_clicks=False))
        assert "waits for a click" in told.words


def test_a_click_branch_that_no_link_leads_to_is_told_before_the_launch() -> None:
    with followed(steps=2) as stage:
        with_branch(stage)

        def told() -> list[str]:
            return [one.code for one in broken_branches(plans([stage.campaign.pk])[stage.campaign.pk])]

        assert told() == []
        Variant.objects.update(body_html='<p>See <a href="https://acme.example">acme.example</a></p>')
        assert told() == ["no_link"], "an address that is shown as it is is not followed"
        page = text_of(signed_in(stage.post.member).get(stage.post.member.url("planner:paths", stage.campaign.pk)))
        assert "no message up to it has a link to follow" in page
        assert "Put a link behind words" in page
        assert stage.send().links == []
        assert stage.message.traces == Trace.OPENS | Trace.OPT_OUT, "so it counts in no rate of clicks"
        Variant.objects.update(body_html='<p><a href="{{ website }}">words</a></p>')
        assert told() == [], "a value may be one"
        Variant.objects.update(body_html="")
        Campaign.objects.update(track_text_clicks=True)
        assert told() == [], "so may what a signature holds"


def test_a_forecast_takes_the_way_of_who_has_clicked() -> None:
    with followed(steps=2) as stage:
        with_branch(stage)
        stage.send()
        ada, plan = stage.post.people[0].pk, plans([stage.campaign.pk])[stage.campaign.pk]
        before = Roads(plan)
        before.ask([ada])
        assert before.behind(1, before.way_of(ada)) is None
        tell_of_click(stage, campaign_id=stage.campaign.pk)
        after = Roads(plan)
        after.ask([ada])
        assert after.behind(1, after.way_of(ada)) == 2
