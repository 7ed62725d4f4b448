"""A small machine whose power a test can cut: QEMU, which needs neither KVM nor root."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

QEMU = "qemu-system-x86_64"
NEEDED = ("vmlinuz", "initrd.gz", "root.img")
"""A kernel; what mounts the first disk and starts /vm-init there; that disk, which has Python and
what we depend on. /vm-init mounts the folders `project` (Python's path) and `out`, and runs
/out/.cmd; what that leaves is in /out/.stdout, .stderr and, when it ends by itself, .rc."""

SHIFT = 1
"""Its clock goes by instructions, 2**SHIFT ns for each: by that clock it is as fast as a machine
is, however slow the emulation and however busy the one it runs on."""


def why_not(home: str | None) -> str | None:
    """Return why there can be no machine, if there cannot."""
    if home is None:
        return f"RECORDER_TEST_VM names no folder with {', '.join(NEEDED)}"
    if missing := [name for name in NEEDED if not Path(home, name).is_file()]:
        return f"there is no {', '.join(missing)} in {home} (RECORDER_TEST_VM)"
    return None if shutil.which(QEMU) else f"there is no {QEMU}"


class VirtualMachine:
    """Runs one command; to be used in a with statement, at whose end the power goes.

    Parameters
    ----------
    home
        Folder with what is `NEEDED`; it is not changed.
    project
        Folder that the machine has on Python's path, and cannot change.
    out
        Folder that both see at once; it outlives the power.
    disk
        What its second disk, /dev/vdb, is for QEMU.
    command
        For bash.
    """

    def __init__(self, home: Path, project: Path, out: Path, disk: str, command: str) -> None:
        self.out = out
        (out / ".cmd").write_text(command)
        with (out / ".console").open("wb") as console:
            self._qemu = subprocess.Popen(
                [
                    *(QEMU, *_hardware(home), *_disk(disk, "cache=writeback")),
                    *_folder("project", project, "on"),
                    *_folder("out", out, "off"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    def __enter__(self) -> VirtualMachine:
        return self

    def __exit__(self, *_: object) -> None:
        self.lose_power()

    def lose_power(self) -> None:
        """End it as if somebody had pulled the plug."""
        self._qemu.kill()
        self._qemu.wait()

    def wait(self, timeout_s: float) -> int:
        """Wait until it has run the command and switched itself off; return the exit code."""
        self._qemu.wait(timeout_s)
        code = self.out / ".rc"
        assert code.exists(), self.said()
        return int(code.read_text())

    def require_alive(self) -> None:
        """Fail if it, or the command, has ended."""
        is_alive = self._qemu.poll() is None and not (self.out / ".rc").exists()
        assert is_alive, self.said()

    def said(self) -> str:
        """Return the ends of what the machine and the command have said."""
        files = [self.out / name for name in (".console", ".stdout", ".stderr")]
        return "\n".join(
            path.read_text(errors="replace")[-2000:] for path in files if path.exists()
        )


def _hardware(home: Path) -> list[str]:
    return [
        *("-machine", "q35", "-accel", "tcg", "-cpu", "max", "-m", "2G"),
        *("-icount", f"shift={SHIFT}", "-rtc", "clock=vm"),
        *("-kernel", str(home / "vmlinuz"), "-initrd", str(home / "initrd.gz")),
        *("-append", "console=ttyS0 quiet loglevel=3 mitigations=off"),
        *("-nographic", "-no-reboot", "-nic", "none"),
        *_disk(str(home / "root.img"), "snapshot=on"),
    ]


def _disk(file: str, option: str) -> list[str]:
    return ["-drive", f"file={file},if=virtio,format=raw,{option}"]


def _folder(tag: str, path: Path, readonly: str) -> list[str]:
    options = f"mount_tag={tag},security_model=none,readonly={readonly}"
    return ["-virtfs", f"local,path={path},{options}"]
