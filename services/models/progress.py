"""What a pull or a verification tells its caller. Calls come from several threads, about different files."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """``file`` is ``model/file``, or ``project==version`` of a distribution that such a file needs."""

    def started(self, file: str, total: int) -> None:
        """Work on a file of ``total`` bytes begins; 0: it is not known how many."""

    def advanced(self, file: str, done: int) -> None:
        """``done`` bytes of it are there. May go back: another source starts over."""

    def finished(self, file: str) -> None:
        """The file is in place and right."""

    def failed(self, file: str, reason: str) -> None:
        """The file is not to be had, or is damaged."""

    def message(self, text: str) -> None:
        """One line for a person."""


class Silent:
    """A caller that does not listen."""

    def started(self, file: str, total: int) -> None: ...

    def advanced(self, file: str, done: int) -> None: ...

    def finished(self, file: str) -> None: ...

    def failed(self, file: str, reason: str) -> None: ...

    def message(self, text: str) -> None: ...
