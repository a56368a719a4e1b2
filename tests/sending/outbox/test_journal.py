"""The journal's files: what is written is read again, durable before it counts; damage costs lines and nothing else."""

from __future__ import annotations

import io
import resource
import zlib
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.env import env
from sending.guard import prints
from sending.guard.prints import person_print
from sending.outbox import scribe
from sending.outbox.journal import (
    Dot,
    End,
    dot_line,
    end_line,
    go_line,
    has_left,
    head_line,
    read,
    recipient_print,
    stay_line,
)
from sending.outbox.scribe import Journal
from sending.smtp import Accepted, Deferred, InDoubt, Outcome, Phase, Refused, Reply, Unreachable, Withdrawn

OUTCOMES: list[Outcome] = [
    Accepted(Reply(250, "2.0.0", "taken")),
    Deferred(Phase.DOT, Reply(451, "4.3.0", "später\nnoch einmal")),
    Refused(Phase.BODY, Reply(552, "5.3.4", "too big")),
    Unreachable(Phase.BODY, "lost", "The end of the message never left."),
    InDoubt(Phase.DOT, "The connection was lost."),
]


def make_dot(number: int = 1, **values: object) -> Dot:
    columns: dict[str, object] = {
        "attempt": UUID(int=number), "number": 1, "message_id": f"<m{number}@acme.test>", "subject": "Schöne Grüße 🙂",
        "enrollment_id": 7, "step_id": 8, "variant_id": 9, "mailbox_id": 10, "who": "0123", "person": "ab" * 12,
        "at": 1.5, **values,
    }  # fmt: skip
    return Dot(**columns)  # type: ignore[arg-type]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda one: type(one).__name__)
def test_what_is_written_is_read_again(outcome: Outcome) -> None:
    dot, end = make_dot(), End(UUID(int=1), outcome, 2.5)
    found = read(io.BytesIO(head_line("here") + dot_line(dot) + go_line([dot.attempt]) + end_line(end)))
    assert (found.installation, found.dots, found.ends, found.damaged) == ("here", [dot], {dot.attempt: end}, 0)
    assert found.left == {dot.attempt}


def test_what_was_not_granted_has_not_left() -> None:
    lines = dot_line(make_dot(1)) + dot_line(make_dot(2)) + stay_line([UUID(int=1)]) + go_line([UUID(int=2)])
    found = read(io.BytesIO(lines))
    assert (len(found.dots), found.left, found.stayed) == (2, {UUID(int=2)}, {UUID(int=1)})


def test_only_what_has_passed_its_mark_is_told_of() -> None:
    assert [has_left(one) for one in OUTCOMES] == [True] * 5
    reply = Reply(450, "4.2.0", "greylisted")
    before: list[Outcome] = [Deferred(Phase.RCPT, reply), Refused(Phase.DATA, reply), Withdrawn()]
    assert not any(has_left(one) for one in [*before, Unreachable(Phase.CONNECT, "timeout", "")])


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_last_line_costs_itself_alone(cut: int) -> None:
    found = read(io.BytesIO(dot_line(make_dot(1)) + dot_line(make_dot(2))[:-cut]))
    assert ([dot.attempt for dot in found.dots], found.damaged) == ([UUID(int=1)], 1)


def test_room_that_is_reserved_is_no_damage_and_hides_nothing_behind_it() -> None:
    found = read(io.BytesIO(dot_line(make_dot(1)) + bytes(100_000) + dot_line(make_dot(2)) + bytes(50)))
    assert ([dot.attempt.int for dot in found.dots], found.damaged) == ([1, 2], 0)


@pytest.mark.parametrize("place", range(0, 200, 13))
def test_a_flipped_bit_costs_its_line_alone(place: int) -> None:
    line = bytearray(dot_line(make_dot(2)))
    line[place % (len(line) - 1)] ^= 0x04
    found = read(io.BytesIO(dot_line(make_dot(1)) + bytes(line) + dot_line(make_dot(3))))
    assert [dot.attempt.int for dot in found.dots] == [1, 3]
    assert found.damaged >= 1


def sealed(text: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(text), text)


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 20_000,
        b'["dot"]',
        b'{"dot": 1}',
        b'["go", 1, null]',
        b'["go", "not hex"]',
        b'["end", "00000000000000000000000000000001", "accepted", "dot", 451, "", "", "", 1]',
        b'["end", "00000000000000000000000000000001", "accepted", "dot", 250, "", "", "", NaN]',
        b'["end", "00000000000000000000000000000001", "accepted", "nowhere", 250, "", "", "", 1]',
        dot_line(make_dot(enrollment_id=2**63))[9:-1],
        dot_line(replace(make_dot(), number=2**15))[9:-1],
        dot_line(make_dot(at=1e300))[9:-1],
        dot_line(make_dot(message_id="<a\0b>"))[9:-1],
        dot_line(make_dot(subject="x" * 999))[9:-1],
    ],
)
def test_a_whole_line_of_nonsense_is_skipped(text: bytes) -> None:
    found = read(io.BytesIO(sealed(text) + dot_line(make_dot(5))))
    assert [dot.attempt.int for dot in found.dots] == [5]
    assert found.damaged >= 1
    assert not found.ends


@given(st.binary(max_size=2000))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    found = read(io.BytesIO(raw + b"\n" + dot_line(make_dot(5))))
    assert [dot.attempt.int for dot in found.dots] == [5]


@given(st.text(max_size=1500), st.text(max_size=12), st.integers(200, 299))
def test_any_answer_of_a_server_can_be_written_and_read(text: str, enhanced: str, code: int) -> None:
    line = end_line(End(UUID(int=1), Accepted(Reply(code, enhanced, text)), 1.0))
    found = read(io.BytesIO(line))
    outcome = found.ends[UUID(int=1)].outcome
    assert isinstance(outcome, Accepted)
    assert outcome.reply == Reply(code, enhanced, text[:1000].replace("\0", ""))
    assert not found.damaged


def test_a_person_is_known_again_by_the_line_and_not_named_in_it() -> None:
    assert recipient_print("<a@b>", "ada@x.test") == recipient_print("<a@b>", "ada@x.test")
    assert recipient_print("<a@b>", "ada@x.test") != recipient_print("<c@b>", "ada@x.test")
    assert "ada" not in recipient_print("<a@b>", "ada@x.test")


def test_only_this_instance_can_make_the_print_of_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = person_print("ada@x.test")
    assert mine == person_print("ada@x.test")
    assert mine != person_print("eve@x.test")
    monkeypatch.setattr(prints, "env", lambda: replace(env(), secret_key="another"))
    assert person_print("ada@x.test") != mine


@pytest.mark.parametrize("person", ["", "AB" * 12, "ab" * 13, "\0" * 24])
def test_a_line_whose_print_is_none_is_skipped(person: str) -> None:
    assert read(io.BytesIO(dot_line(make_dot(person=person)))).damaged == 1


# -- the writer --
@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journals", "here")
    yield journal
    journal.close()


@contextmanager
def files_no_bigger_than(size: int) -> Iterator[None]:
    """Let the kernel refuse to make any file of this process bigger, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_lines_are_in_the_file_when_the_writer_says_so(journal: Journal) -> None:
    journal.ask([make_dot(1), make_dot(2)]).result()
    journal.go([UUID(int=1)])
    journal.end(End(UUID(int=1), OUTCOMES[0], 2.0))
    journal.rest()
    with journal.path.open("rb") as file:
        found = read(file)
    assert (found.installation, len(found.dots), found.left, len(found.ends)) == ("here", 2, {UUID(int=1)}, 1)
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert journal.path.parent.stat().st_mode & 0o777 == 0o700


def test_many_ends_at_once_are_all_written(journal: Journal) -> None:
    attempts = [uuid4() for _ in range(3000)]
    for attempt in attempts:
        journal.end(End(attempt, OUTCOMES[0], 2.0))
    journal.rest()
    with journal.path.open("rb") as file:
        assert set(read(file).ends) == set(attempts)


def test_a_disk_that_is_full_breaks_the_journal_before_anything_is_promised(journal: Journal) -> None:
    with files_no_bigger_than(journal.path.stat().st_size - scribe.RESERVE_BYTES):
        asking: Future[None] = journal.ask([make_dot()])
        with pytest.raises(OSError, match="File too large"):
            asking.result()
    assert journal.fault == "File too large"
    with pytest.raises(OSError, match="File too large"):
        journal.go([UUID(int=1)])
    with pytest.raises(OSError, match="File too large"):
        journal.ask([make_dot()]).result()


def test_no_file_is_left_where_room_cannot_be_reserved(tmp_path: Path) -> None:
    with files_no_bigger_than(1000), pytest.raises(OSError, match="File too large"):
        Journal(tmp_path, "here")
    assert not list(tmp_path.iterdir())
