"""Image files of many pictures: each page is a frame, or the page that cannot be one is named."""

import struct
import subprocess
import tracemalloc
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from recorder import RecorderError, mimread
from recorder.cameras import pictures as pictures_module
from recorder.cameras import tiff as tiff_module
from recorder.cameras.base import BadFrame, EndOfSource
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.images import ImageFiles
from recorder.cameras.opencv import OpenCVCamera
from recorder.cameras.pictures import open_pictures
from recorder.errors import CameraError, CameraLost, CameraRefused

NONE, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
KINDS = ("gray8", "gray16", "bgr8")


def noise(kind, count=5, size=(23, 17), seed=0):
    shape = (count, size[1], size[0]) + ((3,) if kind == "bgr8" else ())
    dtype = np.uint16 if kind == "gray16" else np.uint8
    top = np.iinfo(dtype).max + 1
    return np.random.default_rng(seed).integers(0, top, shape, dtype=dtype)


def write_stack(path, pages, compression=NONE):
    cv2 = import_cv2()
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_ROWSPERSTRIP, 5]
    assert cv2.imwritemulti(str(path), list(pages), options)
    return path


def read(source, **wanted):
    """Return the camera and all frames it gives; a bad one is None."""
    camera = OpenCVCamera(str(source), **wanted)
    spec, frames = camera.open(), []
    try:
        while True:
            camera.grab()
            out = np.empty(spec.shape, spec.dtype)
            try:
                camera.retrieve(out)
                frames.append(out)
            except BadFrame:
                frames.append(None)
    except EndOfSource:
        return camera, frames
    finally:
        camera.close()


@pytest.mark.parametrize("compression", [NONE, LZW, DEFLATE, PACKBITS])
@pytest.mark.parametrize("kind", KINDS)
def test_every_page_of_a_stack_is_a_frame(tmp_path, kind, compression):
    pages = noise(kind)
    path = write_stack(tmp_path / "stack.tif", pages, compression)
    camera, frames = read(path)
    np.testing.assert_array_equal(frames, pages)
    assert (camera.can_wait, camera.info.notes) == (True, ())
    expected = pages[..., ::-1] if kind == "bgr8" else pages
    np.testing.assert_array_equal(mimread(path), expected)


def test_numbered_stacks_follow_one_another(tmp_path):
    pages = noise("gray16", 7)
    write_stack(tmp_path / "stack_000.tif", pages[:3])
    write_stack(tmp_path / "stack_001.tif", pages[3:4])
    write_stack(tmp_path / "stack_002.tif", pages[4:])
    np.testing.assert_array_equal(read(tmp_path / "stack_%03d.tif")[1], pages)


def test_pages_are_cropped_and_turned_like_any_frame(tmp_path):
    pages = noise("gray8")
    path = write_stack(tmp_path / "stack.tif", pages)
    frames = read(path, crop=(1, 2, 9, 7), rotate=180)[1]
    np.testing.assert_array_equal(frames, pages[:, 2:9, 1:10][:, ::-1, ::-1])


def ordered(path, order, big):
    """Rewrite a stack of uncompressed gray16 pages by hand: the other byte order, or BigTIFF."""
    pages = np.array(import_cv2().imreadmulti(str(path), flags=-1)[1])
    count, height, width = pages.shape
    word, head = ("Q", 16) if big else ("I", 8)
    mark = b"II" if order == "<" else b"MM"
    data = mark + (
        struct.pack(f"{order}HHHQ", 43, 8, 0, head) if big else struct.pack(f"{order}HI", 42, head)
    )
    for number, page in enumerate(pages):
        tags = [(256, width), (257, height), (258, 16), (259, 1), (262, 1), (273, 0), (277, 1)]
        tags += [(278, height), (279, page.nbytes)]
        length = (8 if big else 2) + len(tags) * (20 if big else 12) + (8 if big else 4)
        place = len(data) + length
        following = place + page.nbytes if number + 1 < count else 0
        data += struct.pack(order + ("Q" if big else "H"), len(tags))
        for tag, value in tags:
            said = place if tag == 273 else value
            data += struct.pack(f"{order}HH{word}{word}", tag, 16 if big else 4, 1, said)
        data += struct.pack(order + word, following) + page.astype(f"{order}u2").tobytes()
    path.write_bytes(data)


@pytest.mark.parametrize("big", [False, True], ids=["classic", "BigTIFF"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big-endian"])
def test_both_byte_orders_and_bigtiff_are_read(tmp_path, order, big):
    pages = noise("gray16")
    path = write_stack(tmp_path / "stack.tif", pages)
    ordered(path, order, big)
    np.testing.assert_array_equal(read(path)[1], pages)


def imagej(path, pages, text, compression=1):
    """Write a stack as ImageJ does above 4 GiB: one directory, the pages behind one another."""
    _, height, width = pages.shape
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 16), (259, 3, 1, compression)]
    tags += [(262, 3, 1, 1), (270, 2, len(text), 0), (273, 4, 1, 0), (277, 3, 1, 1)]
    tags += [(278, 4, 1, height), (279, 4, 1, pages[0].nbytes)]
    behind = 8 + 2 + len(tags) * 12 + 4
    where = {270: behind, 273: behind + len(text)}
    data = b"II" + struct.pack("<HIH", 42, 8, len(tags))
    data += b"".join(struct.pack("<HHII", t, k, n, where.get(t, v)) for t, k, n, v in tags)
    path.write_bytes(data + bytes(4) + text + pages.tobytes())
    return path


def test_imagejs_pages_without_directories_of_their_own_are_found(tmp_path):
    pages = noise("gray16")
    path = imagej(tmp_path / "big.tif", pages, b"ImageJ=1.53t\nimages=5\nslices=5\n\0")
    assert import_cv2().imcount(str(path)) == 1
    np.testing.assert_array_equal(read(path)[1], pages)
    np.testing.assert_array_equal(mimread(path), pages)


def test_pictures_that_are_announced_and_cannot_be_found_are_refused(tmp_path):
    pages = noise("gray16")
    path = imagej(tmp_path / "big.tif", pages, b"ImageJ=1.53t\nimages=5\n\0", compression=LZW)
    with pytest.raises(CameraError, match=r"announces 5 pictures, of which only the first"):
        OpenCVCamera(str(path)).open()


ODD = {
    "size": (np.zeros((9, 23), np.uint8), "23x9 pixels of 8 bit"),
    "depth": (np.zeros((17, 23), np.uint16), "23x17 pixels of 16 bit"),
    "channels": (np.zeros((17, 23, 3), np.uint8), "23x17 pixels of 8 bit in 3 channels"),
}


@pytest.mark.parametrize("odd", ODD)
def test_a_page_of_another_size_or_depth_is_refused_by_its_number(tmp_path, odd):
    page, words = ODD[odd]
    path = write_stack(tmp_path / "stack.tif", [*noise("gray8", 3), page])
    said = f"stack.tif: page 4 of 4 is {words}, the first is 23x17 pixels of 8 bit; "
    for call in (OpenCVCamera(str(path)).open, lambda: mimread(path)):
        with pytest.raises(CameraRefused, match=said):
            call()


def test_a_later_stack_of_another_size_is_named(tmp_path):
    write_stack(tmp_path / "s_0.tif", noise("gray8", 2))
    write_stack(tmp_path / "s_1.tif", noise("gray8", 2, (9, 9)))
    with pytest.raises(CameraLost, match=r"page 1 of s_1.tif is 9x9 .* before are 23x17"):
        read(tmp_path / "s_%d.tif")


def test_a_stack_that_is_cut_short_ends_in_a_bad_frame_and_a_note(tmp_path):
    pages = noise("gray8", 6)
    path = write_stack(tmp_path / "stack.tif", pages)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    camera, frames = read(path)
    good = [frame for frame in frames if frame is not None]
    assert len(good) >= 2
    np.testing.assert_array_equal(good, pages[: len(good)])
    assert frames[-1] is None
    (note,) = camera.info.notes
    assert note.startswith(f"stack.tif ends before its page {len(frames)} is complete")
    with pytest.raises(
        RecorderError, match=rf"page {len(good) + 1} of {len(frames)} cannot be dec"
    ):
        mimread(path)


def test_pages_that_lead_back_to_each_other_are_refused(tmp_path):
    path = write_stack(tmp_path / "stack.tif", noise("gray16", 2))
    ordered(path, "<", big=False)
    data = bytearray(path.read_bytes())
    (count,) = struct.unpack_from("<H", data, 8)
    second = struct.unpack_from("<I", data, 10 + count * 12)[0]
    struct.pack_into("<I", data, second + 2 + count * 12, 8)
    path.write_bytes(data)
    with pytest.raises(CameraError, match="its pages lead back to each other"):
        OpenCVCamera(str(path)).open()


@pytest.mark.parametrize("length", [0, 3, 8, 15, 60])
def test_the_head_of_a_stack_alone_is_no_picture(tmp_path, length):
    path = write_stack(tmp_path / "stack.tif", noise("gray8"))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CameraError, match=r"not an image|before its first page"):
        OpenCVCamera(str(path)).open()


def test_any_damage_ends_in_an_error_or_in_bad_frames(tmp_path):
    whole = write_stack(tmp_path / "stack.tif", noise("gray8", 3, (9, 7)), LZW).read_bytes()
    random = np.random.default_rng(7)
    outcomes = set()
    for _ in range(150):
        data = np.frombuffer(whole, np.uint8).copy()
        data[random.integers(8, len(data), 6)] = random.integers(0, 256, 6)
        (tmp_path / "stack.tif").write_bytes(data)
        try:
            frames = read(tmp_path / "stack.tif", pixel_format="gray8")[1]
            outcomes.add(len(frames))
        except CameraError:
            outcomes.add("refused")
    assert "refused" in outcomes
    assert 3 in outcomes


def test_the_last_of_many_pages_costs_as_little_as_the_first(tmp_path):
    """OpenCV alone decodes all pages before the one it is asked for, or holds all of them."""
    pages = np.arange(3000, dtype=np.uint16).repeat(64).reshape(-1, 8, 8)
    stack = open_pictures(write_stack(tmp_path / "long.tif", pages))
    assert len(stack) == 3000
    tracemalloc.start()
    assert all((stack.decode(number) == number).all() for number in range(2999, 0, -17))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100_000  # bytes


# -- animations ---------------------------------------------------------------------------------


def animate(path, frames):
    cv2 = import_cv2()
    animation = cv2.Animation()
    animation.frames = [np.ascontiguousarray(frame) for frame in frames]
    animation.durations = [40] * len(frames)
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if path.suffix == ".webp" else []
    assert cv2.imwriteanimation(str(path), animation, options)
    return path


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_every_picture_of_an_animation_is_a_frame(tmp_path, suffix, monkeypatch):
    frames = noise("bgr8", 9)
    path = animate(tmp_path / f"a{suffix}", frames)
    monkeypatch.setattr(pictures_module, "_AHEAD", frames[0].nbytes * 3)  # so that it is in parts
    camera, got = read(path, pixel_format="bgr8")
    np.testing.assert_array_equal(got, frames)
    assert "An animation's own times are not kept" in " ".join(camera.info.notes)
    np.testing.assert_array_equal(mimread(path), frames[..., ::-1])


@pytest.mark.parametrize(("form", "kind"), [("gray", "gray8"), ("gray16be", "gray16")])
def test_a_gray_animation_keeps_its_depth(tmp_path, form, kind):
    path = tmp_path / "a.png"
    frames = noise(kind, 4)
    given = {"gray8": "gray", "gray16": "gray16le"}[kind]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "rawvideo", "-pix_fmt", given]
    command += ["-s", "23x17", "-i", "-", "-pix_fmt", form, "-f", "apng", str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True, timeout=30)
    np.testing.assert_array_equal(read(path)[1], frames)
    np.testing.assert_array_equal(mimread(path), frames)


def test_transparency_is_refused_or_dropped_as_of_a_single_picture(tmp_path):
    frames = np.concatenate([noise("bgr8", 3), noise("bgr8", 3, seed=1)[..., :1]], axis=3)
    path = animate(tmp_path / "a.png", frames)
    with pytest.raises(CameraRefused, match="has transparency"):
        OpenCVCamera(str(path)).open()
    assert len(read(path, pixel_format="bgr8")[1]) == 3
    with pytest.raises(RecorderError, match="page 1 of 3 has transparency"):
        mimread(path)


def test_an_animation_that_is_cut_short_ends_in_bad_frames(tmp_path):
    frames = noise("bgr8", 6)
    path = animate(tmp_path / "a.png", frames)
    data = Path(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    got = read(path, pixel_format="bgr8")[1]
    assert len(got) == 6
    assert got[-1] is None
    good = [frame for frame in got if frame is not None]
    np.testing.assert_array_equal(good, frames[: len(good)])
    with pytest.raises(RecorderError, match="cannot be decoded: the file is cut short"):
        mimread(path)


# -- one file of many is damaged ----------------------------------------------------------------


def sequence(folder, count=3):
    pages = noise("gray8", count)
    for number, page in enumerate(pages):
        assert import_cv2().imwrite(str(folder / f"s_{number}.tif"), page)
    return pages, folder / "s_%d.tif"


def big(first, entries=b"", count=0):
    head = b"II" + struct.pack("<HHHQ", 43, 8, 0, first)
    return head + struct.pack("<Q", count) + entries


def entry(tag, kind, count, value):
    return struct.pack("<HHII", tag, kind, count, value)


DAMAGED = {
    "a header alone": b"II*\0\x08\0\0\0",
    "no directory yet": b"II*\0" + bytes(60),
    "a place no file has": big(2**63 + 1),
    "a place that is not there": big(2**62),
    "values no file has": big(16, struct.pack("<HHQQ", 259, 3, 99, 2**63 + 1) + bytes(8), 1),
    "samples no picture has": b"II*\0\x08\0\0\0\1\0" + entry(277, 4, 1, 2**32 - 1) + bytes(40),
    "no samples": b"II*\0\x08\0\0\0\1\0" + entry(277, 4, 1, 0) + bytes(40),
    "pages in a circle": b"II*\0\x08\0\0\0\1\0" + entry(256, 4, 1, 9) + b"\x08\0\0\0" + bytes(40),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_file_of_a_sequence_is_one_bad_frame(tmp_path, damage):
    pages, source = sequence(tmp_path)
    (tmp_path / "s_1.tif").write_bytes(DAMAGED[damage])
    _, frames = read(source)
    assert [frame is None for frame in frames] == [False, True, False]
    np.testing.assert_array_equal([frames[0], frames[2]], pages[::2])


def test_a_stack_that_vanishes_while_it_is_read_costs_its_own_frames_alone(tmp_path):
    pages = noise("gray8", 4)
    write_stack(tmp_path / "s_0.tif", pages[:3])
    write_stack(tmp_path / "s_1.tif", pages[3:])
    files = ImageFiles((tmp_path / "s_0.tif", tmp_path / "s_1.tif"), drop_alpha=False)
    assert files.grab()
    (tmp_path / "s_0.tif").unlink()
    outcomes = []
    while files.grab():
        outcomes.append(files.retrieve()[0])
    assert outcomes == [False, False, True]


def test_a_grab_finds_a_few_pages_of_a_large_stack(tmp_path, monkeypatch):
    """A walk over every page of a file would look like a camera that hangs."""
    pages = np.arange(400, dtype=np.uint16).repeat(64).reshape(-1, 8, 8)
    path = write_stack(tmp_path / "long.tif", pages)
    monkeypatch.setattr(tiff_module, "_AHEAD", 10)
    steps = []
    step = tiff_module.TiffPages._step
    monkeypatch.setattr(
        tiff_module.TiffPages, "_step", lambda *given: (steps.append(1), step(*given))[1]
    )
    files = ImageFiles((path,), drop_alpha=False)
    most, count = 0, 0
    while files.grab():
        most, count = max(most, len(steps)), count + 1
        steps.clear()
        assert (files.retrieve()[1] == count - 1).all()
    assert (count, most <= 70) == (400, True)


def test_a_large_stack_whose_later_pages_differ_ends_where_they_come(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff_module, "_AHEAD", 10)
    pages = [*noise("gray8", 30), np.zeros((9, 23), np.uint8)]
    path = write_stack(tmp_path / "stack.tif", pages)
    with pytest.raises(CameraLost, match=r"page 31 of stack.tif is 23x9"):
        read(path)
    with pytest.raises(RecorderError, match="page 31 is of another size"):
        mimread(path)
