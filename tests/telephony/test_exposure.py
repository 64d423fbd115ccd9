"""Which event sockets are refused, and what the refusal says."""

from __future__ import annotations

import asyncio

import pytest

from robot.errors import ConfigError
from robot.lab.directory import Directory
from robot.lab.switch import EmbeddedSwitch
from robot.telephony.exposure import is_loopback, own_addresses, refuse_insecure

NEIGHBOUR = "127.0.0.2"
"""loopback, but another address: it stands for this machine's address in its network"""


def refusal(host: str, port: int, password: str, *addresses: str) -> str:
    with pytest.raises(ConfigError) as caught:
        asyncio.run(refuse_insecure(host, port, password, addresses))
    return str(caught.value)


def test_the_default_password_is_refused() -> None:
    said = refusal("127.0.0.1", 8021, "ClueCon")
    assert "default password" in said
    assert "event_socket.conf.xml" in said
    assert "--allow-insecure" in said


@pytest.mark.parametrize("host", ["10.0.0.5", "switch.example.org", "0.0.0.0", "2001:db8::5"])
def test_a_switch_over_the_network_is_refused(host: str) -> None:
    said = refusal(host, 8021, "secret")
    assert "apply-inbound-acl" in said
    assert "secret" not in said


def test_a_socket_that_answers_elsewhere_is_refused() -> None:
    async def main() -> None:
        async with EmbeddedSwitch(Directory(), password="x", host="0.0.0.0") as switch:
            with pytest.raises(ConfigError, match=f"answers at {NEIGHBOUR}"):
                await refuse_insecure("127.0.0.1", switch.port, "secret", [NEIGHBOUR])

    asyncio.run(main())


def test_a_socket_on_loopback_alone_is_well() -> None:
    async def main() -> None:
        async with EmbeddedSwitch(Directory(), password="x") as switch:
            await refuse_insecure("127.0.0.1", switch.port, "secret", [NEIGHBOUR])
            await refuse_insecure("localhost", switch.port, "secret", [])

    asyncio.run(main())


def test_an_address_that_the_access_list_refuses_is_well() -> None:
    async def reject(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(reject, NEIGHBOUR, 0) as server:
            await refuse_insecure("127.0.0.1", server.sockets[0].getsockname()[1], "secret", [NEIGHBOUR])

    asyncio.run(main())


def test_own_addresses_are_not_loopback() -> None:
    assert not any(is_loopback(address) for address in own_addresses())
