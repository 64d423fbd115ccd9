"""The wiring: settings → engines, media, switch → calls. The one place where everything meets.

:func:`open_robot` is a context: inside it the switch is connected, the media server listens and the models are loaded;
after it nothing is left, neither a task nor a socket nor a file in the spool.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
import uuid as uuids
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import assert_never

from robot.call.agent_hook import TranscriptFile
from robot.call.closing import FinishedCall
from robot.call.entries import EngineEntry
from robot.call.hearing import LINE_RATE_HZ
from robot.call.record import CallFolder
from robot.call.refusal import keep_place, record_refusal
from robot.call.session import CallSession
from robot.call.tools import CallOrder, CallTools, Observer
from robot.dialling import DIALLED_FOLDER, DialGuard, FileDayCount, out_by
from robot.engines import Engines, open_engines
from robot.errors import ConfigError, DialRefused, LocalProtocolError, plain_errors
from robot.fsm.phrases import load_phrases
from robot.lab.channel import LineModel, parse_line
from robot.lab.directory import check_callee
from robot.lab.switch import EmbeddedSwitch
from robot.limits import call_limits
from robot.media.lines import SpeechLines
from robot.media.server import MediaAddress, MediaServer
from robot.scenario.engine import lead_values
from robot.scenario.schema import Scenario
from robot.settings import Settings, config_dir
from robot.settings.schema import MediaSettings
from robot.spool import SPOOL, sweep
from robot.telephony.arguments import word_path_of
from robot.telephony.esl_address import EslAddress
from robot.telephony.esl_client import EslSwitch
from robot.telephony.exposure import own_addresses, refuse_insecure
from robot.telephony.greenswitch_client import GreenSwitch
from robot.telephony.switch import Incoming, Switch

SHARED_MEMORY = Path("/dev/shm")


def system_now() -> datetime:
    """The wall clock, in the local time zone."""
    return datetime.now().astimezone()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What differs between a real run and a rehearsal in virtual time."""

    ids: random.Random
    """of uuids, tokens and passwords"""
    now: Callable[[], datetime] = system_now
    observe: Observer = lambda uuid, t_ms, name, fields: None
    addresses: Callable[[], Sequence[str]] = tuple
    """this machine's own, at which no event socket should answer"""


def real_surroundings(observe: Observer | None = None) -> Surroundings:
    """This machine's clock and its secure random numbers."""
    ids = random.SystemRandom()
    around = Surroundings(ids, addresses=own_addresses)
    return around if observe is None else replace(around, observe=observe)


class Robot:
    """A running robot. Made by :func:`open_robot`."""

    def __init__(
        self, settings: Settings, tools: CallTools, guard: DialGuard, lab: EmbeddedSwitch | None = None
    ) -> None:
        self._settings, self._tools, self._guard = settings, tools, guard
        self.lab = lab
        """the switch inside, where there is one"""

    @property
    def tools(self) -> CallTools:
        """What its calls share, for a bench that makes calls of its own."""
        return self._tools

    async def call(self, target: str, scenario: Scenario, lead: Mapping[str, str]) -> FinishedCall:
        """Places one call and returns when it is over and recorded.

        Raises ``ConfigError`` (target, lead, or the folder for records cannot be used) and ``DialRefused`` (a rule of
        the guard forbids it, which is recorded). Nothing was dialled then.
        """
        order = CallOrder(self._tools.new_uuid(), target, "", scenario, dict(lead), line=self._settings.lab.line)
        try:
            where = self._guard.target(target)
            lead_values(scenario, lead)
            if where.callee is not None:
                await asyncio.get_running_loop().run_in_executor(None, check_callee, where.callee)
            order = replace(order, destinations=self._guard.people(scenario), **out_by(where))
            async with self._guard.slot(where):
                return await self._hold(order)
        except DialRefused as refused:
            folder = await self._folder(order)
            why = str(refused)
            await asyncio.get_running_loop().run_in_executor(None, record_refusal, self._tools, order, folder, why)
            raise

    def incoming(self) -> AsyncIterator[Incoming]:
        """Calls that come in: see ``Switch.incoming``."""
        return self._tools.switch.incoming()

    async def answer(self, incoming: Incoming, scenario: Scenario, lead: Mapping[str, str]) -> FinishedCall:
        """Takes a call that came in, and returns when it is over and recorded. Raises as :meth:`call`."""
        lead_values(scenario, lead)
        line = self._settings.lab.line if self.lab is not None else ""
        order = CallOrder(incoming.uuid, incoming.caller, "", scenario, dict(lead), incoming, line)
        return await self._hold(replace(order, destinations=self._guard.people(scenario)))

    async def refuse(self, incoming: Incoming, cause: str) -> None:
        """Hangs up a call that came in, without a word."""
        async with self._tools.switch.call(incoming.uuid):
            await self._tools.switch.hangup(incoming.uuid, cause)

    async def _hold(self, order: CallOrder) -> FinishedCall:
        return await CallSession(self._tools, order, await self._folder(order)).run()

    async def _folder(self, order: CallOrder) -> CallFolder:
        """The call's folder, with a record in it already: whatever happens to this process, the call is known of."""
        tools, now = self._tools, self._tools.now()

        def make() -> CallFolder:
            limits = tools.limits
            folder = CallFolder.create(limits.records, now, order.uuid, min_free_bytes=limits.min_free_bytes)
            keep_place(folder, tools, order, now)
            return folder

        return await asyncio.get_running_loop().run_in_executor(None, make)


@asynccontextmanager
async def open_robot(settings: Settings, surroundings: Surroundings) -> AsyncIterator[Robot]:
    """Starts everything that the settings ask for, and stops it again.

    Raises ``ConfigError`` (a port in use, a spool that cannot be written), ``ServiceError`` (a model is missing),
    ``SwitchError`` (no switch, wrong password).
    """
    with plain_errors():
        async with AsyncExitStack() as stack:
            yield await _start(settings, surroundings, stack)


async def _start(settings: Settings, surroundings: Surroundings, stack: AsyncExitStack) -> Robot:
    ids = surroundings.ids
    books = tuple(load_phrases(path) for path in sorted((config_dir() / "amd").glob("*.yaml")))
    engines = await stack.enter_async_context(open_engines(settings))
    spool = _open_spool(settings, stack)
    listener = MediaServer(media_address(settings.media), max_connections=settings.media.max_connections)
    media = await stack.enter_async_context(listener)
    address = esl_address(settings)
    if settings.switch.kind == "freeswitch" and not settings.esl.allow_insecure:
        await refuse_insecure(address.host, address.port, address.password, surroundings.addresses())
    lab: EmbeddedSwitch | None = None
    if settings.switch.kind == "embedded":
        lab = await stack.enter_async_context(_embedded(settings, engines, surroundings))
        address = replace(address, host=lab.host, port=lab.port, password=lab.password)
    switch = await stack.enter_async_context(_client(settings, address, ids))
    speech = SpeechLines(switch, media, **settings.playout.model_dump(exclude={"spool_folder", "lead_ms"}))
    tools = CallTools(
        limits=call_limits(settings, books),
        switch=switch,
        switch_kind=settings.switch.kind,
        switch_version=switch.version,
        recognizer=engines.recognizer,
        synthesizer=engines.synthesizer,
        chat=engines.chat,
        engines={slot: EngineEntry.of(info) for slot, info in engines.infos().items()},
        open_voice=lambda: engines.voice_activity.open(LINE_RATE_HZ),
        open_tones=lambda: engines.tones(LINE_RATE_HZ),
        open_stream=lambda uuid: media.stream(
            uuid, f"{ids.getrandbits(128):032x}", settings.media.switch_rate_hz, settings.media.queue_ms
        ),
        open_playout=speech.open,
        agent_hook=TranscriptFile(),
        new_uuid=lambda: str(uuids.UUID(int=ids.getrandbits(128), version=4)),
        spool=spool,
        clauses=engines.clauses,
        now=surroundings.now,
        observe=surroundings.observe,
    )
    count = FileDayCount(Path(settings.record.folder) / DIALLED_FOLDER)
    return Robot(settings, tools, DialGuard(settings, count, surroundings.now), lab)


def esl_address(settings: Settings) -> EslAddress:
    """Where the settings say that the switch is."""
    esl = settings.esl
    return EslAddress(
        esl.host,
        esl.port,
        esl.password.get_secret_value(),
        esl.connect_timeout_s,
        esl.command_timeout_s,
        esl.event_queue,
        esl.reconnect_min_s,
        esl.reconnect_max_s,
        esl.lost_call_after_s,
        esl.keepalive_s,
    )


def _client(settings: Settings, address: EslAddress, chance: random.Random) -> AbstractAsyncContextManager[Switch]:
    """The robot's end of the event socket."""
    match settings.esl.client:
        case "native":
            return EslSwitch(address, chance)
        case "greenswitch":
            return GreenSwitch(address)
        case client:
            assert_never(client)


def media_address(media: MediaSettings) -> MediaAddress:
    """Where the settings say that switches stream to."""
    return MediaAddress(media.host, media.port, media.public_host, media.tls_certificate, media.tls_key)


def _embedded(settings: Settings, engines: Engines, surroundings: Surroundings) -> EmbeddedSwitch:
    """The switch inside the robot, on a free loopback port with a password of its own."""
    line: LineModel | None = parse_line(settings.lab.line) if settings.lab.line else None
    return EmbeddedSwitch(
        engines.directory(settings.lab, line),
        password=f"{surroundings.ids.getrandbits(128):032x}",
        seed=settings.lab.seed,
        wall_us=lambda: round(surroundings.now().timestamp() * 1_000_000),
    )


def _open_spool(settings: Settings, stack: AsyncExitStack) -> Path:
    """A folder of this process for the chunks of speech, in memory where there is such a thing."""
    wanted = settings.playout.spool_folder
    root = Path(wanted) if wanted else (SHARED_MEMORY if SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir()))
    for place in {root.absolute(), Path(tempfile.gettempdir())}:
        sweep(place)
    try:
        spool = Path(tempfile.mkdtemp(prefix=f"{SPOOL}{os.getpid()}-", dir=root.absolute()))
    except OSError as error:
        raise ConfigError(f"playout.spool_folder: cannot write in {root}: {error.strerror or error}") from error
    stack.callback(shutil.rmtree, spool, ignore_errors=True)
    try:
        word_path_of(spool)
    except LocalProtocolError as error:
        raise ConfigError(f"playout.spool_folder: {spool}: {error}") from error
    return spool
