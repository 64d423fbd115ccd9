"""The embedded switch, as a package because a switch has many nouns; what others need is :class:`EmbeddedSwitch`.

From the wire inwards: :mod:`esl_session` (one client), :mod:`commands`, :mod:`api_calls` and :mod:`api_system` (what it
may say), :mod:`calls` (all calls), :mod:`leg`, :mod:`life` and :mod:`media` (one call), :mod:`playback` (its queue),
:mod:`stream_client` and :mod:`recording` (where its audio goes), :mod:`channel_state` and :mod:`core` (the events).
"""

from robot.lab.switch.calls import FinishedCall, Violation
from robot.lab.switch.embedded import EmbeddedSwitch

__all__ = ["EmbeddedSwitch", "FinishedCall", "Violation"]
