"""Gives every conformance case its switch: the embedded one always, a real one with ``ALLOBOT_TEST_ESL``.

What a real one needs is told in ``stand_ins.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from conformance import Case, Run, run_embedded, run_real


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.freeswitch)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs one case on one switch."""
    on = run_real if request.param == "real" else run_embedded

    def play(case: Case) -> None:
        on(case, tmp_path)

    return play
