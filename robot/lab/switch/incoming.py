"""A call that comes in: the callee of a plan is the one who calls, and the dialplan answers and parks.

Only the beginning differs from a call that was placed: there is nobody to ring, and the answer is ours.
"""

from __future__ import annotations

from robot.lab.switch.channel_state import RunState
from robot.lab.switch.life import LegLife
from robot.lab.switch.media import Media


class IncomingLife(LegLife):
    """Runs one leg that came in."""

    def _announce(self) -> None:
        leg = self._leg
        leg.state.has_network = True
        leg.enter(RunState.INIT)
        leg.fire("CHANNEL_CREATE")
        leg.enter(RunState.ROUTING)

    async def _ring(self) -> None:
        found = await self._prepare()
        if found is None:
            return
        self.callee, line = found
        self._media = Media(self._leg, line)
        await self._wait_until(self._clock.now_s())
        if not self._leg.hung.is_set():
            self._answer(self.callee)
