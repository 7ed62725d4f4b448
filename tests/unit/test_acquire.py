"""The acquisition thread: every grab becomes a row, once, in order, whatever the camera does."""

import time
from datetime import UTC, datetime

import numpy as np
import pytest
import xxhash

from recorder.cameras.base import BadFrame, CameraInfo, EndOfSource, NotYet
from recorder.config import Amount
from recorder.errors import BufferFull, CameraLost, CameraTimeout
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.acquire import RETRY_S, Acquisition
from recorder.pipeline.ring import MAX_MISSED, Ring
from recorder.pipeline.take import Take

MS = 1_000_000
SPEC = FrameSpec(8, 6, "gray8", 100.0)
FOR_EVER_S = 1e6


class PlainBlock:
    """Bytes that nobody shares."""

    handle = 0

    def __init__(self, nbytes):
        self.buf = memoryview(bytearray(nbytes))

    def close(self):
        pass


class ScriptedCamera:
    """Does step by step what it is told, and keeps account.

    A step is what `grab` and what `retrieve` do: nothing, raise an error, or call something.
    The source ends after the last step.
    """

    info = CameraInfo("scripted", "scripted")
    can_wait = False

    def __init__(self, *steps, timeout_s=FOR_EVER_S, period_ns=10 * MS):
        self.steps = list(steps)
        self.timeout_s = timeout_s
        self.period_ns = period_ns
        self.t_ns = time.monotonic_ns()
        self.log = []
        self.begun = []

    def begin(self, grab):
        self.begun.append(grab)

    def grab(self):
        self.log.append("grab")
        if not self.steps:
            raise EndOfSource
        step = self.steps.pop(0)
        in_grab, self.in_retrieve = step if isinstance(step, tuple) else (step, None)
        self._act(in_grab)
        self.t_ns += self.period_ns
        return FrameStamp(self.t_ns, self.t_ns + 1)

    def retrieve(self, out):
        self.log.append("retrieve")
        out.fill(self.log.count("grab"))
        self._act(self.in_retrieve)

    def _act(self, what):
        if isinstance(what, BaseException):
            raise what
        if what is not None:
            what()

    @property
    def grabs(self):
        return self.log.count("grab")


class Bench:
    """A camera, a ring nobody empties, and counters for what is called back."""

    def __init__(self, camera, when_full="drop", slots=8, spec=SPEC):
        self.camera = camera
        self.ring = Ring(PlainBlock(2**20), spec, when_full, slots)
        self.pauses = []
        self.take_overs = 0
        self.acquisition = Acquisition(camera, self.ring, self._take_over, sleep=self.pauses.append)

    def _take_over(self):
        self.take_overs += 1

    def run(self, ends_with=EndOfSource):
        with pytest.raises(ends_with) as error:
            self.acquisition.run()
        return error.value

    def begin(self, duration=None, number=1):
        take = Take(number, duration, datetime(2026, 11, 22, tzinfo=UTC))
        self.acquisition.order(lambda: self.acquisition.begin_take(take))
        return take

    def entries(self):
        found = []
        while (entry := self.ring.take(0)) is not None:
            found.append(entry)
        return found

    def rows(self):
        return [(e.stamp.take, e.stamp.grab, e.status, e.note) for e in self.entries()]


OK = None


def written(*grabs, take=1):
    return [(take, grab, "written", "") for grab in grabs]


# -- frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize("size", [(1, 1), (37, 53)], ids=str)
def test_a_frame_comes_with_its_stamp_and_the_hash_of_its_bytes(size, pixel_format):
    spec = FrameSpec(*size, pixel_format)
    bench = Bench(ScriptedCamera(OK, OK), spec=spec)
    bench.run()
    entries = bench.entries()
    assert len(entries) == 2
    for number, entry in enumerate(entries, 1):
        expected = np.full(spec.shape, number, spec.dtype)
        np.testing.assert_array_equal(entry.slot.frame, expected)
        assert entry.stamp.xxh3_64 == xxhash.xxh3_64_intdigest(expected.tobytes())
        assert entry.stamp.t_utc_ns == entry.stamp.t_mono_ns + 1
    assert entries[1].stamp.t_mono_ns - entries[0].stamp.t_mono_ns == 10 * MS


def test_without_a_recording_frames_are_preview():
    bench = Bench(ScriptedCamera(OK, (OK, BadFrame("torn")), OK))
    bench.run()
    assert bench.rows() == [(0, 0, "written", ""), (0, 0, "bad", "bad_read"), (0, 0, "written", "")]
    assert bench.acquisition.grabs == 3
    assert bench.camera.begun == []


def test_rates_are_measured_from_the_grabs():
    bench = Bench(ScriptedCamera(*[OK] * 200), slots=4)
    bench.run()
    assert bench.acquisition.gauge.fps == pytest.approx(100)


# -- a camera that fails ------------------------------------------------------------------------


def test_a_camera_without_a_frame_is_asked_again_and_that_is_counted():
    late = CameraTimeout("nothing yet")
    bench = Bench(ScriptedCamera(OK, late, late, OK, late))
    take = bench.begin()
    bench.run()
    assert bench.rows() == written(0, 1)
    assert bench.acquisition.late == 3
    assert bench.pauses == [RETRY_S] * 3
    assert take.tally.totals().grabbed == bench.acquisition.grabs == 2


def test_a_camera_that_stays_silent_is_lost():
    camera = ScriptedCamera(OK, CameraTimeout("select() timed out"), OK, timeout_s=5.0)
    camera.t_ns -= 7_000 * MS  # so long ago was the frame
    bench = Bench(camera)
    error = bench.run(CameraLost)
    assert str(error).startswith("no frame for 7.")
    assert str(error).endswith(" s: select() timed out")
    assert isinstance(error.__cause__, CameraTimeout)
    assert (camera.grabs, bench.acquisition.late, bench.pauses) == (2, 0, [])


def test_patience_begins_when_the_camera_is_first_asked():
    bench = Bench(ScriptedCamera(CameraTimeout("not yet"), OK, timeout_s=1000.0))
    bench.acquisition.last_grab_ns -= 5_000_000 * MS  # made long before it was run
    bench.run()
    assert (bench.acquisition.late, bench.acquisition.grabs) == (1, 1)


@pytest.mark.parametrize(
    ("fps", "timeout_s", "patience_s"),
    [(100.0, 2.0, 2.0), (None, 5.0, 5.0), (0.5, 2.0, 6.0), (0.01, 5.0, 300.0)],
)
def test_patience_is_the_cameras_time_out_or_three_of_its_frames(fps, timeout_s, patience_s):
    bench = Bench(ScriptedCamera(timeout_s=timeout_s), spec=SPEC.with_fps(fps))
    assert bench.acquisition.patience_s == pytest.approx(patience_s)


def test_a_frame_that_cannot_be_used_is_a_bad_row_and_the_next_may_be_fine():
    bench = Bench(ScriptedCamera(OK, (OK, BadFrame("empty")), OK), slots=4)
    take = bench.begin()
    bench.run()
    assert bench.rows() == [*written(0), (1, 1, "bad", "bad_read"), *written(2)]
    assert take.tally.totals().grabbed == 3


def test_any_number_of_bad_frames_costs_no_slot():
    bench = Bench(ScriptedCamera(*[(OK, BadFrame("empty"))] * 20, *[OK] * 5), slots=4)
    bench.run()
    statuses = [row[2] for row in bench.rows()]
    assert statuses == ["bad"] * 20 + ["written"] * 4 + ["dropped"]


@pytest.mark.parametrize("error", [CameraLost("another size"), ValueError("a driver's")])
def test_an_error_while_a_frame_is_fetched_leaves_its_row_and_ends_the_run(error):
    bench = Bench(ScriptedCamera(OK, (OK, error), OK))
    take = bench.begin()
    assert bench.run(type(error)) is error
    assert bench.rows() == [*written(0), (1, 1, "bad", "bad_read")]
    assert take.tally.totals().grabbed == take.grabbed == 2
    assert take.seconds == 0.01  # to the last grab, though it has no picture
    assert bench.camera.grabs == 2


@pytest.mark.parametrize("error", [EndOfSource(), CameraLost("unplugged"), ValueError("odd")])
def test_an_error_in_a_grab_ends_the_run_without_a_row(error):
    bench = Bench(ScriptedCamera(OK, error, OK))
    take = bench.begin()
    assert bench.run(type(error)) is error
    assert bench.rows() == written(0)
    assert take.tally.totals().grabbed == 1


def test_somebody_can_see_since_when_a_grab_lasts():
    seen = []
    camera = ScriptedCamera(
        lambda: seen.append(bench.acquisition.in_driver_since_ns), EndOfSource()
    )
    bench = Bench(camera)
    before = time.monotonic_ns()
    bench.run()
    assert before <= seen[0] <= time.monotonic_ns()
    assert bench.acquisition.in_driver_since_ns is None


# -- a full ring --------------------------------------------------------------------------------


def test_a_full_ring_drops_without_decoding():
    bench = Bench(ScriptedCamera(*[OK] * 6), slots=4)
    take = bench.begin()
    bench.run()
    dropped = [(1, grab, "dropped", "overflow") for grab in (4, 5)]
    assert bench.camera.log.count("retrieve") == 4
    assert bench.rows() == [*written(0, 1, 2, 3), *dropped]
    assert take.tally.totals().grabbed == 6


def test_a_dropped_frame_has_no_hash():
    bench = Bench(ScriptedCamera(*[OK] * 5), slots=4)
    bench.run()
    assert [entry.stamp.xxh3_64 is None for entry in bench.entries()] == [False] * 4 + [True]


def test_stop_leaves_the_row_of_the_frame_that_found_no_room():
    bench = Bench(ScriptedCamera(*[OK] * 9), when_full="stop", slots=4)
    take = bench.begin()
    bench.run(BufferFull)
    assert bench.rows() == [*written(0, 1, 2, 3), (1, 4, "dropped", "overflow")]
    assert take.tally.totals().grabbed == take.grabbed == 5
    assert take.seconds == 0.04
    assert bench.camera.grabs == 5


def test_a_frame_for_whose_row_there_is_no_room_was_not_grabbed():
    bench = Bench(ScriptedCamera(*[OK] * 9), slots=4)
    for _ in range(MAX_MISSED):
        bench.ring.miss(FrameStamp(0, 0), "dropped", "overflow")
    take = bench.begin()
    bench.run(BufferFull)
    frames = [entry for entry in bench.entries() if entry.stamp.take]
    assert len(frames) == take.tally.totals().grabbed == take.grabbed == 4


# -- recordings ---------------------------------------------------------------------------------


def test_a_recording_ends_with_the_frames_asked_for():
    bench = Bench(ScriptedCamera(*[OK] * 5))
    take = bench.begin(Amount(frames=3))
    bench.run()
    assert bench.take_overs == 1
    assert take.grabbed == take.tally.totals().grabbed == 3
    assert take.seconds == 0.02
    assert bench.rows() == [*written(0, 1, 2), *written(0, 0, take=0)]
    assert bench.acquisition.take_number == 0
    assert bench.camera.begun == [0]


def test_frames_that_were_lost_count_for_the_duration():
    bench = Bench(ScriptedCamera(OK, (OK, BadFrame("empty")), OK, OK), slots=4)
    bench.begin(Amount(frames=2))
    bench.run()
    assert [row[0] for row in bench.rows()] == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0.05, 5), (0.0549, 5), (0.0551, 6), (0.001, 1), (0.01, 1), (0.0151, 2)],
)
def test_a_recording_ends_with_its_time(seconds, frames):
    """A frame every 10 ms; a take is over half a frame early."""
    bench = Bench(ScriptedCamera(*[OK] * 8), slots=30)
    take = bench.begin(Amount(seconds=seconds))
    bench.run()
    assert take.grabbed == take.tally.totals().grabbed == frames
    assert bench.take_overs == 1
    # The frame that showed that the time is over belongs to nobody.
    assert [row[0] for row in bench.rows()] == [1] * frames + [0] * (7 - frames)


def test_a_recording_may_follow_a_recording():
    bench = Bench(ScriptedCamera(OK, OK, OK, OK, OK), slots=8)
    first, second = bench.begin(Amount(frames=2), 1), None

    def next_take():
        nonlocal second
        second = bench.begin(Amount(frames=1), 2)

    bench.camera.steps[2] = next_take  # in the middle of a grab: from the next one on
    bench.run()
    preview = written(0, take=0)
    assert bench.rows() == [*written(0, 1), *preview, *written(0, take=2), *preview]
    assert (first.grabbed, second.grabbed, bench.take_overs) == (2, 1, 2)
    assert bench.camera.begun == [0, 0]


def test_a_recording_that_is_ended_by_hand_keeps_its_frames():
    bench = Bench(
        ScriptedCamera(OK, lambda: bench.acquisition.order(bench.acquisition.end_take), OK)
    )
    take = bench.begin()
    bench.run()
    assert bench.rows() == [*written(0, 1), *written(0, take=0)]
    assert (take.grabbed, bench.take_overs) == (2, 0)


@pytest.mark.parametrize(
    ("measured", "claimed", "period_ms"), [(True, 25.0, 10), (False, 25.0, 40), (False, None, 0)]
)
def test_a_recording_knows_the_time_between_two_frames(measured, claimed, period_ms):
    bench = Bench(ScriptedCamera(OK), spec=SPEC.with_fps(claimed))
    for i in range(200 if measured else 0):
        bench.acquisition.gauge.add(i * 10 * MS)
    take = bench.begin()
    bench.run()
    assert take.period_ns == pytest.approx(period_ms * MS)


def test_nobody_sees_more_frames_handed_on_than_grabbed():
    class Watched(Ring):
        def commit(self, slot, stamp):
            seen.append((take.tally.totals().grabbed, self.accepted))
            return super().commit(slot, stamp)

    seen = []
    bench = Bench(ScriptedCamera(OK, OK))
    bench.acquisition._ring = Watched(PlainBlock(2**20), SPEC, "drop", 4)
    take = bench.begin()
    bench.run()
    assert seen == [(1, 0), (2, 1)]


# -- orders and the end -------------------------------------------------------------------------


def test_orders_are_carried_out_between_two_grabs_in_their_order():
    camera = ScriptedCamera(OK, OK)
    bench = Bench(camera)

    def order(name):
        bench.acquisition.order(lambda: camera.log.append(name))

    camera.steps = [(lambda: order("a"), lambda: order("b")), OK]
    order("first")
    bench.run()
    assert camera.log == ["first", "grab", "retrieve", "a", "b", "grab", "retrieve", "grab"]


def test_an_order_may_give_an_order():
    bench = Bench(ScriptedCamera(OK))
    bench.acquisition.order(
        lambda: bench.acquisition.order(lambda: bench.camera.log.append("second"))
    )
    bench.run()
    assert bench.camera.log[0] == "second"


def test_stop_ends_the_run_at_the_next_frame_boundary():
    bench = Bench(ScriptedCamera(OK))
    bench.camera.steps += [bench.acquisition.stop, OK]
    take = bench.begin()
    bench.acquisition.run()
    assert bench.camera.grabs == 2
    assert bench.rows() == written(0, 1)  # the frame it had is kept
    assert take.tally.totals().grabbed == 2


def test_stop_as_an_order_means_not_one_more_grab():
    bench = Bench(ScriptedCamera(OK))
    bench.acquisition.order(bench.acquisition.stop)
    bench.acquisition.run()
    assert bench.camera.grabs == 0


@pytest.mark.parametrize("when_full", ["drop", "wait", "stop"])
@pytest.mark.parametrize("where", ["grab", "retrieve"])
@pytest.mark.parametrize("error", [None, BadFrame("empty"), CameraLost("gone"), ValueError("odd")])
def test_nothing_is_counted_once_the_ring_is_closed(when_full, where, error):
    """As when a driver hangs, is given up, and comes back after all."""

    def close():
        bench.ring.close()

    def close_and_fail():
        close()
        if error is not None:
            raise error

    step = (close, error) if where == "grab" else (OK, close_and_fail)
    bench = Bench(ScriptedCamera(OK, step, OK), when_full)
    take = bench.begin()
    # Closed before there is a slot: nothing is fetched, and nothing can fail.
    fails = error is not None and not isinstance(error, BadFrame) and where == "retrieve"
    bench.run(type(error) if fails else EndOfSource)
    assert bench.rows() == written(0)
    assert take.tally.totals().grabbed == take.grabbed == 1
    assert take.seconds == 0


def test_a_file_that_keeps_its_pace_is_asked_again_and_is_not_late():
    bench = Bench(ScriptedCamera(NotYet(), NotYet(), OK))
    bench.run()
    assert (bench.camera.grabs, bench.acquisition.grabs, bench.acquisition.late) == (4, 1, 0)
