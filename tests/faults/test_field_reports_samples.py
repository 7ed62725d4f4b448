"""Video files whose samples are deeper than 8 bits, or have transparency: exact, or refused."""

import re
import shlex

import numpy as np
import pytest
from video_sources import SIZE, as_source, decoded, ffmpeg, from_samples, pattern

from recorder import mimread
from recorder.cameras.opencv import OpenCVCamera
from recorder.errors import CameraRefused, RecorderError

_RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("kind", ["9le", "10le", "10be", "12le", "14le", "16le", "16be"])
def test_deep_gray_is_given_as_it_is_stored(tmp_path, kind):
    dtype = ">u2" if kind.endswith("be") else "<u2"
    given = _RANDOM.integers(0, 1 << int(kind[:-2]), (3, SIZE[1], SIZE[0])).astype(dtype)
    raw = ("-f", "rawvideo", "-pix_fmt", f"gray{kind}", "-s", f"{SIZE[0]}x{SIZE[1]}", "-i", "-")
    path = tmp_path / "in.nut"
    ffmpeg(*raw, "-c:v", "rawvideo", "-pix_fmt", f"gray{kind}", path, data=given.tobytes())
    read = mimread(path)
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, given)
    frames, camera = as_source(path)
    np.testing.assert_array_equal(frames, given)
    assert ("low bits" in str(camera.info.notes)) == (not kind.startswith("16"))


def test_deep_gray_from_x264_is_gray_too(tmp_path):
    path = tmp_path / "in.mp4"
    ffmpeg(*pattern(0.2), "-c:v", "libx264", "-pix_fmt", "gray10le", path)
    expected = decoded(path, "gray10le", "-vf", "extractplanes=y")
    for frames in (mimread(path), as_source(path)[0]):
        assert frames.dtype == np.uint16
        np.testing.assert_array_equal(frames.ravel(), np.frombuffer(expected, np.uint16))


# pixel format: (sample type, planes in the order of its bytes)
REFUSED = {
    "rgb48le": ("<u2", "rgb"),
    "gbrp12le": ("<u2", None),
    "yuv420p10le": ("<u2", None),
    "yuva444p10le": ("<u2", None),
    "bgra": ("u1", "bgra"),
    "ya8": ("u1", "ya"),
    "ya16be": (">u2", "ya"),
}


@pytest.mark.parametrize("pix_fmt", REFUSED)
def test_what_no_frame_holds_is_refused_with_a_command_that_keeps_it(tmp_path, pix_fmt):
    dtype, order = REFUSED[pix_fmt]
    path = tmp_path / "in.nut"
    codec = "png" if pix_fmt == "ya16be" else "rawvideo"
    ffmpeg(*pattern(0.2), "-vf", "noise=alls=40", "-pix_fmt", pix_fmt, "-c:v", codec, path)
    raw = np.frombuffer(decoded(path, pix_fmt), dtype).reshape(5, -1)
    with pytest.raises(CameraRefused) as refused:
        OpenCVCamera(str(path)).open()
    with pytest.raises(RecorderError) as unread:
        mimread(path)
    found = [re.search(r"ffmpeg (-noaut.*? OUT\.mkv)", str(e.value))[1] for e in (refused, unread)]
    assert found[0] == found[1]
    first = re.search(r"extractplanes=(\w)", found[0])[1]
    names = {"IN": path, "OUT.mkv": tmp_path / "out.mkv"}
    ffmpeg(*(names.get(word, word) for word in shlex.split(found[0])))
    plane = mimread(tmp_path / "out.mkv")
    if order:
        stored = raw.reshape(5, SIZE[1], SIZE[0], len(order))[..., order.index(first)]
    else:  # planes one after the other: g, b, r, or y first
        at = {"r": 2, "y": 0}[first] * SIZE[0] * SIZE[1]
        stored = raw[:, at : at + SIZE[0] * SIZE[1]].reshape(5, SIZE[1], SIZE[0])
    np.testing.assert_array_equal(plane, stored)


def test_transparency_is_dropped_by_the_command_that_says_so(tmp_path):
    given = _RANDOM.integers(0, 256, (3, SIZE[1], SIZE[0], 4), dtype=np.uint8)
    path = from_samples(tmp_path / "in.mkv", given, "bgra")
    with pytest.raises(RecorderError, match="drops the transparency") as error:
        mimread(path)
    command = re.search(r"; ffmpeg (.*OUT\.mkv) drops the transparency", str(error.value))[1]
    names = {"IN": path, "OUT.mkv": tmp_path / "out.mkv"}
    ffmpeg(*(names.get(word, word) for word in shlex.split(command)))
    np.testing.assert_array_equal(mimread(tmp_path / "out.mkv"), given[..., 2::-1])
