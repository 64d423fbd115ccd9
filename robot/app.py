"""The wiring: settings → engines, media, switch → calls. The one place where everything meets.

:func:`open_robot` is a context: inside it the switch is connected, the media server listens and the models are loaded;
after it nothing is left, neither a task nor a socket nor a file in the spool.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import uuid as uuids
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from robot.call.closing import FinishedCall
from robot.call.entries import EngineEntry
from robot.call.hearing import LINE_RATE_HZ
from robot.call.record import CallFolder
from robot.call.session import CallSession
from robot.call.tools import CallLimits, CallOrder, CallTools, Observer
from robot.engines import Engines, open_engines
from robot.errors import ConfigError, plain_errors
from robot.fsm.amd import AmdSettings
from robot.fsm.phrases import PhraseBook, load_phrases
from robot.fsm.turn import TurnTiming
from robot.fsm.voicemail import MessageTiming
from robot.lab.channel import LineModel, parse_line
from robot.lab.directory import check_callee
from robot.lab.switch import EmbeddedSwitch
from robot.media.base import Played
from robot.media.playout import Playout
from robot.media.server import MediaServer
from robot.scenario.engine import lead_values
from robot.scenario.schema import Scenario
from robot.settings import Settings, config_dir
from robot.targets import Target, parse_target
from robot.telephony.esl_client import EslAddress, EslSwitch

MEGABYTE = 1_000_000
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


def real_surroundings(observe: Observer | None = None) -> Surroundings:
    """This machine's clock and its secure random numbers."""
    ids = random.SystemRandom()
    return Surroundings(ids) if observe is None else Surroundings(ids, observe=observe)


class Robot:
    """A running robot. Made by :func:`open_robot`."""

    def __init__(self, settings: Settings, tools: CallTools, ids: random.Random) -> None:
        self._settings, self._tools, self._ids = settings, tools, ids

    async def call(self, target: str, scenario: Scenario, lead: Mapping[str, str]) -> FinishedCall:
        """Places one call and returns when it is over and recorded.

        Raises ``ConfigError`` (target, lead, or the folder for records cannot be used; nothing was dialled then).
        """
        where: Target = parse_target(target, self._settings.switch)
        lead_values(scenario, lead)
        loop = asyncio.get_running_loop()
        if where.callee is not None:
            await loop.run_in_executor(None, check_callee, where.callee)
        uuid = str(uuids.UUID(int=self._ids.getrandbits(128), version=4))
        order = CallOrder(uuid, target, where.dial_string, scenario, dict(lead), line=self._settings.lab.line)
        limits = self._tools.limits
        folder = await loop.run_in_executor(
            None,
            lambda: CallFolder.create(limits.records, self._tools.now(), uuid, min_free_bytes=limits.min_free_bytes),
        )
        return await CallSession(self._tools, order, folder).run()


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
    media = await stack.enter_async_context(MediaServer(settings.media.host, settings.media.port))
    esl = settings.esl
    address = EslAddress(
        esl.host,
        esl.port,
        esl.password.get_secret_value(),
        esl.connect_timeout_s,
        esl.command_timeout_s,
        esl.event_queue,
    )
    if settings.switch.kind == "embedded":
        lab = await stack.enter_async_context(_embedded(settings, engines, surroundings))
        address = replace(address, host=lab.host, port=lab.port, password=lab.password)
    switch = await stack.enter_async_context(EslSwitch(address))

    def open_playout(uuid: str, folder: Path, on_played: Played) -> Playout:
        return Playout(
            switch, uuid, folder, on_played, **settings.playout.model_dump(exclude={"spool_folder", "lead_ms"})
        )

    tools = CallTools(
        limits=_limits(settings, books),
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
            f"{ids.getrandbits(128):032x}", settings.media.switch_rate_hz, settings.media.queue_ms
        ),
        open_playout=open_playout,
        spool=spool,
        clauses=engines.clauses,
        now=surroundings.now,
        observe=surroundings.observe,
    )
    return Robot(settings, tools, ids)


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
    try:
        spool = Path(tempfile.mkdtemp(prefix="allobot-", dir=root))
    except OSError as error:
        raise ConfigError(f"playout.spool_folder: cannot write in {root}: {error.strerror or error}") from error
    stack.callback(shutil.rmtree, spool, ignore_errors=True)
    return spool


def _limits(settings: Settings, books: tuple[PhraseBook, ...]) -> CallLimits:
    call, amd, voicemail, turn = settings.call, settings.amd, settings.voicemail, settings.turn

    def screening(language: str) -> AmdSettings:
        return AmdSettings(
            books,
            language=language if amd.language == "scenario" else None,
            window_ms=amd.window_ms,
            early_silence_ms=amd.early_silence_ms,
            decode_grace_ms=amd.decode_grace_ms,
        )

    return CallLimits(
        ring_timeout_s=call.ring_timeout_s,
        max_duration_s=call.max_duration_s,
        wrap_up_timeout_s=call.wrap_up_timeout_s,
        caller_id_number=call.caller_id_number,
        caller_id_name=call.caller_id_name,
        line_recording=call.line_recording,
        switch_rate_hz=settings.media.switch_rate_hz,
        screening=amd.enabled,
        amd=screening,
        voicemail=MessageTiming(
            after_beep_ms=voicemail.after_beep_ms,
            greeting_end_ms=voicemail.greeting_end_ms,
            timeout_ms=round(voicemail.beep_timeout_s * 1000),
        ),
        turn=TurnTiming(turn.barge_in_ms, turn.end_of_turn_ms, turn.max_turn_ms),
        no_input_ms=turn.no_input_ms,
        max_tokens=settings.llm.max_tokens,
        temperature=settings.llm.temperature,
        speed=settings.tts.speed,
        lead_ms=settings.playout.lead_ms,
        records=Path(settings.record.folder),
        min_free_bytes=settings.record.min_free_mb * MEGABYTE,
        timeline=settings.record.timeline,
    )
