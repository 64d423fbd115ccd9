"""Log lines: shape, redaction, and that nothing goes to stdout."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from robot.log import configure_log, get_logger, pii


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, names = logging.getLogger(), ("robot", "services")
    before = list(root.handlers), root.level, [logging.getLogger(name).level for name in names]
    yield
    root.handlers, level, levels = before[0], before[1], before[2]
    root.setLevel(level)
    for name, known in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(known)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_carry_event_fields_level_logger_and_time() -> None:
    stream = io.StringIO()
    configure_log(level="info", format="json", stream=stream)
    structlog.contextvars.bind_contextvars(call="5f0c")
    get_logger("robot.call").info("call answered", ring_ms=840)
    (line,) = _lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "call answered", "ring_ms": 840, "call": "5f0c", "level": "info", "logger": "robot.call"}


@pytest.mark.parametrize("format", ["json", "console"])
def test_personal_data_is_hidden_wherever_it_is(format: str) -> None:
    stream = io.StringIO()
    configure_log(level="info", format=format, stream=stream)
    log = get_logger("robot.call")
    log.info(
        "said", number=pii("+33612"), lead={"name": pii("Lefèvre")}, words=[pii("oui")], pair=(pii("Paris"), {pii("x")})
    )
    text = stream.getvalue()
    assert "<pii:6 chars>" in text
    assert not any(secret in text for secret in ("+33612", "Lef", "oui", "Paris"))


def test_personal_data_is_shown_when_asked_for_and_secrets_never() -> None:
    stream = io.StringIO()
    configure_log(level="info", format="json", show_pii=True, stream=stream)
    get_logger("robot").info(
        "x", number=pii("+33612"), esl_password="ClueCon", settings={"api_key": "k"}, token=pii("t"), max_tokens=80
    )
    (line,) = _lines(stream)
    assert line["number"] == "+33612"
    assert line["esl_password"] == line["settings"]["api_key"] == line["token"] == "<secret>"
    assert line["max_tokens"] == 80


def test_personal_data_hides_itself_without_any_configuration() -> None:
    assert str(pii("+33612")) == repr(pii("+33612")) == f"{pii('+33612')}" == "<pii:6 chars>"


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_traceback_does_not_show_local_variables(format: str) -> None:
    stream = io.StringIO()
    configure_log(level="info", format=format, stream=stream)
    number = "+33" + "612"
    try:
        raise ValueError(f"{len(number)} digits")
    except ValueError:
        get_logger("robot").exception("failed")
    assert "ValueError: 6 digits" in stream.getvalue()
    assert "+33612" not in stream.getvalue()


def test_what_a_caller_sent_cannot_forge_a_line() -> None:
    stream = io.StringIO()
    configure_log(level="info", stream=stream)
    get_logger("robot").info("stream lost", reason="bye\n2026 [error] robbed \x1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_levels_apply_to_us_and_warnings_of_others_come_through() -> None:
    stream = io.StringIO()
    configure_log(level="debug", format="json", stream=stream)
    get_logger("robot.media").debug("ours")
    logging.getLogger("services.asr").debug("engine")
    logging.getLogger("other.package").info("chatter")
    logging.getLogger("other.package").warning("attention %s", "please")
    structlog.get_logger("robot.direct").debug("direct")
    assert [line["event"] for line in _lines(stream)] == ["ours", "engine", "attention please", "direct"]


def test_configuring_again_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_log(level="info", format="json", stream=first)
    configure_log(level="error", format="json", stream=second)
    get_logger("robot").warning("a")
    get_logger("robot").error("b")
    assert first.getvalue() == ""
    assert [line["event"] for line in _lines(second)] == ["b"]


@pytest.mark.parametrize("wrong", [{"level": "loud"}, {"format": "xml"}])
def test_unknown_level_or_format_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        configure_log(**wrong)  # type: ignore[arg-type]


def test_nothing_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    get_logger("robot.unconfigured").warning("early", number=pii("+33612"))
    configure_log(level="info")
    get_logger("robot").info("late")
    assert capsys.readouterr().out == ""
