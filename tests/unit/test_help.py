"""Help as one reads it: nothing is cut at 80 columns, and what it says to type can be typed."""

import re
import shlex

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import recorder
from recorder.cli import app
from recorder.cli.help import GROUPS, examples

COMMANDS = [name for names in GROUPS.values() for name in names]
ROOT = get_command(app)


def _help(*arguments):
    done = CliRunner().invoke(app, [*arguments, "--help"], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    return done.stdout


def test_every_command_is_in_one_group():
    assert sorted(COMMANDS) == sorted(ROOT.commands)


def test_no_summary_is_cut_or_longer_than_45_characters():
    summaries = dict(re.findall(r"^  ([a-z]+) +(\S.*)$", _help().partition("Record:")[2], re.M))
    assert set(summaries) == set(COMMANDS)
    for name, summary in summaries.items():
        assert len(summary) <= 45, name
        assert "..." not in summary


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_plain_names_two_examples_and_where_to_read_on(command):
    said = _help(command)
    assert not re.search(r"[<>{}]|\[\[", said.partition("Examples:")[0])
    for example in examples(command):
        assert f"\n  {example}\n" in said
    assert said.count("\nMore: ") == 1
    assert max(map(len, said.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("which", [0, 1])
def test_examples_can_be_typed(command, which):
    program, name, *arguments = shlex.split(examples(command)[which].partition(" > ")[0])
    assert (program, name) == ("recorder", command)
    ROOT.commands[command].make_context(command, arguments)  # raises what is wrong with it


def test_set_says_the_same_wherever_it_is():
    said = {" ".join(_help(command).split()) for command in ("record", "check", "doctor")}
    for text in said:
        assert "--set KEY=VALUE Override a config key (recording.codec=archive) or add" in text


def test_without_a_command_there_is_help_and_nothing_is_wrong():
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 0
    assert "record" in done.stdout


def test_the_version():
    done = CliRunner().invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"recorder {recorder.__version__}\n")


def test_shells_can_complete_commands():
    environment = {
        "_RECORDER_COMPLETE": "complete_bash",
        "COMP_WORDS": "recorder sta",
        "COMP_CWORD": "1",
    }
    done = CliRunner().invoke(app, [], prog_name="recorder", env=environment)
    assert done.stdout.split() == ["status"]
