"""A camera is found again wherever it is plugged in, and never taken for another."""

import json
from types import SimpleNamespace

import pytest

from recorder.cameras import v4l2
from recorder.cameras.connected import Device, Identity, connected, enumerated
from recorder.cameras.identity import find_again, find_among, identify, identify_among
from recorder.config.sources import CameraId
from recorder.errors import CameraNotFound


def usb(number, port, serial="", name="Cam", part="1.0/0", product="0825"):
    """A camera as Linux shows it: /dev/videoN, and what USB knows of it."""
    identity = Identity(name, f"usb-{port}", serial, "046d", product, part)
    return Device((number, f"/dev/video{number}"), identity)


def built_in(number, port, name="sensor"):
    return Device((number, f"/dev/video{number}"), Identity(name, f"platform:{port}", part="/0"))


TWINS = [usb(0, "1"), usb(2, "2")]
WORTHLESS = [usb(0, "1", "0001"), usb(2, "2", "0001")]  # a serial number that all of them have
MARKED = [usb(0, "1", "A"), usb(2, "2", "B")]
COLOUR_IR = [usb(0, "1", part="1.0/0"), usb(2, "1", part="1.2/0")]
SENSORS = [built_in(0, "a"), built_in(1, "b")]

FOUND = [
    # what is meant, what was there then, what is there now, what is to be opened
    pytest.param(0, MARKED, MARKED, 0, id="nothing changed"),
    pytest.param(0, MARKED, [usb(0, "2", "B"), usb(2, "1", "A")], 2, id="numbers exchanged"),
    pytest.param(0, MARKED, [usb(2, "2", "B"), usb(4, "1", "A")], 4, id="new number"),
    pytest.param(2, MARKED, [usb(0, "2", "B")], 0, id="the first number is free now"),
    pytest.param(0, MARKED, [usb(2, "2", "B"), usb(0, "7", "A")], 0, id="other port, same number"),
    pytest.param(0, MARKED, [usb(0, "2", "B"), usb(1, "3", "A")], 1, id="other port and number"),
    pytest.param(0, MARKED, [usb(0, "2", "A"), usb(2, "1", "B")], 0, id="ports exchanged"),
    pytest.param(0, TWINS, [usb(0, "2"), usb(2, "1")], 2, id="twins are known by their ports"),
    pytest.param(0, WORTHLESS, [usb(0, "2", "0001"), usb(2, "1", "0001")], 2, id="same serial"),
    pytest.param(0, TWINS, [usb(1, "3"), usb(2, "2")], 1, id="moved, the twin is in its place"),
    pytest.param(0, [usb(0, "1")], [usb(2, "5")], 2, id="moved, there never was another"),
    pytest.param(2, COLOUR_IR, [usb(4, "1", part="1.2/0")], 4, id="one part of a device"),
    pytest.param(2, COLOUR_IR, [usb(1, "9"), usb(3, "9", part="1.2/0")], 3, id="parts, moved"),
    pytest.param(0, SENSORS, [built_in(0, "b"), built_in(1, "a")], 1, id="built in"),
    pytest.param("/dev/video0", MARKED, MARKED, "/dev/video0", id="by path"),
    pytest.param("/dev/video0", MARKED, [usb(2, "1", "A")], 2, id="by path, new number"),
    pytest.param(CameraId(serial="A"), MARKED, MARKED[::-1], CameraId(serial="A"), id="by serial"),
    pytest.param(CameraId(name="cam"), MARKED[:1], MARKED, 0, id="the name fits another now"),
    pytest.param(
        CameraId(name="cam"), [usb(3, "1")], [usb(4, "2")], CameraId(name="cam"), id="by name"
    ),
]

NOT_FOUND = [
    pytest.param(0, MARKED, [], "no camera is connected", id="nothing there"),
    pytest.param(0, MARKED, [usb(0, "1", "B")], r"connected: 0 \(Cam, serial B\)", id="another"),
    pytest.param(0, MARKED, [usb(0, "1")], "not there", id="one without a serial number"),
    pytest.param(0, [usb(0, "1")], [usb(0, "1", product="0826")], "not there", id="other product"),
    pytest.param(0, [usb(0, "1")], [usb(0, "1", name="Dog")], "not there", id="other name"),
    pytest.param(0, TWINS, [usb(0, "2")], r"0 \(Cam at usb-2\)", id="the twin at the old number"),
    pytest.param(0, WORTHLESS, [usb(0, "2", "0001")], "not there", id="the twin with its serial"),
    pytest.param(0, TWINS, [usb(0, "3")], "its own port", id="one of the two has moved"),
    pytest.param(0, TWINS, [usb(0, "3"), usb(2, "4")], "its own port", id="both have moved"),
    pytest.param(0, [usb(0, "1")], [usb(0, "3"), usb(2, "4")], "none is certain", id="two came"),
    pytest.param(0, COLOUR_IR, [usb(0, "1", part="1.2/0")], "not there", id="the other part"),
    pytest.param(0, SENSORS[:1], [built_in(0, "b")], "not there", id="built in, cannot move"),
]


@pytest.mark.parametrize(("source", "before", "now", "expected"), FOUND)
def test_found_again(source, before, now, expected):
    assert find_among(source, identify_among(source, before), now) == expected


@pytest.mark.parametrize(("source", "before", "now", "said"), NOT_FOUND)
def test_never_another_in_its_place(source, before, now, said):
    with pytest.raises(CameraNotFound, match=said):
        find_among(source, identify_among(source, before), now)


def test_a_twin_that_came_later_is_known_from_the_config():
    first = identify_among(0, TWINS[:1])
    second = identify_among(2, TWINS)
    assert (first.twins, second.twins) == ((), ("usb-1",))
    assert find_among(0, first, TWINS[1:]) == 2, "nothing speaks against it"
    with pytest.raises(CameraNotFound):
        find_among(0, first, TWINS[1:], [first, second])


def test_what_was_found_by_link_is_the_same_source(tmp_path):
    link, node = tmp_path / "usb-Maker_Cam-video-index0", tmp_path / "video0"
    node.touch()
    link.symlink_to(node)
    device = Device((0, str(node)), MARKED[0].identity)
    assert find_among(str(link), identify_among(str(link), [device]), [device]) == str(link)


def test_identity_as_json():
    identity = identify_among(0, TWINS)
    assert identity.twins == ("usb-2",)
    assert Identity.from_dict(json.loads(json.dumps(identity.as_dict()))) == identity
    assert str(identity) == "Cam at usb-1"
    assert str(MARKED[0].identity) == "Cam, serial A"


def test_unknown_or_not_to_be_told_apart_is_nobody():
    assert identify_among(7, TWINS) is None
    assert identify_among(CameraId(name="Cam"), TWINS) is None
    assert identify_among(0, [usb(0, "1"), usb(2, "1")]) is None


@pytest.mark.parametrize("source", ["synthetic", "a.mkv", "http://host/cam", "rtsp://host:1/cam"])
def test_what_is_no_device_stays_what_it_is(source):
    assert identify(source) is None
    assert find_again(source, MARKED[0].identity) == source


def test_a_device_that_is_not_here():
    assert identify("/dev/null") is None
    assert identify(9999) is None
    with pytest.raises(CameraNotFound, match="Cam, serial A: not there"):
        find_again(9999, MARKED[0].identity)
    for device in connected():
        assert identify(device.sources[0]) is not None


def test_elsewhere_by_the_systems_path():
    """Windows: the same camera under two back-ends, numbers offset by the back-end's."""
    top = {"name": "Cam", "path": r"\\?\usb#vid_046d#7&1", "vid": 0x046D, "pid": 0x825}
    side = top | {"path": r"\\?\usb#vid_046d#7&2"}
    before = enumerated(
        SimpleNamespace(index=index, **camera)
        for index, camera in [(1400, top), (1401, side), (700, top), (701, side)]
    )
    assert [device.sources[:2] for device in before] == [(1400, 0), (1401, 1)]
    identity = identify_among(0, before)
    assert (identity.vendor, identity.product) == ("046d", "0825")
    now = enumerated([SimpleNamespace(index=1400, **side), SimpleNamespace(index=1401, **top)])
    assert find_among(0, identity, now) == 1401
    assert find_among(1, identity, now) == 1
    unnamed = SimpleNamespace(index=1, name="video_1", path=None, vid=None, pid=None)
    assert identify_among(1, enumerated([unnamed])) == Identity("video_1", "video_1")


def test_what_the_kernel_says_of_a_node(tmp_path):
    interface = tmp_path / "devices" / "usb1" / "1-2" / "1-2:1.3"
    interface.mkdir(parents=True)
    (interface.parent / "idVendor").write_text("046d\n")
    entry = tmp_path / "class" / "video3"
    entry.mkdir(parents=True)
    (entry / "device").symlink_to(interface)
    (entry / "name").write_text("Cam: left\n")
    (entry / "index").write_text("1\n")
    sys_class = tmp_path / "class"
    assert v4l2.usb_attribute("/dev/video3", "idVendor", sys_class) == "046d"
    assert v4l2.node_name("/dev/video3", sys_class) == "Cam: left"
    assert v4l2.node_part("/dev/video3", sys_class) == "1.3/1"
    assert v4l2.node_name("/dev/video4", sys_class) == ""
    assert v4l2.node_part("/dev/video4", sys_class) == "/"
