"""A GGUF model inside this process, through llama.cpp's own server engine (``xllamacpp``).

The engine batches, keeps the prompt's beginning from turn to turn and applies the model's chat template; a request
blocks a thread of the executor while pieces of the reply arrive on it, and its callback says whether to go on. So a
cancelled reply ends at its next token, or, while the prompt is still being read, after the current batch of
``batch_tokens``.

The engine cannot be had without its HTTP server: it is bound to a free port of the loopback and locked with a random
key.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from services.errors import BadInput, Overloaded, ServiceError, Unavailable
from services.info import EngineInfo
from services.llm.base import Message
from services.llm.chat_delta import read_delta


class LlamaCpp:
    """A ``ChatModel``. The model is loaded once, by :meth:`load` or by the first request."""

    def __init__(
        self,
        model_path: Path,
        *,
        sha256: str = "",
        context_tokens: int = 4096,
        threads: int = 2,
        slots: int = 1,
        queue_limit: int = 8,
        seed: int = 0,
        batch_tokens: int = 128,
        prompt_cache_mib: int = 256,
    ) -> None:
        """``slots`` replies are made at the same time, each with ``context_tokens`` of prompt and reply;
        ``queue_limit`` more may wait. Prompts of calls that take turns in a slot are kept in ``prompt_cache_mib`` of
        memory. ``sha256`` is only recorded.

        ``threads`` read the prompt, half of them make the reply: that is bound by memory (0.5 B model: 45 tokens/s on
        one core, 49 on two), and llama.cpp's threads spin while one of them waits for a core.
        """
        if min(context_tokens, threads, slots, queue_limit, batch_tokens) < 1:
            raise BadInput("context_tokens, threads, slots, queue_limit and batch_tokens must be positive")
        self._model_path = model_path
        self._context_tokens, self._threads, self._slots, self._seed = context_tokens, threads, slots, seed
        self._batch_tokens, self._prompt_cache_mib = batch_tokens, prompt_cache_mib
        self._info = EngineInfo("llama_cpp", model_path.stem, sha256)
        self._limit, self._pending = slots + queue_limit, 0
        self._executor = ThreadPoolExecutor(max_workers=slots, thread_name_prefix="llama")
        self._loading = threading.Lock()
        self._server: Any = None
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        return self._info

    async def load(self) -> None:
        """Loads the model now, so that the first call need not wait for it. Raises ``Unavailable``."""
        await asyncio.get_running_loop().run_in_executor(self._open_executor(), self._loaded)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> AsyncGenerator[str, None]:
        """See ``ChatModel.stream``. ``BadInput`` when the chat is longer than the context."""
        executor = self._open_executor()
        if max_tokens < 1:
            raise BadInput(f"max_tokens must be at least 1, got {max_tokens}")
        if self._pending >= self._limit:
            raise Overloaded(
                f"{self._pending} replies already wait for llama.cpp: lower the number of calls or raise queue_limit"
            )
        loop = asyncio.get_running_loop()
        request = {
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": self._seed,
            "stop": list(stop),
            "stream": True,
            "cache_prompt": True,
            "return_progress": True,
        }
        reply = _Reply(loop, max_tokens)
        self._pending += 1
        try:
            done = loop.run_in_executor(executor, self._generate, request, reply)
            while piece := await reply.pieces.get():
                yield piece
            await done
        finally:
            reply.cancelled = True
            self._pending -= 1

    async def aclose(self) -> None:
        """Ends the replies under way at their next token; what still waits gets ``Unavailable``."""
        self._closed = True
        await asyncio.to_thread(self._shut_down)

    def _open_executor(self) -> ThreadPoolExecutor:
        if self._closed:
            raise Unavailable("the llama.cpp engine is closed")
        return self._executor

    def _shut_down(self) -> None:
        self._executor.shutdown()
        self._server = None

    def _loaded(self) -> Any:
        with self._loading:
            if self._server is None:
                self._server = self._load()
            return self._server

    def _load(self) -> Any:
        if not self._model_path.is_file():
            raise Unavailable(f"{self._model_path}: no such model; run `allobot models pull`")
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = str(self._model_path)
        params.n_ctx, params.n_parallel = self._context_tokens * self._slots, self._slots
        params.n_batch = params.n_ubatch = self._batch_tokens
        params.cpuparams_batch.n_threads = self._threads
        params.cpuparams.n_threads = (self._threads + 1) // 2
        params.cache_ram_mib = self._prompt_cache_mib
        params.fit_params = False  # the context asked for, or none
        params.verbosity = 0
        params.port, params.n_threads_http, params.ui, params.endpoint_slots = 0, 1, False, False
        params.api_keys = [secrets.token_hex(16)]
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            raise Unavailable(
                f"{self._model_path}: llama.cpp cannot load it (damaged, no GGUF file, or too little memory); "
                "run `allobot models verify`"
            ) from error

    def _generate(self, request: dict[str, Any], reply: _Reply) -> None:
        """On a worker: one reply, from the prompt to the last token."""
        try:
            if not (self._closed or reply.cancelled):
                self._loaded().handle_chat_completions(request, lambda chunk: reply.take(chunk) or self._closed)
            if reply.error:
                raise reply.error
            if self._closed and not reply.cancelled:
                raise Unavailable("the llama.cpp engine was closed before the reply ended")
        finally:
            reply.put("")


class _Reply:
    """One reply on its way from a worker to the event loop. Its queue holds every piece there can be: one a token."""

    def __init__(self, loop: asyncio.AbstractEventLoop, max_tokens: int) -> None:
        self._loop = loop
        self.pieces: asyncio.Queue[str] = asyncio.Queue(max_tokens + 2)
        """an empty one ends the reply"""
        self.error: ServiceError | None = None
        self.cancelled = False

    def take(self, chunk: object) -> bool:
        """On the worker, for each chunk: whether to stop. (llama.cpp would swallow an exception.)"""
        if self.cancelled:
            return True
        try:
            text = read_delta(chunk).text
        except ServiceError as error:
            self.error = error
            return True
        if text:
            self.put(text)
        return self.cancelled

    def put(self, text: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self.pieces.put_nowait, text)
        except RuntimeError:  # the loop has ended, and the listener with it
            self.cancelled = True
