"""What a video file is read as: its log, its samples, its rate, its pace."""

import numpy as np
import pytest

from recorder.cameras.pace import Pace
from recorder.ffmpeg.log import DecodingLog, end_of
from recorder.ffmpeg.rate import rate_of
from recorder.ffmpeg.stored import Stored


@pytest.mark.parametrize("rate", [0.5, 10, 12.5, 24, 25, 24000 / 1001, 30000 / 1001, 50, 60, 144])
@pytest.mark.parametrize("tick", [1 / 90000, 1 / 1000, None], ids=["TS", "ms", "exact"])
def test_a_rate_is_found_in_any_unit_of_time(rate, tick):
    ticks = np.arange(60) / rate / (tick or 1 / rate)
    times = np.round(ticks) * (tick or 1 / rate)
    assert rate_of(times.tolist(), tick or 1 / rate) == pytest.approx(rate, rel=1e-6)


def test_pauses_and_order_say_nothing_about_a_rate():
    times = [n / 25 for n in range(30)] + [100 + n / 25 for n in range(30)]
    assert rate_of(times[::-1], 1 / 12800) == 25
    assert rate_of([1.0], 1e-3) is rate_of([], 1e-3) is rate_of([2.0, 2.0], 1e-3) is None


def test_a_claim_counts_only_where_the_times_agree_with_it():
    few = [0.0, 0.033, 0.067, 0.1]
    assert rate_of(few, 1e-3, 29.97) == 30000 / 1001
    assert rate_of(few, 1e-3, 1000.0) == rate_of(few, 1e-3) == 30
    assert rate_of([0.0, 0.08, 0.16], 1e-3, 12.5) == 12.5


def test_two_frames_in_milliseconds_are_not_thirty_point_three():
    assert rate_of([0.0, 0.033], 1e-3) == 30


HEADER = [
    b"[info] Input #0, avi, from 'x.avi':\n",
    b"[info]   Stream #0:1 -> #0:0 (mjpeg (native) -> rawvideo (native))\n",
    b"[Parsed_showinfo_0 @ 0x1] [info] config in time_base: 1/600, frame_rate: 30/1\n",
]
DECODED = b"[vist#0:1/mjpeg @ 0x1] [dec:mjpeg @ 0x2] [info] decoder -> pts:20 pts_time:0.03\n"
SHOWN = (
    b"[Parsed_showinfo_0 @ 0x1] [info] n:   1 pts:     20 pts_time:0.0333333 duration:     20 "
    b"duration_time:0.0333333 fmt:yuvj420p cl:center sar:1/1 s:64x48 i:P iskey:1 type:I "
)


def heard(*lines):
    log = DecodingLog()
    return log, [shot for line in (*HEADER, *lines) if (shot := log.take(line))]


def test_a_frame_is_announced_with_its_time_and_kind():
    _, (shot,) = heard(DECODED, SHOWN)
    assert (shot.number, shot.name, shot.width, shot.height) == (0, "yuvj420p", 64, 48)
    assert (shot.time_s, shot.duration_s) == pytest.approx((1 / 30, 1 / 30))
    assert not shot.is_torn


def test_lines_of_two_threads_may_be_run_together():
    _, shots = heard(DECODED, SHOWN + DECODED, b"[info] \n", SHOWN)
    assert [shot.is_torn for shot in shots] == [False, False]


def test_a_complaint_belongs_to_the_frame_that_is_decoded_next():
    torn = b"[mjpeg @ 0x3] [error] error count: 64\n"
    log, shots = heard(DECODED, torn, DECODED, SHOWN, DECODED, SHOWN, SHOWN)
    assert [shot.is_torn for shot in shots] == [False, True, False]
    assert log.complaints == []
    lost = b"[vist#0:1/mjpeg @ 0x1] [dec:mjpeg @ 0x2] [error] Error submitting packet: x\n"
    log, shots = heard(torn, lost, DECODED, SHOWN)
    assert not shots[0].is_torn
    assert log.complaints == ["Error submitting packet: x"]
    warned = b"[vist#0:1/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame\n"
    assert heard(warned, DECODED, SHOWN)[1][0].is_torn


@pytest.mark.parametrize(
    ("line", "is_complaint"),
    [
        (b"[in#0/avi @ 0x1] [error] File ended prematurely\n", True),
        (b"[avi @ 0x1] [error] File ended prematurely\n", True),
        (b"[vist#0:1/mjpeg @ 0x1] [dec:mjpeg @ 0x1] [error] Error submitting packet\n", True),
        (b"[in#0/avi @ 0x1] [warning] corrupt input packet in stream 1\n", True),
        (b"[in#0/avi @ 0x1] [warning] corrupt input packet in stream 0\n", False),
        (b"[rawvideo @ 0x1] [error] Application provided invalid, non monotonically\n", False),
        (b"[aac @ 0x1] [error] channel element 0.0 is not allocated\n", False),
        (b"[mjpeg @ 0x1] [error] unable to decode APP fields: Invalid data\n", False),
        (b"[info]     title           : [in#0/avi @ 0x1] [error] no error\n", False),
    ],
)
def test_complaints_are_those_about_this_stream(line, is_complaint):
    log, _ = heard(line)
    assert bool(log.complaints) == is_complaint


def test_the_files_own_words_are_no_frames():
    assert heard(b"[info]     title           : " + SHOWN)[1] == []


def test_a_picture_does_not_last_longer_than_the_file():
    assert end_of(150.0, 148.0, 200.0) == 150.0
    assert end_of(150.0, 50.0, 200.0) == 200.0
    assert end_of(150.0, 148.0, None) == 298.0


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("gray", "gray8", "gray"),
        ("gray12le", "gray16", "12-bit gray"),
        ("gray16be", "gray16", "16-bit gray, big-endian"),
        ("gray32le", None, "gray32le"),
        ("grayf32le", None, "grayf32le"),
        ("yuvj422p", "bgr8", "yuvj422p"),
        ("nv12", "bgr8", "nv12"),
        ("yuv444p16le", None, "16-bit YUV"),
        ("yuva444p10le", None, "10-bit YUV with alpha"),
        ("gbrap12be", None, "12-bit RGB with alpha, big-endian"),
        ("rgba64le", None, "16-bit RGB with alpha"),
        ("ya16le", None, "16-bit gray with alpha"),
        ("bgra", None, "bgra"),
        ("rgb555le", None, "rgb555le"),
    ],
)
def test_samples_by_the_name_of_their_format(name, kind, words):
    assert (Stored(name).pixel_format, str(Stored(name))) == (kind, words)
    assert kind or bool(Stored(name).remedy()) == (name[-4:] not in ("32le", "55le"))


def paced(times_ms, late=(), fps=None):
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(sleep, lambda: now[0])
    pace.agree(fps)
    for number, time_ms in enumerate(times_ms):
        now[0] += dict(late).get(number, 0.0)
        while not pace.wait(time_ms):
            pass
    return now[0] - 100, slept


def test_frames_are_waited_for_by_their_own_times():
    assert paced([0, 40, 120, 160])[1] == pytest.approx([0.04, 0.08, 0.04])
    assert paced([None, None])[1] == []


def test_a_long_pause_is_waited_for_a_second():
    assert paced([0, 40, 150_000, 150_040])[0] == pytest.approx(1.08)


def test_files_slower_than_a_frame_a_second_keep_their_rate():
    took_s, slept = paced([0, 5000, 10_000, 100_000], fps=0.2)
    assert took_s == pytest.approx(5 + 5 + 7.5)  # the last one is a pause
    assert max(slept) <= 1  # so that the recording can be stopped
    assert paced([0, 1500, 3000], fps=1 / 1.5)[0] == pytest.approx(3)


def test_what_was_a_little_late_is_made_up_for_and_no_more():
    assert paced([0, 100, 200, 300], {1: 0.15}.items())[0] == pytest.approx(0.3)
    assert paced([0, 100, 200, 300], {1: 5.0}.items())[0] == pytest.approx(5.0)
    assert paced([0, 100, 50, 150])[0] == pytest.approx(0.2)  # times that jump back


RUN_ON_TORN = [
    (b"mjpeg", SHOWN + b"corrupt decoded frame\n"),
    (b"mjpeg", SHOWN + b"error count: 64\n"),
    (b"mjpeg", b"[Parsed_showinfo_0 @ 0x1] [info] color_range:unknownhuffman table decode error\n"),
    (b"h264", SHOWN + b"corrupt decoded frame\n"),
    (b"h264", b"[Parsed_showinfo_0 @ 0x1] [info] color_range:corrupt decoded frame\n"),
    (b"h264", b"[info]   Stream #0:0(und)corrupt decoded frame\n"),
]


def heard_of(codec, *lines):
    log = DecodingLog()
    header = [line.replace(b"mjpeg", codec) for line in HEADER]
    return log, [shot for line in (*header, *lines) if (shot := log.take(line))]


@pytest.mark.parametrize(("codec", "line"), RUN_ON_TORN)
def test_a_complaint_on_another_threads_line_tears_the_next_picture(codec, line):
    log, shots = heard_of(codec, line, DECODED)
    shots += [log.take(SHOWN)]
    assert (shots[-1].number, log.complaints) == (len(shots) - 1, [])
    assert log._torn == {0}


COLOURS = (
    b"[Parsed_showinfo_0 @ 0x1] [info] color_range:pc color_space:bt709 color_primaries:unknown"
)


@pytest.mark.parametrize(
    ("codec", "said", "complaints"),
    [
        (b"h264", b"error while decoding MB 1 2", ["error while decoding MB 1 2"]),
        (b"mjpeg", b"File ended prematurely", ["File ended prematurely"]),
        (b"h264", b"corrupt input packet in stream 1", ["corrupt input packet in stream 1"]),
        (b"h264", b"corrupt input packet in stream 0", []),
        (b"h264", b"mmco: unref short failure", []),
        (b"h264", b"demuxer -> ist_index:0:0 type:video", []),
        (b"mjpeg", b"encoder <- type:video frame_pts:0", []),
        (b"mjpeg", b"unable to decode APP fields: x", []),
        (b"h264", b"", []),
    ],
)
@pytest.mark.parametrize("piece", [SHOWN, COLOURS], ids=["type", "colours"])
def test_what_is_said_on_another_threads_line_counts_by_its_words(piece, codec, said, complaints):
    log, _ = heard_of(codec, piece + said + b"\n", DECODED)
    assert log.complaints == complaints
    assert log._torn == set()


def test_a_refused_packet_on_another_threads_line_tears_no_picture():
    refused = COLOURS + b"Error submitting packet to decoder: Invalid data\n"
    log, shots = heard(SHOWN + b"error count: 64\n", refused, DECODED, SHOWN)
    assert [shot.is_torn for shot in shots] == [False, False]
    assert log.complaints == ["Error submitting packet to decoder: Invalid data"]


PACKET = (
    b"demuxer+ffmpeg -> ist_index:0:1 type:video pkt_pts:%d pkt_pts_time:0.03 pkt_dts:%d "
    b"pkt_dts_time:0.03 duration:20 duration_time:0.03 off:0 off_time:0\n"
)


def test_messages_that_share_a_line_all_count():
    log, shots = heard(DECODED.rstrip() + PACKET % (20, 20), b"[info]   Stream #0:0" + SHOWN)
    assert (log.packets, len(shots), log.packets_end_s) == (1, 0, 0.06)  # its number is not due
    due = SHOWN.replace(b"n:   1", b"n:   0")
    assert len(heard(b"[info]   Stream #0:0" + due)[1]) == 1


def test_a_picture_whose_packet_is_cut_is_torn():
    cut = b"[in#0/avi @ 0x1] [warning] corrupt input packet in stream 1\n"
    log, (shot,) = heard(cut, PACKET % (20, 20), DECODED, SHOWN)
    assert shot.is_torn
    assert log.ends_cut(0)
    assert not log.ends_cut(1)
    log, _ = heard(cut, PACKET % (20, 20), PACKET % (40, 40), DECODED, SHOWN)
    assert not log.ends_cut(1)  # the cut one is not the last
    lost = b"[mjpeg @ 0x3] [error] error count: 64\n"
    log, _ = heard(b"[mjpeg @ 0x3] [fatal] x\n", cut, PACKET % (20, 20), lost)
    assert not log.ends_cut(0)  # something was wrong before
