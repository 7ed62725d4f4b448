"""How the times of a file are chosen, and how its header is changed."""

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.frame import FrameStamp
from recorder.writers import ebml
from recorder.writers.envelope import MOST, Envelope
from recorder.writers.retime import Header, set_times
from recorder.writers.times import OwnTimes, even, reduced, times_of, written_rate

MS = 1_000_000


def stamps(times_ns):
    return [FrameStamp(ns, ns, None, grab, 1) for grab, ns in enumerate(times_ns)]


# -- how far times are from an even course --------------------------------------------------------


def farthest(times, period):
    return max(abs(time - index * period) for index, time in enumerate(times))


def envelope_of(times, **options):
    envelope = Envelope(**options)
    for index, time in enumerate(times):
        envelope.add(index, time)
    return envelope


walks = st.lists(st.integers(0, 1000), min_size=1, max_size=200).map(
    lambda steps: [sum(steps[:n]) for n in range(len(steps))]
)


@settings(deadline=None)
@given(walks, st.floats(0, 1000))
def test_the_greatest_deviation_is_that_of_all_times(times, period):
    found = envelope_of(times).farthest(period)
    assert found == pytest.approx(farthest(times, period), abs=1e-6)


@settings(deadline=None)
@given(walks, st.floats(0, 1000))
def test_a_deviation_of_which_points_were_left_out_is_never_too_small(times, period):
    found = envelope_of(times, most=8).farthest(period)
    assert found >= farthest(times, period) - 1e-6


def test_a_rate_that_changes_all_the_time_takes_no_more_memory():
    times = [index * 10_000 + index * index // 3 for index in range(30_000)]
    envelope = envelope_of(times)
    assert len(envelope._below._corners) <= MOST
    for period in (times[-1] / (len(times) - 1), 10_000, 50_000):
        exact = farthest(times, period)
        assert exact <= envelope.farthest(period) <= exact * 1.01


def test_without_times_there_is_no_deviation():
    assert Envelope().farthest(10) == 0


# -- which rate a file gets -----------------------------------------------------------------------


@pytest.mark.parametrize("period_ns", [33523299, 16666500, 18409083, 8341184, 1003009, 41708333])
def test_a_rate_is_reduced_to_the_nearest_that_ffmpeg_can_hold(period_ns):
    exact = Fraction(10**9, period_ns)
    dens = range(1, int(30_000 / exact) + 1)
    nearest = min(abs(Fraction(round(exact * den), den) - exact) for den in dens)
    assert abs(reduced(exact) - exact) == nearest


def off(shown, fps, frames):
    """Return by how many frames a file is too long or too short."""
    return abs(frames * (shown.period_ns * fps / 1e9 - 1))


@settings(deadline=None)
@given(st.floats(5, 500), st.floats(0.4, 2.4), st.integers(2, 50_000))
def test_a_file_is_as_long_as_it_took_and_cv2_counts_right(nominal, factor, frames):
    fps = nominal * factor
    shown = even(1e9 / fps, 1000 / written_rate(nominal), frames)
    assert off(shown, fps, frames) < 1
    assert shown.seeks == (fps < 1000)


@settings(deadline=None)
@given(st.floats(1000, 5000), st.integers(2, 1_000_000))
def test_above_1000_fps_too(fps, frames):
    shown = even(1e9 / fps, 1000 / written_rate(fps), frames)
    assert off(shown, fps, frames) <= frames * 0.5e-9 * fps + 1e-6  # whole nanoseconds
    assert shown.seeks


def test_where_not_both_can_be_numbers_are_right_rather_than_the_length():
    """A good camera, an hour long: FFmpeg knows no rate between 60 and 60.002."""
    shown = even(1e9 / 60.0006, 1000 / written_rate(60), 216_000)
    assert shown.seeks
    assert 1 < off(shown, 60.0006, 216_000) < 3


def test_a_file_of_the_nominal_rate_is_left_as_ffmpeg_wrote_it():
    header = times_of("nominal", 60.0).shown(10).header
    assert header[:2] == (MS, 16_666_666)


@pytest.mark.parametrize("fps", [None, 0.001, 29.83, 30000 / 1001, 59.9437, 1000, 4000])
def test_what_ffmpeg_is_told_to_write_is_within_its_limits(fps):
    rate = written_rate(fps)
    assert max(rate.numerator, rate.denominator) <= 30_000
    assert rate <= 1000
    assert float(rate) == pytest.approx(min(fps or 30, 1000), rel=2e-5)


def test_the_measured_rate_leaves_out_gaps():
    times = times_of("measured", 100.0)
    for stamp in stamps(n * 10 * MS for n in range(5)):
        times.see(stamp)
    times.gap()
    for stamp in stamps(10**9 + n * 10 * MS for n in range(5)):
        times.see(stamp)
    assert times.shown(10).period_ns == 10 * MS
    assert times.deviation_ns(10 * MS) == 10**9 - 5 * 10 * MS


def test_a_clock_that_does_not_drive_the_frames_tells_no_deviation():
    times = times_of("nominal", 100.0)
    for stamp in stamps((0, 1, 2)):
        times.see(stamp)
    assert times.shown(3).period_ns == 10 * MS
    assert times.deviation_ns(10 * MS) is None


def test_own_times_are_whole_milliseconds_that_grow():
    times = OwnTimes()
    given_ns = [7, 3 * MS + 7, 3 * MS + 100_007, 3 * MS + 200_007, 9 * MS]
    assert [times.see(stamp) for stamp in stamps(given_ns)] == [0, 3, 4, 5, 9]
    assert times.deviation_ns(0) == 5 * MS - 3_200_000
    assert times.shown(5).period_ns == pytest.approx(9 * MS / 4)


# -- the header -----------------------------------------------------------------------------------


def number(id_, value, width):
    return ebml.element(id_, value.to_bytes(width, "big"), 1)


def mkv(track=(), info=(), scale=MS, period=16_666_666):
    """Return a Matroska file with one short block."""
    info = number(ebml.TIMESTAMP_SCALE, scale, 3) + b"".join(info)
    entry = number(0xD7, 1, 1) + number(ebml.DEFAULT_DURATION, period, 3) + b"".join(track)
    parts = (
        ebml.element(ebml.INFO, info),
        ebml.element(ebml.TRACKS, ebml.element(ebml.TRACK_ENTRY, entry)),
        ebml.element(ebml.CLUSTER, number(0xE7, 0, 1) + ebml.element(0xA3, b"\x81\0\0\x80frame")),
    )
    segment = ebml.element(ebml.SEGMENT, b"".join(parts))
    return ebml.element(ebml.EBML, number(0x4286, 1, 1)) + segment


def retimed(folder, data, header):
    path = folder / "a.mkv"
    path.write_bytes(data)
    done = set_times(path, header)
    return done, path.read_bytes()


def within(data, *ids):
    """Return what is in the element to which these ids lead."""
    for id_ in ids:
        data = dict(ebml.children(data))[id_]
    return data


ENTRY = (ebml.SEGMENT, ebml.TRACKS, ebml.TRACK_ENTRY)


def test_numbers_that_are_not_longer_take_the_place_of_the_old_ones(tmp_path):
    done, data = retimed(tmp_path, mkv(), Header(900_000, 15_000_000, 16.0))
    assert done
    assert data == mkv(scale=900_000, period=15_000_000)


@pytest.mark.parametrize("room", [2, 3, 11, 300])
def test_a_longer_number_takes_its_room_from_padding(tmp_path, room):
    void = ebml.element(0xEC, bytes(room - 2 if room < 100 else room - 9), 1 if room < 100 else 8)
    last = ebml.element(0x86, b"V_FFV1", 1)
    old = mkv([void, last])
    done, data = retimed(tmp_path, old, Header(MS, 33_333_333, 16.0))
    assert done
    assert len(data) == len(old)
    entry = within(data, *ENTRY)
    assert ebml.number(dict(ebml.children(entry))[ebml.DEFAULT_DURATION]) == 33_333_333
    assert within(data, *ENTRY, 0x86) == b"V_FFV1"
    assert sum(len(piece) for _, piece in ebml.children(entry)) <= len(entry)
    assert data[data.index(ebml.name(ebml.CLUSTER)) :] == old[old.index(ebml.name(ebml.CLUSTER)) :]


def test_without_padding_from_what_says_nothing(tmp_path):
    old = mkv([number(0x55EE, 0, 1)])
    done, data = retimed(tmp_path, old, Header(MS, 33_333_333, 16.0))
    assert (done, len(data)) == (True, len(old))
    assert ebml.number(within(data, *ENTRY, ebml.DEFAULT_DURATION)) == 33_333_333


@pytest.mark.parametrize("track", [(), (number(0x55EE, 3, 1),)])
def test_where_there_is_no_room_the_file_stays_as_it_is(tmp_path, track):
    old = mkv(track)
    assert retimed(tmp_path, old, Header(MS, 33_333_333, 16.0)) == (False, old)
    assert retimed(tmp_path, old, Header(1 << 24, 1, 16.0)) == (False, old)


@pytest.mark.parametrize("data", [b"", b"RIFF1234AVI ", bytes(100), mkv()[:60]], ids=str)
def test_what_is_no_matroska_file_stays_as_it_is(tmp_path, data):
    assert retimed(tmp_path, data, Header(900_000, 1, 16.0)) == (False, data)


def test_a_damaged_header_costs_no_frame(tmp_path):
    old = mkv([ebml.element(0xEC, bytes(9), 1), number(0x55EE, 0, 1)])
    frames_at = old.index(ebml.name(ebml.CLUSTER))
    chance = random.Random(1)
    for _ in range(500):
        data = bytearray(old)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(frames_at)] = chance.randrange(256)
        done, new = retimed(tmp_path, bytes(data), Header(2_000_000, 33_333_333, 16.0))
        assert len(new) == len(old)
        assert done or new == data
        if data.index(ebml.name(ebml.CLUSTER)) == frames_at:
            assert new[frames_at:] == old[frames_at:]
