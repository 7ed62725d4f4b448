"""An order comes through JSON as it was given: it tells another process what to record."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.config import Amount, RecordingConfig
from recorder.pipeline.order import LostRow, Order, Resumption
from recorder.pipeline.take import Take

STARTED = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5.5)))
REST = Resumption(40, 10**18 + 1, 10**18 + 3, 2 * 10**18 + 5)
ROWS = (LostRow(0, 1, 11, "dropped", "crashed"), LostRow(-1, 2, 12, "gap", "12345"))
STEM = Path("out") / "m'ä use" / "top_20261122"


def through_json(order):
    return Order.from_dict(json.loads(json.dumps(order.as_dict(), allow_nan=False)))


@pytest.mark.parametrize(
    "order",
    [
        Order(started=STARTED),
        Order(Amount(frames=1), STARTED),
        Order(Amount(seconds=0.4), STARTED, at_ns=2**63 - 1),
        Order(Amount(seconds=7200), datetime(2026, 1, 1, tzinfo=UTC)),
        Order(started=STARTED, resumption=REST),
        Order(started=STARTED, resumption=Resumption(0, None, 5, 7)),
        Order(started=STARTED, resumption=Resumption(9, 1, 5, 7, STEM, 3, 59.94)),
        Order(started=STARTED, resumption=Resumption(2, 1, 2, 7, rows=ROWS)),
    ],
)
def test_it_comes_through_json_as_it_was(order):
    assert through_json(order) == order


def test_the_time_zone_is_kept():
    assert through_json(Order(started=STARTED)).started.utcoffset() == timedelta(hours=5.5)


def test_a_path_is_a_path_again():
    found = through_json(Order(resumption=Resumption(1, 1, 1, 1, stem=STEM))).resumption
    assert found.stem == STEM
    assert isinstance(found.stem, Path)


@given(st.integers(1, 10**15 - 1) | st.floats(1e-9, 1e9))
def test_any_duration_is_the_same_on_the_other_side(value):
    amount = Amount(frames=value) if isinstance(value, int) else Amount(seconds=value)
    found = through_json(Order(amount, STARTED)).duration
    assert found.frames == amount.frames
    assert found.seconds == pytest.approx(amount.seconds) if amount.seconds else not found.seconds


def test_left_out_it_is_as_the_config_says_and_starts_now():
    before = datetime.now().astimezone()
    order = Order()
    assert (order.duration, order.at_ns, order.resumption) == (None, 0, None)
    assert before <= order.started <= datetime.now().astimezone()
    assert order.started.tzinfo is not None


def test_nobody_changes_an_order_that_was_given():
    with pytest.raises(FrozenInstanceError):
        Order().at_ns = 1
    with pytest.raises(FrozenInstanceError):
        REST.grabbed = 1


def test_a_recording_whose_camera_never_came_back_lasts_up_to_what_was_lost():
    rows = (LostRow(0, 10**9, 7, "dropped", "crashed"), LostRow(1, 3 * 10**9, 8, "dropped", "x"))
    rest = Resumption(2, 10**9, 3 * 10**9, 8, rows=rows)
    take = Take.ordered(1, Order(resumption=rest), RecordingConfig())
    assert take.seconds == 2.0
    take.last_ns = 6 * 10**9
    assert take.seconds == 5.0
