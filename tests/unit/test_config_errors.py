import time

import pytest
import yaml
from config_error_cases import BOMB, CASES, OVERRIDES, TOP

from recorder.config import load_config, make_config, parse_config
from recorder.errors import ConfigError


def message(text: str, overrides: list[str] | None = None) -> str:
    with pytest.raises(ConfigError) as error:
        parse_config(text, "x.yaml", overrides or [])
    assert error.value.exit_code == 2
    return str(error.value)


def assert_in_order(parts: list[str], text: str) -> None:
    at = 0
    for part in parts:
        assert part in text[at:], text
        at = text.index(part, at) + len(part)


@pytest.mark.parametrize(("text", "parts"), CASES.values(), ids=CASES.keys())
def test_mistakes(text, parts):
    shown = message(text)
    assert_in_order(parts, shown)
    assert all(len(line) < 300 and line.isprintable() for line in shown.splitlines())


@pytest.mark.parametrize(("overrides", "parts"), OVERRIDES.values(), ids=OVERRIDES.keys())
def test_mistakes_on_the_command_line(overrides, parts):
    assert_in_order(parts, message(TOP, overrides))


def test_one_mistake_is_one_line():
    single = set(CASES) - {"name with bad camera", "merge key"}
    for name in single:
        assert message(CASES[name][0]).count("\n") == (name == "list as a key"), name


def test_all_mistakes_at_once_in_the_order_of_the_file():
    text = TOP + "    fps: 0\n    flip: x\n    fps: 1\nbuffer: {memory: x}\nfoo: 1\n"
    lines = message(text, ["recording.codec=-", "x"]).splitlines()
    places = [line.split(": ")[0] for line in lines]
    assert places == [f"x.yaml:{n}" for n in (4, 5, 6, 7, 8)] + [
        "--set recording.codec=-",
        "--set x",
    ]


def test_a_flood_of_mistakes_is_cut():
    lines = message(TOP + "metadata:\n" + "".join(f"  k{n}: [x]\n" for n in range(99))).split("\n")
    assert len(lines) == 51
    assert lines[-1] == "and 49 more"


@pytest.mark.parametrize(
    "text",
    [
        "cameras: {top: {source: 'rtsp://u:S3cret@h/x', fps: 0}}",
        "cameras: {top: {source: [rtsp://u:S3cret@h/x]}}",
        "cameras: {top: {source: {nmae: 'rtsp://u:S3cret@h/x'}}}",
        "cameras: {top: {source: {'rtsp://u:S3cret@h/x': 1}}}",
        "cameras: {top: {source: 0, fps: 'rtsp://u:S3cret@h/x'}}",
        "cameras: {top: 'rtsp://u:S3cret@h/x'}",
        "cameras: {'rtsp://u:S3cret@h/x': {source: 0}}",
        "cameras: {top: {source: 0, 'rtsp://u:S3cret@h/x': 1}}",
        "cameras: {top: {source: 0}}\nrecording: {name: 'rtsp://u:S3cret@h/x'}",
        "cameras: {top: {source: 0}}\nrecording: {duration: 'http://h/x?pwd=S3cret'}",
        "rtsp://u:S3cret@h/x: 1\nrtsp://u:S3cret@h/x: 2",
        f"cameras: {{top: {{source: 0, fps: 'rtsp://u:{'S3cret' * 50}@h/x'}}}}",
        'cameras: {top: {source: 0, fps: "rtsp://u:a\\nS3cret@h/x"}}',
        "a: !<rtsp://u:S3cret@h/x> 1",
    ],
)
def test_passwords_are_never_shown(text):
    assert "S3cret" not in message(text, ["cameras.top.rotate=rtsp://u:a S3cret@h/x"])


def test_pydantic_itself_shows_no_input():
    from recorder.config import CameraConfig

    with pytest.raises(ValueError, match="source") as error:
        CameraConfig(source=["rtsp://u:S3cret@h/x"], fps="rtsp://u:S3cret@h/x", rotate="S3cret")
    assert "S3cret" not in str(error.value)


def test_configs_made_in_python_name_the_key():
    with pytest.raises(ConfigError) as error:
        make_config({"cameras": {"top": {"source": 0}}, "buffer": {"memry": 1}}, "preview")
    assert str(error.value) == "preview: buffer.memry: unknown key; did you mean memory?"


def load_message(path: object) -> str:
    with pytest.raises(ConfigError) as error:
        load_config(path)  # type: ignore[arg-type]
    return str(error.value)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "demo.yaml").write_text(TOP)
    missing = tmp_path / "dmo.yaml"
    assert load_message(missing) == f"{missing}: no such file; did you mean demo.yaml?"
    assert load_message(tmp_path / "no" / "x.yaml").endswith("no such file")
    assert "a folder; a config is a YAML file" in load_message(tmp_path)
    assert "cannot be read" in load_message("a\0b")
    assert "cannot be read: Not a directory" in load_message(tmp_path / "demo.yaml" / "x")


def test_files_that_are_no_text(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"cameras:\n  \xff: 1\n")
    assert load_message(path) == f"{path}:2: not UTF-8; save it as UTF-8"
    path.write_bytes(TOP.encode("utf-16"))
    assert "not UTF-8" in load_message(path)
    assert "larger than 1 MiB" in load_message("/dev/zero")


def test_a_large_file_is_refused_at_once(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\n" * 2_000_000)
    start = time.perf_counter()
    assert load_message(path) == f"{path}: larger than 1 MiB; this is no config"
    assert time.perf_counter() - start < 0.5


def test_our_bomb_is_one():
    # PyYAML itself reads it, as its items are shared: written out, they would be a billion.
    assert len(yaml.safe_load(BOMB)) == 9
