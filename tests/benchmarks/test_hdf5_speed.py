"""How fast HDF5 is written, beside what people use today; each figure a ratio within one run."""

import os
import time
from statistics import median

import numpy as np
import pytest
import tables
from test_record_speed import imageio_recipe, scene_frames

from recorder import mimwrite
from recorder.config import parse_config
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.session import Session
from recorder.writers.codecs import choose as choose_codec
from recorder.writers.hdf5 import Hdf5Writer, choose, prove
from recorder.writers.proof import prove as prove_codec

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

ROUNDS = int(os.environ.get("RECORDER_BENCH_ROUNDS", "5"))
HD = FrameSpec(1920, 1080, "gray8", 60.0)
DEEP = FrameSpec(1920, 1080, "gray16", 60.0)
COLOUR = FrameSpec(1280, 720, "rgb8", 60.0)


def array_of(spec, count):
    bgr = FrameSpec(spec.width, spec.height, "bgr8") if spec.channels == 3 else spec
    return np.array([frame.copy() for frame in scene_frames(bgr, count)])


def twelve_bit(count):
    """Frames of a 12 bit camera: the scene's noise of 2 grey levels of 256 is 32 of 4096."""
    frames = array_of(HD, count).astype(np.uint16) * 16
    random = np.random.default_rng(0)
    for number in range(count):  # the bits below those of an 8 bit camera are noise
        frames[number] += random.integers(0, 16, HD.shape, dtype=np.uint16)
    return frames


def timed(path, count, write):
    """Write a fresh file; return (fps, bytes per frame)."""
    path.unlink(missing_ok=True)
    started = time.perf_counter()
    write()
    seconds = time.perf_counter() - started
    size = path.stat().st_size
    path.unlink()
    return count / seconds, size / count


def by_pytables(path, frames):
    filters = tables.Filters(complevel=1, complib="blosc:zstd", bitshuffle=True, shuffle=False)
    with tables.open_file(str(path), "w") as file:
        array = file.create_earray(
            "/", "frames", tables.UInt8Atom(), (0, *frames.shape[1:]),
            filters=filters, chunkshape=(1, *frames.shape[1:]),
        )  # fmt: skip
        for frame in frames:
            array.append(frame[np.newaxis])


def by_flammkuchen(path, frames):
    """As the lossless README does; flammkuchen itself, only taught that NumPy 2 is there."""
    import flammkuchen

    from recorder.storage.flammkuchen_numpy2 import mend

    mend(flammkuchen.hdf5io)
    flammkuchen.save(str(path), {"frames": frames}, compression=("blosc", 4))


def compare(say, ours, others):
    """Print a round; return (our fps : theirs, their bytes : ours) for each of the others."""
    text = ", ".join(f"{name} {fps:.0f} fps" for name, (fps, _) in others.items())
    say(f"ours {ours[0]:.0f} fps, {text}")
    return {name: (ours[0] / fps, size / ours[1]) for name, (fps, size) in others.items()}


def report(say, label, rounds, name, aims):
    speed = median(found[name][0] for found in rounds)
    size = median(found[name][1] for found in rounds)
    say(f"{label}: {speed:.2f} of its frames per second, its file {size:.2f} times ours ({aims})")


def test_a_mimwrite_beside_flammkuchen_and_pytables(ram, say):
    frames = array_of(HD, 240)
    path = ram / "video.h5"
    prove(choose("auto", HD), HD.with_fps(None))
    timed(path, 24, lambda: mimwrite(path, frames[:24]))  # imports
    rounds = []
    for _ in range(ROUNDS):
        ours = timed(path, len(frames), lambda: mimwrite(path, frames, fps=60))
        blosc = timed(path, len(frames), lambda: by_flammkuchen(path, frames))
        zstd = timed(path, 24, lambda: by_pytables(path, frames[:24]))
        rounds.append(compare(say, ours, {"flammkuchen": blosc, "pytables": zstd}))
    say(f"ratio {HD.nbytes / ours[1]:.2f} : 1")
    report(say, "(a) flammkuchen blosc 4", rounds, "flammkuchen", "at least 0.8, aim 1; 2.0")
    report(say, "(a) PyTables blosc:zstd bitshuffle", rounds, "pytables", "at least 8; above 1")


CONFIG = """
cameras:
  top:
    source: synthetic
    size: [1920, 1080]
    pixel_format: gray8
    fps: max
    buffer: {{memory: 256MiB, when_full: wait}}
recording: {{folder: "{folder}", format: hdf5, duration: 1500 frames, keep_free: 1MiB}}
"""


def record(folder):
    config = parse_config(CONFIG.format(folder=folder), "bench.yaml")
    with Session(config.cameras["top"], public_config=config.public()) as session:
        session.start(record=True)
        summary = session.wait()
    assert summary.exit_code == 0, summary
    for file in folder.glob("*.h5"):
        file.unlink()
    return summary.fps


def test_b_recording_beside_mimwrite(ram, say):
    frames = array_of(HD, 240)
    path = ram / "video.h5"
    timed(path, 24, lambda: mimwrite(path, frames[:24]))
    found = []
    for _ in range(ROUNDS):
        before = timed(path, 240, lambda: mimwrite(path, frames))[0]
        recorded = record(ram)
        after = timed(path, 240, lambda: mimwrite(path, frames))[0]
        found.append(2 * recorded / (before + after))
        say(f"recorder {recorded:.0f} fps, mimwrite {before:.0f} and {after:.0f}")
    say(f"(b) recording at fps max : mimwrite = {median(found):.2f} (at least 0.85)")


def test_c_twelve_bit_beside_ffvhuff(ram, say):
    frames = twelve_bit(120)
    h5, mkv = ram / "video.h5", ram / "video.mkv"
    prove(choose("auto", DEEP), DEEP.with_fps(None))
    timed(h5, 12, lambda: mimwrite(h5, frames[:12]))
    timed(mkv, 12, lambda: mimwrite(mkv, frames[:12]))
    rounds = []
    for _ in range(ROUNDS):
        ours = timed(h5, len(frames), lambda: mimwrite(h5, frames))
        theirs = timed(mkv, len(frames), lambda: mimwrite(mkv, frames))
        rounds.append(compare(say, ours, {"ffvhuff": theirs}))
    report(say, "(c) ffvhuff in Matroska", rounds, "ffvhuff", "above 1; above 1")


def test_d_colour_video_beside_imageio(ram, say):
    frames = array_of(COLOUR, 240)
    path = ram / "video.mkv"
    prove_codec(COLOUR.with_fps(None), choose_codec("auto", "rgb8"))
    timed(path, 24, lambda: mimwrite(path, frames[:24]))
    speed, size = [], []
    for _ in range(ROUNDS):
        fps, nbytes = timed(path, len(frames), lambda: mimwrite(path, frames, fps=60))
        other_fps, other_bytes = imageio_recipe(frames, ram / "imageio.mp4")
        say(f"ours {fps:.0f} fps, imageio {other_fps:.0f} fps")
        speed.append(fps / other_fps)
        size.append(nbytes / other_bytes)
    say(f"(d) mimwrite .mkv : imageio = {median(speed):.2f} in speed (at least 2.5)")
    say(f"(d) mimwrite .mkv : imageio = {median(size):.2f} in file size (below 1)")


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (1920, 1080), (3840, 2160)], ids=str)
def test_curve_over_workers_and_sizes(ram, say, size):
    spec = FrameSpec(*size, "gray8", 60.0)
    frames = array_of(spec, max(8, 50_000_000 // spec.nbytes))
    count = max(64, 500_000_000 // spec.nbytes)
    path = ram / "video.h5"
    chosen = choose("auto", spec)
    prove(chosen, spec.with_fps(None))

    def write(workers):
        writer = Hdf5Writer(ram / "video", chosen, {}, workers=workers)
        writer.open(spec)
        for number in range(count):
            stamp = FrameStamp(number, number, None, number, 1, 1)
            writer.write(frames[number % len(frames)], stamp)
        assert writer.close("requested").written == count

    fps = {workers: [] for workers in (1, 2, 3, 4)}
    for _ in range(ROUNDS):
        for workers, found in fps.items():
            found.append(timed(path, count, lambda w=workers: write(w))[0])
    text = ", ".join(f"{median(found):.0f}" for found in fps.values())
    best = max(median(found) for found in fps.values()) * spec.nbytes / 1e6
    say(f"{size[0]}x{size[1]}: {text} fps with 1, 2, 3, 4 workers; {best:.0f} MB/s")
