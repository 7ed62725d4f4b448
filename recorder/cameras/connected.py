"""Which cameras are connected, each with what tells it from all others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from recorder.cameras import v4l2
from recorder.cameras.cv2_setup import import_cv2


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells a camera from all others, as plain values; the links in by-id say no more.

    Parameters
    ----------
    name
        As ``recorder cameras`` lists it.
    port
        What it is plugged into: V4L2's bus_info; elsewhere the system's name for the device.
    serial, vendor, product
        What USB devices say of themselves; empty if they do not, and for all others.
    part
        Which of the device's cameras (colour, infrared, …) it is; on Linux only.
    twins
        The ports of others just like it that were there, too, when it was identified.
    """

    name: str
    port: str
    serial: str = ""
    vendor: str = ""
    product: str = ""
    part: str = ""
    twins: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {**asdict(self), "twins": list(self.twins)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Identity:
        """Return what `as_dict` was asked for."""
        return cls(**{**values, "twins": tuple(values["twins"])})

    def __str__(self) -> str:
        mark = f", serial {self.serial}" if self.serial else f" at {self.port}"
        return f"{self.name}{mark}"

    def is_like(self, other: Identity) -> bool:
        """Whether nothing but the port tells the two apart."""
        return replace(self, port="", twins=()) == replace(other, port="", twins=())


@dataclass(frozen=True, slots=True)
class Device:
    """A connected camera.

    Parameters
    ----------
    sources
        What it can be opened by now, the one to take first.
    identity
        Which camera it is.
    """

    sources: tuple[int | str, ...]
    identity: Identity


def connected() -> list[Device]:
    """Return the cameras that are connected now, those in use too; Linux, by asking each."""
    return _v4l2_devices() if v4l2.on_linux() else _other_devices()


def _v4l2_devices() -> list[Device]:
    found = []
    for path, node in v4l2.capture_nodes():
        identity = Identity(
            name=v4l2.node_name(path) or node.card,
            port=node.bus,
            serial=v4l2.serial_number(path),
            vendor=v4l2.usb_attribute(path, "idVendor"),
            product=v4l2.usb_attribute(path, "idProduct"),
            part=v4l2.node_part(path),
        )
        found.append(Device((int(path.removeprefix("/dev/video")), path), identity))
    return found


def _other_devices() -> list[Device]:
    from cv2_enumerate_cameras import enumerate_cameras

    return enumerated(enumerate_cameras(import_cv2().CAP_ANY))


def enumerated(cameras: Iterable[Any]) -> list[Device]:
    """Return what cv2_enumerate_cameras lists, as far as it tells cameras apart.

    Its paths change with the port, or with the serial number, and not with the order.
    """
    found: dict[str, Device] = {}
    for camera in cameras:
        port = camera.path or camera.name
        vendor, product = _hex(camera.vid), _hex(camera.pid)
        # 1401 is number 1 of back-end 1400; a camera shows once per back-end, as in the listing.
        sources = (camera.index, camera.index % 100, port)
        identity = Identity(camera.name, port, vendor=vendor, product=product)
        found.setdefault(port, Device(sources, identity))
    return list(found.values())


def _hex(number: int | None) -> str:
    return "" if number is None else f"{number:04x}"
