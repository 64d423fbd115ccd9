"""Gives every case of the speech line its way and its switch: the embedded one always, a real one by environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from speech_ground import Runner, Way, runner_on


@pytest.fixture(params=["files", "stream"])
def way(request: pytest.FixtureRequest) -> Way:
    """How chunks get to the switch."""
    return request.param


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.freeswitch)])
def run(request: pytest.FixtureRequest, way: Way, tmp_path: Path) -> Runner:
    """Holds one call, lets a case speak on it, and gives what was on the line."""
    return runner_on(request.param, way, tmp_path)
