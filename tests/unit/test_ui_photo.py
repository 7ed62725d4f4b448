"""Single frames as pictures: what is read back is what was kept, and nothing is overwritten."""

import errno
import threading

import numpy as np
import pytest
from helpers import noise, until

from recorder.cameras.cv2_setup import import_cv2
from ui.model import photo
from ui.model.photo import MOST_WAITING, Photographer

cv2 = import_cv2()


@pytest.fixture
def photographer():
    photographer = Photographer()
    yield photographer
    photographer.close()
    assert not any(thread.name == "photographer" for thread in threading.enumerate())


def developed(photographer, count=1):
    done = []
    until(lambda: len(done) >= count or done.extend(photographer.done()) or len(done) >= count)
    return done


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize(
    ("shape", "dtype"), [((48, 65), np.uint8), ((48, 65), np.uint16), ((48, 65, 3), np.uint8)]
)
def test_the_picture_is_the_frame(photographer, tmp_path, shape, dtype, suffix):
    frame = noise(shape, dtype, 1)
    path = tmp_path / "new" / f"top{suffix}"  # its folder is made
    photographer.keep(frame, path)
    assert developed(photographer) == [(f"Picture kept: {path}", False)]
    back = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert back.dtype == dtype
    assert np.array_equal(back, frame)


def test_a_name_that_is_taken_is_left_alone(photographer, tmp_path):
    path = tmp_path / "top.png"
    path.write_bytes(b"mine")
    frames = [noise((4, 4), np.uint8, seed) for seed in (1, 2)]
    for frame in frames:
        photographer.keep(frame, path)
    assert not any(each.failed for each in developed(photographer, 2))
    assert path.read_bytes() == b"mine"
    for number, frame in zip((2, 3), frames, strict=True):
        back = cv2.imread(str(tmp_path / f"top-{number}.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(back, frame)


def test_a_folder_that_cannot_be_made_is_said(photographer, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "top.png"
    photographer.keep(noise((4, 4), np.uint8, 1), path)
    [done] = developed(photographer)
    assert done.failed
    assert done.text.startswith(f"{path} cannot be written: ")


def test_after_a_failure_the_next_one_is_kept(photographer, tmp_path):
    frame = noise((4, 4), np.uint8, 1)
    photographer.keep(frame, tmp_path / "top.xyz")  # OpenCV raises an error of its own
    photographer.keep(frame, tmp_path / "top.png")
    first, second = developed(photographer, 2)
    assert first.failed
    assert not second.failed


def test_a_full_disk_leaves_no_half_picture(photographer, tmp_path, monkeypatch):
    class FullDisk:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, data):
            self.file.write(bytes(data)[:10])
            raise OSError(errno.ENOSPC, "No space left on device")

    opened = photo.Path.open
    monkeypatch.setattr(photo.Path, "open", lambda path, mode: FullDisk(opened(path, mode)))
    path = tmp_path / "top.png"
    photographer.keep(noise((4, 4), np.uint8, 1), path)
    assert developed(photographer) == [(f"{path} cannot be written: No space left on device", True)]
    assert not path.exists()


def test_a_key_that_is_held_down_does_not_fill_the_memory(photographer, tmp_path, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(photo, "_write", lambda frame, path: gate.wait(30) and path)
    for _ in range(MOST_WAITING + 5):  # one may be under way already
        photographer.keep(noise((4, 4), np.uint8, 1), tmp_path / "top.png")
    refused = developed(photographer)
    assert all(each.failed for each in refused)
    assert "still being written" in refused[0].text
    gate.set()


def test_closing_keeps_what_was_asked_for_and_nothing_later(tmp_path):
    photographer = Photographer()
    photographer.keep(noise((4, 4), np.uint8, 1), tmp_path / "top.png")
    photographer.close(30)
    photographer.close(30)
    photographer.keep(noise((4, 4), np.uint8, 1), tmp_path / "later.png")
    assert [path.name for path in tmp_path.iterdir()] == ["top.png"]
