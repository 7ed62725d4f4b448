"""What a signal means for the window, and the line that the terminal is told."""

import signal

import pytest

from ui.model import parting


@pytest.mark.parametrize("is_again", [False, True])
@pytest.mark.parametrize("is_guest", [False, True])
@pytest.mark.parametrize("has_terminal", [False, True])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_only_a_first_ctrl_c_from_somebody_at_a_terminal_is_asked_back(
    name, has_terminal, is_guest, is_again
):
    number = getattr(signal, name)
    asks = name == "SIGINT" and has_terminal and not is_guest and not is_again
    assert parting.asks_first(number, is_again, is_guest, has_terminal) is asks


def test_only_the_second_ctrl_c_is_an_exit_code_of_its_own():
    codes = {
        (number, is_again): parting.code_of(number, is_again)
        for number in (signal.SIGINT, signal.SIGTERM)
        for is_again in (False, True)
    }
    assert codes.pop((signal.SIGINT, True)) == 130
    assert set(codes.values()) == {0}


def test_the_commands_that_are_told_can_be_pasted():
    assert parting.what_goes_on("reaching") == (
        "recorder: the window is closed, the recording goes on: "
        "`recorder attach reaching` shows it, `recorder stop reaching` ends it"
    )
    assert "`recorder stop 'my rig'`" in parting.what_goes_on("my rig")


def test_it_is_said_what_another_ctrl_c_does():
    assert parting.asking("demo").endswith("leaves at once, and the recording goes on")
    assert parting.asking(None).endswith("leaves at once")
