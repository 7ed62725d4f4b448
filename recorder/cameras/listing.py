"""Which cameras are connected, and how to name them in a config."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from recorder.cameras import v4l2
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.v4l2_modes import Mode, read_modes
from recorder.errors import CameraNotFound, CameraRefused, ConfigError

NO_PERMISSION = "no permission"


@dataclass(frozen=True, slots=True)
class CameraListing:
    """A connected camera.

    Parameters
    ----------
    name
        The maker's.
    source
        What to write into a config: the name under /dev/v4l/by-id, if there is one, or the index.
    path
        The system's; may change when the camera is plugged in again.
    serial
        Empty if it has none.
    modes
        Where the system tells them (Linux).
    problem
        Empty, or why it cannot be used.
    """

    name: str
    source: int | str
    path: str
    serial: str = ""
    modes: tuple[Mode, ...] = ()
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


def list_cameras() -> list[CameraListing]:
    """Return the connected cameras, those in use by another program too, in order of their paths.

    Returns
    -------
    list of CameraListing
        Empty when there is none.
    """
    cv2 = import_cv2()
    from cv2_enumerate_cameras import enumerate_cameras

    api = cv2.CAP_V4L2 if v4l2.on_linux() else cv2.CAP_ANY
    found: dict[Any, Any] = {}
    for camera in enumerate_cameras(api):
        # Elsewhere one camera shows once per back-end; the first is the one OpenCV prefers.
        found.setdefault(camera.path or camera.index, camera)
    listings = [_listing(camera) for camera in found.values()]
    return sorted(listings, key=lambda item: (len(item.path), item.path))


def find_camera(name: str | None = None, serial: str | None = None) -> int | str:
    """Return the source of the one camera with this name or serial number.

    Parameters
    ----------
    name
        Whole, or a part that only one camera has; capitals do not matter.
    serial
        Whole.

    Raises
    ------
    CameraNotFound
        With what is connected instead.
    CameraRefused
        When several cameras have it, with their sources.
    ConfigError
        When not exactly one of the two is given.
    """
    return choose(list_cameras(), name, serial)


def choose(
    cameras: list[CameraListing], name: str | None = None, serial: str | None = None
) -> int | str:
    """Return the source of the one among `cameras` that `find_camera` looks for."""
    if (name is None) == (serial is None):
        raise ConfigError("a camera is found by its name or by its serial number: give one of them")
    wanted = f"name {name}" if serial is None else f"serial {serial}"
    found = [camera for camera in cameras if _matches(camera, name, serial)]
    # "USB Camera" is that camera, even beside "USB Camera 2".
    found = [camera for camera in found if camera.name == name] or found
    if not found:
        raise CameraNotFound(f"no camera with {wanted}; {_connected(cameras)}")
    if len(found) > 1:
        both = ", ".join(f"{camera.source} ({_label(camera)})" for camera in found)
        raise CameraRefused(f"{len(found)} cameras with {wanted}: {both}; name one as source")
    return found[0].source


def _matches(camera: CameraListing, name: str | None, serial: str | None) -> bool:
    """Whether a camera has this serial number, or this in its name."""
    if serial is not None:
        return camera.serial == serial != ""
    return bool(name) and str(name).casefold() in camera.name.casefold()


def _connected(cameras: list[CameraListing]) -> str:
    """Say which cameras there are."""
    if not cameras:
        return "no camera is connected"
    return f"connected: {', '.join(_label(camera) for camera in cameras)}"


def _label(camera: CameraListing) -> str:
    """Return name and serial number in a few words."""
    return f"{camera.name}, serial {camera.serial}" if camera.serial else camera.name


def _listing(camera: Any) -> CameraListing:
    """Return what is known of one camera."""
    path = str(camera.path or "")
    if not v4l2.on_linux():
        return CameraListing(camera.name, camera.index, path)
    readable = os.access(path, os.R_OK | os.W_OK)
    return CameraListing(
        name=camera.name or path,
        source=v4l2.stable_path(path) or camera.index,
        path=path,
        serial=v4l2.serial_number(path),
        modes=read_modes(path) if readable else (),
        problem="" if readable else NO_PERMISSION,
    )
