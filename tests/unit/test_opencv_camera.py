"""Files and image sequences through the OpenCV camera: exact, or refused with a reason."""

import contextlib
import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from recorder.cameras.base import BadFrame, EndOfSource
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.opencv import OpenCVCamera
from recorder.errors import (
    CameraError,
    CameraLost,
    CameraNotFound,
    CameraRefused,
    ConfigError,
)

PIX_FMT = {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr24"}
EXACT = {
    "gray8": (("ffv1", "gray"), ("magicyuv", "gray"), ("ffvhuff", "gray")),
    "gray16": (("ffv1", "gray16le"), ("ffvhuff", "gray16le")),
    "bgr8": (("ffv1", "bgr0"), ("magicyuv", "gbrp"), ("ffvhuff", "rgb24")),
}
CASES = [(kind, *codec) for kind, codecs in EXACT.items() for codec in codecs]


def noise(kind, size=(53, 37), count=5):
    shape = (count, size[1], size[0]) + ((3,) if kind == "bgr8" else ())
    top, dtype = (65536, "uint16") if kind == "gray16" else (256, "uint8")
    return np.random.default_rng(size[0]).integers(0, top, shape, dtype=dtype)


def write_video(path, frames, codec="ffv1", pix_fmt=None, given=None):
    given = (
        given
        or {(3, "uint8"): "gray", (3, "uint16"): "gray16le", (4, "uint8"): "bgr24"}[
            (frames.ndim, str(frames.dtype))
        ]
    )
    height, width = frames.shape[1:3]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo"]
    command += ["-pix_fmt", given, "-s", f"{width}x{height}", "-r", "20", "-i", "-"]
    command += ["-c:v", codec, "-pix_fmt", pix_fmt or given, "-y", str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True, timeout=30)
    return path


def write_images(folder, frames, start=0):
    cv2 = import_cv2()
    folder.mkdir()
    for number, frame in enumerate(frames, start):
        data = cv2.imencode(".png", frame)[1]
        (folder / f"frames_{number:04d}.png").write_bytes(data.tobytes())
    return folder / "frames_%04d.png"


def read_all(camera, spec):
    """Every frame, through one slot of shared memory as the ring has them."""
    memory = mmap.mmap(-1, spec.nbytes + mmap.PAGESIZE)
    slot = np.frombuffer(memory, spec.dtype, spec.nbytes // np.dtype(spec.dtype).itemsize)
    slot = slot.reshape(spec.shape)
    frames, stamps = [], []
    with contextlib.suppress(EndOfSource):
        while True:
            stamps.append(camera.grab())
            camera.retrieve(slot)
            frames.append(slot.copy())
    return np.array(frames), stamps


def record(source, **wanted):
    camera = OpenCVCamera(str(source), **wanted)
    try:
        spec = camera.open()
        frames, stamps = read_all(camera, spec)
    finally:
        camera.close()
    return camera, spec, frames, stamps


@pytest.mark.parametrize(("kind", "codec", "pix_fmt"), CASES)
def test_a_lossless_file_comes_back_exactly(tmp_path, kind, codec, pix_fmt):
    frames = noise(kind)
    path = write_video(tmp_path / "in.mkv", frames, codec, pix_fmt)
    camera, spec, got, stamps = record(path)
    assert (spec.width, spec.height, spec.pixel_format, spec.fps) == (53, 37, kind, 20.0)
    np.testing.assert_array_equal(got, frames)
    assert [stamp.t_camera_ms for stamp in stamps] == pytest.approx([0, 50, 100, 150, 200])
    monotonic = [stamp.t_mono_ns for stamp in stamps]
    assert monotonic == sorted(monotonic)
    assert camera.can_wait
    assert camera.info.notes == ()
    assert camera.info.backend == "ffmpeg"
    assert camera.info.obtained == {"size": [53, 37], "fps": 20.0, "pixel_format": kind}


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 2), (641, 5), (16385, 2)], ids=str)
@pytest.mark.parametrize("kind", ["gray8", "gray16", "bgr8"])
def test_odd_sizes_are_exact(tmp_path, kind, size):
    frames = noise(kind, size)
    path = write_images(tmp_path / "images", frames)
    np.testing.assert_array_equal(record(path)[2], frames)
    if size != (1, 1) and size[0] > 1:  # ffv1 refuses some widths of one pixel
        path = write_video(tmp_path / "in.mkv", frames, pix_fmt="bgr0" if kind == "bgr8" else None)
        np.testing.assert_array_equal(record(path)[2], frames)


@pytest.mark.parametrize("kind", ["gray8", "gray16", "bgr8"])
def test_retrieve_writes_into_the_slot_itself(tmp_path, kind):
    """Without crop and the like, no array of ours lies between the source and the ring."""
    frames = noise(kind)
    camera = OpenCVCamera(str(write_video(tmp_path / "in.mkv", frames, "ffvhuff")))
    spec = camera.open()
    given = []

    class Watched:
        def retrieve(self, image=None):
            ok, frame = real.retrieve(image)
            given.append(frame)
            return ok, frame

    real, camera._feed.capture = camera._feed.capture, Watched()
    out = np.zeros(spec.shape, spec.dtype)
    camera._feed.held = False
    camera.retrieve(out)
    real.release()
    assert given[0] is out
    np.testing.assert_array_equal(out, frames[0])


@pytest.mark.parametrize("kind", ["gray8", "bgr8"])
def test_crop_rotate_flip_and_gray(tmp_path, kind):
    frames = noise(kind)
    if kind == "bgr8":
        frames[...] = frames[..., :1]
    path = write_video(tmp_path / "in.mkv", frames, "ffvhuff")
    wanted = {"pixel_format": "gray8", "crop": (3, 2, 30, 20), "rotate": 90, "flip": "vertical"}
    camera, spec, got, _ = record(path, **wanted)
    plane = frames[..., 0] if kind == "bgr8" else frames
    expected = np.rot90(plane[:, 2:22, 3:33], -1, (1, 2))[:, ::-1]
    np.testing.assert_array_equal(got, expected)
    assert (spec.width, spec.height) == (20, 30)
    assert any("Cropped to 30x20" in note for note in camera.info.notes)
    assert any("Gray is computed" in note for note in camera.info.notes) == (kind == "bgr8")


def test_a_gray_file_as_colour_has_equal_channels(tmp_path):
    frames = noise("gray8")
    path = write_video(tmp_path / "in.mkv", frames)
    np.testing.assert_array_equal(
        record(path, pixel_format="bgr8")[2], frames[..., None].repeat(3, 3)
    )


def test_transparency_is_dropped_only_when_asked(tmp_path):
    rgba = np.random.default_rng(1).integers(0, 256, (3, 8, 10, 4), dtype=np.uint8)
    path = write_video(tmp_path / "in.mkv", rgba, "ffv1", "bgra", given="bgra")
    with pytest.raises(CameraRefused, match="transparency"):
        OpenCVCamera(str(path)).open()
    camera, _, got, _ = record(path, pixel_format="bgr8")
    np.testing.assert_array_equal(got, rgba[..., :3])
    assert any("transparency" in note for note in camera.info.notes)
    images = write_images(tmp_path / "images", rgba)
    with pytest.raises(CameraRefused, match="transparency"):
        OpenCVCamera(str(images)).open()
    np.testing.assert_array_equal(record(images, pixel_format="bgr8")[2], rgba[..., :3])


@pytest.mark.parametrize(
    ("pix_fmt", "codec", "words"),
    [
        ("yuv420p10le", "ffv1", "10-bit YUV"),
        ("yuv444p16le", "ffv1", "16-bit YUV"),
        ("gbrp12le", "ffv1", "12-bit RGB"),
        ("rgb48le", "ffv1", "16-bit RGB"),
        ("rgb48be", "png", "16-bit RGB, big-endian"),
    ],
)
def test_deeper_than_8_bit_is_refused_not_cut(tmp_path, pix_fmt, codec, words):
    path = write_video(tmp_path / "in.mkv", noise("gray16"), codec, pix_fmt)
    for pixel_format in (None, "gray8", "gray16", "bgr8"):
        with pytest.raises(CameraRefused, match=words):
            OpenCVCamera(str(path), pixel_format=pixel_format).open()


@pytest.mark.parametrize("asked", ["gray8", "bgr8"])
def test_16_bit_gray_never_becomes_8(tmp_path, asked):
    for path in (
        write_video(tmp_path / "in.mkv", noise("gray16")),
        write_images(tmp_path / "images", noise("gray16")),
    ):
        with pytest.raises(CameraRefused, match="gray16"):
            OpenCVCamera(str(path), pixel_format=asked).open()


def test_16_bit_colour_and_float_images_are_refused(tmp_path):
    deep = np.zeros((2, 4, 5, 3), np.uint16)
    with pytest.raises(CameraRefused, match="3 x uint16"):
        OpenCVCamera(str(write_images(tmp_path / "rgb48", deep))).open()
    path = tmp_path / "real_0.tiff"
    path.write_bytes(import_cv2().imencode(".tiff", np.zeros((4, 5), np.float32))[1].tobytes())
    with pytest.raises(CameraRefused, match="1 x float32"):
        OpenCVCamera(str(tmp_path / "real_%d.tiff")).open()


def test_big_endian_samples_arrive_in_native_order(tmp_path):
    frame = noise("gray16", (6, 4), 1)[0]
    header = f"P5 {frame.shape[1]} {frame.shape[0]} 65535\n".encode()  # PGM is big-endian
    (tmp_path / "x_0.pgm").write_bytes(header + frame.astype(">u2").tobytes())
    _, _, got, _ = record(tmp_path / "x_%d.pgm")
    np.testing.assert_array_equal(got[0], frame)


def test_lossy_colour_is_noted(tmp_path):
    path = write_video(tmp_path / "in.mp4", noise("bgr8", (64, 48)), "libx264", "yuv420p")
    camera, spec, got, _ = record(path)
    assert spec.pixel_format == "bgr8"
    assert len(got) == 5
    assert camera.info.notes == (
        "Colours are computed by ffmpeg from yuv420p, not kept as stored.",
    )


@pytest.mark.parametrize(
    "name", ["with spaces.mkv", "ünïcödé ☃.mkv", "100%d.mkv", "%04d.mkv", "-x.mkv", "a:b'\".mkv"]
)
def test_names_are_literal(tmp_path, monkeypatch, name):
    frames = noise("gray8")
    shutil.move(write_video(tmp_path / "plain.mkv", frames), tmp_path / name)
    monkeypatch.chdir(tmp_path)
    np.testing.assert_array_equal(record(name)[2], frames)
    np.testing.assert_array_equal(record(tmp_path / name)[2], frames)


@pytest.mark.parametrize("folder", ["plain", "with spaces", "50%d", "%04d ü"])
def test_a_sequence_has_its_number_in_the_name_only(tmp_path, folder):
    frames = noise("gray16")
    path = write_images(tmp_path / folder, frames, start=7)
    camera, spec, got, stamps = record(path, fps=12.5)
    np.testing.assert_array_equal(got, frames)
    assert spec.fps == 12.5
    assert camera.info.backend == "opencv images"
    assert camera.info.notes == ()
    assert {stamp.t_camera_ms for stamp in stamps} == {None}


def test_a_single_image_and_a_literal_percent(tmp_path):
    frames = noise("bgr8", count=1)
    path = write_images(tmp_path / "x", frames)
    single = path.parent / "frames_0000.png"
    np.testing.assert_array_equal(record(single)[2], frames)
    shutil.copy(single, tmp_path / "really_%d.png")
    np.testing.assert_array_equal(record(tmp_path / "really_%d.png")[2], frames)


def test_a_hole_in_a_sequence_is_skipped_and_noted(tmp_path):
    frames = noise("gray8")
    path = write_images(tmp_path / "x", frames)
    (path.parent / "frames_0002.png").unlink()
    (path.parent / "frames_02.png").write_text("not of this sequence")
    (path.parent / "frames_0003.png.bak").write_text("nor this")
    camera, _, got, _ = record(path)
    np.testing.assert_array_equal(got, frames[[0, 1, 3, 4]])
    assert camera.info.notes == ("1 images between 0 and 4 are missing: 2.",)


@pytest.mark.parametrize("damage", [b"", b"junk", None], ids=["empty", "junk", "cut"])
def test_a_damaged_image_is_one_bad_frame(tmp_path, damage):
    frames = noise("gray8", (200, 100))
    path = write_images(tmp_path / "x", frames)
    victim = path.parent / "frames_0002.png"
    victim.write_bytes(victim.read_bytes()[:5000] if damage is None else damage)
    camera = OpenCVCamera(str(path))
    spec = camera.open()
    out = np.empty(spec.shape, spec.dtype)
    for number in range(5):
        camera.grab()
        if number == 2:
            with pytest.raises(BadFrame, match="cannot be decoded"):
                camera.retrieve(out)
        else:
            camera.retrieve(out)
            np.testing.assert_array_equal(out, frames[number])
    with pytest.raises(EndOfSource):
        camera.grab()


@pytest.mark.parametrize(
    "other",
    [np.zeros((5, 6), np.uint8), np.zeros((37, 53), np.uint16), np.zeros((37, 53, 3), np.uint8)],
    ids=["size", "depth", "channels"],
)
@pytest.mark.parametrize("crop", [None, (0, 0, 5, 5)], ids=["direct", "cropped"])
def test_another_kind_of_frame_is_never_shown_skewed(tmp_path, other, crop):
    path = write_images(tmp_path / "x", noise("gray8"))
    (path.parent / "frames_0001.png").write_bytes(import_cv2().imencode(".png", other)[1].tobytes())
    camera = OpenCVCamera(str(path), crop=crop)
    spec = camera.open()
    out = np.empty(spec.shape, spec.dtype)
    camera.grab()
    camera.retrieve(out)
    camera.grab()
    out[...] = 7
    with pytest.raises(CameraLost, match=r"were 53x37 pixels of uint8 and are now"):
        camera.retrieve(out)
    assert (out == 7).all()


def test_a_file_cut_short_ends_with_a_note(tmp_path):
    frames = noise("bgr8", (320, 200), 20)
    path = write_video(tmp_path / "in.mkv", frames, "ffvhuff")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    camera, _, got, _ = record(path)
    assert 5 < len(got) < 15
    np.testing.assert_array_equal(got, frames[: len(got)])
    words = f"announces 1.00 s, but its frames end at {len(got) / 20:.2f} s"
    assert words in camera.info.notes[0]


def test_what_is_wrong_with_a_path(tmp_path):
    (tmp_path / "empty.mkv").touch()
    (tmp_path / "junk.mkv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "folder.mkv").mkdir()
    (tmp_path / "text.txt").write_text("no video")
    (tmp_path / "a.png").write_bytes(b"")
    whole = write_video(tmp_path / "whole.mkv", noise("gray8")).read_bytes()
    (tmp_path / "header.mkv").write_bytes(whole[:600])
    cases = {
        "nope.mkv": (CameraNotFound, "no such file"),
        "empty.mkv": (CameraError, "is empty"),
        "junk.mkv": (CameraError, "not a video"),
        "text.txt": (CameraError, "not a video"),
        "folder.mkv": (CameraRefused, "is a folder"),
        "header.mkv": (CameraError, "cut short"),
        "a.png": (CameraError, "first image"),
        "b_%d.png": (CameraNotFound, r"the folder has a\.png"),
        "no/b_%d.png": (CameraNotFound, "there is no folder"),
    }
    for name, (error, words) in cases.items():
        camera = OpenCVCamera(str(tmp_path / name))
        with pytest.raises(error, match=words) as caught:
            camera.open()
        assert type(caught.value) is error, name
        with pytest.raises(CameraError, match="not open"):
            camera.grab()
        camera.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = write_video(tmp_path / "in.mkv", noise("gray8"))
    path.chmod(0)
    with pytest.raises(CameraRefused, match="permission"):
        OpenCVCamera(str(path)).open()


def test_what_a_file_cannot_do_is_noted(tmp_path):
    path = write_video(tmp_path / "in.mkv", noise("gray8"))
    wanted = {"size": (640, 480), "fps": 50.0, "settings": {"gain": 3}}
    camera, *_ = record(path, **wanted)
    assert camera.info.asked == {"gain": 3, "size": [640, 480], "fps": 50.0}
    assert camera.info.obtained["gain"] is None
    assert camera.info.obtained["size"] == [53, 37]
    assert camera.info.notes == (
        "gain: asked 3; the camera refuses it, or has no such setting.",
        "size: asked 640x480, the source gives 53x37.",
        "fps: asked 50, the source says 20.",
    )
    with pytest.raises(CameraRefused, match=r"gain: asked 3.*640x480.*fps: asked 50"):
        OpenCVCamera(str(path), strict=True, **wanted).open()
    assert record(path, strict=True, size=(53, 37), fps=20.05)[0].info.notes == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gian": 3}, r"settings\.gian: .*did you mean gain\?"),
        ({"Gain": 3}, "did you mean gain"),
        ({"frame_width": 640}, "use the camera's key size"),
        ({"fps": 30}, "use the camera's key fps"),
        ({"convert_rgb": 0}, "use the camera's key pixel_format"),
        ({"gain": "high"}, "is text"),
        ({"fourcc": "MJPEG"}, "four characters"),
        ({"fourcc": True}, "four characters"),
    ],
    ids=str,
)
def test_settings_are_checked_before_anything_opens(settings, words):
    with pytest.raises(ConfigError, match=words):
        OpenCVCamera("nowhere.mkv", settings=settings).open()


def test_set_reads_back(tmp_path):
    camera = OpenCVCamera(str(write_video(tmp_path / "in.mkv", noise("gray8"))))
    camera.open()
    assert camera.set("gain", 3) is None
    assert camera.info.asked["gain"] == 3
    with pytest.raises(ConfigError, match="while the camera runs"):
        camera.set("fourcc", 1)
    camera.close()
    camera.close()


def test_opens_again_after_the_end(tmp_path):
    frames = noise("gray8")
    camera = OpenCVCamera(str(write_video(tmp_path / "in.mkv", frames)))
    for _ in range(2):
        spec = camera.open()
        np.testing.assert_array_equal(read_all(camera, spec)[0], frames)


def test_crop_outside_leaves_nothing_open(tmp_path):
    camera = OpenCVCamera(str(write_video(tmp_path / "in.mkv", noise("gray8"))), crop=(50, 0, 9, 9))
    with pytest.raises(CameraRefused, match="53x37"):
        camera.open()
    with pytest.raises(CameraError, match="not open"):
        camera.grab()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="V4L2")
def test_devices_that_are_not_there():
    for source in (99, "/dev/video99", "/dev/v4l/by-id/usb-none"):
        with pytest.raises(CameraNotFound, match="there is no /dev"):
            OpenCVCamera(source).open()
    with pytest.raises(CameraRefused, match="not a video device"):
        OpenCVCamera("/dev/null").open()


def test_cv2_is_imported_only_to_open():
    code = (
        "import sys, recorder.cameras.opencv, recorder.cameras.listing, recorder.cli.cameras\n"
        "recorder.cameras.opencv.OpenCVCamera('x.mkv')\n"
        "sys.exit('cv2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


def test_nothing_is_printed_by_the_libraries(tmp_path):
    """FFmpeg's own words hold the URL, and with it the password."""
    code = (
        "from recorder.cameras.opencv import OpenCVCamera\n"
        "for source in ('http://user:secret@127.0.0.1:9/x', 'junk.mkv'):\n"
        "    try: OpenCVCamera(source).open()\n"
        "    except Exception as error: print(error)\n"
    )
    (tmp_path / "junk.mkv").write_bytes(b"\x1aE\xdf\xa3" * 300)
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stderr == ""
    assert "secret" not in run.stdout
    assert "user:***@127.0.0.1:9" in run.stdout
