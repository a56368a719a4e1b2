"""The one way to connect to a host that a person names: the address is checked, and the checked address is used.

A host name can point into our own network (SSRF): at a database, a metadata service, another tenant. Names are resolved
once, every address is judged by an explicit list (`ipaddress.is_global` is true for 64:ff9b::a9fe:a9fe, which is
169.254.169.254), and the connection goes to the very address that was judged, so that a second answer cannot differ.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

IPNetwork = IPv4Network | IPv6Network
IPAddress = IPv4Address | IPv6Address
_Info = tuple[int, IPAddress]

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
    Raises UnknownHost, BlockedAddress, ConnectFailed.
    """
    loop = asyncio.get_running_loop()
    infos = await _resolved_in_time(host, port, timeout_s)
    problem: Exception | None = None
    for family, address in _checked(host, port, infos, ports=ports, private=private):
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)  # the socket's own signature
        try:
            async with asyncio.timeout(timeout_s):
                await loop.sock_connect(connection, (str(address), port))
            return _verified(connection, address)
        except (OSError, TimeoutError) as error:
            connection.close()
            problem = error
    raise _failed(host, port, problem) from problem


def safe_connect_sync(
    host: str, port: int, *, ports: frozenset[int], private: Sequence[IPNetwork] = (), timeout_s: float
) -> socket.socket:
    """Return a connected, blocking socket with its timeout set; otherwise as safe_connect."""
    problem: Exception | None = None
    for family, address in _checked(host, port, _resolve(host, port), ports=ports, private=private):
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.settimeout(timeout_s)
        try:
            connection.connect((str(address), port))
            return _verified(connection, address)
        except OSError as error:
            connection.close()
            problem = error
    raise _failed(host, port, problem) from problem


async def _resolved_in_time(host: str, port: int, timeout_s: float) -> list[_Info]:
    try:
        address = ip_address(host)
    except ValueError:
        pass
    else:  # nothing to look up, and no thread to wait for
        return [(socket.AF_INET6 if address.version == 6 else socket.AF_INET, address)]
    try:
        async with asyncio.timeout(timeout_s):
            return await asyncio.get_running_loop().run_in_executor(None, _resolve, host, port)
    except TimeoutError as error:
        raise UnknownHost(f"The name {host} could not be resolved in time.") from error


def _resolve(host: str, port: int) -> list[_Info]:
    try:
        found = socket.getaddrinfo(host.rstrip("."), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost(f"The name {host} does not resolve to any address.") from error
    infos = [(family, ip_address(str(where[0]).partition("%")[0])) for family, _, _, _, where in found]
    return list(dict.fromkeys(infos))


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


def _failed(host: str, port: int, problem: Exception | None) -> ConnectFailed:
    if isinstance(problem, ConnectionRefusedError):
        return ConnectFailed(f"Nothing listens at {host} on port {port}.")
    if isinstance(problem, TimeoutError):
        return ConnectFailed(f"{host} does not answer on port {port}.")
    return ConnectFailed(f"{host} cannot be reached on port {port}.")
