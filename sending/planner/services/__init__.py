"""Change who is written to: launch, pause, resume, stop, release."""

from __future__ import annotations

from sending.planner.services.enrolling import enroll_audience
from sending.planner.services.growing import grow_audiences
from sending.planner.services.pausing import (
    colleagues_of,
    company_pause,
    hold_if_soft,
    hold_unread,
    let_address_go,
    let_unread_go,
    pause_company,
    resume_company,
)
from sending.planner.services.people import go_on, postpone, release, running_of, stop, stop_contact, take_back
from sending.planner.services.reopening import write_again
from sending.planner.services.running import launch, pause, resume
from sending.planner.services.senders import follow_senders, set_senders
from sending.planner.services.waking import wake

__all__ = [
    "colleagues_of",
    "company_pause",
    "enroll_audience",
    "follow_senders",
    "go_on",
    "grow_audiences",
    "hold_if_soft",
    "hold_unread",
    "launch",
    "let_address_go",
    "let_unread_go",
    "pause",
    "pause_company",
    "postpone",
    "release",
    "resume",
    "resume_company",
    "running_of",
    "set_senders",
    "stop",
    "stop_contact",
    "take_back",
    "wake",
    "write_again",
]
