"""Virtual time: an event loop whose clock jumps to the next timer instead of waiting for it.

Everything that makes an ordinary run differ from the next is replaced, so that a whole call (robot, switch, callees,
sockets) runs in a fraction of its duration and twice the same: the clock starts at 0 and only moves when nothing is
ready; timers for the same instant fire in the order they were set; loopback TCP is in memory
(:mod:`robot.lab.loopback`); work for executors runs at once, in the loop's own thread; tasks hash by their number,
because asyncio keeps them in sets whose order decides who is cancelled first.

Not covered: UDP, TLS, subprocesses, signals, threads that the program starts itself, and an executor function that
waits for the loop (it would wait for ever). What remains of chance is the program's own: random numbers, sets of
objects that hash by address, ``time.*``.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import socket
import sys
import time
import warnings
import weakref
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from robot.lab.ports import MemoryServer, Ports, ProtocolFactory, loopback_address

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Charge = Callable[[float], float]
"""real seconds an executor's function took → virtual seconds it costs; a constant keeps runs identical"""

_ASYNCIO = Path(asyncio.__file__).parent

LIMIT_S = 6 * 3600.0
"""no call lasts this long: a program still running has a timer that keeps it alive for ever, such as a keepalive"""
_LAST_WORDS_S = 600.0
"""granted after the limit, for ``finally`` blocks to run in"""
SPIN_TURNS = 10_000_000
"""turns of the loop at one instant; a program that polls with ``sleep(0)`` would stay in it for ever"""


class DeadlockError(RuntimeError):
    """Nothing is ready, no timer is set, and the program is not done: it would wait for ever."""


class TimeLimitError(RuntimeError):
    """The program is still not done when the virtual clock reaches its limit, or spins without letting time pass."""


class _Timer(asyncio.TimerHandle):
    """A timer that, among those of one instant, keeps its turn."""

    __slots__ = ("number",)
    number: int
    _when: float
    _scheduled: bool

    def __lt__(self, other: object) -> bool:
        assert isinstance(other, _Timer)
        return (self._when, self.number) < (other._when, other.number)


class _Task(asyncio.Task[Any]):
    """A task whose hash is its number, so that sets of tasks have the same order in every run."""

    def __init__(self, number: int, coro: Coroutine[Any, Any, Any], **options: Any) -> None:
        self.number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self.number


class _Jump:
    """Stands where the loop polls its sockets: told how long it may sleep, it moves the clock instead."""

    def __init__(self, sleep: Callable[[float | None], None]) -> None:
        self._sleep = sleep

    def select(self, timeout: float | None) -> list[Any]:
        self._sleep(timeout)
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """An asyncio loop in virtual seconds since its start. Use :func:`run_virtual` unless you run the loop yourself."""

    _scheduled: list[_Timer]
    _check_closed: Callable[[], None]

    def __init__(self, *, executor_charge: Charge | None = None, limit_s: float = LIMIT_S) -> None:
        super().__init__()
        self._now_s, self._limit_s = 0.0, limit_s
        self._turns = 0
        self._selector = _Jump(self._pass_time)
        self._clock_resolution = 1e-9
        self._charge = executor_charge
        self._workers: weakref.WeakKeyDictionary[Executor, list[float]] = weakref.WeakKeyDictionary()
        self._timers, self._tasks = itertools.count(1), itertools.count(1)
        self._ports = Ports(self)
        self.set_task_factory(self._new_task)

    # time

    def time(self) -> float:
        return self._now_s

    def _pass_time(self, timeout_s: float | None) -> None:
        if timeout_s is None:
            raise DeadlockError(f"nothing will ever happen again at {self._now_s:.3f} s; waiting:\n{self._waiting()}")
        if self._now_s + timeout_s > self._limit_s:
            text = f"still running at {self._now_s:.3f} s (limit_s={self._limit_s:g}); waiting:\n{self._waiting()}"
            self._limit_s = self._now_s + _LAST_WORDS_S
            raise TimeLimitError(text)
        self._turns = 0 if timeout_s else self._turns + 1
        if self._turns > SPIN_TURNS:
            self._turns = 0
            raise TimeLimitError(f"no time passes any more at {self._now_s:.3f} s; waiting:\n{self._waiting()}")
        self._now_s += timeout_s

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self._check_closed()
        timer = _Timer(when, callback, args, self, context)
        timer.number = next(self._timers)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def _waiting(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=hash)
        return "\n".join(f"  {task.get_name()}: {_where(task.get_coro())}" for task in tasks)

    # what BaseEventLoop leaves to its subclasses: there is no selector to feed and no pipe to wake it with

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing is polled."""

    def _write_to_self(self) -> None:
        """The loop never sleeps, so a callback from a thread is seen at the next turn."""

    def _new_task(self, loop: asyncio.AbstractEventLoop, coro: Any, **options: Any) -> _Task:
        number = next(self._tasks)
        name = options.pop("name", None) or f"Task-{number}"
        return _Task(number, coro, loop=loop, name=name, **options)

    # executors

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Calls ``func`` here and now, as a worker would: without a running loop. The result comes at the next turn, or
        when ``executor_charge`` says the work is done; jobs of one executor then queue for its workers."""
        self._check_closed()
        future: asyncio.Future[T] = self.create_future()
        running, started = asyncio._get_running_loop(), time.perf_counter()
        asyncio._set_running_loop(None)
        settle: Callable[[], None]
        try:
            settle = partial(future.set_result, func(*args))
        except Exception as error:
            settle = partial(future.set_exception, error)
        finally:
            asyncio._set_running_loop(running)
        done_s = self._done_s(executor, time.perf_counter() - started)
        when_done = partial(_settle, future, settle)
        if done_s > self._now_s:
            self.call_at(done_s, when_done)
        else:
            self.call_soon(when_done)
        return future

    def _done_s(self, executor: Executor | None, real_s: float) -> float:
        """When a job given now is done: the first free worker of its executor takes it."""
        if self._charge is None:
            return self._now_s
        cost_s = self._charge(real_s)
        if executor is None:
            return self._now_s + cost_s
        free_s = self._workers.setdefault(executor, [0.0] * getattr(executor, "_max_workers", 1))
        done_s = max(self._now_s, free_s[0]) + cost_s
        heapq.heapreplace(free_s, done_s)
        return done_s

    # network

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> list[Any]:
        address = loopback_address(host.decode() if isinstance(host, bytes) else host)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, int(port or 0)))]

    async def create_server(  # type: ignore[override]  # typeshed's overloads end in the concrete asyncio.Server
        self,
        protocol_factory: ProtocolFactory,
        host: str | Sequence[str] | None = None,
        port: int | None = None,
        *,
        start_serving: bool = True,
        **options: Any,
    ) -> MemoryServer:
        _refuse(options, "create_server")
        hosts: list[str | None] = [host] if host is None or isinstance(host, str) else list(host)
        server = self._ports.serve(protocol_factory, hosts, port or 0)
        if start_serving:
            await server.start_serving()
        return server

    async def create_connection(  # type: ignore[override]  # typeshed's overloads cover TLS and ready-made sockets
        self, protocol_factory: ProtocolFactory, host: str | None = None, port: int | None = None, **options: Any
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        _refuse(options, "create_connection")
        return await self._ports.connect(protocol_factory, host or "localhost", port or 0)

    def close(self) -> None:
        forgotten = [] if self.is_closed() else self._ports.open_transports
        super().close()
        if forgotten and sys.exception() is None:  # else the failure that is under way says more
            warnings.warn(f"connections never closed: {forgotten}", ResourceWarning, stacklevel=2)


def run_virtual(main: Coroutine[Any, Any, T], *, charge: Charge | None = None, limit_s: float = LIMIT_S) -> T:
    """Like ``asyncio.run``, in virtual time: returns ``main``'s result, cancels what it left, ends its generators.

    Raises :class:`DeadlockError` when the program can never go on, with what each task waits for, and
    :class:`TimeLimitError` when the clock passes ``limit_s``. ``charge`` is what executors cost, see :data:`Charge`;
    without it they cost no time.
    """
    factory = partial(VirtualLoop, executor_charge=charge, limit_s=limit_s)
    with asyncio.Runner(debug=False, loop_factory=factory) as runner:
        return runner.run(main)


def _settle(future: asyncio.Future[Any], settle: Callable[[], None]) -> None:
    if not future.done():
        settle()


def _refuse(options: dict[str, Any], what: str) -> None:
    """TLS and ready-made sockets need a kernel; options that only tune one are without effect here."""
    for name in ("ssl", "sock"):
        if options.get(name):
            raise NotImplementedError(
                f"{what}({name}=…) does not exist in virtual time: use plain TCP by host and port"
            )


def _where(coro: Any) -> str:
    """The place where a suspended coroutine waits: the program's innermost frame, and what of asyncio it called."""
    place = waits_in = getattr(coro, "__qualname__", repr(coro))
    while coro is not None:
        frame = getattr(coro, "cr_frame", None) or getattr(coro, "gi_frame", None)
        if frame is not None:
            waits_in = frame.f_code.co_qualname
            if Path(frame.f_code.co_filename).parent != _ASYNCIO:
                place = f"{waits_in} ({frame.f_code.co_filename}:{frame.f_lineno})"
        coro = getattr(coro, "cr_await", None) or getattr(coro, "gi_yieldfrom", None)
    return f"{place} in {waits_in}"
