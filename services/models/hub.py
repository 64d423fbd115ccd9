"""Files from the model hub, over plain HTTP with Range, so that a download cut in the middle goes on from there.

Whether the hub can be reached is asked once per pull, with a short patience: behind a firewall that drops packets
every file would otherwise wait for its own timeout before the mirror is tried.
"""

from __future__ import annotations

import os
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

from services.models.lock import HubFile
from services.models.partial import Incoming, SourceFailed, WrongBytes

if TYPE_CHECKING:
    import httpx

PROBE_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 30.0


def hub_url() -> str:
    """The hub's base URL: ``HF_ENDPOINT``, else the hub library's own default."""
    if endpoint := os.environ.get("HF_ENDPOINT"):
        return endpoint.rstrip("/")
    from huggingface_hub import constants

    return str(constants.ENDPOINT).rstrip("/")


class Hub:
    """One pull's view of the hub."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.trouble = ""
        """why the hub is not to be asked; set by :meth:`probe`"""

    def probe(self) -> bool:
        """Does anything answer at the hub's address? At most about ``PROBE_TIMEOUT_S``, name lookup included."""
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
            self.trouble = "HF_HUB_OFFLINE is set"
            return False
        answer: SimpleQueue[str] = SimpleQueue()
        # A name lookup has no timeout of its own, so the question is put in a thread that may be left behind.
        Thread(target=_ask, args=(self.url, answer), name="models-probe", daemon=True).start()
        try:
            self.trouble = answer.get(timeout=PROBE_TIMEOUT_S)
        except Empty:
            self.trouble = f"no answer within {PROBE_TIMEOUT_S:g} s"
        return not self.trouble

    def fetch(self, source: HubFile, into: Incoming) -> None:
        """Brings ``into`` to its full size. Raises ``SourceFailed``; the bytes received are kept.

        Wrong bytes after a resumption may be those of the earlier attempt: then once more from nothing.
        """
        import httpx

        url = f"{self.url}/{quote(source.repo)}/resolve/{quote(source.revision)}/{quote(source.path)}"
        timeout = httpx.Timeout(READ_TIMEOUT_S, connect=PROBE_TIMEOUT_S)
        with httpx.Client(timeout=timeout, follow_redirects=True) as client:
            resumed = into.done > 0
            try:
                _fill(client, url, into)
            except WrongBytes:
                if not resumed:
                    raise
                into.restart()
                _fill(client, url, into)


def _fill(client: httpx.Client, url: str, into: Incoming) -> None:
    """Goes on after each cut, for as long as bytes arrive."""
    import httpx

    while into.missing:
        before = into.done
        try:
            _stream(client, url, into)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if into.done <= before:
                raise SourceFailed(f"broken off: {_reason(error)}") from error
        else:
            break
    into.check()


def _stream(client: httpx.Client, url: str, into: Incoming) -> None:
    # identity: the bytes on the wire must be the file's, or Range and size would count compressed ones
    headers = {"Accept-Encoding": "identity"}
    if into.done:
        headers["Range"] = f"bytes={into.done}-"
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code not in (200, 206):
            raise SourceFailed(f"it answered {response.status_code} {response.reason_phrase}")
        if not response.headers.get("Content-Range", "").startswith(f"bytes {into.done}-"):
            into.restart()
        for block in response.iter_bytes():
            into.write(block)


def _ask(url: str, answer: SimpleQueue[str]) -> None:
    """Puts the trouble with ``url``, or nothing when something answers there."""
    import httpx

    try:
        httpx.head(url, timeout=PROBE_TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        answer.put(_reason(error))
    else:
        answer.put("")


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
