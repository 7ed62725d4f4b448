"""One recording: when it ends, why, and what is said of it."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from recorder.cameras.base import CameraInfo
from recorder.config import Amount
from recorder.errors import EncoderDied, RecorderError
from recorder.pipeline.crew import Crew
from recorder.pipeline.meters import Meters
from recorder.pipeline.summary import REASONS, TakeSummary
from recorder.pipeline.take import Take
from recorder.writers.base import WriteReport

MS = 1_000_000
S = 1000 * MS
SMALL_TO_GRAVE = ["duration", "overflow", "camera_failed", "no_space", "writer_failed"]
HARMLESS = ["duration", "end_of_source", "requested"]
EXIT_CODES = {"writer_failed": 4, "no_space": 5, "camera_failed": 3, "overflow": 6}


def make_take(**changes):
    return Take(1, changes.pop("duration", None), datetime(2026, 11, 22, tzinfo=UTC), **changes)


def summary(**changes):
    return TakeSummary(
        **{
            "reason": "duration",
            **dict.fromkeys(("grabbed", "written", "dropped", "bad", "gaps", "restarts"), 0),
            **{"seconds": 0.0, "fps": 0.0, "files": (), "raw_bytes": 0, "file_bytes": 0},
            **changes,
        }
    )


# -- when it is over --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("duration", "grabbed", "full"),
    [
        (Amount(frames=3), 2, False),
        (Amount(frames=3), 3, True),
        (Amount(frames=3), 4, True),
        (Amount(seconds=3), 10**6, False),
        (None, 10**6, False),
    ],
)
def test_full_with_the_frames_asked_for(duration, grabbed, full):
    assert make_take(duration=duration, grabbed=grabbed).is_full is full


@pytest.mark.parametrize(
    ("duration", "period_ns", "after_ns", "over"),
    [
        (Amount(seconds=2), 0, 2 * S - 1, False),
        (Amount(seconds=2), 0, 2 * S, True),
        # Half a frame early: the frame at two seconds would be the first of the next two.
        (Amount(seconds=2), 10 * MS, 1995 * MS - 1, False),
        (Amount(seconds=2), 10 * MS, 1995 * MS, True),
        (Amount(seconds=0.001), 10 * MS, 0, True),
        (Amount(frames=5), 10 * MS, 10**6 * S, False),
        (None, 10 * MS, 10**6 * S, False),
    ],
)
def test_over_when_its_time_has_passed(duration, period_ns, after_ns, over):
    take = make_take(duration=duration, period_ns=period_ns)
    assert not take.is_over(10**18)  # it begins with its first frame
    take.first_ns = 7 * S
    assert take.is_over(7 * S + after_ns) is over


def test_what_is_left_of_it_is_what_was_asked_for_less_what_there_is():
    take = make_take(duration=Amount(seconds=10), first_ns=5 * S, last_ns=8 * S)
    assert (take.seconds_left, take.frames_left) == (7, None)
    take.last_ns = 20 * S
    assert take.seconds_left == 0
    take = make_take(duration=Amount(frames=10), grabbed=4)
    assert (take.seconds_left, take.frames_left) == (None, 6)
    take = make_take()
    assert (take.seconds_left, take.frames_left) == (None, None)


@pytest.mark.parametrize(
    ("duration", "in_source", "to_go_s"),
    [
        (Amount(seconds=9), None, 9),
        (Amount(seconds=9), 100, 2),  # the file ends before
        (Amount(seconds=1), 100, 1),
        (Amount(frames=200), None, 4),  # at the rate that there is, not at the one of the config
        (Amount(frames=200), 100, 2),
        (None, 100, 2),
        (None, None, None),
    ],
)
def test_how_long_it_lasts_yet_follows_from_its_duration_its_source_and_its_rate(
    duration, in_source, to_go_s
):
    meters, take = Meters(), make_take(duration=duration, period_ns=1 * S)
    writing = SimpleNamespace(size_of=lambda take: 0, busy_ns=0)
    assert Meters().to_go_s(make_take(duration=Amount(frames=5)), None) is None  # no rate yet
    for second in range(3):
        meters.sample(second * S, second * 50, take, writing)
    assert meters.to_go_s(take, in_source) == to_go_s


@pytest.mark.parametrize(
    ("frames", "grabs", "left"), [(None, 5, None), (10, 4, 6), (10, 10, 0), (10, 11, None)]
)
def test_a_source_that_gives_more_frames_than_it_said_has_no_known_end(frames, grabs, left):
    camera = SimpleNamespace(info=CameraInfo("files", "clip.mkv", frames=frames))
    crew = SimpleNamespace(_camera=camera, acquisition=SimpleNamespace(grabs=grabs))
    assert Crew.frames_in_source.fget(crew) == left


@pytest.mark.parametrize(("fps", "frames"), [(60, 600), (30, 300), (1000, 10_000)])
def test_ten_seconds_have_the_frames_of_ten_seconds_at_any_jitter(fps, frames):
    for early_ns in (-0.3 * S / fps, 0, 0.3 * S / fps):
        take = make_take(duration=Amount(seconds=10), period_ns=S / fps, first_ns=5 * S)
        times = [5 * S + round(i * S / fps + early_ns) for i in range(1, frames + 2)]
        assert [take.is_over(t) for t in times] == [False] * (frames - 1) + [True] * 2


# -- why it ended -----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", REASONS)
def test_the_first_reason_is_kept(reason):
    take = make_take()
    take.end(reason)
    assert take.reason == take.summary().reason == reason


@pytest.mark.parametrize(("lesser", "graver"), list(itertools.combinations(SMALL_TO_GRAVE, 2)))
def test_the_graver_of_two_reasons_names_the_ending(lesser, graver):
    for order in ((lesser, graver), (graver, lesser), (graver, lesser, graver)):
        take = make_take()
        for reason in order:
            take.end(reason)
        assert take.reason == graver


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(HARMLESS, 2)))
def test_of_two_equal_reasons_the_first_counts(first, second):
    take = make_take()
    take.end(first)
    take.end(second)
    assert take.reason == first


def test_a_reason_nobody_knows_is_a_mistake_of_ours():
    take = make_take()
    take.end("requested")
    with pytest.raises(KeyError):
        take.end("tired")


def test_the_reasons_are_those_of_the_contract():
    assert set(REASONS) == {*HARMLESS, *EXIT_CODES}


# -- what is said of it -----------------------------------------------------------------------


@pytest.mark.parametrize("reason", HARMLESS)
def test_a_recording_with_all_its_frames_exits_with_0(reason):
    assert summary(reason=reason, grabbed=3, written=3).exit_code == 0


@pytest.mark.parametrize("reason", HARMLESS)
@pytest.mark.parametrize("lost", ["dropped", "bad", "gaps", "restarts"])
def test_a_recording_with_losses_exits_with_6(reason, lost):
    assert summary(reason=reason, **{lost: 1}).exit_code == 6


@pytest.mark.parametrize(("reason", "code"), EXIT_CODES.items())
@pytest.mark.parametrize("dropped", [0, 1])
def test_a_failure_exits_with_its_own_code_whatever_was_lost(reason, code, dropped):
    assert summary(reason=reason, dropped=dropped).exit_code == code


def test_the_graver_reason_is_the_one_with_the_earlier_exit_code_of_the_contract():
    order = [4, 5, 3, 6]
    graver_first = sorted(EXIT_CODES, key=lambda reason: -REASONS[reason])
    assert [EXIT_CODES[reason] for reason in graver_first] == order


def test_summary_of_a_recording():
    take = make_take(first_ns=5 * S, last_ns=15 * S - 1000 * MS // 60)
    take.tally.count("grabbed", 600)
    for _ in range(597):
        take.tally.wrote(1000)
    take.tally.count("dropped", 2)
    take.tally.count("bad")
    for name, nbytes in (("top_0001.mkv", 100_000), ("top.mkv", 200_000)):
        files = (Path("out") / name, Path("out/ledger.csv"))
        take.add(WriteReport(files, 300, bytes=nbytes))
    take.end("duration")
    assert take.summary().as_dict() == {
        "reason": "duration",
        "grabbed": 600,
        "written": 597,
        "dropped": 2,
        "bad": 1,
        "gaps": 0,
        "restarts": 0,
        "seconds": 9.983333,
        "fps": 60.0,
        "files": [str(Path("out/top.mkv")), str(Path("out/top_0001.mkv"))],
        "raw_bytes": 597_000,
        "file_bytes": 300_000,
        "ratio": 1.99,
    }


def test_summary_has_the_keys_of_the_contract_in_their_order():
    keys = "reason grabbed written dropped bad gaps restarts seconds fps files raw_bytes "
    assert list(make_take().summary().as_dict()) == [*keys.split(), "file_bytes", "ratio"]


def test_summary_is_json():
    assert json.loads(json.dumps(make_take().summary().as_dict()))["files"] == []


@pytest.mark.parametrize("grabbed", [0, 1])
def test_summary_of_hardly_any_frames(grabbed):
    take = make_take()
    if grabbed:
        take.first_ns = take.last_ns = 5 * S
        take.tally.count("grabbed")
    found = take.summary()
    assert (found.seconds, found.fps, found.ratio, found.reason) == (0.0, 0.0, None, "requested")


def test_summary_names_each_error_once_and_in_order():
    take = make_take()
    take.errors += [EncoderDied("gone"), RecorderError("full"), EncoderDied("gone")]
    assert take.summary().as_dict()["errors"] == ["gone", "full"]


def test_files_that_hold_nothing_are_not_listed():
    take = make_take()
    take.add(WriteReport((), 0))
    assert take.summary().files == ()


@pytest.mark.parametrize(
    ("ended", "reason"), [(None, "requested"), ("overflow", "overflow"), ("duration", "duration")]
)
def test_settling_names_a_reason_only_if_there_is_none(ended, reason):
    take = make_take()
    if ended:
        take.end(ended)
    take.tally.count("grabbed", 2)
    take.settle("requested", stuck=False)
    assert take.reason == reason
    assert take.summary().dropped == 2


def test_settling_uncounts_the_frame_that_never_left_the_camera():
    take = make_take()
    take.tally.count("grabbed", 2)
    take.tally.wrote(10)
    take.settle("camera_failed", stuck=True)
    assert (take.summary().grabbed, take.summary().written) == (1, 1)
