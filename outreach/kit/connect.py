"""The one way to connect to a host that a person names: the address is checked, and the checked address is used.

A host name can point into our own network (SSRF): at a database, a metadata service, another tenant. Names are resolved
once, every address is judged by an explicit list (`ipaddress.is_global` is true for 64:ff9b::a9fe:a9fe, which is
169.254.169.254), and the connection goes to the very address that was judged, so that a second answer cannot differ.

One deadline holds for all of it: the look-up, and every address that the name has.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPNetwork = IPv4Network | IPv6Network
IPAddress = IPv4Address | IPv6Address
_Info = tuple[int, IPAddress]

MOST_ADDRESSES = 8  # of a name that are tried: more would leave each of them too little of the time

_FORBIDDEN: tuple[IPNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10",
        "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
_NAT64 = ip_network("64:ff9b::/96")
_NAT64_LOCAL = ip_network("64:ff9b:1::/48")


class ConnectProblem(ConnectionError):  # the base of what is shown to a person
    """A connection that was not made; the words name the host that was given, nothing that was found behind it."""


class UnknownHost(ConnectProblem):
    """The name does not resolve."""


class NoAnswerAboutHost(UnknownHost):
    """Nobody said whether the name resolves: that may be so again in a minute, and tells nothing about the name."""


class BlockedAddress(ConnectProblem):
    """The name points into a network that this instance does not connect to."""


class ConnectFailed(ConnectProblem):
    """Nothing answers, or the connection was refused."""


def judged(address: IPAddress) -> IPAddress:
    """Return the address that a packet would really reach: mapped, NAT64, 6to4 and Teredo forms are unwrapped."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _NAT64 or address in _NAT64_LOCAL:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour:
            return address.sixtofour
        if address.teredo:
            return address.teredo[1]
    return address


def is_allowed(address: IPAddress, private: Sequence[IPNetwork] = ()) -> bool:
    """Say whether we connect to the address; `private` are the ranges that the owner of the instance has opened."""
    real = judged(address)
    if is_private(address, private):
        return True
    return not any(real.version == network.version and real in network for network in _FORBIDDEN)


def is_private(address: IPAddress, private: Sequence[IPNetwork]) -> bool:
    """Say whether the address lies in one of the opened private ranges."""
    real = judged(address)
    return any(real.version == network.version and real in network for network in private)


async def safe_connect(
    host: str, port: int, *, ports: frozenset[int], private: Sequence[IPNetwork] = (), timeout_s: float
) -> socket.socket:
    """Return a connected, non-blocking socket (TCP_NODELAY).

    ports: the public ports this purpose allows; an address in an opened private range may use any.
    timeout_s: seconds for everything, from the look-up of the name to the last of its addresses.
    Raises UnknownHost, BlockedAddress, ConnectFailed.
    """
    ends = time.monotonic() + timeout_s
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            infos = await asyncio.wrap_future(_asked(host, port))
    except TimeoutError as error:
        raise _unresolved(host) from error
    problem: Exception = TimeoutError()
    for (family, address), most_s in _shared(_checked(host, port, infos, ports=ports, private=private), ends):
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)  # the socket's own signature
        try:
            async with asyncio.timeout(most_s):
                await loop.sock_connect(connection, (str(address), port))
            return _verified(connection, address)
        except (OSError, TimeoutError) as error:
            connection.close()
            problem = error
        except BaseException:
            connection.close()
            raise
    raise _failed(host, port, problem) from problem


def safe_connect_sync(
    host: str, port: int, *, ports: frozenset[int], private: Sequence[IPNetwork] = (), timeout_s: float
) -> socket.socket:
    """Return a connected, blocking socket whose own timeout is timeout_s; otherwise as safe_connect."""
    ends = time.monotonic() + timeout_s
    try:
        infos = _asked(host, port).result(timeout_s)
    except TimeoutError as error:
        raise _unresolved(host) from error
    problem: Exception = TimeoutError()
    for (family, address), most_s in _shared(_checked(host, port, infos, ports=ports, private=private), ends):
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(most_s)
        try:
            connection.connect((str(address), port))
            connection.settimeout(timeout_s)
            return _verified(connection, address)
        except OSError as error:
            connection.close()
            problem = error
    raise _failed(host, port, problem) from problem


def in_turn(infos: Sequence[_Info]) -> list[_Info]:
    """Return the addresses to try, at most MOST_ADDRESSES: as the system ranks them, IPv4 and IPv6 in turns.

    RFC 8305 section 4: where one of the two does not work at all, the other one comes second, not last.
    """
    firsts = [info for info in infos if info[0] == infos[0][0]]
    others = [info for info in infos if info[0] != infos[0][0]]
    pairs = min(len(firsts), len(others))
    mixed = [info for pair in zip(firsts, others, strict=False) for info in pair]
    return [*mixed, *firsts[pairs:], *others[pairs:]][:MOST_ADDRESSES]


def share_s(left_s: float, waiting: int) -> float:
    """Return the seconds that the next of the waiting addresses gets: what those before it spared is for all."""
    return max(left_s, 0) / waiting


def _shared(infos: Sequence[_Info], ends: float) -> Iterator[tuple[_Info, float]]:
    """Give each address its seconds, until the instant of the monotonic clock at which all of it ends."""
    tried = in_turn(infos)
    for number, info in enumerate(tried):
        most_s = share_s(ends - time.monotonic(), len(tried) - number)
        if not most_s:
            return
        yield info, most_s


def _asked(host: str, port: int) -> Future[list[_Info]]:
    """Begin to look the name up.

    The C library's look-up can be neither bounded nor ended. So it has a thread of its own, which nobody has to wait
    for: in a pool, names whose servers are silent would keep the names of others waiting.
    """
    answer: Future[list[_Info]] = Future()
    answer.set_running_or_notify_cancel()  # from now on nobody's cancellation meets the thread's answer

    def ask() -> None:
        try:
            answer.set_result(_resolve(host, port))
        except Exception as error:  # noqa: BLE001  # it is raised where the answer is waited for
            answer.set_exception(error)

    try:
        address = ip_address(host)
    except ValueError:
        _ask_apart(ask, host, answer)
    else:  # nothing to look up, and no thread to wait for
        answer.set_result([(socket.AF_INET6 if address.version == 6 else socket.AF_INET, address)])
    return answer


def _ask_apart(ask: Callable[[], None], host: str, answer: Future[list[_Info]]) -> None:
    try:
        threading.Thread(target=ask, name="look-up", daemon=True).start()
    except RuntimeError as error:  # no room for another thread: a trouble of this connection, and of nobody's message
        problem = NoAnswerAboutHost(f"The name {host} cannot be looked up: this machine has no room for it now.")
        problem.__cause__ = error
        answer.set_exception(problem)


def _resolve(host: str, port: int) -> list[_Info]:
    try:
        found = socket.getaddrinfo(host.rstrip("."), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
            raise NoAnswerAboutHost(f"The name servers do not say where {host} is.") from error
        raise UnknownHost(f"The name {host} does not resolve to any address.") from error
    infos = [(family, ip_address(str(where[0]).partition("%")[0])) for family, _, _, _, where in found]
    return list(dict.fromkeys(infos))


def _unresolved(host: str) -> NoAnswerAboutHost:
    return NoAnswerAboutHost(f"The name {host} could not be resolved in time.")


def _checked(
    host: str, port: int, infos: Sequence[_Info], *, ports: frozenset[int], private: Sequence[IPNetwork]
) -> list[_Info]:
    # One forbidden address among several is a name that changes its mind: none of them is used.
    if not all(is_allowed(address, private) for _, address in infos):
        raise BlockedAddress(
            f"{host} points to an address that this server does not connect to. "
            "The owner of the instance can open private ranges with OUTREACH_PRIVATE_NETWORKS."
        )
    if port not in ports and not all(is_private(address, private) for _, address in infos):
        allowed = ", ".join(str(one) for one in sorted(ports))
        raise BlockedAddress(f"Port {port} is not used for this. Use one of {allowed}.")
    return list(infos)


def _verified(connection: socket.socket, address: IPAddress) -> socket.socket:
    try:
        peer = ipaddress.ip_address(connection.getpeername()[0].partition("%")[0])
    except OSError:
        return connection  # it is over already: whoever reads from it will be told so
    if peer != address:
        connection.close()
        raise ConnectFailed("The connection went elsewhere.")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _failed(host: str, port: int, problem: Exception) -> ConnectFailed:
    if isinstance(problem, ConnectionRefusedError):
        return ConnectFailed(f"Nothing listens at {host} on port {port}.")
    if isinstance(problem, TimeoutError):
        return ConnectFailed(f"{host} does not answer on port {port}.")
    return ConnectFailed(f"{host} cannot be reached on port {port}.")
