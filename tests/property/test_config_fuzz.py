"""Whatever a file says: a config, or a ConfigError. Never anything else, never a password."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from recorder.config import (
    Amount,
    Config,
    file_stem,
    format_size,
    make_config,
    parse_amount,
    parse_config,
    parse_size,
    redact,
)
from recorder.config.problems import message
from recorder.errors import ConfigError

unhurried = settings(deadline=None)  # a busy machine is no mistake in the config
briefly = settings(unhurried, max_examples=50)

PIECES = """
cameras top source synthetic size fps max pixel_format gray8 crop rotate flip none settings
options seed buffer memory when_full wait recording name {camera} {start:%Y} {x} duration
metadata 0 -1 1e9 10s 1GiB [1, 2] [ ] { } : , - ? & * &a *a ! !!int ' " # | > % @ ` --- ...
<< ~ null true "\\ud800" "\\x00"
"""
yaml_like = st.lists(
    st.sampled_from([*PIECES.split(), "\n", "\n  ", "\n    ", "\n      ", ": ", " ", "\t"]),
    max_size=40,
).map("".join)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)  # also halves of characters
)
KEYS = ["cameras", "buffer", "recording", "metadata", "top", "source", "name", "size", "fps"]
KEYS += ["pixel_format", "crop", "rotate", "flip", "settings", "strict", "options", "memory"]
KEYS += ["when_full", "folder", "format", "codec", "duration", "keep_free", "pattern", "seed"]
KEYS += ["fail_at", "serial", "segment", "on_failure"]
values = st.recursive(
    scalars | st.sampled_from(["synthetic", "max", "wait", "none", "video", "10s", "1GiB"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=5)
    ),
    max_leaves=20,
)
configs = st.fixed_dictionaries(
    {"cameras": st.dictionaries(st.just("top") | st.text(max_size=5), values, max_size=2)},
    optional={"buffer": values, "recording": values, "metadata": values},
)


def outcome(text: str, overrides: list[str]) -> str:
    """Return the error message, or what a config shows of itself."""
    try:
        config = parse_config(text, "x.yaml", overrides)
    except ConfigError as error:
        return str(error)
    return shown(config)


def shown(config: Config) -> str:
    public = config.public()
    assert make_config(public).public() == public
    for camera in config.cameras.values():
        camera.known_spec()
    return repr(config) + json.dumps(public, allow_nan=False)


any_text = st.text(st.characters(), max_size=30)  # also halves of characters
overrides = st.lists(
    any_text
    | st.builds("{}={}".format, any_text, any_text)
    | st.builds("cameras.top.{}={}".format, st.sampled_from(KEYS) | any_text, yaml_like | any_text),
    max_size=2,
)


@unhurried
@given(any_text | yaml_like | st.just(json.dumps({"cameras": {"top": {"source": 0}}})), overrides)
@example("%YAML 1." + "9" * 5000 + "\n---\n", [])
@example('"\\UFFFFFFFF"', [])
def test_any_text(text, overrides):
    lines = outcome(text, overrides).split("\n")
    assert all(line.isprintable() for line in lines)


@unhurried
@given(st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_any_bytes(text):
    outcome(text, [])


@briefly
@given(configs | values)
def test_any_structure(data):
    outcome(json.dumps(data), [])


@briefly
@given(st.dictionaries(st.sampled_from(KEYS[:4]) | st.text(max_size=5), values))
def test_any_values_in_python(data):
    try:
        shown(make_config(data))
    except ConfigError:
        return


@unhurried
@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=8),
    st.sampled_from(KEYS),
    st.sampled_from(["value", "key", "list", "source", "override"]),
)
def test_passwords_never_show(noise, key, where):
    url = f"rtsp://user:S3{noise.replace('@', '')}cret@host/x"
    camera: dict[str, object] = {"source": 0}
    if where in ("value", "list"):
        camera[key] = url if where == "value" else [url]
    elif where == "key":
        camera[url] = 1
    elif where == "source":
        camera = {"source": url, "flip": "nowhere"}
    overrides = [f"cameras.top.{key}={url}"] if where == "override" else []
    text = outcome(json.dumps({"cameras": {"top": camera}, "metadata": {key: url}}), overrides)
    assert "cret" not in text


@unhurried
@given(st.text())
def test_redacting_twice_changes_nothing(text):
    assert redact(redact(text)) == redact(text)


@unhurried
@given(st.text(st.characters()))
def test_messages_fit_on_one_printable_line(text):
    assert message("x", text).isprintable()


@unhurried
@given(st.floats(1e-9, 1e12) | st.integers(1, 10**12))
def test_amounts_read_back(seconds):
    amount = Amount(seconds=seconds)
    again = parse_amount(str(amount))
    assert again.seconds is not None
    assert abs(again.seconds - seconds) <= 1e-9 * seconds


@unhurried
@given(st.integers(1, 10**15 - 1))
def test_sizes_read_back(size):
    assert parse_size(format_size(size)) == size


@unhurried
@given(st.text())
def test_any_file_name_is_safe_or_refused(template):
    from datetime import datetime

    try:
        stem = file_stem(template, "top", datetime(2026, 11, 22), {"a": template})
    except ConfigError:
        return
    assert stem
    assert not set("/\\:\0\n") & set(stem)
