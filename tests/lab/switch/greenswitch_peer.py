"""A call driven by greenswitch, in a process of its own because gevent replaces what asyncio stands on.

Arguments: host, port, password, a 1 s sound file. Prints one JSON object: what came back, in order.
"""

from __future__ import annotations

import json
import sys

import gevent  # type: ignore[import-untyped]
import greenswitch
from gevent.event import Event  # type: ignore[import-untyped]

UUID = "d7d51b32-2fb6-4b9e-9a9e-0c6c27f1c9e7"
NAMES = (
    "CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER CHANNEL_PARK PLAYBACK_START PLAYBACK_STOP "
    "CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE BACKGROUND_JOB"
)


def main(host: str, port: str, password: str, sound: str) -> None:
    esl = greenswitch.InboundESL(host=host, port=int(port), password=password)
    esl.connect()
    seen: list[str] = []
    details: dict[str, str] = {}
    reached = {name: Event() for name in NAMES.split()}

    def note(event: greenswitch.esl.ESLEvent) -> None:
        name = event.headers["Event-Name"]
        seen.append(name)
        for header in ("Playback-Status", "variable_greeting", "variable_sip_hangup_disposition", "Hangup-Cause"):
            if header in event.headers:
                details[f"{name} {header}"] = event.headers[header]
        reached[name].set()

    for name in reached:
        esl.register_handle(name, note)
    replies = [esl.send(f"event plain {NAMES}").data]
    variables = f"{{origination_uuid={UUID},ignore_early_media=true,greeting='a: b c'}}"
    replies.append(esl.send(f"bgapi originate {variables}sofia/internal/quiet@127.0.0.1:5090 &park()").data[:13])
    with gevent.Timeout(20):
        reached["CHANNEL_PARK"].wait()
        execute = "call-command: execute\nexecute-app-name: playback\nevent-lock: true"
        replies.append(esl.send(f"sendmsg {UUID}\n{execute}\nexecute-app-arg: {sound}").data)
        reached["PLAYBACK_START"].wait()
        replies.append(esl.send(f"api uuid_break {UUID} all").data)
        reached["PLAYBACK_STOP"].wait()
        replies.append(esl.send(f"api uuid_exists {UUID}").data)
        replies.append(esl.send(f"api uuid_kill {UUID}").data)
        reached["CHANNEL_HANGUP_COMPLETE"].wait()
        replies.append(esl.send("api nosuch").data)
        esl.stop()
    print(json.dumps({"replies": replies, "events": seen, "details": details}))


if __name__ == "__main__":
    main(*sys.argv[1:])
