"""Conversions: the same frames and rows in another kind of file, or nothing at all."""

import csv
import json
import shutil
import signal
import subprocess
from pathlib import Path

import cv2
import flammkuchen
import h5py
import numpy as np
import pytest
from helpers import (
    RECORDER,
    LedCamera,
    camera_config,
    invoke,
    noise,
    read_about,
    read_ledger,
    run,
    until,
)

from recorder import open_recording
from recorder.cli.convert import _between_frames
from recorder.errors import ConfigError, Damaged, FileTaken, NotLossless, RecorderError, WriterError
from recorder.pipeline.session import Session
from recorder.playback import convert as conversion
from recorder.playback.convert import convert
from recorder.playback.verify import verify
from recorder.system import stop_signals

BAD = 5


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Give a function that puts a recording into a folder; each kind is recorded once."""
    made = {}

    def put(folder, *kind, **options):
        key = (kind, *options.items())
        if key not in made:
            made[key] = Path(record(tmp_path_factory.mktemp("recorded"), *kind, **options))
        for path in made[key].parent.iterdir():
            shutil.copy(path, folder)
        return str(folder / made[key].name)

    return put


def record(folder, pixel_format="gray8", format_="video", frames=20):
    """Record noise with one bad frame; return the file."""
    led = LedCamera(33, 18, pixel_format, frames=frames, bad=[BAD], period_s=0)
    config = camera_config(folder, recording__format=format_, recording__name="source")
    session = Session(config, {"subject": "M12"}, {}, led)
    session.start(record=True)
    (file,) = session.wait().files
    return file


def given(pixel_format, frames=20):
    channels = (18, 33, 3) if pixel_format == "bgr8" else (18, 33)
    dtype = np.uint16 if pixel_format == "gray16" else np.uint8
    return np.array([noise(channels, dtype, n) for n in range(frames) if n != BAD])


def rows_of(text):
    return [
        [row["grab"], row["status"], row["t_mono_ns"], row["xxh3_64"], row["note"]] for row in text
    ]


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
def test_there_and_back(recorded, tmp_path, pixel_format):
    source = recorded(tmp_path, pixel_format)
    h5, again = tmp_path / "source.h5", tmp_path / "again.mkv"
    done = convert(source, h5)
    assert done.frames == 19
    assert done.files == (h5,)
    convert(h5, again, codec="archive")
    for path in (h5, again):
        assert verify(path).ok
        with open_recording(path) as recording:
            assert np.array_equal(recording[:], given(pixel_format))
        assert rows_of(read_ledger(path)) == rows_of(read_ledger(source))
        about = read_about(path)
        assert about["metadata"] == {"subject": "M12"}
        assert (about["state"], about["reason"]) == ("complete", "end_of_source")
        assert about["totals"] == read_about(source)["totals"]
    assert read_about(again)["codec"] == "ffv1"
    assert read_about(again)["converted_from"]["files"] == ["source.h5"]


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
def test_an_array(recorded, tmp_path, pixel_format):
    source = recorded(tmp_path, pixel_format)
    convert(source, tmp_path / "clip.npy")
    assert np.array_equal(np.load(tmp_path / "clip.npy"), given(pixel_format))
    with (tmp_path / "clip.ledger.csv").open() as file:
        assert rows_of(csv.DictReader(file)) == rows_of(read_ledger(source))
    about = json.loads((tmp_path / "clip.about.json").read_text())
    assert about["pixel_format"] == pixel_format
    assert len(verify(tmp_path).parts) == 1  # it is not taken for a recording


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize("name", ["images", "images.png", "images.tif"])
def test_images(recorded, tmp_path, pixel_format, name):
    convert(recorded(tmp_path, pixel_format), tmp_path / name)
    folder = tmp_path / "images"
    suffix = ".tif" if name.endswith("tif") else ".png"
    files = sorted(folder.glob(f"*{suffix}"))
    assert files[0].name == f"frame_000000{suffix}"
    read = [cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files]
    assert np.array_equal(read, given(pixel_format))
    about = json.loads((folder / "about.json").read_text())
    assert about["totals"]["bad"] == 1
    assert (folder / "ledger.csv").read_text().count("\n") == 21


def test_a_sequence_of_images_can_be_recorded_again(recorded, tmp_path):
    convert(recorded(tmp_path, "gray16"), tmp_path / "images")
    config = camera_config(
        tmp_path / "out",
        source=str(tmp_path / "images" / "frame_%06d.png"),
        size=None,
        pixel_format="gray16",
    )
    session = Session(config)
    session.start(record=True)
    with open_recording(session.wait().files[0]) as recording:
        assert np.array_equal(recording[:], given("gray16"))


def test_what_is_said_of_the_old_file_is_not_said_of_the_new_one(recorded, tmp_path):
    source = recorded(tmp_path)
    path = tmp_path / "source.json"
    about = json.loads(path.read_text()) | {"file_limit": "4 GiB", "file_notes": ["its times"]}
    path.write_text(json.dumps(about | {"notes": ["of the camera"]}))
    convert(source, tmp_path / "new.mkv")
    new = json.loads((tmp_path / "new.json").read_text())
    assert new["notes"] == ["of the camera"]
    assert "its times" not in new["file_notes"]
    assert "file_limit" not in new


def test_an_interrupted_recording(recorded, tmp_path):
    source = recorded(tmp_path)
    about = json.loads((tmp_path / "source.json").read_text())
    (tmp_path / "source.json").write_text(json.dumps(about | {"state": "recording", "writer": {}}))
    with (tmp_path / "source.mkv").open("r+b") as file:
        file.truncate(file.seek(0, 2) * 2 // 3)
    with open_recording(source) as recording:
        left = len(recording)
    assert 0 < left < 19
    convert(source, tmp_path / "saved.h5")
    with h5py.File(tmp_path / "saved.h5") as file:
        assert len(file["frames"]) == left
    rows = read_ledger(tmp_path / "saved.h5")
    assert [row["note"] for row in rows if row["status"] == "dropped"] == ["interrupted"] * (
        19 - left
    )
    assert verify(tmp_path / "saved.h5").ok


def test_without_a_frame(recorded, tmp_path):
    source = recorded(tmp_path, frames=0)
    for name in ("none.h5", "none.npy", "images"):
        assert convert(source, tmp_path / name).frames == 0
    assert len(flammkuchen.load(str(tmp_path / "none.h5"), "/frames")) == 0
    assert np.load(tmp_path / "none.npy").shape == (0, 18, 33)


# -- nothing, if not all -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.mkv", "out.h5", "out.npy", "out.png", "out"])
def test_nothing_is_overwritten(recorded, tmp_path, name):
    source = recorded(tmp_path)
    there = tmp_path / name.removesuffix(".png")
    there.write_text("precious")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FileTaken):
        convert(source, tmp_path / name)
    assert there.read_text() == "precious"
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "codec", "error", "message"),
    [
        ("out.avi", "auto", ConfigError, "ends in .mkv, .h5"),
        (".out.h5", "auto", ConfigError, "begins with a dot"),
        (".h5", "auto", ConfigError, "begins with a dot"),
        ("out.npy", "fast", ConfigError, "only .mkv and .h5 take one"),
        ("out.mkv", "libx265", NotLossless, "libx265"),
        ("out.h5", "gzip", NotLossless, "not one for HDF5"),
        ("nowhere/out.h5", "auto", RecorderError, "no such folder"),
    ],
)
def test_what_cannot_be_is_refused(recorded, tmp_path, name, codec, error, message):
    source = recorded(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error, match=message):
        convert(source, tmp_path / name, codec)
    assert sorted(tmp_path.iterdir()) == before


def test_a_damaged_recording_is_not_converted(recorded, tmp_path):
    source = recorded(tmp_path, format_="hdf5")
    with h5py.File(source) as file:
        at = file["frames"].id.get_chunk_info(7)
    with Path(source).open("r+b") as file:
        file.seek(at.byte_offset + at.size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0xFF]))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RecorderError, match="frame 7"):
        convert(source, tmp_path / "out.mkv")
    assert sorted(tmp_path.iterdir()) == before


def test_a_complete_recording_that_lacks_frames_is_not_made_good(recorded, tmp_path):
    source = recorded(tmp_path)
    with Path(source).open("r+b") as file:
        file.truncate(file.seek(0, 2) * 2 // 3)
    before = sorted(tmp_path.iterdir())
    with (
        pytest.warns(UserWarning, match="its ledger says"),
        pytest.raises(Damaged, match="is missing"),
    ):
        convert(source, tmp_path / "out.h5")
    assert sorted(tmp_path.iterdir()) == before


def test_a_recording_that_goes_on_is_not_converted(tmp_path):
    with Session(camera_config(tmp_path), camera=LedCamera()) as session:
        session.start(record=True)
        (video,) = until(lambda: list(tmp_path.glob("*.mkv")), "for ffmpeg to make its file")
        with pytest.raises(RecorderError, match="being recorded right now"):
            convert(video, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


class Lossy:
    """A target that changes one frame, loses one, or fails."""

    def __init__(self, inner, fault):
        self.inner, self.fault, self.count = inner, fault, 0
        self.made = inner.made
        self.open, self.skip, self.close = inner.open, inner.skip, inner.close

    def write(self, frame, stamp):
        self.count += 1
        if self.count == 4 and self.fault == "changed":
            frame = frame ^ 1
        if self.count == 4 and self.fault == "fails":
            raise WriterError("the disk is gone")
        if self.count != 4 or self.fault != "lost":
            self.inner.write(frame, stamp)

    def frames(self):
        return self.inner.frames()


@pytest.mark.parametrize("name", ["out.mkv", "out.h5", "out.npy", "images"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [("changed", Damaged), ("lost", (Damaged, WriterError)), ("fails", WriterError)],
)
def test_a_conversion_that_goes_wrong_leaves_nothing(
    recorded, tmp_path, monkeypatch, name, fault, error
):
    source = recorded(tmp_path)
    target_for = conversion.target_for
    monkeypatch.setattr(conversion, "target_for", lambda *args: Lossy(target_for(*args), fault))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error):
        convert(source, tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_the_command(recorded, tmp_path):
    source = recorded(tmp_path)
    result = run("convert", source, tmp_path / "out.h5")
    assert result.returncode == 0
    assert f"{tmp_path / 'out.h5'}: all 19 frames are exact" in result.stdout
    result = invoke("convert", source, tmp_path / "out.h5")
    assert (result.returncode, result.stdout) == (4, "")
    assert "nothing is ever overwritten" in result.stderr


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        # Each of them is heard: see below.
        *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGINT, signal.SIGHUP)),
    ],
    ids=str,
)
def test_a_signal_leaves_nothing(recorded, tmp_path, number):
    source = recorded(tmp_path, frames=1500)
    before = sorted(tmp_path.iterdir())
    child = subprocess.Popen(
        [*RECORDER, "convert", str(source), str(tmp_path / "images")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: list(tmp_path.glob(".recorder-convert-*/images/*.png")))
    finally:
        child.send_signal(number)
        code = child.wait(30)
    assert code == 128 + number
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def between_frames():
    """Hear the signals as the command does; afterwards they are what they were."""
    before = {number: signal.getsignal(number) for number in stop_signals()}
    yield _between_frames()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_signal_is_heard_between_two_frames_and_a_second_one_at_once(between_frames, number):
    between_frames()  # nobody has asked for anything
    signal.raise_signal(number)  # heard before the next line
    with pytest.raises(SystemExit) as between:
        between_frames()
    assert between.value.code == 128 + number
    with pytest.raises(SystemExit) as at_once:
        signal.raise_signal(number)
    assert at_once.value.code == 128 + number
