"""What the README and the READMEs of the folders show works as it stands."""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.main import get_command

import recorder
from recorder.cli import app
from recorder.config import load_config

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *(ROOT / f"{each}/README.md" for each in ("configs", "recorder", "ui")),
]
PAGES.append(ROOT / "tests/README.md")
LINK = re.compile(r"\]\(([^)#:]+)(?:#([^)]+))?\)")


def _is_error(found):
    return isinstance(found, type) and issubclass(found, Exception)


def _blocks(language):
    for page in PAGES:
        found = re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)
        yield from (
            pytest.param(text, id=f"{page.parent.name} {number}")
            for number, text in enumerate(found)
        )


def _commands():
    """Give each line of a shell that calls the recorder by its bare name."""
    lines = {line for block in _blocks("sh") for line in block.values[0].splitlines()}
    return sorted(line for line in lines if line.startswith("recorder "))


def test_the_front_page_is_short():
    assert (ROOT / "README.md").stat().st_size < 7500


def test_there_are_examples():
    assert len(list(_blocks("python"))) == 4
    assert len(_commands()) >= 6


@pytest.mark.parametrize("example", list(_blocks("python")))
def test_an_example_runs(tmp_path, example):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    command = [sys.executable, "-W", "error", "-c", example]
    result = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


CALLS = sorted(name for name in recorder.__all__ if not _is_error(getattr(recorder, name)))


@pytest.mark.parametrize("name", CALLS)
def test_an_example_of_a_docstring_runs(tmp_path, monkeypatch, name):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    names = {each: getattr(recorder, each) for each in CALLS} | {"np": np}
    found = doctest.DocTestFinder(recurse=False).find(names[name], name, globs=names)
    examples = [test for test in found if test.examples]
    assert examples, f"{name} has no example"
    for test in examples:
        assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("command", _commands())
def test_a_command_can_be_typed(command):
    _, name, *arguments = shlex.split(command.partition(" > ")[0])
    found = get_command(app).commands[name]
    found.make_context(name, arguments)  # raises what is wrong with it
    for each in arguments:
        if each.startswith("configs/"):
            load_config(ROOT / each)


@pytest.mark.parametrize("text", list(_blocks("yaml")))
def test_a_piece_of_config_is_one(tmp_path, text):
    camera = "" if "cameras" in yaml.safe_load(text) else "cameras: {top: {source: synthetic}}\n"
    path = tmp_path / "piece.yaml"
    path.write_text(camera + text)
    load_config(path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text()):
        path = Path(os.path.normpath(page.parent / target))
        assert path.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads
            }
