"""Words: messages made from a wording per second on one core, and how fast a hostile template is refused."""

from __future__ import annotations

import time
from collections.abc import Callable

from campaigns.calendar import Wait, WaitUnit
from campaigns.contacts.models import Contact
from campaigns.sequences.plans import PlannedStep, PlannedVariant
from campaigns.sequences.states import StepThread
from campaigns.sequences.wording import SenderValues, word
from campaigns.templating import TemplateProblem, compile_template, render
from tests.campaigns.templating.test_hostile import HOSTILE

MESSAGES = 30_000
_TEXT = """\
{Hi|Hello} {{ first_name|default('there') }},

{% if city %}How are things in {{ city }}? {% endif %}I saw that {{ company }} is hiring: {{ title|lower }} and others.
Would a short call {this|next} week suit you?

{{ sender.name }}
"""
_PLAIN = _TEXT.replace("{Hi|Hello}", "Hi").replace("{this|next}", "this")
_VALUES = {"first_name": "Ada", "city": "Bern", "company": "Engines Ltd", "title": "CTO", "sender.name": "Olive"}
_SENDER = SenderValues(
    name="Olive", email="olive@acme.example", signature="Olive\nAcme, 1 Main Street", postal_address=""
)


def main() -> None:
    """Print what a message costs, template alone and with everything around it, and the slowest refusals."""
    template = compile_template(_PLAIN)
    print(f"words: {MESSAGES:,} messages on one core, best of three")
    _tell("a compiled template with one contact's values", lambda _: render(template, _VALUES))
    people = [
        Contact(pk=place, email=f"p{place}@example.com", first_name=f"Ada{place}", company="Engines Ltd", title="CTO")
        for place in range(MESSAGES)
    ]
    for name, text in (("a whole message: values, subject, text, signature", _PLAIN), ("the same with choices", _TEXT)):
        step = _step(text)
        _tell(name, lambda place, step=step: word(step, step.variants[0], people[place], _SENDER))  # type: ignore[misc]
    spent = sorted((_refused(source), name) for name, source in HOSTILE.items())
    print(f"  {len(HOSTILE)} hostile templates refused, the slowest in {spent[-1][0] * 1000:.1f} ms ({spent[-1][1]})")


def _step(text: str) -> PlannedStep:
    variant = PlannedVariant(1, "A", 1, "A question about {{ company }}", text, "")
    return PlannedStep(1, 1, Wait(0, WaitUnit.DAYS), StepThread.NEW, (variant,))


def _tell(name: str, make: Callable[[int], object]) -> None:
    best = min(_seconds(make) for _ in range(3))
    print(f"  {name:<52} {MESSAGES / best:>8,.0f} messages/s")


def _seconds(make: Callable[[int], object]) -> float:
    begun = time.thread_time()
    for place in range(MESSAGES):
        make(place)
    return time.thread_time() - begun


def _refused(source: str) -> float:
    spent = []
    for _ in range(3):
        begun = time.thread_time()
        try:
            compile_template(source)
        except TemplateProblem:
            spent.append(time.thread_time() - begun)
    return min(spent)
