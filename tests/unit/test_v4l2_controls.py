"""What a V4L2 driver answers when it is asked what its camera accepts."""

from __future__ import annotations

import errno
import fcntl
import struct
import sys

import pytest

from recorder.cameras import v4l2_controls
from recorder.cameras.v4l2_controls import read_controls

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="V4L2 is Linux's")

QUERYCTRL, QUERYMENU, G_CTRL = 0xC0445624, 0xC02C5625, 0xC008561B
CONTROLS = [  # id, type, minimum, maximum, step, default, flags; in the order of their ids
    (0x00980900, 1, 0, 255, 1, 128, 0),  # brightness
    (0x00980905, 1, 0, 255, 1, 200, 0),  # volume: nothing of OpenCV's
    (0x0098090C, 2, 0, 1, 1, 1, 0),  # automatic white balance
    (0x00980913, 1, 0, 255, 1, 100, 0x10),  # gain, while an automatic one is on
    (0x0098091A, 1, 2800, 6500, 0, 4600, 0x1),  # disabled
    (0x0098091B, 1, 0, 7, 1, 2, 0x40),  # write only
    (0x0098091C, 1, 0, 2, 1, 1, 0x4),  # read only
    (0x009A0901, 3, 0, 3, 1, 3, 0),  # automatic exposure: a menu with holes
    (0x009A0917, 9, 0, 1, 1, 0, 0),  # ISO: a menu of numbers
]
MENUS = {
    0x009A0901: {1: b"Manual Mode", 3: b"Aperture Priority Mode"},
    0x009A0917: {0: struct.pack("q", 100), 1: struct.pack("q", 200)},
}
VALUES = {0x00980900: 10, 0x0098090C: 1, 0x00980913: 31, 0x009A0901: 3, 0x009A0917: 1}


def refuse():
    raise OSError(errno.EINVAL, "no such thing")


def driver(descriptor, request, answer):
    """Answer like a driver, into the caller's buffer."""
    (number,) = struct.unpack_from("I", answer)
    if request == QUERYCTRL:
        after = number & 0x7FFFFFFF
        found = next((control for control in CONTROLS if control[0] > after), None)
        if found is None:
            refuse()
        name = f"control {found[0]:x}".encode()
        struct.pack_into("II32s4iI", answer, 0, found[0], found[1], name, *found[2:])
    elif request == QUERYMENU:
        (index,) = struct.unpack_from("I", answer, 4)
        item = MENUS[number].get(index) or refuse()
        struct.pack_into("32s", answer, 8, item)
    elif request == G_CTRL:
        if number not in VALUES:
            refuse()
        struct.pack_into("i", answer, 4, VALUES[number])
    return 0


@pytest.fixture
def device(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "ioctl", driver)
    path = tmp_path / "video0"
    path.touch()
    return str(path)


def test_what_opencv_can_set_is_listed_with_its_limits(device):
    found = {control.name: control for control in read_controls(device)}
    assert list(found) == [
        *("brightness", "auto_wb", "gain", "sharpness", "auto_exposure", "iso_speed"),
    ]
    brightness = found["brightness"]
    assert (brightness.kind, brightness.value, brightness.default) == ("number", 10.0, 128.0)
    assert (brightness.minimum, brightness.maximum, brightness.step) == (0.0, 255.0, 1.0)
    assert found["auto_wb"].kind == "switch"
    assert [name for name, control in found.items() if control.is_locked] == ["gain"]
    assert found["sharpness"].value is None


def test_menus_have_their_items(device):
    found = {control.name: control for control in read_controls(device)}
    exposure = ((1.0, "Manual Mode"), (3.0, "Aperture Priority Mode"))
    assert found["auto_exposure"].choices == exposure
    assert found["iso_speed"].choices == ((0.0, "100"), (1.0, "200"))


def test_a_driver_that_never_ends_does_not_hang_us(device, monkeypatch):
    def endless(descriptor, request, answer):
        if request == QUERYCTRL:
            struct.pack_into("II32s4iI", answer, 0, 0x00980900, 1, b"x", 0, 1, 1, 0, 0)

    monkeypatch.setattr(fcntl, "ioctl", endless)
    assert len(read_controls(device)) == v4l2_controls._MOST


def test_what_cannot_be_asked_has_none(tmp_path):
    assert read_controls(str(tmp_path / "missing")) == ()
    plain = tmp_path / "plain"
    plain.touch()
    assert read_controls(str(plain)) == ()
