"""Makes the writers of a recording: which kind, under which name, with what to say about it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from recorder.cameras.base import CameraInfo
from recorder.config import CameraConfig, file_stem
from recorder.disks import FileLimit, file_limit
from recorder.errors import EncoderDied, FileTaken, NoSpace, NotLossless
from recorder.ffmpeg.program import executable, require_working
from recorder.frame import FrameSpec
from recorder.pipeline.guards import reserve
from recorder.pipeline.take import Take
from recorder.system import boot_id, free_bytes, start_child
from recorder.writers import hdf5, naming
from recorder.writers.about import versions
from recorder.writers.base import Writer
from recorder.writers.codecs import choose
from recorder.writers.ledger import as_recorder_error
from recorder.writers.null import NullWriter
from recorder.writers.proof import prove
from recorder.writers.times import Kind
from recorder.writers.video import VideoWriter

log = logging.getLogger(__name__)

OWN_TIMES = (
    "recording.times is own: cv2 does not find frames by number in these files; open_recording does"
)
_MOST_NAMES = 1000


class OpenFile(NamedTuple):
    """A file that frames go into from now on."""

    stem: Path
    part: int
    """0 for the first file of a recording, then 1, 2, …"""
    of: Path
    """The stem of the first one."""
    path: Path
    """The file itself."""
    format: str
    fps: float | None
    encoder: int | None
    """The process that encodes, if it is another one."""


class FileMaker:
    """Opens the files of one camera's recordings.

    Parameters
    ----------
    config
        The camera's; `config.recording` says where and how.
    metadata
        The user's free keys.
    public_config
        The whole config as used, without passwords, for the about file.
    on_open
        Told of every file as soon as it is open, on the thread that writes.
    """

    def __init__(
        self,
        config: CameraConfig,
        metadata: Mapping[str, Any],
        public_config: Mapping[str, Any],
        on_open: Callable[[OpenFile], None] | None = None,
    ) -> None:
        self._on_open = on_open
        self._limit: FileLimit | None = None
        self.configure(config, metadata, public_config)

    def configure(
        self, config: CameraConfig, metadata: Mapping[str, Any], public_config: Mapping[str, Any]
    ) -> None:
        """Take another config for the recordings to come."""
        self._config = config
        self._recording = config.recording
        self._metadata = dict(metadata)
        self._public_config = dict(public_config)

    @property
    def folder(self) -> Path | None:
        """Where files go; None when nothing is written."""
        return None if self._recording.format == "none" else self._recording.folder

    def prepare(self, spec: FrameSpec) -> None:
        """Make sure, before the first frame, that these frames can be kept, and kept exactly.

        Raises
        ------
        NotLossless, NoSpace, WriterError
        """
        if self.folder is None:
            return
        make_folder(self.folder)
        self.require_space()
        self._find_limit(self.folder)
        self.prove(spec)
        if self._times == "own":
            log.warning("%s: %s", self._config.name, OWN_TIMES)

    def _find_limit(self, folder: Path) -> None:
        """Note how large a file may become; say so where that is less than was asked for."""
        self._limit = limit = file_limit(folder)
        segment = self._recording.segment
        if limit is not None and limit.is_below(segment.size if segment else None):
            log.warning("%s: %s; the recording then goes on in the next one", folder, limit)

    @property
    def largest(self) -> int | None:
        """How large a file may become, in bytes, as found by `prepare`; None: there is no limit."""
        return None if self._limit is None else self._limit.size

    def prove(self, spec: FrameSpec) -> None:
        """Make sure that these frames can be kept exactly; known at once the second time.

        Raises
        ------
        NotLossless, NoSpace, WriterError
        """
        if self.folder is None:
            return
        if self._recording.format == "hdf5":
            hdf5.prove(hdf5.choose(self._recording.codec, spec), spec.with_fps(None))
            return
        codec = choose(self._recording.codec, spec.pixel_format)
        try:
            prove(spec.with_fps(None), codec, self._times == "own")
        except NotLossless:
            require_ffmpeg()  # the codec is not to blame if nothing works
            raise

    @property
    def _times(self) -> Kind:
        if self._recording.times == "own":
            return "own"
        return "measured" if self._config.is_paced else "nominal"

    def require_space(self) -> None:
        """Refuse to begin where a recording would have to stop at once.

        Raises
        ------
        NoSpace
        """
        keep = reserve(self._recording.keep_free)
        if self.folder is not None and (free := free_bytes(self.folder)) < keep:
            raise NoSpace(
                f"{self.folder} has {free / 1e9:.2f} GB free and recording.keep_free reserves "
                f"{keep / 1e9:.2f} GB; make room, or lower keep_free"
            )

    def open(
        self, take: Take, part: int, spec: FrameSpec, info: Callable[[], CameraInfo]
    ) -> Writer:
        """Open the next file of a take under the first free name.

        Parameters
        ----------
        part
            0 for the first file of the take, then 1, 2, …
        spec
            What its frames are; ``fps`` becomes the file's nominal rate.
        info
            Gives what is known of the camera; asked again when the file is closed.

        Raises
        ------
        FileTaken, WriterError, NoSpace
        """
        if self.folder is None:
            return NullWriter()
        make_folder(self.folder)
        try:
            return self._open(take, part, spec, info)
        except OSError as error:  # also of what is only asked for the about file
            raise as_recorder_error(error, self.folder) from error

    def _open(
        self, take: Take, part: int, spec: FrameSpec, info: Callable[[], CameraInfo]
    ) -> Writer:
        about = self._about(take, part) | _about_camera(info())
        names = naming.candidates(take.stem or self._stem(take), part)
        for _, stem in zip(range(_MOST_NAMES), names, strict=False):
            writer = self._writer(stem, spec, about, lambda: _about_camera(info()))
            try:
                writer.open(spec)
            except FileTaken:
                continue
            take.stem = take.stem or stem
            if self._on_open is not None:
                pid = getattr(writer, "encoder_pid", None)
                kind = self._recording.format
                path = naming.beside(stem, naming.HDF5 if kind == "hdf5" else naming.VIDEO)
                self._on_open(OpenFile(stem, part, take.stem, path, kind, spec.fps, pid))
            return writer
        raise FileTaken(f"{self._stem(take)} and {_MOST_NAMES} names after it are taken")

    def _writer(
        self,
        stem: Path,
        spec: FrameSpec,
        about: Mapping[str, Any],
        at_close: Callable[[], Mapping[str, Any]],
    ) -> Writer:
        name = self._recording.codec
        if self._recording.format == "hdf5":
            return hdf5.Hdf5Writer(stem, hdf5.choose(name, spec), about, at_close)
        return VideoWriter(stem, choose(name, spec.pixel_format), about, at_close)

    def _stem(self, take: Take) -> Path:
        name = file_stem(self._recording.name, self._config.name, take.started, self._metadata)
        return self._recording.folder / name

    def _about(self, take: Take, part: int) -> dict[str, Any]:
        return {
            "camera": self._config.name,
            "part": part,
            "start": take.started.isoformat(),
            "start_t_utc_ns": time.time_ns(),
            "start_t_mono_ns": time.monotonic_ns(),
            **({"boot_id": boot} if (boot := boot_id()) else {}),
            **({"file_limit": str(self._limit)} if self._limit else {}),
            "metadata": self._metadata,
            "config": self._public_config,
            "versions": versions(),
            "times": self._times,
        }


def _about_camera(info: CameraInfo) -> dict[str, Any]:
    return {
        "backend": info.backend,
        "source": info.source,
        "asked": dict(info.asked),
        "obtained": dict(info.obtained),
        "notes": list(info.notes),
        "claimed_fps": info.claimed_fps,
        "timestamps": info.timestamps,
        "changes": [dict(change) for change in info.changes],
    }


def require_ffmpeg() -> None:
    """Make sure that there is an ffmpeg that runs at all.

    Raises
    ------
    WriterError
    """
    program = executable()
    try:
        child = start_child([program, "-version"])
    except OSError as error:
        raise EncoderDied(f"ffmpeg does not start: {error}") from error
    _, stderr = child.communicate()
    if child.returncode != 0:
        said = stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise EncoderDied(f"ffmpeg does not run (exit code {child.returncode}): {said[-1]}")
    require_working(program)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, if missing.

    Raises
    ------
    WriterError, NoSpace
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise as_recorder_error(error, folder) from error
