"""Written values become typed ones, or say what should have stood there."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.config import values
from selfhealingd.config.values import Expected
from selfhealingd.core.policy import Autorestart

JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.sampled_from(["1" * 400, "-1", "0x10", "1e9", "٣s", "٣", "5 5", "ms"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
READERS: list[Callable[[object], object]] = [
    values.text,
    values.boolean,
    values.integer(0, 9),
    values.share,
    values.duration,
    values.positive_duration,
    values.size,
    values.signal_number,
    values.octal,
    values.exitcodes,
    values.autorestart,
    values.one_of("a", "b"),
    values.strings,
    values.command,
    values.split,
    values.path,
    values.rlimit,
]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (10, 10.0),
        (0, 0.0),
        (0.5, 0.5),
        ("10", 10.0),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("10m", 600.0),
        ("1h30m", 5400.0),
        ("1d2h3m4s5ms", 93784.005),
    ],
)
def test_duration(written: object, seconds: float) -> None:
    """A duration is a number of seconds, or amounts with units, largest first."""
    assert seconds == values.duration(written)


@pytest.mark.parametrize(
    "written",
    [
        *("", "soon", "1x", "30m1h", "1h 30m", "-1s", "inf", "nan", "11y", "s", "1e3"),
        *(-1, math.inf, math.nan, True, None, [1], 10**400, "4000d", -(10**400)),
    ],
)
def test_no_duration(written: object) -> None:
    """Nothing negative, endless or unclear is a duration."""
    with pytest.raises(Expected, match="a duration"):
        values.duration(written)


def test_positive_duration() -> None:
    """Where 0 would mean never or always, it is refused."""
    assert 0.1 == values.positive_duration("100ms")
    with pytest.raises(Expected, match="longer than 0"):
        values.positive_duration("0s")


@given(st.integers(0, 300 * 86_400_000))
def test_duration_round_trip(milliseconds: int) -> None:
    """Any duration written in units is read as the same number of seconds."""
    seconds, ms = divmod(milliseconds, 1000)
    minutes, s = divmod(seconds, 60)
    hours, m = divmod(minutes, 60)
    written = f"{hours}h{m}m{s}s{ms}ms"
    assert math.isclose(milliseconds / 1000, values.duration(written))


@pytest.mark.parametrize(
    ("written", "size"),
    [
        (1024, 1024),
        ("1024", 1024),
        ("0B", 0),
        ("500MiB", 500 * 1024**2),
        ("500 MiB", 500 * 1024**2),
        ("1GB", 10**9),
        ("1kB", 1000),
        ("1.5KiB", 1536),
        ("2TiB", 2 * 1024**4),
    ],
)
def test_size(written: object, size: int) -> None:
    """A size is a number of bytes, or an amount with a decimal or binary unit."""
    assert size == values.size(written)


@pytest.mark.parametrize("written", ["500M", "1k", "-1", "MB", 1.5, -1, True, 2**63])
def test_no_size(written: object) -> None:
    """A unit that could be taken for either kind is refused, and so are fractions."""
    with pytest.raises(Expected, match="a size"):
        values.size(written)


@given(
    st.integers(0, 1000),
    st.sampled_from([("B", 0, 1), ("MB", 2, 1000), ("MiB", 2, 1024), ("TB", 4, 1000)]),
)
def test_size_round_trip(amount: int, unit: tuple[str, int, int]) -> None:
    """Any amount of any unit is read as that many bytes."""
    name, power, base = unit
    assert amount * base**power == values.size(f"{amount}{name}")


@pytest.mark.parametrize(
    ("written", "number"),
    [("TERM", 15), ("SIGTERM", 15), ("sighup", 1), (9, 9), ("9", 9), (64, 64)],
)
def test_signal(written: object, number: int) -> None:
    """A signal goes by its name, with or without SIG, or by its number."""
    assert number == values.signal_number(written)


def test_misspelt_signal() -> None:
    """A misspelt signal comes with the likely one."""
    with pytest.raises(Expected) as raised:
        values.signal_number("TREM")
    assert 'did you mean "TERM"?' == raised.value.suggestion


@pytest.mark.parametrize("written", [0, 65, -1, True, "", "SIG", 15.0])
def test_no_signal(written: object) -> None:
    """A number that no signal has is refused."""
    with pytest.raises(Expected, match="a signal"):
        values.signal_number(written)


@pytest.mark.parametrize(
    ("written", "bits"), [("022", 0o22), (0o22, 0o22), ("0o27", 0o27), ("0", 0)]
)
def test_octal(written: object, bits: int) -> None:
    """Permission bits are octal, whichever way they are written."""
    assert bits == values.octal(written)


@pytest.mark.parametrize("written", ["8", "1000", "-1", 0o1000, True, 0.0])
def test_no_octal(written: object) -> None:
    """Digits above 7 and bits above 0777 are refused."""
    with pytest.raises(Expected, match="octal"):
        values.octal(written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (True, Autorestart.ALWAYS),
        (False, Autorestart.NEVER),
        ("true", Autorestart.ALWAYS),
        ("Unexpected", Autorestart.UNEXPECTED),
        ("never", Autorestart.NEVER),
    ],
)
def test_autorestart(written: object, expected: Autorestart) -> None:
    """Both our words and supervisord's booleans are understood."""
    assert expected == values.autorestart(written)


def test_exitcodes() -> None:
    """One code may stand without a list; none at all makes every exit unexpected."""
    assert frozenset({0, 2}) == values.exitcodes([0, 2])
    assert frozenset({2}) == values.exitcodes(2)
    assert frozenset() == values.exitcodes([])
    with pytest.raises(Expected, match="0 to 255"):
        values.exitcodes([0, 256])


@pytest.mark.parametrize(
    ("written", "truth"), [(True, True), ("Yes", True), ("0", False), ("off", False)]
)
def test_boolean(written: object, *, truth: bool) -> None:
    """A boolean may be a string, because a variable expands to one."""
    assert truth is values.boolean(written)


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        (4096, (4096, 4096)),
        ("unlimited", (-1, -1)),
        ([1024, 4096], (1024, 4096)),
        (["1MiB", "unlimited"], (1024**2, -1)),
    ],
)
def test_rlimit(written: object, limit: tuple[int, int]) -> None:
    """One value is both limits; a list has the soft one first."""
    assert limit == values.rlimit(written)


@pytest.mark.parametrize("written", [[2, 1], ["unlimited", 5], [1], [1, 2, 3], "x", -1])
def test_no_rlimit(written: object) -> None:
    """A soft limit above the hard one is refused."""
    with pytest.raises(Expected, match="limit"):
        values.rlimit(written)


def test_split() -> None:
    """A string is split as a shell would; a list is left alone."""
    assert ["a", "b c"] == values.split("a 'b c'")
    assert ["a b"] == values.split(["a b"])
    with pytest.raises(Expected, match="no closing quotation"):
        values.split("a 'b")


@pytest.mark.parametrize("written", [[], "", [""], ["a", 1], 3, {}])
def test_no_command(written: object) -> None:
    """A command has at least a program, and only strings."""
    with pytest.raises(Expected, match="a command"):
        values.command(written)


def test_tilde_is_not_a_folder() -> None:
    """A tilde is refused rather than taken for a folder of that name."""
    with pytest.raises(Expected, match="without ~"):
        values.path("~/x")


@pytest.mark.parametrize("read", READERS)
@given(written=JUNK)
def test_anything_else_is_expected(
    read: Callable[[object], object], written: object
) -> None:
    """Whatever is written, a reader returns or raises Expected, nothing else."""
    try:
        read(written)
    except Expected as error:
        what = error.what
    else:
        return
    assert what
