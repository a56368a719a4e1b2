"""Hosts that people name: where a connection may go, where it never goes, and what is told about it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.kit import connect
from outreach.kit.connect import (
    MOST_ADDRESSES,
    BlockedAddress,
    ConnectFailed,
    ConnectProblem,
    NoAnswerAboutHost,
    UnknownHost,
    in_turn,
    is_allowed,
    is_private,
    share_s,
)
from tests.outreach.kit.silence import silent

LOOPBACK = (ip_network("127.0.0.0/8"),)
PORTS = frozenset({25, 465, 587, 2525})
Dial = Callable[..., None]
Ranges = tuple[IPv4Network | IPv6Network, ...]


def dial_async(host: str, port: int, *, private: Ranges = (), timeout_s: float = 1) -> None:
    async def run() -> None:
        sock = await connect.safe_connect(host, port, ports=PORTS, private=private, timeout_s=timeout_s)
        with sock:
            assert sock.getblocking() is False
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    asyncio.run(run())


def dial_sync(host: str, port: int, *, private: Ranges = (), timeout_s: float = 1) -> None:
    sock = connect.safe_connect_sync(host, port, ports=PORTS, private=private, timeout_s=timeout_s)
    with sock:
        assert sock.gettimeout() == timeout_s
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


BOTH = pytest.mark.parametrize("dial", [dial_async, dial_sync])


@contextlib.contextmanager
def listening(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind((host, 0))
        listener.listen()
        listener.settimeout(0.05)
        yield listener


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def nobody_came(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except TimeoutError:
        return True
    return False


WAYS_TO_WRITE_LOOPBACK = [
    "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST",
    "localhost.", "::1", "::ffff:7f00:1", "::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0", "::",  # noqa: S104  # to be refused
    "127\u30020\u30020\u30021",
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("host", WAYS_TO_WRITE_LOOPBACK)
def test_no_way_to_write_this_machine_leads_to_it(dial: Dial, host: str) -> None:
    with listening() as listener:
        with pytest.raises((BlockedAddress, UnknownHost)):
            dial(host, port_of(listener))
        assert nobody_came(listener)


@BOTH
@pytest.mark.parametrize(
    "host",
    ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
     "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.0.8", "198.18.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1",
     "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe", "2002:7f00:1::", "2002:7f00:1::1",
     "2002:a9fe:a9fe::", "::127.0.0.1", "fec0::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1",
     "100::1", "2001:0:7f00:1:0:0:5601:5601", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"],
)  # fmt: skip
def test_inner_and_special_addresses_are_blocked_before_a_packet_leaves(dial: Dial, host: str) -> None:
    began = time.monotonic()
    with pytest.raises(BlockedAddress, match="does not connect to"):
        dial(host, 587)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "9.255.255.255", "11.0.0.1", "2a00:1450:4001::1a",
                "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)  # fmt: skip
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_and_what_embeds_it_are_judged_alike(address: object) -> None:
    inner = int(ip_address(str(address)))
    allowed = is_allowed(ip_address(str(address)))
    assert is_allowed(ip_address((0xFFFF << 32) | inner).__class__((0xFFFF << 32) | inner)) is allowed
    assert is_allowed(ip_address(f"64:ff9b::{inner >> 16:x}:{inner & 0xFFFF:x}")) is allowed
    if not allowed:
        assert not is_allowed(ip_address(f"2002:{inner >> 16:x}:{inner & 0xFFFF:x}::1"))
    assert not is_allowed(ip_address(f"::{inner >> 16:x}:{inner & 0xFFFF:x}"))


@given(st.ip_addresses())
def test_what_the_library_calls_private_is_never_allowed(address: object) -> None:
    known = ip_address(str(address))
    if known.is_private or known.is_loopback or known.is_multicast or known.is_link_local or known.is_unspecified:
        mapped = getattr(known, "ipv4_mapped", None)
        assert not is_allowed(known) or (mapped is not None and is_allowed(mapped))


@BOTH
@pytest.mark.parametrize("port", [6379, 5432, 80, 22, 11211, 1, 24, 26])
def test_other_ports_are_not_used_and_the_usual_ones_are_named(dial: Dial, port: int) -> None:
    with pytest.raises(BlockedAddress, match="25, 465, 587, 2525"):
        dial("8.8.8.8", port)


@BOTH
def test_a_private_range_that_was_opened_may_use_any_port(dial: Dial) -> None:
    with listening() as listener:
        dial("127.0.0.1", port_of(listener), private=LOOPBACK)
        assert not nobody_came(listener)


@BOTH
def test_opening_one_range_opens_no_other(dial: Dial) -> None:
    with listening("127.0.0.3") as listener:
        with pytest.raises(BlockedAddress):
            dial("127.0.0.3", port_of(listener), private=(ip_network("127.0.0.2/32"), ip_network("10.0.0.0/8")))
        assert nobody_came(listener)


def test_a_mapped_address_belongs_to_the_range_of_what_it_maps() -> None:
    assert is_private(ip_address("::ffff:127.0.0.1"), LOOPBACK)
    assert not is_private(ip_address("::ffff:10.0.0.1"), LOOPBACK)


NO_NAMES = [
    "", ".", "..", "a..b", "user@host", "a" * 70 + ".test", "a\0b", "nul\0", " ", "exa mple", "x\n", "missing.invalid",
]  # fmt: skip


@BOTH
@pytest.mark.parametrize("host", NO_NAMES)
def test_what_is_no_name_is_unknown_and_never_a_crash(dial: Dial, host: str) -> None:
    with pytest.raises(ConnectProblem):
        dial(host, 587)


class Resolver:
    """Answers with one address after the other, as a name server that means harm."""

    def __init__(self, *answers: tuple[str, ...]) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[tuple[int, object]]:
        self.asked += 1
        addresses = [ip_address(one) for one in self._answers[min(self.asked, len(self._answers)) - 1]]
        return [(socket.AF_INET if one.version == 4 else socket.AF_INET6, one) for one in addresses]


@BOTH
def test_a_name_is_resolved_once_and_the_checked_address_is_used(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(("127.0.0.2",), ("127.0.0.3",))
    monkeypatch.setattr(connect, "_resolve", resolver)
    with listening("127.0.0.2") as wanted:
        dial("rebinding.test", port_of(wanted), private=(ip_network("127.0.0.2/32"),))
        assert not nobody_came(wanted)
    assert resolver.asked == 1


@BOTH
@pytest.mark.parametrize("host", ["redis", "db", "postgres"])
def test_names_of_the_inner_network_are_blocked(dial: Dial, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_resolve", Resolver(("172.18.0.3",)))
    for port in (6379, 587):
        with pytest.raises(BlockedAddress, match=f"^{host} points to an address"):
            dial(host, port)


@BOTH
def test_no_forbidden_address_among_several_is_ever_used(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_resolve", Resolver(("127.0.0.2", "127.0.0.3")))
    with listening("127.0.0.3") as forbidden:
        with pytest.raises(ConnectProblem):
            dial("two-faced.test", port_of(forbidden), private=(ip_network("127.0.0.2/32"),))
        assert nobody_came(forbidden)


@BOTH
def test_the_next_address_is_tried_where_nothing_listens(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "_resolve", Resolver(("127.0.0.2", "127.0.0.3")))
    with listening("127.0.0.3") as second:
        dial("two.test", port_of(second), private=LOOPBACK)
        assert not nobody_came(second)


@BOTH
def test_where_nothing_listens_it_says_so(dial: Dial) -> None:
    with listening() as listener:
        port = port_of(listener)
    with pytest.raises(ConnectFailed, match=f"Nothing listens at 127.0.0.1 on port {port}"):
        dial("127.0.0.1", port, private=LOOPBACK)


@BOTH
@pytest.mark.parametrize("addresses", [("127.0.0.2",), tuple(f"127.0.0.{last}" for last in range(2, 22))])
def test_where_nobody_answers_the_wait_is_bounded_however_many_addresses_there_are(
    dial: Dial, addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "_resolve", Resolver(addresses))
    with silent(*addresses) as port:
        began = time.monotonic()
        with pytest.raises(ConnectFailed, match=r"^dead\.test does not answer on port"):
            dial("dead.test", port, private=LOOPBACK, timeout_s=0.4)
        assert 0.3 < time.monotonic() - began < 0.8


@BOTH
def test_addresses_that_are_dead_leave_time_for_the_one_that_lives(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
    monkeypatch.setattr(connect, "_resolve", Resolver((*dead, "127.0.0.5")))
    with silent(*dead) as port, socket.create_server(("127.0.0.5", port)):
        began = time.monotonic()
        dial("half-dead.test", port, private=LOOPBACK, timeout_s=0.8)
        assert time.monotonic() - began < 0.8


@pytest.fixture
def silent_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the look-up of "silent.test" hang until the test is over; any other name is 127.0.0.1."""
    over = threading.Event()

    def resolve(host: str, port: int) -> list[tuple[int, object]]:
        if host == "silent.test":
            over.wait(20)
        return Resolver(("127.0.0.1",))(host, port)

    monkeypatch.setattr(connect, "_resolve", resolve)
    yield
    over.set()


@BOTH
@pytest.mark.usefixtures("silent_names")
def test_a_name_server_that_is_silent_is_not_waited_for(dial: Dial) -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswerAboutHost, match=r"^The name silent\.test could not be resolved in time\.$"):
        dial("silent.test", 587, private=LOOPBACK, timeout_s=0.2)
    assert time.monotonic() - began < 1


@pytest.mark.usefixtures("silent_names")
def test_names_that_hang_keep_no_other_name_waiting() -> None:
    async def run(port: int) -> None:
        hanging = [
            asyncio.ensure_future(connect.safe_connect("silent.test", port, ports=PORTS, private=LOOPBACK, timeout_s=2))
            for _ in range(60)
        ]
        await asyncio.sleep(0)  # they have asked by now
        sock = await connect.safe_connect("good.test", port, ports=PORTS, private=LOOPBACK, timeout_s=1)
        sock.close()
        for one in hanging:
            one.cancel()

    with listening() as listener:
        began = time.monotonic()
        asyncio.run(run(port_of(listener)))
        assert time.monotonic() - began < 1.5


@BOTH
@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (socket.EAI_NONAME, UnknownHost, "The name mail.test does not resolve to any address."),
        (socket.EAI_AGAIN, NoAnswerAboutHost, "The name servers do not say where mail.test is."),
    ],
)
def test_name_servers_that_fail_are_not_taken_for_a_name_that_is_wrong(
    dial: Dial, monkeypatch: pytest.MonkeyPatch, error: int, kind: type[Exception], words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(error, "as libc says it")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(UnknownHost) as caught:
        dial("mail.test", 587)
    assert (type(caught.value), str(caught.value)) == (kind, words)


@BOTH
def test_a_machine_without_room_for_another_thread_says_so(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(NoAnswerAboutHost, match=r"^The name good\.test cannot be looked up: this machine has no room"):
        dial("good.test", 587, private=LOOPBACK, timeout_s=1)


INFOS = st.lists(
    st.ip_addresses().map(lambda one: (socket.AF_INET if one.version == 4 else socket.AF_INET6, one)),
    unique=True,
    max_size=24,
)


@given(INFOS)
def test_both_families_are_tried_in_turns_each_in_its_own_order(infos: list[tuple[int, object]]) -> None:
    tried = in_turn(infos)  # type: ignore[arg-type]
    assert len(tried) == min(len(infos), MOST_ADDRESSES)
    assert tried[:1] == infos[:1]
    for family in (socket.AF_INET, socket.AF_INET6):
        mine = [info for info in infos if info[0] == family]
        taken = [info for info in tried if info[0] == family]
        assert taken == mine[: len(taken)]
        assert len(taken) >= min(len(mine), MOST_ADDRESSES // 2)
    if len({family for family, _ in infos}) == 2:
        assert tried[1][0] != tried[0][0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=MOST_ADDRESSES))
def test_shares_never_add_up_to_more_than_there_is_and_nobody_pays_for_those_before(used: list[float]) -> None:
    left_s, equal = 30.0, 30.0 / len(used)
    for number, part in enumerate(used):
        most_s = share_s(left_s, len(used) - number)
        assert most_s >= equal * 0.999
        left_s -= part * most_s
    assert left_s >= -1e-6
    assert share_s(-0.1, 3) == 0


@BOTH
def test_a_blocked_address_is_told_in_the_same_words_whether_something_listens_or_not(dial: Dial) -> None:
    def told(port: int) -> str:
        with pytest.raises(BlockedAddress) as caught:
            dial("127.0.0.1", port)
        return str(caught.value)

    with listening() as listener:
        open_port = port_of(listener)
        while_open = told(open_port)
    assert told(open_port) == while_open
    assert "127.0.0.1" in while_open
    assert "listen" not in while_open


@pytest.mark.parametrize("error", [UnknownHost, NoAnswerAboutHost, BlockedAddress, ConnectFailed])
def test_every_problem_is_a_connection_error(error: type[Exception]) -> None:
    assert issubclass(error, ConnectProblem)
    assert issubclass(error, ConnectionError)
