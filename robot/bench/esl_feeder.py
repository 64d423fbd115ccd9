"""A switch that only says what it is told to, as fast as a socket takes it: the peer of ``allobot bench esl``.

It runs in a process of its own, so that a client under measure has its core to itself. Commands: ``auth``, ``event``,
and ``api``; ``api feed COUNT RATE`` sends COUNT events to the connection it comes from, at once (RATE 0) or in a burst
every 20 ms, as FreeSWITCH's event queue does. The last event is a ``HEARTBEAT``.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import cycle, islice

from robot.protocol import esl
from robot.protocol.esl import Event, EventFormat

TICK_S = 0.02
KINDS = (
    ("CHANNEL_PROGRESS", 60),
    ("CHANNEL_ANSWER", 150),
    ("PLAYBACK_START", 140),
    ("PLAYBACK_STOP", 150),
    ("CHANNEL_EXECUTE_COMPLETE", 150),
    ("PLAYBACK_START", 140),
    ("PLAYBACK_STOP", 150),
    ("DTMF", 140),
    ("CHANNEL_HANGUP_COMPLETE", 220),
)
"""event → headers, as many as such an event of a real call has; a call is mostly playbacks"""
BATCH = 900


def events(count: int) -> list[Event]:
    """A stream like a recorded one: names, sizes and values that need decoding, of a hundred calls."""
    return [_event(number) for number in range(count)]


def _event(number: int) -> Event:
    name, size = KINDS[number % len(KINDS)]
    uuid = f"{number % 100:08x}-5e1c-4c4c-9a75-0123456789ab"
    headers = {
        "Event-Name": name,
        "Core-UUID": "b7c1e1de-3a60-4f29-9c56-1f1b8a9c0d11",
        "Event-Date-Local": "2026-01-05 10:30:15",
        "Event-Date-Timestamp": str(1_767_605_415_000_000 + number * 1000),
        "Event-Sequence": str(number),
        "Unique-ID": uuid,
        "Channel-Name": "sofia/internal/+33 1 23 45 67 89@127.0.0.1:5090",
        "allobot_tag": f"c{number}",
        "Application": "playback",
        "Application-Response": "FILE PLAYED",
        "DTMF-Digit": "5",
        "DTMF-Duration": "960",
        "Hangup-Cause": "NORMAL_CLEARING",
        "Playback-Status": "done",
        "variable_playback_last_offset_pos": "3200",
        "variable_rtp_local_sdp_str": "v=0\r\no=FreeSWITCH 1 2 IN IP4 127.0.0.1\r\nm=audio 16388 RTP/AVP 8 101\r\n",
    }
    for index in range(size - len(headers)):
        value = f"value {index}" if index % 7 else "l'accueil du cabinet, c'est à 8 h / 20 %"
        headers[f"variable_header_{index}"] = value
    return Event(headers)


class Feeder:
    """Serves clients of one bench."""

    def __init__(self) -> None:
        self._batches: dict[str, list[bytes]] = {}

    def prepare(self) -> None:
        """Encodes the events, so that no client waits for it."""
        self._batch("json")
        self._batch("plain")

    def _batch(self, form: EventFormat) -> list[bytes]:
        if form not in self._batches:
            self._batches[form] = [esl.event_message(event, form) for event in events(BATCH)]
        return self._batches[form]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it leaves."""
        connection = esl.ServerConnection()
        form: EventFormat = "plain"
        writer.write(esl.auth_request())
        async with asyncio.TaskGroup() as group:
            with contextlib.suppress(OSError):
                while data := await reader.read(65_536):
                    for command in connection.receive(data):
                        if command.verb == "event":
                            form = "json" if command.argument.startswith("json") else "plain"
                        words = command.argument.split()
                        api = command.verb == "api"
                        writer.write(esl.api_response("+OK\n") if api else esl.command_reply("+OK accepted"))
                        if api and words[0] == "feed":
                            group.create_task(self._feed(writer, form, int(words[1]), int(words[2])))
            writer.close()

    async def _feed(self, writer: asyncio.StreamWriter, form: EventFormat, count: int, rate: int) -> None:
        """Sends the events; a client that leaves ends it."""
        batch = cycle(self._batch(form))
        burst = max(1, round(rate * TICK_S)) if rate else 500
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        with contextlib.suppress(OSError):
            for start in range(0, count, burst):
                writer.write(b"".join(islice(batch, min(burst, count - start))))
                await writer.drain()
                if rate:
                    due_s += TICK_S
                    await asyncio.sleep(max(0.0, due_s - loop.time()))
            writer.write(esl.event_message(Event({"Event-Name": "HEARTBEAT"}), form))
            await writer.drain()


async def main() -> None:
    """Prints the port and serves until its standard input ends."""
    feeder = Feeder()
    feeder.prepare()
    server = await asyncio.start_server(feeder.serve, "127.0.0.1", 0)
    async with server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
