"""`recorder doctor`: each finding from a machine that has the fault, and from one that has not."""

import errno
import json
import os
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from recorder import disks
from recorder.cli import app
from recorder.config import make_config
from recorder.doctor import cameras, folders, machine, software
from recorder.doctor.finding import Finding, exit_code, warning
from recorder.errors import RigGone
from recorder.writers import about as about_file
from recorder.writers.about import this_writer

LEAST = {"cameras": {"top": {"source": "synthetic"}}}


def _config(**more):
    camera = {"source": "synthetic", "size": [64, 48], "fps": 30, "pixel_format": "gray8"}
    return make_config({"cameras": {"top": camera}, **more})


def _only(findings):
    (found,) = findings
    return found


# -- the exit code ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "gravest"),
    [((), 0), ((0, 0), 0), ((0, 6), 6), ((6, 2), 2), ((2, 3, 6), 3), ((3, 5), 5), ((5, 4, 3), 4)],
)
def test_the_gravest_finding_is_the_exit_code(codes, gravest):
    assert exit_code(Finding("x", "y", code) for code in codes) == gravest


def test_every_warning_has_a_remedy():
    assert warning("x", "y", "do z") == Finding("x", "y", 6, "do z")


# -- software --------------------------------------------------------------------------------------


def test_an_ffmpeg_that_does_not_run_is_named(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    program.chmod(0o700)
    monkeypatch.setattr(software, "executable", lambda: str(program))
    found = _only(software.ffmpeg())
    assert found.exit_code == 4
    assert "no such library" in found.text
    assert "IMAGEIO_FFMPEG_EXE" in found.remedy


def test_the_shipped_ffmpeg_is_fine():
    found = _only(software.ffmpeg())
    assert (found.exit_code, found.remedy) == (0, "")


def test_the_codec_of_each_camera_is_proven_for_its_frames():
    found = _only(software.codecs(_config(recording={"codec": "archive"})))
    assert found == Finding("codec of top", "ffv1 is exact for 64x48 gray8")


def test_a_codec_that_is_not_exact_is_said():
    config = _config(recording={"codec": "mpeg4"})
    found = _only(software.codecs(config))
    assert found.exit_code == 2
    assert "mpeg4" in found.text
    assert found.remedy


def test_a_window_that_cannot_open_is_a_warning_as_record_needs_none():
    found = _only(software.window(lambda: "no display; run it at the desktop"))
    assert found == Finding("window", "no display", 6, "run it at the desktop")
    assert _only(software.window(lambda: None)).exit_code == 0


# -- the machine -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("free_mib", "code"), [(10_000, 0), (300, 6), (200, 2)])
def test_buffers_are_compared_with_free_memory(monkeypatch, free_mib, code):
    free = SimpleNamespace(available=free_mib * 2**20)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: free)
    assert _only(machine.memory(_config())).exit_code == code


def test_few_open_files_are_a_warning_with_the_number_that_would_do(monkeypatch):
    import resource

    limits = {resource.RLIMIT_NOFILE: 100}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limits.get(which, -1), -1))
    first, *_ = machine.limits(_config())
    assert first.exit_code == 6
    assert first.remedy.startswith("ulimit -n 192")


@pytest.mark.parametrize(
    ("driver", "governor", "preference", "code"),
    [
        ("acpi-cpufreq", "performance", "", 0),
        ("acpi-cpufreq", "powersave", "", 6),
        ("intel_pstate", "powersave", "balance_performance", 0),
        ("intel_pstate", "powersave", "power", 6),
    ],
)
def test_a_governor_that_keeps_the_clock_down(
    tmp_path, monkeypatch, driver, governor, preference, code
):
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 4)
    policy = tmp_path / "cpu0" / "cpufreq"
    policy.mkdir(parents=True)
    (policy / "scaling_driver").write_text(driver + "\n")
    (policy / "scaling_governor").write_text(governor + "\n")
    (policy / "energy_performance_preference").write_text(preference + "\n")
    assert _only(machine.processor(tmp_path)).exit_code == code


@pytest.mark.parametrize(("status", "code"), [(0x2001, 0), (0x40, 6)])
def test_a_clock_that_nothing_keeps_right(monkeypatch, status, code):
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(machine, "_clock_status", lambda: status)
    assert _only(machine.clock()).exit_code == code


@pytest.mark.parametrize(("plugged", "code"), [(True, 0), (False, 6)])
def test_a_battery(monkeypatch, plugged, code):
    battery = SimpleNamespace(percent=80.0, power_plugged=plugged)
    monkeypatch.setattr(machine.psutil, "sensors_battery", lambda: battery, raising=False)
    assert _only(machine.power()).exit_code == code


# -- cameras ---------------------------------------------------------------------------------------


def test_a_camera_of_the_config_that_is_not_there(monkeypatch):
    monkeypatch.setattr(cameras, "list_cameras", list)
    config = make_config({"cameras": {"top": {"source": "/dev/video987"}}})
    found = list(cameras.cameras(config))
    assert exit_code(found) == 3
    assert all(each.remedy for each in found if each.exit_code)


def test_a_file_of_the_config_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(cameras, "list_cameras", list)
    config = make_config({"cameras": {"top": {"source": str(tmp_path / "none.mkv")}}})
    assert exit_code(cameras.cameras(config)) == 3
    (tmp_path / "none.mkv").touch()
    assert exit_code(cameras.cameras(config)) == 0


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may open everything")
def test_a_device_without_permission(tmp_path):
    (tmp_path / "video0").touch(mode=0)
    found = _only(cameras._permissions(tmp_path))
    assert found.exit_code == 3
    assert "usermod -aG" in found.remedy


def test_cameras_that_share_a_usb_controller(monkeypatch):
    def node(card, bus):
        return SimpleNamespace(card=card, bus=bus)

    nodes = [
        ("/dev/video0", node("left", "usb-0000:00:14.0-1")),
        ("/dev/video2", node("right", "usb-0000:00:14.0-2.1")),
        ("/dev/video4", node("far", "usb-0000:05:00.0-1")),
        ("/dev/video6", node("vivid", "platform:vivid-000")),
    ]
    monkeypatch.setattr(cameras.v4l2, "on_linux", lambda: True)
    monkeypatch.setattr(cameras.v4l2, "capture_nodes", lambda: nodes)
    found = _only(cameras._shared_buses())
    assert found.exit_code == 6
    assert "left" in found.text
    assert "right" in found.text
    assert "far" not in found.text


# -- folders ---------------------------------------------------------------------------------------


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr(folders, "MEASURED_S", 0.0)
    monkeypatch.setattr(folders, "running", tuple)


@pytest.mark.usefixtures("_quick")
def test_a_folder_to_be_made_is_fine_and_stays_unmade(tmp_path):
    folder = tmp_path / "new" / "data"
    found = list(folders.folders(_config(recording={"folder": str(folder), "keep_free": 0})))
    assert exit_code(found) in (0, 6)  # 6: a machine whose temporary folder is a network share
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("_quick")
def test_a_disk_without_room(tmp_path):
    config = _config(recording={"folder": str(tmp_path), "keep_free": "1000TB"})
    assert exit_code(folders.folders(config)) == 5


@pytest.mark.usefixtures("_quick")
def test_a_disk_that_is_too_slow_is_said_with_both_rates(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_speed", lambda *_: 20_000.0)
    config = _config(recording={"folder": str(tmp_path), "keep_free": 0})
    *_, last = folders.folders(config)
    assert last.exit_code == 6
    assert last.text.startswith("writes 20 kB/s; the cameras give 92.2 kB/s")


@pytest.mark.usefixtures("_quick")
def test_nothing_is_written_where_something_is_being_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_try_writing", pytest.fail)
    about_file.create(tmp_path / "top.json", {"state": "recording", "writer": this_writer()})
    *_, last = folders.folders(_config(recording={"folder": str(tmp_path), "keep_free": 0}))
    assert "top.json is being recorded there" in last.text


@pytest.mark.parametrize(
    ("kind", "code"), [("ext4", 0), ("nfs4", 6), ("fuse.sshfs", 6), ("vfat", 6)]
)
def test_file_systems_that_cost_frames(tmp_path, monkeypatch, kind, code):
    monkeypatch.setattr(disks, "_mounted_kind", lambda folder: kind)
    monkeypatch.setattr(disks, "WINDOWS", False)
    monkeypatch.setattr(disks, "_own_limit", lambda: None)
    assert exit_code(folders._kind("folder", tmp_path)) == code


def test_a_process_that_may_not_write_large_files(tmp_path, monkeypatch):
    monkeypatch.setattr(disks, "_own_limit", lambda: 2**20)
    found = [each for each in folders._kind("folder", tmp_path) if "ulimit" in each.text]
    assert [each.remedy for each in found] == ["ulimit -f unlimited"]


@pytest.mark.usefixtures("_quick")
def test_a_rig_that_does_not_answer_may_be_recording(tmp_path, monkeypatch):
    def no_answer(name):
        raise RigGone(f"{name} does not answer")

    monkeypatch.setattr(folders, "running", lambda: (SimpleNamespace(name="cage"),))
    monkeypatch.setattr(folders, "connect", no_answer)
    monkeypatch.setattr(folders, "_try_writing", pytest.fail)
    *_, last = folders.folders(_config(recording={"folder": str(tmp_path), "keep_free": 0}))
    assert last.text == "speed not measured: cage does not say whether it is recording"


@pytest.mark.usefixtures("_quick")
def test_a_file_that_cannot_be_asked_hides_no_recording(tmp_path, monkeypatch):
    def no_locks(path):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(folders, "is_locked", no_locks)
    (tmp_path / "a.h5").touch()
    about_file.create(tmp_path / "b.json", {"state": "recording", "writer": this_writer()})
    assert folders.recordings_in(tmp_path) == [tmp_path / "b.json"]


def test_a_disk_that_is_full_is_no_reason_to_name_another_folder(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(folders, "_speed", full)
    *_, last = folders._try_writing("folder", tmp_path, 0.0)
    assert (last.exit_code, last.remedy) == (5, "make room")


# -- the command -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("_quick")
def test_the_command_says_all_and_ends_with_one_object(tmp_path):
    path = tmp_path / "rig.yaml"
    path.write_text(
        "cameras: {top: {source: synthetic, size: [64, 48], fps: 30, pixel_format: gray8}}\n"
        f"recording: {{folder: '{tmp_path}', keep_free: 0}}\n"
    )
    done = CliRunner().invoke(app, ["doctor", str(path), "--json"])
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.exit_code
    named = [finding["what"] for finding in told["findings"]]
    assert {"config", "ffmpeg", "codec of top", "window", "cameras", "memory"} <= set(named)
    assert "✓ ffmpeg" in done.stderr


@pytest.mark.usefixtures("_quick")
def test_a_config_with_a_mistake_does_not_hide_what_else_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rig.yaml"
    path.write_text("cameras: {top: {sorce: synthetic}}")
    done = CliRunner().invoke(app, ["doctor", str(path)])
    assert done.exit_code == 2
    assert "✗ config" in done.stdout
    assert "✓ ffmpeg" in done.stdout
