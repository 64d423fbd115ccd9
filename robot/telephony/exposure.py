"""Is the switch's event socket open to strangers? Whoever reaches it with the password owns the switch, and its bill.

A socket on loopback is asked for by the machine's other addresses, too: FreeSWITCH answers there with its greeting when
it listens on all of them and no access list keeps them out. A refusal of the connection or of the address is well.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress

from robot.errors import ConfigError

DEFAULT_PASSWORD = "ClueCon"
GREETING = b"Content-Type: auth/request"
PROBE_S = 0.5
_ELSEWHERE = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""addresses for documentation: asking for the way there sends nothing, and tells this machine's own address"""


async def refuse_insecure(host: str, port: int, password: str, own_addresses: Sequence[str]) -> None:
    """Raises ``ConfigError``, with what to do, for an event socket that should not be used as it is."""
    if password == DEFAULT_PASSWORD:
        raise ConfigError(
            f"the switch at {host}:{port} has FreeSWITCH's default password: set another one in its "
            f"event_socket.conf.xml and in ALLOBOT_ESL_PASSWORD{_ANYWAY}"
        )
    if not is_loopback(host):
        raise ConfigError(
            f"the switch's event socket at {host}:{port} is reached over the network, without encryption: let it "
            "listen on 127.0.0.1 and bring it here by a tunnel (ssh -L), or keep others out with an access list "
            f"(apply-inbound-acl) on a network of your own{_ANYWAY}"
        )
    for address in own_addresses:
        if await _greets(address, port):
            raise ConfigError(
                f"the switch's event socket answers at {address}:{port}, so to other machines: set listen-ip to "
                f"127.0.0.1 or an apply-inbound-acl in its event_socket.conf.xml{_ANYWAY}"
            )


_ANYWAY = "; or set esl.allow_insecure to true (--allow-insecure)"


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine to itself alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def own_addresses() -> list[str]:
    """This machine's addresses towards the outside. Sends nothing."""
    found: list[str] = []
    for elsewhere, family in _ELSEWHERE:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found.append(str(probe.getsockname()[0]))
    return [address for address in found if not is_loopback(address)]


async def _greets(address: str, port: int) -> bool:
    """Whether an event socket greets there."""
    try:
        async with asyncio.timeout(PROBE_S):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                return (await reader.read(len(GREETING))).startswith(GREETING)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
