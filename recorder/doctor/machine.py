"""Memory, limits, the processor's clock, the time, and sleep."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from recorder import readout
from recorder.config.sections import BufferConfig
from recorder.doctor.finding import Finding, warning

if TYPE_CHECKING:
    from recorder.config import Config

_WRITERS_SHARE = 150 * 2**20
"""What a camera's process and its encoder take beside the buffer: 104 and 105 MB were measured."""
_FILES_EACH, _FILES_BESIDE = 64, 128
"""Descriptors: about 40 of a camera in its rig, about 60 of the rig itself, rounded up."""
_PROCESSORS = Path("/sys/devices/system/cpu")
_SLOW_GOVERNORS = ("powersave", "conservative", "ondemand", "schedutil")
_OWN_CLOCK = ("intel_pstate", "amd-pstate-epp")
"""Drivers whose "powersave" goes up to full speed at once; their preference says how eagerly."""
_SAVING = ("power", "balance_power")
_REFUSAL_S = 0.5
"""A program that may not keep the machine awake has said so by then."""
_UNSYNCHRONISED = 0x40  # linux/timex.h: STA_UNSYNC


def memory(config: Config | None) -> Iterator[Finding]:
    """Compare the buffers with what is free."""
    if config is None:
        buffers = [BufferConfig().memory]
    else:
        buffers = [camera.buffer.memory for camera in config.cameras.values()]
    needed, free = sum(buffers), psutil.virtual_memory().available
    beside = _WRITERS_SHARE * len(buffers)
    text = f"{readout.size(free)} free; buffer.memory takes {readout.size(needed)}"
    if needed > free:
        yield Finding("memory", text, 2, "lower buffer.memory, or end other programs")
    elif needed + beside > free:
        said = f"{text}, writing about {readout.size(beside)} more"
        yield warning("memory", said, "lower buffer.memory, or end other programs")
    else:
        yield Finding("memory", text)


def limits(config: Config | None) -> Iterator[Finding]:
    """Compare the limits of this process with what a rig needs (POSIX)."""
    if sys.platform == "win32":
        return
    import resource

    cameras = len(config.cameras) if config else 1
    needed = _FILES_BESIDE + _FILES_EACH * cameras
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    text = f"{_limit(files)} open files; a rig of this size needs up to {needed}"
    if files != resource.RLIM_INFINITY and files < needed:
        yield warning("limits", text, f"ulimit -n {needed}, or LimitNOFILE={needed} in the service")
    else:
        yield Finding("limits", text)
    yield from _size_limits(config)


def _size_limits(config: Config | None) -> Iterator[Finding]:
    """Look for limits on memory that would end a recording."""
    import resource

    cameras = config.cameras.values() if config else ()
    needed = max([camera.buffer.memory for camera in cameras] or [BufferConfig().memory])
    # The ring is not locked into memory, so the limit of that harms nothing; it is told, since
    # whoever hunts for lost frames asks for it.
    locked, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    swap = psutil.swap_memory()
    text = f"{_limit(locked, size=True)} may be locked (not needed)"
    yield Finding("memory lock", f"{text}; {readout.size(swap.used)} are swapped out")
    address, _ = resource.getrlimit(resource.RLIMIT_AS)
    if address != resource.RLIM_INFINITY and address < 4 * needed + 2**31:
        text = f"{readout.size(address)} of address space; a camera needs {readout.size(needed)}"
        yield warning("limits", f"{text} and about 2 GB for libraries", "ulimit -v unlimited")


def _limit(value: int, size: bool = False) -> str:
    if value < 0 or value >= 2**63 - 1:
        return "any number of" if not size else "all"
    return readout.size(value) if size else str(value)


def processor(folder: Path = _PROCESSORS) -> Iterator[Finding]:
    """Look how many processors there are, and whether the system keeps their clocks down."""
    cores = os.cpu_count() or 1
    if cores < 2:
        remedy = "record smaller or fewer frames; `codec: fast`"
        yield warning("processor", "1 core: grabbing and encoding take turns", remedy)
        return
    slow = sorted({name for path in folder.glob("cpu[0-9]*/cpufreq") if (name := _slow(path))})
    if slow:
        text = f"{cores} cores, slowed down by their governor: {', '.join(slow)}"
        yield warning("processor", text, "sudo cpupower frequency-set -g performance")
    else:
        yield Finding("processor", f"{cores} cores")


def _slow(policy: Path) -> str:
    """Return what keeps a processor's clock down; empty if nothing does."""
    governor, driver = _read(policy / "scaling_governor"), _read(policy / "scaling_driver")
    if driver in _OWN_CLOCK:
        preference = _read(policy / "energy_performance_preference")
        return preference if preference in _SAVING else ""
    return governor if governor in _SLOW_GOVERNORS else ""


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace").strip()
    return ""


def clock() -> Iterator[Finding]:
    """Ask the kernel whether something keeps the wall clock right (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    status = _clock_status()
    if status is None:
        return
    if status & _UNSYNCHRONISED:
        text = "not synchronised: t_utc_ns of two machines cannot be compared"
        yield warning("time", text, "sudo timedatectl set-ntp true, or install chrony")
    else:
        yield Finding("time", "synchronised")


def _clock_status() -> int | None:
    """Return the flags of adjtimex(2); None where it is not to be had."""
    # struct timex: modes (an int, padded to a long) and four longs stand before the status.
    room = ctypes.create_string_buffer(512)
    try:
        failed = ctypes.CDLL(None).adjtimex(room) < 0
    except (OSError, AttributeError):
        return None
    place = 5 * ctypes.sizeof(ctypes.c_long)
    return None if failed else int.from_bytes(room.raw[place : place + 4], sys.byteorder)


def power() -> Iterator[Finding]:
    """Look whether the machine runs on a battery."""
    battery = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if battery is None:
        yield Finding("power", "no battery")
    elif battery.power_plugged is False:
        text = f"on battery, {battery.percent:.0f} % left"
        yield warning("power", text, "plug it in: it is slower on battery, and will end")
    else:
        yield Finding("power", "plugged in")


def sleep() -> Iterator[Finding]:
    """Try to keep the machine awake, as a recording does."""
    from recorder.awake import keep_awake

    with keep_awake("recorder doctor looks whether it may") as awake:
        problem = awake.problem
        deadline = time.monotonic() + _REFUSAL_S
        while problem is None and time.monotonic() < deadline:
            time.sleep(0.05)  # a program that is refused ends, and signals nothing
            problem = awake.problem
    if problem is None:
        yield Finding("sleep", "is kept away while a recording runs")
    else:
        remedy = "turn automatic suspend off in the system's power settings"
        yield warning("sleep", problem, remedy)
