"""The rate and the totals of a file: of the frames that were grabbed, whatever became of them."""

import pytest

from recorder.errors import EncoderDied, NoSpace
from recorder.frame import FrameStamp
from recorder.writers.account import Account


def seen(*rows):
    """Return an account that has seen (grab, time in ms) rows; grab -1 is a gap."""
    account = Account()
    for grab, t_ms in rows:
        account.see(FrameStamp(t_ms * 10**6, 0, None, grab))
    return account


@pytest.mark.parametrize(
    ("rows", "fps"),
    [
        ([], None),
        ([(0, 0)], None),
        ([(0, 0), (1, 10)], 100),
        ([(0, 0), (5, 50)], 100),  # what lies between was counted by the camera
        ([(0, 5), (1, 5)], None),  # a clock that stands still gives no rate
        ([(-1, 0)], None),
        ([(-1, 0), (7, 5000)], None),
        ([(-1, 0), (7, 5000), (8, 5010)], 100),
        ([(-1, 0), (-1, 10), (7, 5000), (8, 5010)], 100),
        ([(0, 0), (1, 10), (-1, 10), (2, 5000), (3, 5010)], 100),
    ],
    ids=str,
)
def test_the_rate_is_that_of_the_frames_without_gaps(rows, fps):
    assert seen(*rows).measured_fps == fps


def test_a_gap_is_neither_the_first_frame_nor_the_last():
    account = seen((-1, 0), (7, 10), (8, 20), (-1, 20))
    assert (account.first.grab, account.last.grab) == (7, 8)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(None, "duration"), (EncoderDied("x"), "writer_failed"), (NoSpace("x"), "no_space")],
)
def test_a_writer_that_failed_is_the_reason(error, reason):
    account = seen((0, 0))
    account.counts |= {"written": 2, "dropped": 3, "gap": 1}
    closing = account.closing("duration", error)
    assert (closing["state"], closing["reason"]) == ("complete", reason)
    assert closing["error"] == (error and "x")
    totals = {"grabbed": 5, "written": 2, "dropped": 3, "bad": 0, "gap": 1}
    assert closing["totals"] == totals
