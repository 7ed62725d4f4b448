"""The config as another process of the recorder gets it: all of it, passwords too."""

import json

import pytest

from recorder.config import make_config, parse_config

CONFIGS = [
    "cameras: {a: {source: synthetic}}\nrecording: {keep_free: 8000TB}",
    "cameras: {top: {source: synthetic}}",
    "cameras: {top: {source: 'rtsp://me:se@cr/et@host/x?password=other'}}",
    "cameras: {a: {source: 0}, b: {source: {serial: 007}}, c: {source: {name: 'Cam'}}}",
    """
    cameras:
      top: {source: synthetic, fps: max, size: [64, 48], options: {pattern: noise, seed: 3}}
      side:
        source: clip_%04d.png
        crop: [0, 0, 10, 10]
        buffer: {memory: 5MiB, when_full: wait}
        recording: {duration: 1000 frames, folder: ä/b c, name: "{camera}_{subject}"}
    buffer: {memory: 1.3GiB}
    recording: {duration: 0.00001s, keep_free: 0, format: hdf5, codec: archive}
    metadata: {subject: "M'12", weight: 21.5, no: null, yes: true, "null": 猫}
    """,
]


@pytest.mark.parametrize("text", CONFIGS)
def test_it_comes_through_json_as_it_was(text):
    config = parse_config(text)
    private = json.loads(json.dumps(config.private(), allow_nan=False))
    assert make_config(private) == config
    assert make_config(private).private() == private


def test_only_the_private_form_has_passwords():
    config = parse_config(CONFIGS[2])
    private, public = json.dumps(config.private()), json.dumps(config.public())
    for secret in ("se@cr/et", "other"):
        assert secret in private
        assert secret not in public
