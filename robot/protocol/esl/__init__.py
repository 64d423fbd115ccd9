"""FreeSWITCH's event socket (ESL): bytes ↔ messages for both ends, without sockets or clocks.

:mod:`messages` says what there is, :mod:`reader` frames, :mod:`events` decodes and encodes an event's two formats. The
client's end is :mod:`client` (receives) and :mod:`commands` (sends); the server's is :mod:`server`.
"""

from robot.protocol.esl.client import ClientConnection
from robot.protocol.esl.commands import api, auth, bgapi, encode_command, event_filter, execute, exit_, subscribe
from robot.protocol.esl.messages import (
    ApiResponse,
    AuthRequest,
    Command,
    CommandReply,
    DisconnectNotice,
    Event,
    EventFormat,
    Limits,
    Rejected,
    ServerMessage,
)
from robot.protocol.esl.server import (
    ServerConnection,
    api_response,
    auth_request,
    command_reply,
    disconnect_notice,
    event_message,
    rude_rejection,
)

__all__ = [
    "ApiResponse",
    "AuthRequest",
    "ClientConnection",
    "Command",
    "CommandReply",
    "DisconnectNotice",
    "Event",
    "EventFormat",
    "Limits",
    "Rejected",
    "ServerConnection",
    "ServerMessage",
    "api",
    "api_response",
    "auth",
    "auth_request",
    "bgapi",
    "command_reply",
    "disconnect_notice",
    "encode_command",
    "event_filter",
    "event_message",
    "execute",
    "exit_",
    "rude_rejection",
    "subscribe",
]
