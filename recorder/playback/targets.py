"""What a recording can be converted to: a recording again, an array, or a folder of images."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recorder.cameras.cv2_setup import import_cv2
from recorder.errors import ConfigError, RecorderError, WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.playback.files import find_parts
from recorder.writers import about as about_file
from recorder.writers import hdf5, naming
from recorder.writers.account import Account
from recorder.writers.base import Writer
from recorder.writers.codecs import choose
from recorder.writers.ledger import Ledger, sync_path
from recorder.writers.proof import prove
from recorder.writers.times import kind_in
from recorder.writers.video import VideoWriter

if TYPE_CHECKING:
    from recorder.frame import Frame

IMAGES = (".png", ".tif", ".tiff")
ARRAY = ".npy"
_IMAGE_WORKERS = 2


class Target(Protocol):
    """Takes the frames and rows of a recording, then gives the frames back for comparison."""

    @property
    def made(self) -> tuple[Path, ...]:
        """What is written, the one with the frames last."""

    def open(self, spec: FrameSpec, count: int) -> None:
        """Make ready for so many frames.

        Raises
        ------
        NotLossless, WriterError, NoSpace, OSError
        """

    def write(self, frame: Frame, stamp: FrameStamp) -> None:
        """Take a frame of its own, which nobody changes later, with its row."""

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Take the row of a frame that is not in the file."""

    def close(self, reason: str) -> None:
        """Finish, and bring everything to the disk.

        Raises
        ------
        WriterError, NoSpace, OSError
        """

    def frames(self) -> Iterator[Frame]:
        """Decode what was written, frame after frame."""


def target_for(path: Path, folder: Path, codec: str, about: Mapping[str, Any]) -> Target:
    """Return the target that a file name means, to be written into a folder.

    Parameters
    ----------
    path
        Ends in .mkv, .h5, .npy, .png, .tif or .tiff; without a suffix it is a folder of PNGs.
    folder
        Where to write, under the names that `path` asks for.
    codec
        A profile or a codec's name, for .mkv and .h5.
    about
        What is known of the recording.

    Raises
    ------
    ConfigError
        The suffix means nothing here, or takes no codec.
    """
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        raise ConfigError(f"{path.name}: a name that begins with a dot is hidden, also from verify")
    if suffix in (naming.VIDEO, naming.HDF5):
        stem = folder / path.name[: -len(suffix)]
        return RecordingTarget(stem, suffix, codec, about)
    if codec != "auto":
        raise ConfigError(f"codec {codec}: only .mkv and .h5 take one")
    if suffix == ARRAY:
        return ArrayTarget(folder / path.name[: -len(suffix)], about)
    if suffix in IMAGES or not suffix:
        return ImageTarget(folder / path.stem, suffix or IMAGES[0], about)
    known = ", ".join((naming.VIDEO, naming.HDF5, ARRAY, *IMAGES))
    raise ConfigError(f"{path.name}: the name of the output ends in {known}")


class RecordingTarget:
    """A recording as the recorder itself makes it.

    Parameters
    ----------
    stem
        Folder and name without suffix.
    suffix
        .mkv or .h5.
    """

    def __init__(self, stem: Path, suffix: str, codec: str, about: Mapping[str, Any]) -> None:
        self._stem = stem
        self._suffix = suffix
        self._codec = codec
        self._about = about
        self._writer: Writer

    @property
    def made(self) -> tuple[Path, ...]:
        """One file, or three."""
        video = (naming.ABOUT, naming.LEDGER, naming.VIDEO)
        suffixes = (naming.HDF5,) if self._suffix == naming.HDF5 else video
        return tuple(naming.beside(self._stem, suffix) for suffix in suffixes)

    def open(self, spec: FrameSpec, count: int) -> None:
        """Prove the codec, then begin the file."""
        if self._suffix == naming.HDF5:
            chosen = hdf5.choose(self._codec, spec)
            hdf5.prove(chosen, spec.with_fps(None))
            self._writer = hdf5.Hdf5Writer(self._stem, chosen, self._about)
        else:
            codec = choose(self._codec, spec.pixel_format)
            # Where nothing says that a clock drove the frames, they keep the rate that they had.
            kind = kind_in(self._about, otherwise="nominal")
            prove(spec.with_fps(None), codec, kind == "own")
            self._writer = VideoWriter(self._stem, codec, {**self._about, "times": kind})
        self._writer.open(spec)

    def write(self, frame: Frame, stamp: FrameStamp) -> None:
        """Hand the frame on."""
        self._writer.write(frame, stamp)

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Hand the row on."""
        self._writer.skip(stamp, status, note)

    def close(self, reason: str) -> None:
        """Finish the file; one that ended early is no conversion."""
        report = self._writer.close(reason)
        if report.unfinished is not None:
            raise report.unfinished
        if report.error is not None:
            raise WriterError(report.error)

    def frames(self) -> Iterator[Frame]:
        """Decode the file."""
        (part,) = find_parts(naming.beside(self._stem, self._suffix))
        frames = part.open_frames()
        try:
            yield from frames.iterate(0, len(frames))
        finally:
            frames.close()


class _WithLedger:
    """Ledger and about file beside frames that are kept in some other way."""

    def __init__(self, ledger: Path, about_path: Path, about: Mapping[str, Any]) -> None:
        self._ledger_path = ledger
        self._about_path = about_path
        self._about = dict(about)
        self._account = Account()

    def _open(self, spec: FrameSpec) -> None:
        self._ledger = Ledger(self._ledger_path)
        self._about |= {
            "pixel_format": spec.pixel_format,
            "width": spec.width,
            "height": spec.height,
            "dtype": spec.dtype,
            "nominal_fps": spec.fps,
        }

    def _row(self, stamp: FrameStamp) -> None:
        self._account.see(stamp)
        self._account.counts["written"] += 1
        self._ledger.written(stamp)

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Write the row."""
        self._account.see(stamp)
        self._account.counts[status] += 1
        self._ledger.missing(stamp, status, note)

    def _close(self, reason: str) -> None:
        self._ledger.close()
        about_file.create(self._about_path, self._about | self._account.closing(reason, None))
        sync_path(self._about_path)


class ArrayTarget(_WithLedger):
    """STEM.npy, (n, height, width[, 3]), with STEM.ledger.csv and STEM.about.json."""

    def __init__(self, stem: Path, about: Mapping[str, Any]) -> None:
        # Not the suffixes of a video: its frames would be missed.
        self._path = naming.beside(stem, ARRAY)
        ledger, about_path = (
            naming.beside(stem, suffix) for suffix in (".ledger.csv", ".about.json")
        )
        super().__init__(ledger, about_path, about)
        self.made = (about_path, ledger, self._path)
        self._count = 0

    def open(self, spec: FrameSpec, count: int) -> None:
        """Begin the file; how many frames there will be stands in front of them."""
        self._open(spec)
        self._promised = count
        self._file = self._path.open("xb")
        kind = np.dtype(spec.dtype).newbyteorder("<").str
        header = {"descr": kind, "fortran_order": False, "shape": (count, *spec.shape)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def write(self, frame: Frame, stamp: FrameStamp) -> None:
        """Append the frame."""
        self._row(stamp)
        self._file.write(frame.data)
        self._count += 1

    def close(self, reason: str) -> None:
        """Bring the file to the disk."""
        self._file.close()
        self._close(reason)
        if self._count != self._promised:
            raise WriterError(f"{self._path.name}: {self._count} of {self._promised} frames came")
        sync_path(self._path)

    def frames(self) -> Iterator[Frame]:
        """Read the file."""
        array = np.load(self._path, mmap_mode="r" if self._count else None)
        yield from (np.ascontiguousarray(frame) for frame in array)


class ImageTarget(_WithLedger):
    """A folder of numbered images, with ledger.csv and about.json in it."""

    def __init__(self, folder: Path, suffix: str, about: Mapping[str, Any]) -> None:
        super().__init__(folder / "ledger.csv", folder / "about.json", about)
        self._folder = folder
        self.made = (folder,)
        self._suffix = suffix
        self._count = 0
        self._pending: deque[Future[None]] = deque()

    def open(self, spec: FrameSpec, count: int) -> None:
        """Make the folder."""
        self._folder.mkdir()
        self._open(spec)
        self._digits = max(6, len(str(count)))
        self._swap = spec.pixel_format == "rgb8"
        self._pool = ThreadPoolExecutor(_IMAGE_WORKERS, "encode image")

    def _path(self, number: int) -> Path:
        return self._folder / f"frame_{number:0{self._digits}d}{self._suffix}"

    def write(self, frame: Frame, stamp: FrameStamp) -> None:
        """Encode the frame, beside others."""
        self._row(stamp)
        self._pending.append(self._pool.submit(self._encode, frame, self._path(self._count)))
        self._count += 1
        while len(self._pending) > 2 * _IMAGE_WORKERS:
            self._pending.popleft().result()

    def _encode(self, frame: Frame, path: Path) -> None:
        picture = frame[..., ::-1] if self._swap else frame  # OpenCV writes blue first
        done, data = import_cv2().imencode(self._suffix, picture)
        if not done:
            raise WriterError(f"OpenCV cannot write {path.name}")
        path.write_bytes(data)
        sync_path(path)

    def close(self, reason: str) -> None:
        """Wait for the images."""
        try:
            while self._pending:
                self._pending.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)
        self._close(reason)

    def frames(self) -> Iterator[Frame]:
        """Read the images."""
        cv2 = import_cv2()
        for number in range(self._count):
            data = np.frombuffer(self._path(number).read_bytes(), np.uint8)
            picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
            if picture is None:
                raise RecorderError(f"{self._path(number)} cannot be read back")
            yield np.ascontiguousarray(picture[..., ::-1] if self._swap else picture)
