"""The index reader on files made by hand, in every way that Matroska allows."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from recorder.errors import RecorderError
from recorder.playback.matroska import packet, read_index

UNKNOWN = bytes.fromhex("01ffffffffffffff")


def element(name: str, data: bytes = b"", width: int = 1) -> bytes:
    """An element with its size in so many bytes."""
    size = (len(data) | 1 << 7 * width).to_bytes(width, "big")
    return bytes.fromhex(name) + size + data


def unsized(name: str, data: bytes) -> bytes:
    return bytes.fromhex(name) + UNKNOWN + data


def number(name: str, value: int) -> bytes:
    return element(name, value.to_bytes(2, "big"))


def track(name: int, kind: int = 1, width: int = 64, height: int = 48) -> bytes:
    video = element("e0", number("b0", width) + number("ba", height))
    return element("ae", number("d7", name) + number("83", kind) + video)


def content(data: bytes, time: int = 0, flags: int = 0x80, name: int = 1) -> bytes:
    return bytes([0x80 | name]) + time.to_bytes(2, "big", signed=True) + bytes([flags]) + data


def block(data: bytes, time: int = 0, flags: int = 0x80, name: int = 1) -> bytes:
    return element("a3", content(data, time, flags, name), width=4)


EBML = element("1a45dfa3", number("4286", 1))
INFO = element("1549a966", number("2ad7b1", 1))
TRACKS = element("1654ae6b", track(1), width=8)
VOID = element("ec", bytes(100), width=2)
CUES = element("1c53bb6b", bytes(9))
SEEK = element("114d9b74", bytes(7))
HEAD = INFO + TRACKS


def cluster(time: int, *blocks: bytes, sized: bool = True) -> bytes:
    data = number("e7", time) + b"".join(blocks)
    return element("1f43b675", data, width=8) if sized else unsized("1f43b675", data)


def matroska(*elements: bytes, sized: bool = True) -> bytes:
    data = b"".join(elements)
    return EBML + (element("18538067", data, width=8) if sized else unsized("18538067", data))


def index_of(folder: Path, data: bytes):
    path = folder / "some.mkv"
    path.write_bytes(data)
    return read_index(path)


def frames_of(folder: Path, data: bytes) -> list[bytes]:
    index = index_of(folder, data)
    ends = zip(index.offset, index.length, strict=True)
    return [data[offset : offset + length] for offset, length in ends]


A, B, C = b"first", b"the second", bytes(300)


@pytest.mark.parametrize("segment", [True, False])
@pytest.mark.parametrize("sized", [True, False])
def test_sizes_known_and_unknown(tmp_path, segment, sized):
    clusters = cluster(0, block(A), block(B, 5, 0), sized=sized), cluster(9, block(C), sized=sized)
    data = matroska(HEAD, *clusters, sized=segment)
    assert frames_of(tmp_path, data) == [A, B, C]
    index = index_of(tmp_path, data)
    assert index.time.tolist() == [0, 5, 9]
    assert index.key.tolist() == [True, False, True]
    assert (index.width, index.height, index.track) == (64, 48, 1)


def test_what_else_there_is_does_not_matter(tmp_path):
    inside = cluster(0, VOID, block(A), element("bf", bytes(4)), block(B))
    data = matroska(SEEK, VOID, CUES, INFO, VOID, TRACKS, CUES, inside, CUES, cluster(1, block(C)))
    assert frames_of(tmp_path, data + VOID) == [A, B, C]


def test_groups(tmp_path):
    def group(data: bytes, *others: bytes) -> bytes:
        return element("a0", b"".join((number("9b", 40), element("a1", content(data)), *others)))

    data = matroska(HEAD, cluster(3, group(A), group(B, element("fb", b"\xff")), block(C)))
    assert frames_of(tmp_path, data) == [A, B, C]
    assert index_of(tmp_path, data).key.tolist() == [True, False, True]


def test_the_first_video_track(tmp_path):
    tracks = element("1654ae6b", track(1, kind=2) + track(3, 1, 33, 17) + track(4), width=2)
    blocks = [block(b"sound", name=1), block(A, name=3), block(b"other", name=4), block(B, name=3)]
    data = matroska(INFO, tracks, cluster(0, *blocks))
    assert frames_of(tmp_path, data) == [A, B]
    index = index_of(tmp_path, data)
    assert (index.width, index.height, index.track) == (33, 17, 3)


def test_times_before_their_cluster(tmp_path):
    data = matroska(HEAD, cluster(100, block(A, -40), block(B, 32767), block(C, -32768)))
    assert index_of(tmp_path, data).time.tolist() == [60, 32867, -32668]


def test_frames_that_share_a_block_are_refused(tmp_path):
    with pytest.raises(RecorderError, match="share a block"):
        index_of(tmp_path, matroska(HEAD, cluster(0, block(A, flags=0x86))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1a",
        EBML,
        b"not a video at all",
        bytes(1000),
        b"\xff" * 1000,
        matroska(cluster(0, block(A))),
        matroska(INFO, cluster(0, block(A))),
        matroska(TRACKS, cluster(0, block(A))),
        matroska(INFO, element("1654ae6b", track(1, kind=2)), cluster(0, block(A))),
        matroska(INFO, element("1654ae6b", b"\xff\xff"), cluster(0, block(A))),
    ],
)
def test_no_video(tmp_path, data):
    index = index_of(tmp_path, data)
    assert len(index) == len(index.key) == len(index.time) == len(index.length) == 0


def test_no_file(tmp_path):
    with pytest.raises(RecorderError, match="nowhere"):
        read_index(tmp_path / "nowhere.mkv")


@pytest.mark.parametrize("sized", [True, False])
def test_cut_off_anywhere(tmp_path, sized):
    """What is whole is there, and nothing else."""
    clusters = [cluster(9 * i, block(A), VOID, block(B), sized=sized) for i in range(3)]
    whole = matroska(SEEK, HEAD, *clusters, CUES, sized=sized)
    index = index_of(tmp_path, whole)
    ends = index.offset + index.length
    for size in range(len(whole)):
        assert len(index_of(tmp_path, whole[:size])) == np.count_nonzero(ends <= size), size


def test_noise_is_survived(tmp_path):
    whole = matroska(SEEK, HEAD, *(cluster(9 * i, block(A), block(B)) for i in range(3)), CUES)
    chance = random.Random(3)
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            index = index_of(tmp_path, bytes(data))
        except RecorderError:
            continue
        assert np.all(index.offset + index.length <= len(data))
        assert np.all(index.length >= 0)


def test_packets_are_what_is_read(tmp_path):
    index = index_of(tmp_path, matroska(VOID, HEAD, cluster(0, block(b"gone"))))
    frames = [(A, 7, True), (B, 10**9, False), (C, 10**15, True), (b"", 1, True)]
    stream = index.head + b"".join(
        packet(index.track, time, key, data) for data, time, key in frames
    )
    assert frames_of(tmp_path, stream) == [data for data, _, _ in frames]
    again = index_of(tmp_path, stream)
    assert again.time.tolist() == [time for _, time, _ in frames]
    assert again.key.tolist() == [key for _, _, key in frames]
    assert again.head == index.head
