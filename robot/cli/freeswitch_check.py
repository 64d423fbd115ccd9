"""``allobot freeswitch check``: is this FreeSWITCH fit for the robot, and what to do where it is not."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from robot.app import esl_address, media_address
from robot.cli.common import ConfigFiles, JsonFlag, Overrides, err, out, print_json, run, settings_of
from robot.cli.findings import table_of
from robot.errors import CommandFailed, NotConnected, RobotError
from robot.freeswitch.check import connect, look
from robot.freeswitch.findings import Finding
from robot.freeswitch.self_call import self_call
from robot.media.server import MediaServer
from robot.settings import Settings
from robot.telephony.esl_client import EslSwitch

STREAM_RATE_HZ, QUEUE_MS = 8000, 3000


def check(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Option(help="An extension that answers with an echo.", show_default="that of the rendered files"),
    ] = "",
    no_call: Annotated[bool, typer.Option("--no-call", help="Only ask, place no call.")] = False,
    as_json: JsonFlag = False,
    config: ConfigFiles = None,
    overrides: Overrides = None,
) -> None:
    """Connect to the FreeSWITCH of the settings and tell, line by line, what is good and what to do."""
    settings = settings_of(context, config, overrides)
    switch = settings.freeswitch
    echo = target or f"sofia/external/{switch.echo_extension}@{switch.sip_ip}:{switch.external_port}"
    if not as_json:
        err.print(f"[dim]asking {settings.esl.host}:{settings.esl.port}[/]")
    findings = run(_check(settings, "" if no_call else echo))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        out.print(table_of(findings))
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


async def _check(settings: Settings, echo: str) -> list[Finding]:
    findings = await _ask(settings)
    if echo and not any(finding.state == "problem" and finding.what in ("reachable", "login") for finding in findings):
        try:
            findings += await _call(settings, echo)
        except RobotError as error:
            findings.append(Finding("self-call", "problem", str(error)))
    return findings


async def _ask(settings: Settings) -> list[Finding]:
    esl = settings.esl
    password = esl.password.get_secret_value()
    try:
        link = await connect(esl.host, esl.port, password, esl.connect_timeout_s)
    except NotConnected as error:
        return [Finding("reachable", "problem", str(error))]
    findings = [Finding("reachable", "ok", f"{esl.host}:{esl.port}")]
    async with asyncio.TaskGroup() as group:
        group.create_task(link.read(), name="esl read")
        try:
            await link.authenticate(password)
            findings.append(Finding("login", "ok", "accepted"))
            findings += [finding async for finding in look(link, esl.host, password, time.time_ns() / 1e9)]
        except (CommandFailed, NotConnected) as error:
            findings.append(Finding("login", "problem", str(error), "the password is in event_socket.conf.xml"))
        link.close()
    return findings


async def _call(settings: Settings, echo: str) -> list[Finding]:
    call = str(uuid.uuid4())
    with tempfile.TemporaryDirectory(prefix="allobot-check-", dir=settings.playout.spool_folder or None) as folder:
        async with (
            MediaServer(media_address(settings.media), max_connections=1) as server,
            EslSwitch(esl_address(settings), random.SystemRandom()) as switch,
        ):
            with server.stream(call, uuid.uuid4().hex, STREAM_RATE_HZ, QUEUE_MS) as (url, source):
                Path(folder).chmod(0o755)  # the switch may run as another user, and reads the sound there
                return [finding async for finding in self_call(switch, echo, call, url, source, Path(folder))]
