"""Who answers a dial string: sound files and plans by path, callees by name, and the refusals of the rest.

``lab/PATH`` (percent-encoded) is a plan (``.yaml``) or a sound file; ``lab/NAME``, ``sofia/PROFILE/NAME@HOST`` and
``sofia/gateway/GATEWAY/NAME`` are callees by name. What a callee says is synthesised before it is called and kept, so
that only the first call to it waits.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from robot.errors import ConfigError, RobotError
from robot.lab.callee import Speak, prepare
from robot.lab.channel import LineModel
from robot.lab.plan import Plan, load_plan, plan_from_audio
from robot.lab.steps import Play, Sound
from services.audio import AudioChunk, Pcm, read_audio

SHIPPED = Path(__file__).parent / "callees"
PROFILES = frozenset({"internal", "external"})
PLAN_SUFFIXES = frozenset({".yaml", ".yml"})
MAX_PREPARED = 64
"""callees whose sounds are kept"""


class UnknownCallee(RobotError):
    """Nobody has this number: the callee's network answers 404."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a dial string leads."""

    endpoint: str
    """``lab`` or ``sofia``"""
    channel_name: str
    number: str
    """``Caller-Destination-Number``"""
    target: str
    """the callee's name, or for ``lab`` also a path"""


@dataclass(frozen=True, slots=True)
class NoRoute:
    """The dial string cannot even be tried."""

    cause: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A callee ready to be called any number of times."""

    plan: Plan
    sounds: Mapping[Sound, Pcm]


def route(dial_string: str) -> Route | NoRoute:
    """Reads a dial string as FreeSWITCH's endpoints do."""
    endpoint, _, rest = dial_string.partition("/")
    match endpoint:
        case "lab" if rest:
            target = unquote(rest)
            return Route("lab", dial_string, Path(target).name or target, target)
        case "sofia":
            profile, _, address = rest.partition("/")
            if profile == "gateway":
                address = address.partition("/")[2]
            elif profile not in PROFILES:
                return NoRoute("INVALID_PROFILE")
            user = address.removeprefix("sip:").partition("@")[0]
            return Route("sofia", dial_string, user, user) if user else NoRoute("DESTINATION_OUT_OF_ORDER")
        case "user":
            return NoRoute("SUBSCRIBER_ABSENT")
        case _:
            return NoRoute("CHAN_NOT_IMPLEMENTED")


def shipped() -> list[str]:
    """Names of the callees that come with the switch."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def check_callee(path: Path) -> None:
    """Reads a callee's plan and its sound files, or a sound file. Blocks.

    Raises ``ConfigError`` for a plan and ``BadInput`` for a sound that cannot be used.
    """
    for sound in _plan_of(path).sounds():
        if isinstance(sound, Play):
            read_audio(sound.path)


def _plan_of(path: Path) -> Plan:
    return load_plan(path) if path.suffix in PLAN_SUFFIXES else plan_from_audio(path)


class Directory:
    """Finds and prepares callees.

    ``speak`` gives them their voices. ``named`` adds names (or telephone numbers) to the shipped ones. ``line`` is used
    instead of every plan's own.
    """

    def __init__(
        self, speak: Speak | None = None, *, named: Mapping[str, Path] | None = None, line: LineModel | None = None
    ) -> None:
        self._speak, self._line = speak, line
        self._named = dict(named or {})
        self._prepared: OrderedDict[tuple[Plan, tuple[int, ...]], Prepared] = OrderedDict()
        self._preparing = asyncio.Lock()

    async def find(self, route: Route, executor: Executor) -> Prepared:
        """The callee at the end of a route.

        Raises :class:`UnknownCallee`, ``ConfigError`` for a wrong plan or one that speaks without a voice, ``BadInput``
        for a sound file that cannot be read, and whatever the voice raises.
        """
        loop = asyncio.get_running_loop()
        plan, dates = await loop.run_in_executor(executor, self._load, route)
        key = (plan, dates)
        async with self._preparing:
            prepared = self._prepared.get(key)
            if prepared is None:
                prepared = Prepared(plan, await prepare(plan, self._speak or _mute))
                self._prepared[key] = prepared
            self._prepared.move_to_end(key)
            if len(self._prepared) > MAX_PREPARED:
                self._prepared.popitem(last=False)
        return prepared

    def _load(self, route: Route) -> tuple[Plan, tuple[int, ...]]:
        """The plan, and the dates of its sound files: a file that changed is read again."""
        plan = self._plan(route)
        if self._line is not None:
            plan = plan.model_copy(update={"line": self._line})
        files = (Path(sound.path) for sound in plan.sounds() if isinstance(sound, Play))
        return plan, tuple(file.stat().st_mtime_ns for file in files)

    def _plan(self, route: Route) -> Plan:
        named = self._named.get(route.target) or self._shipped(route.target)
        path = named or (Path(route.target) if route.endpoint == "lab" else None)
        if path is None or not path.is_file():
            raise UnknownCallee(f"no callee {route.target!r}: neither a name nor a file that exists")
        return _plan_of(path)

    @staticmethod
    def _shipped(name: str) -> Path | None:
        path = SHIPPED / f"{name}.yaml"
        return path if path.parent == SHIPPED and path.is_file() else None


async def _mute(text: str, language: str, voice: str) -> AudioChunk:
    raise ConfigError(
        f"a callee has to say {text!r}, but this switch has no voice; give its Directory a speak function"
    )
