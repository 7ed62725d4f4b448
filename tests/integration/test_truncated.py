"""A file cut off anywhere holds whole, exact frames, and counting agrees with decoding."""

import random

import numpy as np
import pytest
import xxhash

from recorder.cameras.scene import painter
from recorder.ffmpeg.decode import count_frames, decode_frames
from recorder.ffmpeg.program import file_url
from recorder.frame import FrameSpec
from recorder.writers.codecs import choose
from recorder.writers.ffmpeg import Encoder, encode_command

KINDS = [("gray8", "fast"), ("gray16", "fast"), ("bgr8", "archive"), ("gray8", "compatible")]


@pytest.mark.parametrize(("pixel_format", "codec"), KINDS)
def test_cut_anywhere(tmp_path, pixel_format, codec):
    spec = FrameSpec(320, 240, pixel_format, 60.0)
    whole, cut = tmp_path / "whole.mkv", tmp_path / "cut.mkv"
    given = encode(spec, codec, whole, 30)
    data = whole.read_bytes()
    for seed in range(4):
        cut.write_bytes(data[: random.Random(seed).randrange(1000, len(data))])
        kept = [xxhash.xxh3_64_intdigest(frame.data) for frame in decode_frames(cut, spec)]
        assert kept == given[: len(kept)]
        assert count_frames(cut) == len(kept)


def encode(spec, codec, path, count):
    encoder = Encoder(encode_command(spec, choose(codec, spec.pixel_format), file_url(path)))
    paint = painter("scene", spec, 0)
    frame = np.empty(spec.shape, spec.dtype)
    digests = []
    for number in range(count):
        paint(number, frame)
        encoder.write(frame)
        digests.append(xxhash.xxh3_64_intdigest(frame.data))
    encoder.finish()
    return digests


def test_what_is_no_video_has_no_frames(tmp_path):
    path = tmp_path / "empty.mkv"
    path.touch()
    assert count_frames(path) == 0
    assert list(decode_frames(path, FrameSpec(64, 48, "gray8"))) == []
