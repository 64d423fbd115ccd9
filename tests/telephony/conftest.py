"""Makes ``link_peer``, the callees and the raw client of the switch's own tests, and the proxy, importable."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lab" / "switch"), str(HERE.parent / "e2e")]
