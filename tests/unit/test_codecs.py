"""Every codec on offer is exact, for every pixel format on offer, at odd and tiny sizes too."""

import pytest

from recorder.errors import ConfigError, NotLossless
from recorder.frame import FrameSpec
from recorder.writers.codecs import _TABLE, Codec, choose
from recorder.writers.proof import patterns, prove

OFFERED = [(name, kind) for name, entry in _TABLE.items() for kind in entry[1]]
SIZES = [
    *((2, 2), (31, 17), (64, 1080), (641, 479)),
    *(pytest.param(size, marks=pytest.mark.slow) for size in ((16, 16), (17, 31))),
]
ONE_PIXEL_WIDE = [(1, 1), (1, 7), (7, 1)]
HUGE = [(16385, 3), (3, 16385)]


@pytest.mark.parametrize(("codec", "pixel_format"), OFFERED)
@pytest.mark.parametrize("size", SIZES)
def test_offered_codecs_give_back_the_same_bits(codec, pixel_format, size):
    prove(FrameSpec(*size, pixel_format), choose(codec, pixel_format))


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8", "rgb8"])
@pytest.mark.parametrize("size", [*ONE_PIXEL_WIDE, *HUGE])
def test_the_default_takes_every_size(pixel_format, size):
    prove(FrameSpec(*size, pixel_format), choose("auto", pixel_format))


@pytest.mark.parametrize(("codec", "pixel_format"), OFFERED)
@pytest.mark.parametrize("size", [*ONE_PIXEL_WIDE, *HUGE])
def test_extreme_sizes_are_exact_or_refused(codec, pixel_format, size):
    spec = FrameSpec(*size, pixel_format)
    refused = (codec.startswith("x264") and size in HUGE) or (
        codec == "ffv1" and size in ONE_PIXEL_WIDE
    )
    if not refused:
        prove(spec, choose(codec, pixel_format))
        return
    with pytest.raises(NotLossless, match=f"{size[0]}x{size[1]}"):
        prove(spec, choose(codec, pixel_format))


@pytest.mark.parametrize("pixel_format", ["bgra8", "float32", "bool", "yuv420p"])
def test_a_frame_of_an_unknown_kind_is_refused_not_cut_down(pixel_format):
    with pytest.raises(ConfigError, match="knows gray8, gray16, bgr8"):
        FrameSpec(64, 48, pixel_format)


def test_a_frame_without_pixels_is_refused():
    with pytest.raises(ConfigError, match="0x48"):
        FrameSpec(0, 48, "gray8")


LOSSY = {
    "yuv420p": (Codec("x", "libx264", "yuv420p", ("-qp", "0")), "bgr8"),
    "crf 23": (Codec("x", "libx264", "gray", ("-crf", "23")), "gray8"),
    "crf 23 rgb": (Codec("x", "libx264rgb", "bgr24", ("-crf", "23")), "bgr8"),
    "10-bit x264": (Codec("x", "libx264", "gray10le", ("-qp", "0")), "gray16"),
    "10-bit crf 0": (Codec("x", "libx264", "gray10le", ("-crf", "0")), "gray16"),
    "limited range": (Codec("x", "ffv1", "yuv444p"), "bgr8"),
    "8 of 16 bits": (Codec("x", "ffv1", "gray"), "gray16"),
    "mjpeg by name": (choose("mjpeg", "bgr8"), "bgr8"),
    "libx265 by name": (choose("libx265", "gray8"), "gray8"),
}


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_ways_are_refused_with_the_first_difference(name):
    codec, pixel_format = LOSSY[name]
    with pytest.raises(NotLossless, match=r"not lossless .* was \d+ and came back as \d+"):
        prove(FrameSpec(640, 480, pixel_format), codec)


def test_frames_that_an_encoder_drops_are_noticed():
    # utvideo encodes noise of odd sizes to nothing at all, and ffmpeg still exits with 0.
    with pytest.raises(NotLossless):
        prove(FrameSpec(641, 479, "bgr8"), choose("utvideo", "bgr8"))


@pytest.mark.parametrize(
    ("codec", "pixel_format", "says"),
    [
        ("compatible", "gray16", "use ffvhuff, ffv1"),
        ("magicyuv", "gray16", "exact are ffvhuff, ffv1"),
        ("x264", "bgr8", "x264rgb"),
        ("x264rgb", "gray8", "x264"),
    ],
)
def test_what_cannot_be_exact_is_refused_by_name(codec, pixel_format, says):
    with pytest.raises(NotLossless, match=says):
        choose(codec, pixel_format)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(NotLossless, match="did you mean magicyuv"):
        prove(FrameSpec(64, 48, "gray8"), choose("magicyuvv", "gray8"))


def test_an_exact_codec_outside_the_table_is_taken_by_name():
    prove(FrameSpec(64, 48, "bgr8"), choose("png", "bgr8"))


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
def test_the_ramp_runs_through_every_value(pixel_format):
    spec = FrameSpec(400, 300, pixel_format)
    ramp = dict(patterns(spec))["ramp"]
    assert len(set(ramp.ravel().tolist())) == (65536 if pixel_format == "gray16" else 256)


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        ("fast", ["magicyuv", "ffvhuff", "magicyuv"]),
        ("auto", ["magicyuv", "ffvhuff", "magicyuv"]),
        ("archive", ["ffv1", "ffv1", "ffv1"]),
    ],
)
def test_profiles_follow_the_pixel_format(profile, names):
    assert [choose(profile, kind).name for kind in ("gray8", "gray16", "bgr8")] == names


def test_compatible_is_x264_without_loss():
    for kind, encoder in (("gray8", "libx264"), ("bgr8", "libx264rgb")):
        codec = choose("compatible", kind)
        assert codec.encoder == encoder
        assert codec.arguments[codec.arguments.index("-qp") + 1] == "0"
