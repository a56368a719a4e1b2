"""Every fault that can be carried out, by its number, with its short and its long form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sending.chaos.answering import killed_with_answers
from sending.chaos.broker import broker, many_of_everything, tasks_twice
from sending.chaos.endings import kept_connections, lost_answers
from sending.chaos.limits import nonsense, tarpits
from sending.chaos.people import at_random
from sending.chaos.plan import Size, Subject
from sending.chaos.readers import killed_readers
from sending.chaos.refusals import refused
from sending.chaos.restored import restores
from sending.chaos.shortages import disks, machine
from sending.chaos.soak import soak
from sending.chaos.steps import database, matrix
from sending.chaos.twins import twins
from sending.chaos.untrusted import tls
from sending.chaos.world import Fault


def _soak(size: Size) -> Sequence[Fault]:
    return [partial(soak, messages=size.messages, kills=size.kills)]


FAULTS: Mapping[str, Subject] = {
    "F1": Subject("worker killed, ended or asleep at each step", lambda size: matrix(is_short=size.is_short)),
    "F2": Subject("worker killed at random moments", _soak),
    "F3": Subject("answer to the dot lost, with and without a Sent folder", lambda _: [lost_answers]),
    "F4": Subject("PostgreSQL stopped at once at each step", lambda size: database(is_short=size.is_short)),
    "F5": Subject("database put back to an older copy", lambda size: restores(is_short=size.is_short)),
    "F6": Subject("Redis killed, emptied, cut off, full, absent", lambda size: broker(is_short=size.is_short)),
    "F7": Subject(
        "tasks delivered two to five times, late, in any order",
        lambda size: [partial(tasks_twice, people=24 if size.is_short else 600)],
    ),
    "F8": Subject(
        "two beats, two couriers, three sweepers, tight limits",
        lambda size: [partial(many_of_everything, people=24 if size.is_short else 240)],
    ),
    "F11": Subject("no room for the journals, or for the database", lambda size: disks(is_short=size.is_short)),
    "F12": Subject("fifty tarpits beside five good servers", lambda size: [] if size.is_short else [tarpits]),
    "F13": Subject("answers that are noise at each step", lambda size: [] if size.is_short else [nonsense] * 5),
    "F14": Subject("TLS that cannot be trusted", lambda size: tls(is_short=size.is_short)),
    "F15": Subject("every refusal that servers are known for", lambda _: [refused]),
    "F16": Subject("kept connections that die between two messages", lambda _: [kept_connections]),
    "F17": Subject("second stack on a copy of everything", lambda size: twins(is_short=size.is_short)),
    "F20": Subject(
        "reader killed while it takes mail in, numbers void in between",
        lambda size: [partial(killed_readers, kills=3 if size.is_short else 50)],
    ),
    "F23": Subject(
        "paused, resumed, edited, stopped, suppressed, deleted at random",
        lambda size: [partial(at_random, actions=60 if size.is_short else 1000)],
    ),
    "F24": Subject("no files, no memory, no name servers", lambda size: machine(is_short=size.is_short)),
    "F25": Subject(
        "worker killed with an answer from the inbox in its hand",
        lambda size: killed_with_answers(is_short=size.is_short),
    ),
}
