"""Any server that speaks OpenAI's chat protocol: Ollama, vLLM, llama-server, a hosted service.

Timeouts follow what a caller on the telephone feels: one for the first text, one between two pieces of text; comments
and empty chunks that only keep the connection alive do not extend them. Only a failed connection is tried again, since
after that a reply may already be on its way. The key is in no message and no representation.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from services.errors import BadInput, BadReply, Overloaded, ServiceError, Timeout, Unavailable
from services.info import EngineInfo
from services.llm.base import Message
from services.llm.chat_delta import ChatDelta, excerpt, read_delta, refusal
from services.llm.sse import SseDecoder, SseEvent

_DRAIN_S = 0.1
"""after the reply's end, the wait for the end of the stream that lets the connection be used again"""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OpenAICompatible:
    """A ``ChatModel`` over HTTP."""

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        api_key: str = "",
        connect_timeout_s: float = 3.0,
        first_token_timeout_s: float = 15.0,
        token_timeout_s: float = 5.0,
        retries: int = 1,
        max_connections: int = 32,
    ) -> None:
        """``base_url`` is what stands before ``/chat/completions``, e.g. ``http://127.0.0.1:11434/v1``. ``retries``
        counts further attempts to connect. Beyond ``max_connections`` replies at a time a request waits
        ``connect_timeout_s``, then is ``Overloaded``. Raises ``BadInput`` for an address that is none.
        """
        address = _address_of(base_url)
        if not (api_key.isascii() and api_key.isprintable()):
            raise BadInput("the chat server's key holds characters that no key has: check ALLOBOT_LLM_API_KEY")
        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._server = f"{address.scheme}://{address.netloc}"
        self._model, self._key, self._retries = model, api_key, retries
        self._first_token_timeout_s, self._token_timeout_s = first_token_timeout_s, token_timeout_s
        self._client = httpx.AsyncClient(
            headers={"authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(connect_timeout_s, read=None),
            limits=httpx.Limits(max_connections=max_connections),
            trust_env=address.hostname not in _LOOPBACK,
        )

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("openai_compatible", self._model)

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> AsyncGenerator[str, None]:
        """See ``ChatModel.stream``. ``BadInput`` too, when the server cannot take the request (too long a chat)."""
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.content} for message in messages],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "stream": True,
            **({"stop": list(stop)} if stop else {}),
        }
        now_s = asyncio.get_running_loop().time
        deadline_s = now_s() + self._first_token_timeout_s
        response = await self._open(body, deadline_s)
        try:
            source, decoder, ended, events_seen = response.aiter_bytes(), SseDecoder(), False, 0
            while (data := await self._next(source, deadline_s, ended=ended)) is not None:
                events = decoder.feed(data) if data else decoder.close()
                events_seen += len(events)
                for delta in self._deltas(events) if not ended else ():
                    if delta.text:
                        yield delta.text
                        deadline_s = now_s() + self._token_timeout_s
                    if delta.finish_reason:
                        ended, deadline_s = True, now_s() + _DRAIN_S
                        break
                if not data:
                    break
            if not ended:
                raise self._broken_off(response, events_seen)
        finally:
            await response.aclose()

    async def load(self) -> None:
        """The server loads the model, at its first request or before."""

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _open(self, body: dict[str, Any], deadline_s: float) -> httpx.Response:
        """The response to the request, its body unread. Raises what the server's refusal means."""
        if self._client.is_closed:
            raise Unavailable("the chat client is closed")
        response = await self._send(body, deadline_s, self._retries)
        if response.status_code == httpx.codes.OK:
            return response
        try:
            async with asyncio.timeout_at(deadline_s):
                answer = (await response.aread()).decode(errors="replace")
        except (TimeoutError, httpx.HTTPError):
            answer = "(the server's explanation did not arrive)"
        finally:
            await response.aclose()
        raise refusal(response.status_code, _error_of(self._without_key(answer)))

    async def _send(self, body: dict[str, Any], deadline_s: float, retries: int) -> httpx.Response:
        try:
            async with asyncio.timeout_at(deadline_s):
                return await self._client.send(self._client.build_request("POST", self._url, json=body), stream=True)
        except TimeoutError as error:
            raise Timeout(f"{self._server} did not answer within {self._first_token_timeout_s:g} s") from error
        except httpx.PoolTimeout as error:
            raise Overloaded("too many replies at a time from the chat server: raise max_connections") from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if not retries:
                raise Unavailable(
                    f"no chat server at {self._server} ({error}): start it, or correct base_url"
                ) from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{self._server} broke the connection ({error})") from error
        return await self._send(body, deadline_s, retries - 1)

    async def _next(self, source: AsyncIterator[bytes], deadline_s: float, *, ended: bool) -> bytes | None:
        """The next bytes, empty at the end of the stream; None when nothing more is needed and nothing more comes."""
        try:
            async with asyncio.timeout_at(deadline_s):
                return await anext(source, b"")
        except (TimeoutError, httpx.HTTPError) as error:
            if ended:
                return None
            if isinstance(error, TimeoutError):
                raise Timeout(f"{self._server} sent no text in time") from error
            raise Unavailable(f"{self._server} broke off in the middle of a reply ({error})") from error

    def _deltas(self, events: Sequence[SseEvent]) -> Iterator[ChatDelta]:
        for event in events:
            data = self._without_key(event.data.strip())
            if data == "[DONE]":
                yield ChatDelta(finish_reason="done")
                continue
            try:
                chunk = json.loads(data)
            except ValueError as error:
                raise BadReply(f"{self._server} sent {excerpt(data)} where JSON was due") from error
            yield read_delta({"error": chunk} if event.name == "error" else chunk)

    def _broken_off(self, response: httpx.Response, events_seen: int) -> ServiceError:
        if events_seen:
            return Unavailable(f"{self._server} broke off in the middle of a reply")
        kind = response.headers.get("content-type", "nothing")
        return BadReply(f"{self._server} answered with {kind} instead of a stream of events: is base_url right?")

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def _address_of(base_url: str) -> SplitResult:
    try:
        address = urlsplit(base_url)
        usable = address.scheme in {"http", "https"} and address.hostname and not address.username and address.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        usable = False
    if not usable:
        raise BadInput("the chat server's base_url must read like http://host:port/v1, without a user or password")
    return address


def _error_of(answer: str) -> object:
    """The ``error`` of a JSON answer, or the answer itself."""
    try:
        fields = json.loads(answer)
    except ValueError:
        return answer
    return fields.get("error", fields) if isinstance(fields, dict) else fields
