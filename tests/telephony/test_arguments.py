"""Whatever text reaches a command: the switch reads exactly the command that was meant, or nothing is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robot.errors import LocalProtocolError
from robot.protocol import esl
from robot.protocol.dialstring import parse_file_variables, parse_variables
from robot.telephony import esl_commands
from robot.telephony.arguments import cause_of, dial_string_of, digits_of, extension_of, sound_of, uuid_of
from robot.telephony.call_control import CallControl
from robot.telephony.switch import Originate

DIAL = "sofia/gateway/carrier/33123456789"
EVIL = st.one_of(
    st.text(max_size=40),
    st.text("ab1/ \n\r\0,;:=_'\"{}[]<>|&^$%0A\\!~@.+#*-", max_size=30),
    st.sampled_from(
        ["x\n\nexit", "x\r\nevent-lock: true", "%0Aexit", "${system(reboot)}", "$${domain}", "{a=b}", "a,b", "a|b",
         "' &park()", "x:_:y", "]x[a=b]", "-both 1000", "1 all", "U stop", "]", "é\u2028", "a}b"]
    ),
)  # fmt: skip


class Wire(CallControl):
    """An ESL client without a switch: what it sends is read back as a switch would."""

    def __init__(self) -> None:
        self.commands: list[esl.Command] = []
        self._server = esl.ServerConnection()

    async def _send(self, data: bytes, *, again: bool = False) -> esl_commands.Reply:
        self.commands += self._server.receive(data)
        assert self._server.pending_bytes == 0
        return esl.CommandReply("+OK")

    async def _job(self, command: str, argument: str) -> None:
        await self._send(esl.bgapi(command, argument))


Ask = Callable[[Wire, str], Awaitable[None]]
ASKS: dict[str, Ask] = {
    "uuid_break": lambda wire, text: wire.break_(text),
    "uuid_kill": lambda wire, text: wire.hangup("u", text),
    "uuid_send_dtmf": lambda wire, text: wire.send_dtmf("u", text),
    "uuid_transfer": lambda wire, text: wire.transfer("u", text),
    "uuid_transfer out": lambda wire, text: wire.transfer_out("u", text),
    "uuid_bridge": lambda wire, text: wire.bridge("u", text),
    "uuid_audio_stream url": lambda wire, text: wire.start_stream("u", f"ws://h/{text}", rate_hz=8000),
    "uuid_audio_stream stop": lambda wire, text: wire.stop_stream(text),
    "uuid_record": lambda wire, text: wire.start_recording("u", Path("/" + text)),
    "uuid_record stop": lambda wire, text: wire.stop_recording(text, Path("/a.wav")),
}
WORDS = {
    "uuid_break": 3, "uuid_kill": 3, "uuid_send_dtmf": 3, "uuid_transfer": 3, "uuid_transfer out": 4, "uuid_bridge": 3,
    "uuid_audio_stream url": 6, "uuid_audio_stream stop": 3, "uuid_record": 4, "uuid_record stop": 4,
}  # fmt: skip


@pytest.mark.parametrize("name", ASKS)
@given(text=EVIL)
def test_an_argument_stays_one_word_of_one_command(name: str, text: str) -> None:
    wire = Wire()
    try:
        asyncio.run(ASKS[name](wire, text))  # type: ignore[arg-type]  # a coroutine
    except LocalProtocolError:
        assert wire.commands == []
        return
    *settings, command = wire.commands
    assert all(one.argument.startswith("uuid_setvar u RECORD_") for one in settings)
    assert (command.headers, command.body) == ({}, "")
    words = command.argument.split(" ")
    assert words[0] == name.split(" ")[0]
    assert len(words) == WORDS[name]
    assert not set("\n\r\0{}'\"$\\") & set(command.line)


@given(EVIL, EVIL.filter(bool))
def test_a_playback_is_one_file_with_our_variable_alone(path: str, tag: str) -> None:
    wire = Wire()
    try:
        asyncio.run(wire.play("u", Path("/" + path), tag))
    except LocalProtocolError:
        assert wire.commands == []
        return
    (command,) = wire.commands
    assert command.verb == "sendmsg"
    assert set(command.headers) == {"call-command", "execute-app-name", "execute-app-arg", "event-lock", "Event-UUID"}
    variables, file = parse_file_variables(command.headers["execute-app-arg"])
    assert variables == {"allobot_tag": tag}
    assert file == str(Path("/" + path))
    assert "${" not in command.headers["execute-app-arg"]


@given(EVIL)
def test_music_is_a_file_or_a_tone(sound: str) -> None:
    for text in (sound, "/" + sound, "tone_stream://" + sound):
        wire = Wire()
        try:
            asyncio.run(wire.hold("u", text))
        except LocalProtocolError:
            continue
        for command in wire.commands:
            assert command.headers["execute-app-name"] == "playback"
            assert command.headers["execute-app-arg"].startswith((text.rstrip("/"), "/"))


@given(number=EVIL, name=EVIL, variable=EVIL, value=EVIL, dial=st.one_of(st.just(DIAL), EVIL))
def test_an_originate_has_the_variables_and_the_call_that_were_meant(
    number: str, name: str, variable: str, value: str, dial: str
) -> None:
    request = Originate("u", dial, 30, number, name, {variable: value})
    try:
        data = esl_commands.originate(request)
    except LocalProtocolError:
        return
    (command,) = esl.ServerConnection().receive(data)
    assert set(command.headers) == {"Job-UUID"}
    assert command.argument.startswith("originate ")
    read, rest = parse_variables(command.argument.removeprefix("originate "))
    meant = {variable: value, "origination_caller_id_number": number, "origination_caller_id_name": name}
    own = {"origination_uuid", "ignore_early_media", "originate_timeout", "playback_terminators"}
    assert {key: text for key, text in read.items() if key in meant and text} == {
        key: text for key, text in meant.items() if text
    }
    assert own <= set(read)
    assert read["origination_uuid"] == "u"
    assert rest == f"{dial} &park()"
    assert not any("${" in text for text in read.values())


@pytest.mark.parametrize(
    "name",
    ["execute_on_answer", "EXEC_ON_MEDIA", "api_on_answer", "api_hangup_hook", "bridge_pre_execute_aleg_app",
     "transfer_ringback", "sip_h_X-Evil", "origination_uuid", "session_in_hangup_hook", "record_post_process_exec_api"],
)  # fmt: skip
def test_variables_that_run_something_are_not_for_callers(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="can run a command"):
        esl_commands.originate(Originate("u", DIAL, 30, variables={name: "system rm"}))


@given(EVIL)
def test_an_error_never_repeats_the_text(text: str) -> None:
    for check in (uuid_of, cause_of, digits_of, dial_string_of, extension_of):
        said = ""
        marked = f"\u2603{text}\u2603"  # no message has a snowman of its own
        try:
            check(marked)
        except LocalProtocolError as error:
            said = str(error)
        assert "\u2603" not in said


@pytest.mark.parametrize("text", ["1", "12#", "1w2W*", "0123456789ABCD*#@100"])
def test_keys(text: str) -> None:
    assert digits_of(text) == text


@pytest.mark.parametrize("text", ["/srv/music/hold it.wav", "tone_stream://%(400,3600,440);loops=-1"])
def test_sounds(text: str) -> None:
    assert sound_of(text) == text


@pytest.mark.parametrize("metadata", ["it's", 'a"\\n', "a\nb", "${x}"])
def test_metadata_that_would_arrive_otherwise_is_refused(metadata: str) -> None:
    with pytest.raises(LocalProtocolError, match="metadata"):
        asyncio.run(Wire().start_stream("u", "ws://h/x", rate_hz=8000, metadata=metadata))
