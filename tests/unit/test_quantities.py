import pytest

from recorder.config import Amount, format_size, parse_amount, parse_size
from recorder.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "amount", "shown"),
    [
        (90, Amount(seconds=90), "90s"),
        ("90", Amount(seconds=90), "90s"),
        ("90s", Amount(seconds=90), "90s"),
        (" 90 s ", Amount(seconds=90), "90s"),
        (0.5, Amount(seconds=0.5), "0.5s"),
        ("1.5min", Amount(seconds=90), "90s"),
        ("10min", Amount(seconds=600), "10min"),
        ("2h", Amount(seconds=7200), "2h"),
        ("2 H", Amount(seconds=7200), "2h"),
        (1e-5, Amount(seconds=1e-5), "0.00001s"),
        ("1000 frames", Amount(frames=1000), "1000 frames"),
        ("1000frames", Amount(frames=1000), "1000 frames"),
        ("1 frame", Amount(frames=1), "1 frame"),
    ],
)
def test_amounts(value, amount, shown):
    assert parse_amount(value) == amount
    assert str(amount) == shown
    assert parse_amount(shown) == amount
    assert parse_amount(amount) is amount


NO_AMOUNTS: list[object] = ["0", 0, 0.0, -1, "-5s", "0 frames", "1.5 frames", "10ms", "3 days"]
NO_AMOUNTS += ["", "s", "1:30", "1_000", "nan", "inf", "1e3", "٣s", "9" * 5000]
NO_AMOUNTS += [True, None, [], {}, float("nan"), float("inf")]


@pytest.mark.parametrize("value", NO_AMOUNTS)
def test_refused_amounts_say_what_is_accepted(value):
    with pytest.raises(
        ConfigError, match="accepted: 90 or 90s, 10min, 2h, 3d, 1000 frames"
    ) as error:
        parse_amount(value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("arguments", [{}, {"seconds": 1, "frames": 1}, {"seconds": 0}])
def test_an_amount_is_exactly_one_thing(arguments):
    with pytest.raises(ConfigError):
        Amount(**arguments)


@pytest.mark.parametrize(
    ("value", "size", "shown"),
    [
        (1, 1, "1B"),
        ("1000", 1000, "1KB"),
        ("256MiB", 256 * 2**20, "256MiB"),
        ("256 mib", 256 * 2**20, "256MiB"),
        ("1GiB", 2**30, "1GiB"),
        ("5GB", 5 * 10**9, "5GB"),
        ("1.5GiB", 1536 * 2**20, "1536MiB"),
        ("1TB", 10**12, "1TB"),
        ("12345B", 12345, "12345B"),
    ],
)
def test_sizes(value, size, shown):
    assert parse_size(value) == size
    assert format_size(size) == shown
    assert parse_size(shown) == size


@pytest.mark.parametrize(
    "value", [0, -1, "0GB", "5G", "5M", "1.5", "1.5B", "10 MBit", "", "MB", True, None, [], "1e9"]
)
def test_refused_sizes_say_what_is_accepted(value):
    with pytest.raises(ConfigError, match="accepted: 256MiB, 1GiB, 5GB, or a number of bytes"):
        parse_size(value)


def test_nothing_is_zero_bytes():
    assert format_size(0) == "0B"
