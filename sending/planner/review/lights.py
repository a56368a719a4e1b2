"""Gates of the page before a launch: each green, amber or red, with what it rests on and where to change it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sending.planner.errors import Obstacle
from sending.planner.lawful.law import Clause


class Light(StrEnum):
    """What a gate says about the launch."""

    GREEN = "green"  # in order
    AMBER = "amber"  # it may start; somebody should have looked
    RED = "red"  # it does not start


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact with its light; link leads to where it is seen or changed. of_campaign: the address needs the id."""

    light: Light
    words: str
    link: str = ""
    url_name: str = ""
    of_campaign: bool = True
    source: str = ""  # an address on the web: a law
    duty: str = ""  # what an admin may decide here, or take back where is_decided
    room: Sequence[Clause] = ()  # where the law leaves it to them
    is_decided: bool = False


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate of the review; its light is the worst of its evidence."""

    code: str
    title: str
    evidence: tuple[Evidence, ...]

    @property
    def light(self) -> Light:
        lights = {one.light for one in self.evidence}
        return next((light for light in (Light.RED, Light.AMBER) if light in lights), Light.GREEN)

    @property
    def headline(self) -> str:
        """Return the words of what decides its light."""
        return next((one.words for one in self.evidence if one.light is self.light), "")

    @property
    def is_open(self) -> bool:
        """There is something to look at."""
        return self.light is not Light.GREEN


def gate(code: str, title: str, evidence: Iterable[Evidence]) -> Gate:
    """Return a gate, its gravest evidence first."""
    order = (Light.RED, Light.AMBER, Light.GREEN)
    return Gate(code, title, tuple(sorted(evidence, key=lambda one: order.index(one.light))))


def forbidding(obstacle: Obstacle) -> Evidence:
    """Return an obstacle as evidence."""
    return Evidence(Light.RED, obstacle.words, obstacle.fix, obstacle.url_name, of_campaign=obstacle.of_campaign)
