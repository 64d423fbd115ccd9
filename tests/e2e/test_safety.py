"""What is refused before anything is dialled, and what never gets into a record or a log."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import MODEL, PASSWORD, dialogue_of, hold_call_across, plan_file, settings_for, surroundings_for
from proxy import Proxy

from robot.app import open_robot
from robot.call.record import load_record
from robot.errors import ConfigError, DialRefused
from robot.lab.clock import run_virtual
from robot.log import configure_log
from robot.telephony.call_control import CallControl

TALKS = """
  - wait: 300
  - say: "Allô ?"
  - wait: 2000
  - hangup: NORMAL_CLEARING
"""
KEY = "sk-a-key-of-a-model"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    configure_log(level="debug", format="json", stream=stream)
    yield stream
    configure_log(stream=io.StringIO())


def test_secrets_are_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    urls: list[str] = []
    start_stream = CallControl.start_stream

    async def listen(self: CallControl, uuid: str, url: str, *, rate_hz: int, metadata: str = "") -> None:
        urls.append(url)
        await start_stream(self, uuid, url, rate_hz=rate_hz, metadata=metadata)

    def meddle(name: str, proxy: Proxy) -> None:
        if name == "speaking":
            proxy.cut()

    monkeypatch.setattr(CallControl, "start_stream", listen)
    call = hold_call_across(plan_file(tmp_path, TALKS), tmp_path, meddle, heard=("Allô ?",))
    written = [path.read_text(encoding="utf-8") for path in call.finished.folder.glob("*.json*")]
    assert len(written) >= 2
    tokens = [url.rpartition("/")[2].partition("?")[0] for url in urls]
    assert tokens
    assert all(len(token) > 20 for token in tokens)
    for secret in (PASSWORD, KEY, *tokens):
        for text in (*written, log.getvalue(), repr(call.seen)):
            assert secret not in text


def call_twice(folder: Path, target: str, *overrides: str) -> None:
    """Calls ``target`` twice at the same time."""
    settings = settings_for(folder, (), MODEL, overrides)

    async def main() -> None:
        async with open_robot(settings, surroundings_for([], 7)) as robot:
            dialogue = dialogue_of("appointment_fr")
            async with asyncio.TaskGroup() as group:
                for _ in range(2):
                    group.create_task(robot.call(target, dialogue, dialogue.samples()))

    run_virtual(main())


def test_too_many_calls_are_refused_and_recorded(tmp_path: Path) -> None:
    plan = plan_file(tmp_path, TALKS)
    with pytest.raises(DialRefused, match=r"call\.max_concurrent") as caught:
        call_twice(tmp_path, f"lab:{plan}", "call.max_concurrent=1")
    records = [load_record(path) for path in (tmp_path / "runs").glob("*/*/record.json")]
    (refused,) = [record for record in records if record.disposition == "refused"]
    assert refused.errors == (str(caught.value),)
    assert refused.hangup is None


@pytest.mark.parametrize(
    ("password", "host", "said"),
    [("ClueCon", "127.0.0.1", "default password"), (PASSWORD, "192.0.2.7", "over the network")],
)
def test_an_insecure_switch_is_refused(tmp_path: Path, password: str, host: str, said: str) -> None:
    overrides = ["switch.kind=freeswitch", f"esl.host={host}"]
    settings = settings_for(tmp_path, (), MODEL, overrides)
    esl = settings.esl.model_copy(update={"password": type(settings.esl.password)(password)})

    async def main() -> None:
        async with open_robot(settings.model_copy(update={"esl": esl}), surroundings_for([], 7)):
            pass

    with pytest.raises(ConfigError, match=said):
        run_virtual(main())
