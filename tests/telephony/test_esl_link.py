"""One connection to a switch that behaves, that does not, and that vanishes."""

from __future__ import annotations

import asyncio

import pytest
from link_peer import COMMAND_TIMEOUT_S, PASSWORD, Peer, Script, forever, talk

from robot.errors import CommandFailed, ConfigError, NotConnected
from robot.lab.clock import run_virtual
from robot.protocol import esl
from robot.telephony.esl_link import MAX_PENDING, EslLink


async def log_in(link: EslLink) -> None:
    await link.authenticate(PASSWORD)


async def echo(peer: Peer) -> None:
    """Answers api commands with their argument."""
    await peer.greet()
    while True:
        command = await peer.command()
        peer.say(esl.api_response(command.argument))


def refused(script: Script, password: str = PASSWORD) -> str:
    """Why a login fails."""

    async def program(link: EslLink) -> None:
        with pytest.raises(NotConnected) as caught:
            await link.authenticate(password)
        reasons.append(str(caught.value))

    reasons: list[str] = []
    talk(script, program)
    return reasons[0]


def after_login(script: Script) -> str:
    """Why the connection ended on a client that is logged in and waits for a reply."""

    async def whole(peer: Peer) -> None:
        await peer.greet()
        await peer.command()
        await script(peer)

    async def program(link: EslLink) -> None:
        await log_in(link)
        with pytest.raises(NotConnected) as caught:
            await link.send(esl.api("status"))
        reasons.append(str(caught.value))
        with pytest.raises(NotConnected) as caught:
            await link.send(esl.api("status"))
        reasons.append(str(caught.value))

    reasons: list[str] = []
    outcome = talk(whole, program)
    assert reasons == [outcome.reason] * 2, "whoever waits, whoever comes later and the reader are told the same"
    return outcome.reason


def test_replies_come_in_the_order_of_the_commands() -> None:
    async def program(link: EslLink) -> None:
        await log_in(link)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(link.send(esl.api("echo", str(number)))) for number in range(50)]
        assert [task.result() for task in tasks] == [esl.ApiResponse(f"echo {number}") for number in range(50)]

    talk(echo, program)


def test_messages_split_at_every_byte() -> None:
    async def script(peer: Peer) -> None:
        event = esl.event_message(esl.Event({"Event-Name": "HEARTBEAT", "Unique-ID": "é"}, "body"), "json")
        await peer.greet()
        await peer.command()
        for byte in event + esl.api_response("première") + event:
            peer.say(bytes([byte]))
            await asyncio.sleep(0.001)

    async def program(link: EslLink) -> None:
        await log_in(link)
        assert await link.send(esl.api("status")) == esl.ApiResponse("première")

    outcome = talk(script, program)
    assert [event.uuid for event in outcome.events] == ["é"]


def test_a_wrong_password_says_which_setting_is_wrong() -> None:
    async def script(peer: Peer) -> None:
        peer.say(esl.auth_request())
        await peer.command()
        peer.say(esl.command_reply("-ERR invalid"), esl.disconnect_notice("Disconnected, goodbye.\n"))

    async def program(link: EslLink) -> None:
        with pytest.raises(CommandFailed, match="ALLOBOT_ESL_PASSWORD"):
            await link.authenticate("wrong")

    assert talk(script, program).reason == "the switch said goodbye: Disconnected, goodbye."


def test_an_empty_password_is_a_setting_to_mend() -> None:
    async def program(link: EslLink) -> None:
        with pytest.raises(ConfigError, match="ALLOBOT_ESL_PASSWORD"):
            await link.authenticate("")

    talk(forever, program)


def test_a_peer_that_never_speaks() -> None:
    assert "never spoke ESL: is this the right port?" in refused(forever)


@pytest.mark.parametrize(
    "said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x16\x03\x01\x02\x00\n\n", bytes(range(256)) * 600]
)
def test_garbage_instead_of_a_greeting(said: bytes) -> None:
    async def script(peer: Peer) -> None:
        peer.say(said)
        await forever(peer)

    assert refused(script).startswith("the switch sent something that is not ESL: ")


def test_a_rude_rejection_names_the_access_list() -> None:
    async def script(peer: Peer) -> None:
        peer.say(esl.rude_rejection("Access Denied, go away.\n"))

    assert refused(script) == "the switch refuses this address (ACL): Access Denied, go away."


def test_a_peer_that_closes_before_the_greeting() -> None:
    async def script(peer: Peer) -> None:
        pass

    assert refused(script) == "the switch closed the connection"


def test_the_end_of_the_connection_with_commands_pending() -> None:
    async def script(peer: Peer) -> None:
        pass

    assert after_login(script) == "the switch closed the connection"


def test_a_message_that_a_crash_cut() -> None:
    async def script(peer: Peer) -> None:
        peer.say(esl.api_response("a long status")[:-4])

    assert after_login(script).startswith("the switch broke off: the connection closed inside a message, after ")


def test_a_reset() -> None:
    async def script(peer: Peer) -> None:
        peer.writer.transport.abort()

    reason = after_login(script)
    assert reason.startswith(("the connection to the switch broke: ", "the switch closed the connection"))


def test_a_disconnect_notice_is_the_reason() -> None:
    async def script(peer: Peer) -> None:
        peer.say(esl.disconnect_notice("The system is being shut down.\n"))

    assert after_login(script) == "the switch said goodbye: The system is being shut down."


def test_garbage_after_the_login() -> None:
    async def script(peer: Peer) -> None:
        peer.say(b"Content-Type: text/plain\n\n")
        await forever(peer)

    assert after_login(script).startswith("the switch sent something that is not ESL: ")


def test_a_flood_of_headers_is_cut_off() -> None:
    async def script(peer: Peer) -> None:
        for number in range(100_000):
            peer.say(b"X-%d: flood\n" % number)
        await forever(peer)

    assert "a header block is longer than 65536 bytes" in after_login(script)


def test_a_reply_that_nobody_asked_for_breaks_the_order_for_good() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        peer.say(esl.command_reply("+OK"))
        await forever(peer)

    async def program(link: EslLink) -> None:
        await log_in(link)
        with pytest.raises(NotConnected, match="no command asked for"):
            await link.send(esl.api("status"))

    talk(script, program)


def test_a_stalled_peer_is_given_up_after_the_timeout() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await forever(peer)

    async def program(link: EslLink) -> None:
        await log_in(link)
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        async with asyncio.TaskGroup() as group:
            first = group.create_task(expect(link))
            await asyncio.sleep(COMMAND_TIMEOUT_S / 2)
            second = group.create_task(expect(link))
        assert loop.time() - start_s == pytest.approx(COMMAND_TIMEOUT_S)
        assert first.result() == second.result() == "the switch gave no reply within 5 s"

    async def expect(link: EslLink) -> str:
        with pytest.raises(NotConnected) as caught:
            await link.send(esl.api("status"))
        return str(caught.value)

    assert talk(script, program).reason == "the switch gave no reply within 5 s"


def test_commands_that_wait_are_bounded() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        await forever(peer)

    async def program(link: EslLink) -> None:
        await log_in(link)
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - the group is what raises
            async with asyncio.TaskGroup() as group:
                for _ in range(MAX_PENDING + 1):
                    group.create_task(link.send(esl.api("status")))
        assert "it has stalled" in str(caught.value.exceptions[0])

    talk(script, program)


def test_a_caller_who_gives_up_does_not_shift_the_replies() -> None:
    async def script(peer: Peer) -> None:
        await peer.greet()
        first, second = await peer.command(), await peer.command()
        peer.say(esl.api_response(first.argument), esl.api_response(second.argument))

    async def program(link: EslLink) -> None:
        await log_in(link)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await link.send(esl.api("first"))
        assert await link.send(esl.api("second")) == esl.ApiResponse("second")

    talk(script, program)


def test_nobody_listens_there() -> None:
    async def main() -> None:
        await EslLink.open("127.0.0.1", 8021, connect_timeout_s=3, timeout_s=5, on_event=lambda event: None)

    with pytest.raises(NotConnected, match=r"cannot reach the switch at 127\.0\.0\.1:8021 .*esl\.host/esl\.port"):
        run_virtual(main())
