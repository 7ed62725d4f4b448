"""The schema for editors: it refuses mistakes, and nothing that is right."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from config_error_cases import CASES, TOP
from jsonschema import Draft202012Validator

from recorder.cli.schema import schema
from recorder.config import CameraConfig, Config, parse_config
from recorder.config.base import Section
from recorder.config.problems import _SECTIONS
from recorder.config.schema import config_schema, parameters
from recorder.config.yamltree import TreeError, read_tree

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
SCHEMA = config_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

# Mistakes that no schema sees. A new case is either refused by the schema, or named here.
OF_SEVERAL_KEYS = {
    "a live camera waits",
    "all live cameras wait",
    "crop outside",
    "ends before it begins",
    "every, and still recording",
    "every, for how long",
    "live at max",
    "own times above 1000 fps",
    "own times as fast as possible",
    "own times in hdf5",
    "own times of a file",
    "repeats, of what",
    "retention of less than two segments",
    "retention without segments",
    "too few frames",
}
OF_TEXTS = {  # what a text means: a template, a quantity that is too small, a name in a database
    "folder in metadata",
    "folder in the name",
    "own placeholder",
    "placeholder",
    "placeholder of metadata",
    "segments too small",
    "time zone",
    "too often",
}
OF_YAML = {  # which an editor's YAML reader reports
    "absurd escape",
    "absurd version",
    "bomb",
    "control character",
    "deep nesting",
    "duplicate camera",
    "duplicate key",
    "endless alias",
    "half a character",
    "half a character in a key",
    "harmless tag",
    "list as a key",
    "many values",
    "tab",
    "tab before a value",
    "tag",
    "two documents",
    "unclosed",
    "unknown alias",
}


def accepts(text: str) -> bool:
    return VALIDATOR.is_valid(read_tree(text).value)


def is_yaml(text: str) -> bool:
    try:
        return not read_tree(text).problems
    except TreeError:
        return False


def sections() -> list[type[Section]]:
    return [Config, CameraConfig, *_SECTIONS.values()]


def shape_of(section: type[Section]) -> dict:
    return SCHEMA if section is Config else SCHEMA["$defs"][section.__name__]


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_command_prints_it(capsys):
    schema()
    out = capsys.readouterr().out
    assert json.loads(out) == SCHEMA
    assert out.endswith("}\n")
    assert out.isascii()


def test_it_is_the_same_in_every_process():
    code = "from recorder.cli.schema import schema; schema()"
    run = [sys.executable, "-W", "error", "-c", code]
    first, second = (
        subprocess.check_output(run, env={"PYTHONHASHSEED": seed}) for seed in ("1", "2")
    )
    assert first == second


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_example_is_accepted(path):
    VALIDATOR.validate(read_tree(path.read_text(encoding="utf-8")).value)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_as_used_is_accepted(path):
    VALIDATOR.validate(parse_config(path.read_text(encoding="utf-8")).public())


def test_mistakes_are_refused():
    yaml_level = {name for name, (text, _) in CASES.items() if not is_yaml(text)}
    accepted = {name for name, (text, _) in CASES.items() if is_yaml(text) and accepts(text)}
    assert yaml_level == OF_YAML
    assert accepted == OF_SEVERAL_KEYS | OF_TEXTS


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_key_is_there_and_described(section):
    shape = shape_of(section)
    keys = set(section.model_fields) - ({"name"} if section is CameraConfig else set())
    assert set(shape["properties"]) == keys
    assert set(parameters(section)) == set(section.model_fields)
    assert shape["additionalProperties"] is False
    for key, said in shape["properties"].items():
        assert len(said["description"]) > 15, key
        assert said["description"].endswith("."), key
        assert not re.search(r"None|``|  ", said["description"]), key
        is_whole_section = any("$ref" in shape for shape in said.get("anyOf", ()))
        if key in shape.get("required", ()) or is_whole_section:
            continue
        assert said["description"].count("Default: ") == 1, key


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_defaults_are_written_as_in_a_file(section):
    for key, said in shape_of(section)["properties"].items():
        if "default" in said:
            assert Draft202012Validator(said).is_valid(said["default"]), key
        for example in said.get("examples", ()):
            assert Draft202012Validator(said).is_valid(example), (key, example)
    assert SCHEMA["$defs"]["BufferConfig"]["properties"]["memory"]["default"] == "256MiB"
    assert SCHEMA["$defs"]["HookConfig"]["properties"]["timeout"]["default"] == "30s"


def test_a_key_that_has_a_default_may_be_empty():
    for section in sections():
        shape = shape_of(section)
        for key in shape["properties"]:
            closed = {**shape["properties"][key], "$defs": SCHEMA["$defs"]}
            empty_is_right = Draft202012Validator(closed).is_valid(None)
            assert empty_is_right == (key not in shape.get("required", ())), key


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ("    options: {seed: 1}\n", True),
        ("    options: {}\n", True),
        ("    options:\n", True),
        ("    settings:\n", True),
        ("    name: top\n", False),
        ("recording: {duration: 0}\n", False),
        ("recording: {duration: 90}\n", True),
        ("recording: {duration: 1 Frame}\n", True),
        ("recording: {segment: 1.5gib}\n", True),
        ("recording: {keep_free: 0}\n", True),
        ("recording: {keep_free: '0'}\n", True),
        ("buffer: {memory: 0}\n", False),
        ("buffer: {memory: 1000000.0}\n", True),
        ("schedule: {hours: 22:00 - 6:00, weekdays: [Monday, TUES, sun]}\n", True),
        ("schedule: {hours: 22:00}\n", False),
        ("schedule: {weekdays: []}\n", False),
        ("schedule: {weekdays: [mo]}\n", False),
        ("schedule: {start: 2026-12-24}\n", True),
        ("hook: {command: ['']}\n", False),
        ("hook: {command: [a, '']}\n", True),
        ("log: {keep: 0}\n", False),
        ("log: {keep: 1.5}\n", False),
        ("metadata: {anything: goes, note: }\n", True),
    ],
)
def test_schema_and_parser_agree(more, right):
    text = TOP + more
    assert accepts(text) == right
    if right:
        parse_config(text)


def test_options_of_a_real_camera_may_be_empty():
    text = "cameras: {{top: {{source: 0, options: {}}}}}"
    for options in ("{}", "{seed: }", ""):
        parse_config(text.format(options))
        assert accepts(text.format(options))
    assert not accepts(text.format("{seed: 1}"))
