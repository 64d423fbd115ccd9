"""``lab switch``: the embedded switch on its own, for any ESL client to drive."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated

import typer

from robot.errors import ConfigError
from robot.lab.callee import Speak
from robot.lab.directory import Directory
from robot.lab.switch import EmbeddedSwitch

SpeakFactory = Callable[[], AbstractAsyncContextManager[Speak]]
"""opens a synthesiser for what callees say"""


def parse_address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` → (host, port); port 0 is any free one. Raises ``ConfigError``."""
    host, colon, port = text.rpartition(":")
    if not host or not colon or not port.isdecimal() or int(port) > 65_535:
        raise ConfigError(f"--esl {text}: write HOST:PORT, e.g. 127.0.0.1:8021; port 0 takes a free one")
    return host.strip("[]"), int(port)


async def serve(switch: EmbeddedSwitch) -> None:
    """Runs the switch until SIGINT, SIGTERM, or a client's ``fsctl shutdown``; says where it listens."""
    loop = asyncio.get_running_loop()
    async with switch:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, switch.stopping.set)
        try:
            typer.echo(f"ESL {switch.host}:{switch.port} password {switch.password}")
            await switch.stopping.wait()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def lab_switch_command(speak_factory: SpeakFactory | None = None) -> Callable[..., None]:
    """The command. Without a ``speak_factory``, callees that say texts refuse the call and the log tells why."""

    def lab_switch(
        esl: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where to listen; port 0: any.")] = "127.0.0.1:0",
        password: Annotated[str | None, typer.Option(help="By default a random one.", show_default=False)] = None,
        seed: Annotated[int, typer.Option(help="Of all that is random in callees and lines.")] = 0,
    ) -> None:
        """Runs the embedded switch until Ctrl-C: a FreeSWITCH to develop against, with callees made of files.

        Dial lab/PATH (a sound file or a plan, percent-encoded) or lab/NAME (a shipped callee).
        """
        host, port = parse_address(esl)

        async def run() -> None:
            async with speak_factory() if speak_factory is not None else nullcontext() as speak:
                secret = password or secrets.token_urlsafe(16)
                await serve(EmbeddedSwitch(Directory(speak), host=host, port=port, password=secret, seed=seed))

        asyncio.run(run())

    return lab_switch


lab_switch = lab_switch_command()
