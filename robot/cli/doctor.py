"""``allobot doctor``: is this machine fit? A line for each thing, and what to do where it is not."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import typer

from robot.app import SHARED_MEMORY
from robot.cli.common import ConfigFiles, JsonFlag, Overrides, out, print_json, settings_of
from robot.cli.findings import table_of
from robot.engines import open_store
from robot.freeswitch.findings import Finding
from robot.settings import Settings
from services.models import State

GIGABYTE = 1_000_000_000
WANTED_MEMORY, WANTED_DISK, WANTED_CORES = 4 * GIGABYTE, 2 * GIGABYTE, 2


def doctor(
    context: typer.Context, as_json: JsonFlag = False, config: ConfigFiles = None, overrides: Overrides = None
) -> None:
    """Check this machine: Python, processor, memory, disk, ports, models. Exit code 1 when something is missing."""
    findings = list(examine(settings_of(context, config, overrides)))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        out.print(table_of(findings))
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything that a call on this machine needs."""
    version = platform.python_version()
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield Finding("Python", "ok" if good else "problem", version, "" if good else "use Python 3.11, 3.12 or 3.13")
    yield _processor()
    yield _amount(
        "memory", psutil.virtual_memory().available, WANTED_MEMORY, "close other programs, or use smaller models"
    )
    yield _folder("records", Path(settings.record.folder), "set record.folder to another disk")
    yield _folder("spool", Path(settings.playout.spool_folder or SHARED_MEMORY), "set playout.spool_folder")
    yield _port("media port", settings.media.host, settings.media.port, "set media.port to another port, or to 0")
    if settings.switch.kind == "freeswitch":
        yield _reachable(settings.esl.host, settings.esl.port, settings.esl.connect_timeout_s)
    yield from _models(settings)


def _processor() -> Finding:
    cores = os.cpu_count() or 1
    flags = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        present = set(cpuinfo.read_text().split())
        flags = " ".join(flag for flag in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if flag in present)
    found = f"{cores} cores, {platform.machine()} {flags}".strip()
    if cores < WANTED_CORES:
        return Finding("processor", "warning", found, f"{WANTED_CORES} cores hold one call in real time")
    return Finding("processor", "ok", found)


def _amount(what: str, have: int, want: int, todo: str) -> Finding:
    found = f"{have / GIGABYTE:.1f} GB free"
    return Finding(what, "ok", found) if have >= want else Finding(what, "warning", found, todo)


def _folder(what: str, path: Path, todo: str) -> Finding:
    existing = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        return Finding(what, "problem", f"{path}: cannot be written", todo)
    free = shutil.disk_usage(existing).free
    found = f"{path}: {free / GIGABYTE:.1f} GB free"
    enough = WANTED_DISK if what == "records" else WANTED_DISK // 40
    return Finding(what, "ok", found) if free >= enough else Finding(what, "warning", found, todo)


def _port(what: str, host: str, port: int, todo: str) -> Finding:
    try:
        with socket.create_server((host, port)) as server:
            found = f"{host}:{server.getsockname()[1]}" + (" (any free one)" if port == 0 else "")
        return Finding(what, "ok", found)
    except OSError as error:
        return Finding(what, "problem", f"{host}:{port}: {error.strerror or error}", todo)


def _reachable(host: str, port: int, timeout_s: float) -> Finding:
    try:
        with socket.create_connection((host, port), timeout_s):
            return Finding("FreeSWITCH", "ok", f"{host}:{port} answers")
    except OSError as error:
        return Finding(
            "FreeSWITCH",
            "problem",
            f"{host}:{port}: {error.strerror or error}",
            "start it, or mend esl.host and esl.port",
        )


def _models(settings: Settings) -> Iterator[Finding]:
    store = open_store()
    wanted = {
        "asr": getattr(settings.asr, settings.asr.engine, None),
        "vad": getattr(settings.vad, settings.vad.engine, None),
        "tts": getattr(settings.tts, settings.tts.engine, None),
        "llm": getattr(settings.llm, settings.llm.engine, None),
    }
    for slot, options in wanted.items():
        for name in (getattr(options, "model", ""), getattr(options, "voices_model", "")):
            if not name or (slot == "llm" and settings.llm.engine == "openai_compatible"):
                continue
            state = store.state(name)
            good = state is State.READY
            todo = "" if good else f"run: allobot models pull {name}"
            yield Finding(f"model ({slot})", "ok" if good else "problem", f"{name}: {state.value}", todo)
