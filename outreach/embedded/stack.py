"""Everything that `outreach up` runs, and in which order."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from outreach.embedded.freshness import STAMP_FILE, fingerprint, is_prepared
from outreach.embedded.keys import InstanceKeys, instance_keys
from outreach.embedded.lock import sole_supervisor
from outreach.embedded.ports import reached_at
from outreach.embedded.postgres import FOLDER as CLUSTER
from outreach.embedded.postgres import open_cluster, postgres_service, postgres_url
from outreach.embedded.preflight import await_port, make_data_dir
from outreach.embedded.process import Say
from outreach.embedded.program import beat, courier, jobs, listener, sandbox, step, web, worker
from outreach.embedded.supervisor import Supervisor
from outreach.embedded.valkey import valkey_service, valkey_url
from outreach.env import RUN_FILE, data_dir, is_given
from outreach.kit.files import write_durably

# Beside the database, not in it: whoever puts back an older copy of one folder must keep the other.
JOURNALS = "journal"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `sandbox` is the module of the local mail world; None leaves the demo out."""

    host: str = "127.0.0.1"
    port: int = 8000
    sandbox: str | None = None

    @property
    def address(self) -> str:
        host = reached_at(self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def run_stack(plan: Plan, say: Say) -> None:
    """Run everything in the foreground until asked to stop. Raises Fault."""
    folder = data_dir()
    make_data_dir(folder)
    with sole_supervisor(folder):
        run_file = folder / RUN_FILE
        await_port(plan.host, plan.port, after_a_kill=run_file.exists())
        try:
            asyncio.run(_Stack(plan, folder, _with_hint(say, folder)).run())
        finally:
            run_file.unlink(missing_ok=True)


class _Stack:
    def __init__(self, plan: Plan, folder: Path, say: Say) -> None:
        self._plan, self._folder, self._say = plan, folder, say
        self._supervisor = Supervisor(say)

    async def run(self) -> None:
        await self._supervisor.run(self._boot())
        self._say("outreach", f"stopped; a new start goes on with {self._folder}")

    async def _boot(self) -> None:
        began = time.monotonic()
        keys = instance_keys(self._folder, may_create=not (self._folder / CLUSTER).exists())
        await self._start_servers(keys)
        await self._prepare()
        await self._start_program()
        self._say("outreach", f"ready in {time.monotonic() - began:.1f} s: {self._plan.address}")
        if self._plan.sandbox:
            await self._supervisor.run_once(step("demo", "load-demo"))

    async def _start_servers(self, keys: InstanceKeys) -> None:
        """Start the servers that the environment does not name, and write down how to reach them."""
        postgres = asyncio.create_task(self._start_postgres(keys))
        valkey = asyncio.create_task(self._start_valkey(keys))
        try:
            own = _own_variables(self._plan, self._folder, keys)
            variables = {**own, **await postgres, **await valkey}
        finally:
            for task in (postgres, valkey):
                task.cancel()
            await asyncio.gather(postgres, valkey, return_exceptions=True)
        lines = [f"{name}={value}\n" for name, value in variables.items() if not is_given(name)]
        write_durably(self._folder / RUN_FILE, "".join(lines))

    async def _start_postgres(self, keys: InstanceKeys) -> dict[str, str]:
        if is_given("DATABASE_URL"):
            return {}
        password = keys.postgres_password
        cluster = await asyncio.to_thread(open_cluster, self._folder / CLUSTER, password=password)
        port = await self._supervisor.start_on_free_port(lambda port: postgres_service(cluster, port=port))
        return {"DATABASE_URL": postgres_url(port, password)}

    async def _start_valkey(self, keys: InstanceKeys) -> dict[str, str]:
        if is_given("REDIS_URL"):
            return {}
        conf, password = self._folder / "valkey.conf", keys.redis_password
        port = await self._supervisor.start_on_free_port(
            lambda port: valkey_service(conf, port=port, password=password)
        )
        return {"REDIS_URL": valkey_url(port, password)}

    async def _prepare(self) -> None:
        """Migrate and collect static files, unless nothing changed since the last time (1 to 2 s saved)."""
        now = fingerprint(self._folder / CLUSTER)
        if not is_given("DATABASE_URL") and is_prepared(self._folder, now):
            return
        (self._folder / STAMP_FILE).unlink(missing_ok=True)
        await self._supervisor.run_once(step("prepare", "prepare"))
        write_durably(self._folder / STAMP_FILE, now)

    async def _start_program(self) -> None:
        plan = self._plan
        first = [web(plan.host, plan.port)]
        if plan.sandbox:
            first.append(sandbox(plan.sandbox, self._folder / "sandbox"))
        await self._supervisor.start(*first)
        await self._supervisor.start(worker(), jobs(), courier(), listener(), beat())


def _own_variables(plan: Plan, folder: Path, keys: InstanceKeys) -> dict[str, str]:
    variables = {
        "OUTREACH_JOURNAL_DIR": str(folder / JOURNALS),
        "OUTREACH_SECRET_KEY": keys.secret_key,
        "OUTREACH_CREDENTIAL_KEYS": keys.credential_keys,
        "OUTREACH_PUBLIC_URL": plan.address,
    }
    if plan.sandbox:  # its mailboxes lie on this machine
        variables["OUTREACH_PRIVATE_NETWORKS"] = "127.0.0.0/8"
        # Browsers find every name below localhost on this machine; real recipients would not.
        variables["OUTREACH_TRACKING_URL"] = f"http://go.localhost:{plan.port}"
    return variables


def _with_hint(say: Say, folder: Path) -> Say:
    """Add one clear line, at most once a minute, to what a full disk makes the servers say."""
    last = -60.0

    def say_more(name: str, line: str) -> None:
        nonlocal last
        say(name, line)
        if "No space left on device" in line and time.monotonic() - last >= 60:
            last = time.monotonic()
            say(
                "outreach",
                f"the disk that holds {folder} is full: free some space; nothing is lost meanwhile",
            )

    return say_more
