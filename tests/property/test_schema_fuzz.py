"""What the recorder accepts, an editor never marks as wrong."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from recorder.config import parse_config
from recorder.config.schema import config_schema
from recorder.config.yamltree import read_tree
from recorder.errors import ConfigError

VALIDATOR = Draft202012Validator(config_schema())

spaces = st.sampled_from(["", " ", "  ", "\t", "\u00a0"])


def any_case(words: list[str]) -> st.SearchStrategy[str]:
    ways = st.sampled_from([str.lower, str.upper, str.title, str])
    return st.builds(lambda way, word: way(word), ways, st.sampled_from(words))


def quantities(*units: str) -> st.SearchStrategy[object]:
    numbers = st.integers(1, 10**6) | st.floats(1e-3, 1e6).map(lambda n: f"{n:.4f}")
    texts = st.builds("{}{}{}{}{}".format, spaces, numbers, spaces, any_case([*units, ""]), spaces)
    return texts | st.integers(1, 2**64) | st.floats(1e-3, 1e12)


TIMES = ["s", "min", "h", "d"]
SIZES = ["B", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB"]
times, sizes = quantities(*TIMES), quantities(*SIZES)
counts = st.integers(0, 10**9)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
clocks = st.builds(
    "{}:{:02}{}".format, st.integers(0, 24), st.integers(0, 59), st.sampled_from(["", ":00", ":59"])
)
moments = (
    st.datetimes().map(lambda moment: moment.isoformat(" "))
    | st.dates().map(str)
    | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat())
    | st.sampled_from(["20261201", "2026-W49-2", "20261201T080000Z", " 2026-12-01 "])
)
pixels = st.integers(0, 65535)
days = ["mon", "tues", "wednes", "thursday", "frid", "sat", "sunda"]


def section(**keys: st.SearchStrategy[object]) -> st.SearchStrategy[dict]:
    """Return a strategy for some of the keys, which may also be empty."""
    return st.fixed_dictionaries({}, optional={key: some | st.none() for key, some in keys.items()})


sources = (
    st.just("synthetic")
    | st.integers(0, 10**6)
    | texts
    | st.builds(
        lambda key, text: {key: text}, st.sampled_from(["name", "serial"]), texts | st.integers()
    )
)
buffers = section(memory=sizes, when_full=st.sampled_from(["drop", "wait", "stop"]))
recordings = section(
    folder=texts,
    name=st.sampled_from(["{camera}", "{start:%Y}", "x"]),
    format=st.sampled_from(["video", "hdf5", "none"]),
    codec=st.sampled_from(["auto", "ffv1", "libx264rgb", "a.b-c_d"]),
    duration=quantities(*TIMES, "frame", "frames"),
    segment=quantities(*TIMES, *SIZES, "frame", "frames"),
    keep_free=sizes | st.sampled_from([0, "0", 0.0]),
    retention=section(age=times, size=sizes),
)
options = section(
    pattern=st.sampled_from(["scene", "noise", "ramp", "black"]), seed=counts, fail_at=counts
)
optional = section(
    size=st.lists(pixels, min_size=2, max_size=2),
    fps=st.floats(0, 1e6) | st.integers(0, 1000) | st.just("max"),
    pixel_format=st.sampled_from(["gray8", "gray16", "bgr8"]),
    crop=st.lists(pixels, min_size=4, max_size=4),
    rotate=st.sampled_from([0, 90, 180, 270]),
    flip=st.sampled_from(["none", "both"]),
    settings=st.dictionaries(
        st.sampled_from(["gain", "auto_exposure", "x1"]), st.booleans() | st.floats() | texts
    ),
    strict=st.booleans(),
    on_failure=st.sampled_from(["restart", "stop", "leave"]),
    options=options,
    buffer=buffers,
    recording=recordings,
)
cameras = st.builds(lambda source, keys: {**keys, "source": source}, sources, optional)
names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
plausible = st.builds(
    lambda keys, cameras: {**keys, "cameras": cameras},
    section(
        buffer=buffers,
        recording=recordings,
        schedule=section(
            start=moments,
            until=moments,
            hours=st.builds(
                "{}{}{}{}{}".format, clocks, spaces, st.sampled_from("-–"), spaces, clocks
            ),
            weekdays=st.lists(any_case(days), max_size=3),
            every=times,
            repeats=counts,
            timezone=st.sampled_from(["Europe/Berlin", "UTC"]),
        ),
        hook=section(
            command=st.lists(texts, max_size=3),
            on=st.lists(st.sampled_from(["start", "segment", "failure", "end"]), max_size=3),
            timeout=times,
        ),
        log=section(file=texts, max_size=sizes, keep=counts),
        metrics=section(port=counts, address=texts),
        metadata=st.dictionaries(texts, texts | counts | st.none() | st.booleans()),
    ),
    st.dictionaries(names, cameras, min_size=1, max_size=2),
)


def check(data: object) -> bool:
    """Return whether the recorder accepts it; then the schema must."""
    text = json.dumps(data)
    try:
        parse_config(text)
    except ConfigError:
        return False
    VALIDATOR.validate(read_tree(text).value)
    return True


def one_at_a_time(data: dict) -> list[dict]:
    """Return configs with one key each: with all keys at once, few are without a mistake."""
    name, camera = next(iter(data["cameras"].items()))
    least = {"source": camera["source"]}
    found = [{"cameras": {name: {**least, key: value}}} for key, value in camera.items()]
    for key, value in data.items():
        if key != "cameras":
            found.append({key: value, "cameras": {name: least}})
            inner = value.items() if isinstance(value, dict) else ()
            found += [{key: {k: v}, "cameras": {name: least}} for k, v in inner]
    return found


@settings(deadline=None, max_examples=60)
@given(plausible)
def test_what_is_accepted_is_accepted_by_the_schema(data):
    for each in [data, *one_at_a_time(data)]:
        check(each)
