"""Which camera is meant by a name, and what ``recorder cameras`` says."""

import json
import os

import pytest
import typer
from typer.testing import CliRunner

from recorder.cameras import listing, v4l2
from recorder.cameras.listing import CameraListing, choose
from recorder.cameras.v4l2_modes import read_modes
from recorder.cli.cameras import cameras, mode_lines
from recorder.errors import CameraNotFound, CameraRefused, ConfigError

MODES = (
    ("GREY", 320, 180, 60.0),
    ("GREY", 640, 360, 40.0),
    ("RGBP", 320, 180, 60.0),
    ("YUYV", 320, 180, 0.0),
)
TOP = CameraListing("USB Camera", "/dev/v4l/by-id/usb-A", "/dev/video0", "A1", MODES)
SIDE = CameraListing("USB Camera 2", 2, "/dev/video2", "B2", (), listing.NO_PERMISSION)
TWIN = CameraListing("USB Camera 2", 3, "/dev/video3")


def command(monkeypatch, found, *args):
    monkeypatch.setattr(listing, "list_cameras", lambda: found)
    app = typer.Typer()
    app.command()(cameras)
    return CliRunner().invoke(app, args)


@pytest.mark.parametrize(
    ("wanted", "source"),
    [
        ({"name": "USB Camera"}, TOP.source),
        ({"name": "camera 2"}, 2),
        ({"serial": "A1"}, TOP.source),
        ({"serial": "B2"}, 2),
    ],
    ids=str,
)
def test_the_one_that_is_meant(wanted, source):
    assert choose([TOP, SIDE], **wanted) == source


def test_none_and_several_are_told_apart():
    with pytest.raises(CameraNotFound, match=r"name webcam; connected: USB Camera, serial A1, USB"):
        choose([TOP, SIDE], name="webcam")
    with pytest.raises(CameraNotFound, match="serial 7; no camera is connected"):
        choose([], serial="7")
    with pytest.raises(CameraNotFound):
        choose([TWIN], serial="")
    with pytest.raises(CameraRefused, match=r"2 cameras with name USB Camera 2: 2 .*, 3 "):
        choose([TOP, SIDE, TWIN], name="USB Camera 2")
    for wanted in ({}, {"name": "a", "serial": "b"}):
        with pytest.raises(ConfigError):
            choose([TOP], **wanted)


def test_stable_name_and_serial_number(tmp_path):
    node = tmp_path / "dev" / "video3"
    node.parent.mkdir()
    node.touch()
    by_id = tmp_path / "by-id"
    assert v4l2.stable_path(str(node), by_id) is None
    by_id.mkdir()
    (by_id / "usb-Maker_Cam-video-index0").symlink_to(node)
    assert v4l2.stable_path(str(node), by_id) == str(by_id / "usb-Maker_Cam-video-index0")
    assert v4l2.stable_path("/dev/null", by_id) is None
    usb = tmp_path / "devices" / "usb1" / "1-2"
    interface = usb / "1-2:1.0"
    interface.mkdir(parents=True)
    (usb.parent / "serial").write_text("the hub's")
    (tmp_path / "class" / "video3").mkdir(parents=True)
    (tmp_path / "class" / "video3" / "device").symlink_to(interface)
    assert v4l2.serial_number(str(node), tmp_path / "class") == ""
    (usb / "serial").write_text("SN-5\n")
    assert v4l2.serial_number(str(node), tmp_path / "class") == "SN-5"
    assert (
        v4l2.serial_number(str(by_id / "usb-Maker_Cam-video-index0"), tmp_path / "class") == "SN-5"
    )


def test_who_holds_a_device_is_named(tmp_path):
    held = tmp_path / "video0"
    with held.open("w"):
        assert v4l2._by_whom(str(held)) == f" by this program (process {os.getpid()})"
    assert "close the other program" in v4l2._by_whom(str(held))


def test_modes_of_what_has_none():
    assert read_modes("/dev/null") == ()
    assert read_modes("/dev/video99") == ()


def test_mode_lines_keep_what_can_be_recorded():
    assert mode_lines(MODES) == [
        "GREY: 320x180 @ 60, 640x360 @ 40",
        "YUYV: 320x180",
        "1 formats that OpenCV may not read: RGBP",
    ]


def test_the_list_for_people(monkeypatch):
    result = command(monkeypatch, [TOP, SIDE])
    assert result.exit_code == 0
    assert "USB Camera\n  source: /dev/v4l/by-id/usb-A\n  path: /dev/video0" in result.stdout
    assert "    GREY: 320x180 @ 60, 640x360 @ 40\n" in result.stdout
    assert "sudo usermod -aG video $USER" in result.stdout


def test_the_list_for_programs(monkeypatch):
    result = command(monkeypatch, [TOP, SIDE], "--json")
    assert len(result.stdout.splitlines()) == 1
    first, second = json.loads(result.stdout)["cameras"]
    assert first["modes"][1] == ["GREY", 640, 360, 40.0]
    assert (second["source"], second["problem"]) == (2, "no permission")
    assert "usermod" in result.stderr


def test_no_camera(monkeypatch):
    result = command(monkeypatch, [])
    assert result.exit_code == 0
    assert "No camera is connected" in result.stdout
    assert "synthetic" in result.stdout
    result = command(monkeypatch, [], "--json")
    assert json.loads(result.stdout) == {"cameras": []}
    assert "synthetic" in result.stderr


def test_listing_here_does_not_fail():
    for camera in listing.list_cameras():
        assert camera.name
        json.dumps(camera.as_dict())
