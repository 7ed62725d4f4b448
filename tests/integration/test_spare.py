"""A camera's process that is started before there is a camera for it."""

from __future__ import annotations

import os
import sys

import pytest
from helpers import SLOW, open_files
from rigs import rig_config

from recorder.pipeline.memory import allocate
from recorder.rig.rig import Rig
from recorder.rig.spare import Spare

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory has no name there only")


@pytest.fixture
def spare():
    found = Spare()
    yield found
    found.dismiss()


def test_the_first_camera_of_a_rig_takes_it_and_its_memory(tmp_path, spare):
    child, memory = spare._child, spare.memory
    config = rig_config(tmp_path, "a", "b", each={"recording__duration": "20 frames"})
    with Rig(config, link=False, spare=spare) as rig:
        rig.start()
        assert rig.memory("a").handle == memory
        pids = [rig.status().camera(name).pid for name in ("a", "b")]
        assert pids[0] == child.pid != pids[1]
        assert rig.memory("b").handle != memory
        rig.record()
        rig.stop()
        summary = rig.wait(SLOW)
    assert summary.exit_code == 0
    assert spare.memory is None
    assert child.wait(SLOW) == 0


def test_it_is_given_once_and_only_with_what_it_has_inherited(spare):
    child, memory = spare._child, spare.memory
    other = allocate(1 << 20)
    strangers = [spare.start((other.handle,))]
    assert strangers[0] is not child
    assert spare.start((memory,)) is child
    strangers.append(spare.start((memory,)))
    assert strangers[1] is not child
    for each in (child, *strangers):
        for pipe in (each.stdin, each.stdout, each.stderr):
            pipe.close()
        assert each.wait(SLOW) == 0  # without an order there is nothing to do
    other.close()


def test_a_dead_one_is_not_given(spare):
    dead = spare._child
    dead.kill()
    dead.wait(SLOW)
    child = spare.start((spare.memory,))
    assert child.pid != dead.pid
    for each in (dead, child):
        for pipe in (each.stdin, each.stdout, each.stderr):
            pipe.close()
    assert child.wait(SLOW) == 0


def test_dismissed_it_leaves_nothing():
    before = open_files()
    spare = Spare()
    child = spare._child
    spare.dismiss()
    spare.dismiss()
    assert child.wait(SLOW) == 0
    assert open_files() == before


def test_without_enough_memory_its_file_is_let_go(spare):
    memory = spare.take_memory()
    with pytest.raises(Exception, match="memory"):
        allocate(1 << 60, file=memory)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(memory)
