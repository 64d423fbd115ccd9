"""``lab switch`` as a process: it says where it is, serves, and leaves cleanly on SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from robot.cli.lab_switch import parse_address
from robot.errors import ConfigError

PROGRAM = "import typer; from robot.cli.lab_switch import lab_switch; typer.run(lab_switch)"


def test_it_serves_until_it_is_told_to_stop() -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, "--password", "secret", stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        words = (await process.stdout.readline()).decode().split()
        assert (words[0], words[2:]) == ("ESL", ["password", "secret"])
        host, port = parse_address(words[1])
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"auth secret\n\napi uuid_exists x\n\nexit\n\n")
        said = (await reader.read()).decode()
        assert "+OK accepted" in said
        assert "\n\nfalse" in said
        writer.close()
        await writer.wait_closed()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0

    asyncio.run(main())


@pytest.mark.parametrize("text", ["8021", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":8021"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        parse_address(text)


def test_addresses() -> None:
    assert parse_address("127.0.0.1:8021") == ("127.0.0.1", 8021)
    assert parse_address("[::1]:0") == ("::1", 0)
