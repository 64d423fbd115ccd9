"""Folders of speech on its way to the switch: each process has its own, named by its pid.

A process that ends removes its own; one that was killed cannot. So the next one to start sweeps up.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

import psutil

SPOOL = "allobot-"
_NAME = re.compile(rf"{SPOOL}(\d{{1,9}})-\w+")


def sweep(root: Path) -> list[Path]:
    """Removes the spools in ``root`` whose process is gone. Gives those; what cannot be removed stays."""
    removed: list[Path] = []
    with contextlib.suppress(OSError):
        for folder in sorted(root.iterdir()):
            match = _NAME.fullmatch(folder.name)
            if match and folder.is_dir() and not folder.is_symlink() and not psutil.pid_exists(int(match[1])):
                shutil.rmtree(folder, ignore_errors=True)
                removed.append(folder)
    return removed
