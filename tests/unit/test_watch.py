"""A picture that no longer moves is said to be frozen, a frame after a hole to be late."""

import pytest

from recorder.frame import FrameStamp
from recorder.pipeline.watch import FROZEN_NS, LATE_PERIODS, PictureWatch

PERIOD_NS = 10_000_000
BEGIN_NS = 7 * 10**9


def frame(watch, t_ns, digest, last_ns=None, period_ns=PERIOD_NS):
    """Show one frame; `t_ns` from the beginning on."""
    last_ns = None if last_ns is None else BEGIN_NS + last_ns
    return watch.note(FrameStamp(BEGIN_NS + t_ns, 0), digest, last_ns, period_ns)


# -- frozen -----------------------------------------------------------------------------------


def test_each_repeated_picture_is_frozen_and_the_first_is_not():
    watch = PictureWatch()
    notes = [frame(watch, i * PERIOD_NS, digest) for i, digest in enumerate([1, 2, 2, 2, 3, 2, 2])]
    assert notes == ["", "", "frozen", "frozen", "", "", "frozen"]


def test_a_hash_of_zero_is_a_hash():
    watch = PictureWatch()
    assert [frame(watch, i, 0) for i in range(2)] == ["", "frozen"]


def test_it_is_worth_a_warning_after_a_second():
    watch = PictureWatch()
    assert watch.frozen_s == 0  # nothing was seen yet
    frame(watch, 0, 1)
    assert watch.frozen_s == 0
    frame(watch, FROZEN_NS - 1, 1)
    assert watch.frozen_s == 0
    frame(watch, FROZEN_NS, 1)
    assert watch.frozen_s == FROZEN_NS / 1e9
    frame(watch, 5 * FROZEN_NS, 1)
    assert watch.frozen_s == 5 * FROZEN_NS / 1e9


def test_it_is_over_with_the_first_new_picture():
    watch = PictureWatch()
    frame(watch, 0, 1)
    frame(watch, 3 * FROZEN_NS, 1)
    assert watch.frozen_s == 3.0
    assert frame(watch, 4 * FROZEN_NS, 2) == ""
    assert watch.frozen_s == 0
    frame(watch, 4 * FROZEN_NS + FROZEN_NS, 2)
    assert watch.frozen_s == 1.0  # since the new one, not since the old one


def test_a_slow_camera_is_not_frozen_by_its_first_two_pictures():
    watch = PictureWatch()
    frame(watch, 0, 1)
    assert frame(watch, 10 * FROZEN_NS, 2, last_ns=0, period_ns=10 * FROZEN_NS) == ""
    assert watch.frozen_s == 0


def test_a_file_may_hold_still_pictures():
    watch = PictureWatch(frozen=False)
    assert [frame(watch, i * FROZEN_NS, 1) for i in range(5)] == [""] * 5
    assert watch.frozen_s == 0


# -- late -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("periods", "note"), [(0.5, ""), (1.0, ""), (LATE_PERIODS, ""), (LATE_PERIODS + 1e-6, "late")]
)
def test_late_is_more_than_two_frames_after_the_one_before(periods, note):
    watch = PictureWatch()
    frame(watch, 0, 1)
    assert frame(watch, round(periods * PERIOD_NS), 2, last_ns=0) == note


@pytest.mark.parametrize(("last_ns", "period_ns"), [(None, PERIOD_NS), (0, 0.0)])
def test_nothing_is_late_in_a_recordings_first_frame_or_at_an_unknown_rate(last_ns, period_ns):
    watch = PictureWatch()
    frame(watch, 0, 1)
    assert frame(watch, 10**12, 2, last_ns, period_ns) == ""


def test_sources_without_a_pace_are_never_late_but_may_be_frozen():
    watch = PictureWatch(paced=False)
    frame(watch, 0, 1)
    assert frame(watch, 10**12, 2, last_ns=0) == ""
    assert frame(watch, 2 * 10**12, 2, last_ns=10**12) == "frozen"


def test_a_file_that_keeps_a_pace_may_be_late():
    watch = PictureWatch(frozen=False)
    frame(watch, 0, 1)
    assert frame(watch, 100 * PERIOD_NS, 1, last_ns=0) == "late"


def test_a_frame_both_frozen_and_late_is_frozen():
    watch = PictureWatch()
    frame(watch, 0, 1)
    assert frame(watch, 100 * PERIOD_NS, 1, last_ns=0) == "frozen"
