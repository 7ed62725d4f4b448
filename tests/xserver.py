"""A virtual X server for tests that need a real one."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
_CLIENT = ("QT_", "WAYLAND_", "XAUTHORITY", "DISPLAY")
"""Of these the tester's own desktop has some; tests have none."""


@contextmanager
def x_server(log: Path, size: str = "640x480", *options: str) -> Iterator[str]:
    """Give the name of a display that is free, and gone afterwards.

    Parameters
    ----------
    log
        Where the server's own words go.
    size
        Width and height in pixels.
    *options
        More of them for Xvfb.
    """
    if shutil.which("Xvfb") is None:
        if IN_CI:
            pytest.fail("CI needs Xvfb: apt-get install xvfb and Qt's libxcb packages")
        pytest.skip("Xvfb is not installed")
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", f"{size}x24"]
    with log.open("wb") as errors:
        server = subprocess.Popen(
            # Not to begin anew when its last client goes: it refuses the next one meanwhile.
            [*command, "-noreset", "-nolisten", "tcp", *options],
            pass_fds=[writer],
            stderr=errors,
        )
    os.close(writer)
    try:
        with os.fdopen(reader) as numbers:
            number = numbers.readline().strip()  # written once it accepts clients
        assert number, log.read_text()
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)


def screen_environment(display: str = "", **more: str) -> dict[str, str]:
    """Return an environment for a client of that display alone; empty: of none."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_CLIENT)}
    return kept | ({"DISPLAY": display} if display else {}) | more


def secret_file(path: Path) -> Path:
    """Write a file for Xvfb's ``-auth``, without which it lets nobody in."""
    name, key = b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16)
    parts = (b"", b"", name, key)
    any_address = (65535).to_bytes(2, "big")
    path.write_bytes(any_address + b"".join(len(p).to_bytes(2, "big") + p for p in parts))
    return path
