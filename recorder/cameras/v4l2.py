"""What Linux itself knows of a video device, where OpenCV only says no.

The numbers are those of linux/videodev2.h.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from recorder.errors import CameraBusy, CameraError, CameraNotFound, CameraRefused

_QUERYCAP = 0x80685600
_REQBUFS = 0xC0145608
_CAPABILITY = struct.Struct("16s32s32sIII12x")  # driver, card, bus, version, all, of this node
_VIDEO_CAPTURE = 0x1 | 0x1000  # single- and multi-planar
_BY_ID = Path("/dev/v4l/by-id")
_SYS_CLASS = Path("/sys/class/video4linux")
_GONE = (errno.ENODEV, errno.ENXIO, errno.ENOENT)


@dataclass(frozen=True, slots=True)
class Node:
    """What a device node is.

    Parameters
    ----------
    driver, card
        The driver's name and the camera's.
    captures
        False for the metadata and output nodes that cameras bring along.
    bus
        The port that the camera is plugged into, such as usb-0000:00:14.0-2.
    """

    driver: str
    card: str
    captures: bool
    bus: str = ""


def device_path(source: int | str) -> str:
    """Return the path of a device that is given by index or path."""
    return f"/dev/video{source}" if isinstance(source, int) else source


def query(path: str) -> Node:
    """Ask a device what it is; it may be in use.

    Raises
    ------
    OSError
        ENODEV after an unplug, EACCES without permission, ENOTTY if it is no video device.
    """
    import fcntl  # absent on Windows

    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        answer = bytearray(_CAPABILITY.size)
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
    finally:
        os.close(descriptor)
    driver, card, bus, _, _, caps = _CAPABILITY.unpack(answer)
    return Node(_text(driver), _text(card), bool(caps & _VIDEO_CAPTURE), _text(bus))


def is_there(path: str) -> bool:
    """Whether a camera still answers under this path; after an unplug the node may remain."""
    try:
        query(path)
    except OSError as error:
        return error.errno not in _GONE
    return True


def explain(source: int | str, shown: str) -> CameraError:
    """Return why a device did not open.

    Parameters
    ----------
    source
        Index or path.
    shown
        How messages call it.
    """
    path = device_path(source)
    try:
        node = query(path)
    except FileNotFoundError:
        return CameraNotFound(f"{shown}: there is no {path}; {what_exists()}")
    except PermissionError:
        return CameraRefused(
            f"{shown}: no permission to open {path}; `sudo usermod -aG video $USER`, "
            "then log in again"
        )
    except OSError as error:
        return _explain_errno(error, path, shown)
    if not node.captures:
        return CameraRefused(f"{shown}: {path} of {node.card} gives no pictures; {what_exists()}")
    if is_busy(path):
        return CameraBusy(f"{shown}: {path} ({node.card}) is in use{_by_whom(path)}")
    return CameraError(f"{shown}: OpenCV cannot open {path} ({node.card}, driver {node.driver})")


def _explain_errno(error: OSError, path: str, shown: str) -> CameraError:
    """Return what the system's refusal means."""
    if error.errno in _GONE:
        return CameraNotFound(f"{shown}: {path} is there, but its camera was unplugged")
    if error.errno == errno.EBUSY:
        return CameraBusy(f"{shown}: {path} is in use{_by_whom(path)}")
    if error.errno in (errno.ENOTTY, errno.EINVAL, errno.EISDIR):
        return CameraRefused(f"{shown}: {path} is not a video device; {what_exists()}")
    return CameraError(f"{shown}: {path}: {error.strerror}")


def is_busy(path: str) -> bool:
    """Whether another program streams: asking for no buffers is refused only then."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        fcntl.ioctl(descriptor, _REQBUFS, bytearray(struct.pack("5I", 0, 1, 1, 0, 0)))
    except OSError as error:
        return error.errno == errno.EBUSY
    finally:
        os.close(descriptor)
    return False


def _by_whom(path: str, proc: Path = Path("/proc")) -> str:
    """Name the programs that have the device open, as far as we may see them."""
    target, found = os.path.realpath(path), []
    for process in proc.glob("[0-9]*"):
        try:
            holds = any(os.path.realpath(entry) == target for entry in (process / "fd").iterdir())
            if holds:
                name = (process / "comm").read_text().strip()
                own = "this program" if process.name == str(os.getpid()) else name
                found.append(f"{own} (process {process.name})")
        except OSError:  # ended meanwhile, or another user's
            continue
    return f" by {', '.join(sorted(found))}" if found else "; close the other program"


def what_exists() -> str:
    """Say which cameras there are, for messages."""
    cameras = [f"{path} ({node.card})" for path, node in capture_nodes()]
    if not cameras:
        return "no camera is connected; `source: synthetic` needs none"
    return f"connected: {', '.join(cameras)}"


def capture_nodes() -> list[tuple[str, Node]]:
    """Return the devices that give pictures and that we may open, by number."""
    found = []
    for path in sorted(Path("/dev").glob("video[0-9]*"), key=lambda path: int(path.name[5:])):
        try:
            node = query(str(path))
        except OSError:
            continue
        if node.captures:
            found.append((str(path), node))
    return found


def stable_path(path: str, by_id: Path = _BY_ID) -> str | None:
    """Return the name of a device under /dev/v4l/by-id, which a reboot does not change."""
    target = os.path.realpath(path)
    links = sorted(by_id.iterdir()) if by_id.is_dir() else []
    return next((str(link) for link in links if os.path.realpath(link) == target), None)


def serial_number(path: str, sys_class: Path = _SYS_CLASS) -> str:
    """Return the serial number of the USB device that a node belongs to; empty if none."""
    return usb_attribute(path, "serial", sys_class)


def usb_attribute(path: str, name: str, sys_class: Path = _SYS_CLASS) -> str:
    """Return what a node's USB device says of itself, such as idVendor; empty if it does not."""
    device = (_entry(path, sys_class) / "device").resolve()
    # The interface has none, the USB device above it does; further up are hubs with their own.
    return _read(device / name) or _read(device.parent / name)


def node_name(path: str, sys_class: Path = _SYS_CLASS) -> str:
    """Return the name that the system lists a node under; empty if it knows none."""
    return _read(_entry(path, sys_class) / "name")


def node_part(path: str, sys_class: Path = _SYS_CLASS) -> str:
    """Return which of its device's nodes this is: USB interface, if it has one, and number."""
    entry = _entry(path, sys_class)
    interface = (entry / "device").resolve().name.partition(":")[2]
    return f"{interface}/{_read(entry / 'index')}"


def _entry(path: str, sys_class: Path) -> Path:
    """Return the folder in which the kernel describes a node."""
    return sys_class / Path(os.path.realpath(path)).name


def _read(file: Path) -> str:
    """Return a line of the kernel's; empty if it is not there."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def on_linux() -> bool:
    """Whether devices are Video4Linux ones here."""
    return sys.platform.startswith("linux")


def _text(raw: bytes) -> str:
    """Return a C string as text."""
    return raw.split(b"\0")[0].decode("utf-8", "replace")
