from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest

from outreach.embedded.faults import StartFailed
from outreach.embedded.process import Service
from outreach.embedded.supervisor import Supervisor
from tests.outreach.embedded.up import alive

SLEEP = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)


class Said(list[str]):
    def __call__(self, name: str, line: str) -> None:
        self.append(f"{name}: {line}")

    def has(self, part: str) -> bool:
        return any(part in line for line in self)

    async def until(self, part: str, count: int = 1) -> None:
        async with asyncio.timeout(20):
            while sum(part in line for line in self) < count:  # noqa: ASYNC110  polling is enough here
                await asyncio.sleep(0.02)


def python(name: str, code: str, *, grace_s: float = 5) -> Service:
    return Service(name, (sys.executable, "-c", code), grace_s=grace_s)


def test_groups_stop_in_reverse_order() -> None:
    said = Said()

    async def scenario() -> None:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.start(python("first", SLEEP))
            await supervisor.start(python("second", SLEEP), python("third", SLEEP))
            supervisor.ask_to_stop()

        await supervisor.run(boot())

    asyncio.run(scenario())
    stopped = [line.split()[1] for line in said if " stopped in " in line]
    assert set(stopped[:2]) == {"second", "third"}
    assert stopped[2:] == ["first"]


def test_service_that_falls_is_started_again_after_growing_pauses() -> None:
    said = Said()

    async def scenario() -> None:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.start(python("brittle", "raise SystemExit(3)"))
            await said.until("brittle ended with status 3", 2)
            supervisor.ask_to_stop()

        await supervisor.run(boot())

    asyncio.run(scenario())
    assert [line for line in said if "starting it again" in line] == [
        "outreach: brittle ended with status 3; starting it again in 1 s",
        "outreach: brittle ended with status 3; starting it again in 2 s",
    ]


def test_service_that_ignores_the_signal_is_killed_after_its_grace() -> None:
    said = Said()

    async def scenario() -> float:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.start(python("stubborn", STUBBORN, grace_s=0.5))
            await said.until("stubborn: deaf")
            supervisor.ask_to_stop()

        began = time.monotonic()
        await supervisor.run(boot())
        return time.monotonic() - began

    assert asyncio.run(scenario()) < 10
    assert said.has("stubborn did not stop in 0.5 s: killed")


def test_asking_twice_kills_without_waiting() -> None:
    said = Said()

    async def scenario() -> None:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.start(python("stubborn", STUBBORN, grace_s=600))
            await said.until("stubborn: deaf")
            asyncio.get_running_loop().call_later(0.3, supervisor.ask_to_stop)
            supervisor.ask_to_stop()

        async with asyncio.timeout(10):
            await supervisor.run(boot())

    asyncio.run(scenario())


def test_grandchildren_end_with_their_service(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import pathlib, subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))\n"
        "print('born', flush=True)\n"
        "time.sleep(60)\n"
    )
    said = Said()

    async def scenario() -> None:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.start(python("parent", code))
            await said.until("born")
            supervisor.ask_to_stop()

        await supervisor.run(boot())

    asyncio.run(scenario())
    assert not alive({int(pid_file.read_text())})


def test_failed_start_names_its_reason_and_stops_what_ran_before() -> None:
    said = Said()

    async def never() -> bool:
        return False

    async def scenario() -> None:
        supervisor = Supervisor(said)
        broken = Service("broken", (sys.executable, "-c", "print('no such table'); raise SystemExit(4)"), ready=never)

        async def boot() -> None:
            await supervisor.start(python("first", SLEEP))
            await supervisor.start(broken, python("beside", SLEEP))

        await supervisor.run(boot())

    with pytest.raises(StartFailed) as caught:
        asyncio.run(scenario())
    assert str(caught.value) == "broken did not start: it ended with status 4. It said last: no such table"
    assert said.has("first stopped in")


def test_service_that_never_answers_is_given_up() -> None:
    async def never() -> bool:
        return False

    async def scenario() -> None:
        supervisor = Supervisor(Said())
        mute = Service("mute", (sys.executable, "-c", SLEEP), ready=never, ready_s=0.3)
        await supervisor.run(supervisor.start(mute))

    with pytest.raises(StartFailed, match="mute did not start: it did not answer within"):
        asyncio.run(scenario())


def test_missing_program_is_one_clear_line() -> None:
    async def scenario() -> None:
        supervisor = Supervisor(Said())
        await supervisor.run(supervisor.start(Service("ghost", ("/nowhere/ghost",))))

    with pytest.raises(StartFailed, match="ghost did not start: /nowhere/ghost: No such file or directory"):
        asyncio.run(scenario())


def test_step_that_fails_ends_the_start() -> None:
    async def scenario() -> None:
        supervisor = Supervisor(Said())
        await supervisor.run(supervisor.run_once(python("prepare", "raise SystemExit('bad migration')")))

    with pytest.raises(
        StartFailed, match=r"prepare did not start: it ended with status 1\. It said last: bad migration"
    ):
        asyncio.run(scenario())


def test_failed_step_tells_the_error_and_not_where_it_stood() -> None:
    lines = ("Traceback", "django.db.utils.ProgrammingError: relation does not exist", "LINE 1: ...a", "        ^")
    assert str(StartFailed("demo", "it ended with status 1", lines)).endswith(
        "It said last: django.db.utils.ProgrammingError: relation does not exist"
    )
    assert str(StartFailed("web", "it ended", ("no such file", "  ^"))).endswith("It said last: no such file")


def test_line_of_any_length_and_any_bytes_is_passed_on() -> None:
    said = Said()
    code = "import sys; sys.stdout.buffer.write(b'x' * 3_000_000 + b'\\n\\xff\\xfe end\\n')"

    async def scenario() -> None:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.run_once(python("talker", code))
            supervisor.ask_to_stop()

        await supervisor.run(boot())

    asyncio.run(scenario())
    assert "talker: \ufffd\ufffd end" in said


def test_service_may_announce_that_it_is_ready() -> None:
    said = Said()
    code = "import time; time.sleep(0.3); print('sandbox ready: smtp 2525', flush=True); time.sleep(60)"

    async def scenario() -> None:
        supervisor = Supervisor(said)

        async def boot() -> None:
            await supervisor.start(Service("sandbox", (sys.executable, "-c", code), ready_line="sandbox ready"))
            assert said == ["sandbox: sandbox ready: smtp 2525"]
            supervisor.ask_to_stop()

        await supervisor.run(boot())

    asyncio.run(scenario())
