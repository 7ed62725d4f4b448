"""A Matroska stream of uncompressed frames: what ffmpeg reads where each has a time of its own.

Raw frames on a pipe (rawvideo) carry no times, so ffmpeg counts them. In this stream each frame is
a cluster of its own, a few bytes in front of the very same bytes.
"""

from __future__ import annotations

from functools import cached_property

from recorder.frame import FrameSpec
from recorder.writers import ebml

_FOURCC = {"gray8": b"Y800", "gray16": b"Y1\0\x10", "bgr8": b"BGR\x18", "rgb8": b"RGB\x18"}
_TRACK, _VIDEO_TRACK = 1, 1
_KEY = 0x80
_UNKNOWN_SIZE = b"\x01" + 7 * b"\xff"
_DOC_TYPE, _NUMBER, _UID, _TYPE, _CODEC = 0x4282, 0xD7, 0x73C5, 0x83, 0x86
_VIDEO, _WIDTH, _HEIGHT, _COLOUR_SPACE = 0xE0, 0xB0, 0xBA, 0x2EB524
_TIMESTAMP, _SIMPLE_BLOCK = 0xE7, 0xA3


class UncompressedStream:
    """The bytes in front of each frame.

    Parameters
    ----------
    spec
        What the frames are.
    """

    input_options = ("-f", "matroska", "-probesize", "32", "-analyzeduration", "0")
    """Of ffmpeg, which would else wait for more frames to guess what the header says."""

    def __init__(self, spec: FrameSpec) -> None:
        self._spec = spec
        self._begun = False

    def before(self, ms: int) -> bytes:
        """Return what stands before the next frame, the stream's header before the first.

        Parameters
        ----------
        ms
            When it is shown: ms from the first frame, more than the last one's.
        """
        head = b"" if self._begun else self._head
        self._begun = True
        return head + self._block_head(ms)

    def _block_head(self, ms: int) -> bytes:
        when = ebml.element(_TIMESTAMP, ms.to_bytes(8, "big"))
        block = ebml.sized(_TRACK, 1) + bytes((0, 0, _KEY))
        nbytes = self._spec.nbytes
        block_head = ebml.name(_SIMPLE_BLOCK) + ebml.sized(len(block) + nbytes)
        size = len(when) + len(block_head) + len(block) + nbytes
        return b"".join((ebml.name(ebml.CLUSTER), ebml.sized(size), when, block_head, block))

    @cached_property
    def _head(self) -> bytes:
        info = ebml.element(ebml.TIMESTAMP_SCALE, (1_000_000).to_bytes(4, "big"))
        return b"".join(
            (
                ebml.element(ebml.EBML, ebml.element(_DOC_TYPE, b"matroska")),
                ebml.name(ebml.SEGMENT) + _UNKNOWN_SIZE,
                ebml.element(ebml.INFO, info),
                ebml.element(ebml.TRACKS, ebml.element(ebml.TRACK_ENTRY, self._track())),
            )
        )

    def _track(self) -> bytes:
        spec = self._spec
        video = b"".join(
            (
                _unsigned(_WIDTH, spec.width),
                _unsigned(_HEIGHT, spec.height),
                ebml.element(_COLOUR_SPACE, _FOURCC[spec.pixel_format]),
            )
        )
        return b"".join(
            (
                _unsigned(_NUMBER, _TRACK),
                _unsigned(_UID, _TRACK),
                _unsigned(_TYPE, _VIDEO_TRACK),
                ebml.element(_CODEC, b"V_UNCOMPRESSED"),
                _unsigned(ebml.DEFAULT_DURATION, round(1e9 / (spec.fps or 30.0))),
                ebml.element(_VIDEO, video),
            )
        )


def _unsigned(id_: int, value: int) -> bytes:
    return ebml.element(id_, value.to_bytes(8, "big"))
