"""What values are counted in, as rules write it and as people read it."""

from decimal import Decimal
from typing import assert_never

from selfhealingd.core.sample import Unit
from selfhealingd.core.spans import span

_BYTES = {"B": 1}
for _power, _prefix in enumerate("kMGTP", start=1):
    _BYTES |= {f"{_prefix}B": 1000**_power}
    _BYTES |= {f"{_prefix.upper()}iB": 1024**_power}

FACTORS: dict[Unit, dict[str, Decimal]] = {
    Unit.PERCENT: {"%": Decimal(1)},
    Unit.BYTES: {name: Decimal(factor) for name, factor in _BYTES.items()},
    Unit.BYTES_PER_SECOND: {
        f"{name}/s": Decimal(factor) for name, factor in _BYTES.items()
    },
    Unit.SECONDS: {
        "ms": Decimal("0.001"),
        "s": Decimal(1),
        "min": Decimal(60),
        "m": Decimal(60),
        "h": Decimal(3600),
        "d": Decimal(86400),
    },
    Unit.COUNT: {"": Decimal(1)},
    Unit.PLAIN: {"": Decimal(1)},
}
"""The ways to write each, and what one of it is worth."""

_EXACT = {
    Unit.BYTES: ("PiB", "TiB", "GiB", "MiB", "KiB", "B"),
    Unit.BYTES_PER_SECOND: ("PiB/s", "TiB/s", "GiB/s", "MiB/s", "KiB/s", "B/s"),
    Unit.SECONDS: ("d", "h", "min", "s", "ms"),
}

LARGEST = 2.0**53
"""Beyond this a float no longer holds every whole number."""


def exact(unit: Unit, value: float) -> str:
    """Say a value as a rule writes it, and nothing but that value: ``500MiB``."""
    number = Decimal(str(value))
    for name in _EXACT.get(unit, ()):
        parts = number / FACTORS[unit][name]
        if number and parts == parts.to_integral_value():
            return f"{_plain(parts)}{name}"
    match unit:
        case Unit.PERCENT:
            return f"{_plain(number)}%"
        case Unit.BYTES | Unit.BYTES_PER_SECOND | Unit.SECONDS:
            return f"{_plain(number)}{_EXACT[unit][-1] if not number else ''}"
        case Unit.COUNT | Unit.PLAIN:
            return _plain(number)
        case _:
            assert_never(unit)


def human(unit: Unit, value: float) -> str:
    """Say a value as people take it in: ``512 MiB``, ``93 %``, ``2 h 5 min``."""
    match unit:
        case Unit.PERCENT:
            return f"{_three_digits(value)} %"
        case Unit.BYTES:
            return _size(value)
        case Unit.BYTES_PER_SECOND:
            return f"{_size(value)}/s"
        case Unit.SECONDS:
            return span(value)
        case Unit.COUNT | Unit.PLAIN:
            return _three_digits(value)
        case _:
            assert_never(unit)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _size(value: float) -> str:
    step = 1024.0
    for name in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(value) < step:
            return f"{_three_digits(value)} {name}"
        value /= step
    return f"{_three_digits(value)} PiB"


def _three_digits(value: float) -> str:
    """Keep what says something of a value: 0.25, 9.5, 512, 48213."""
    for limit, digits in ((1, 2), (100, 1)):
        if abs(value) < limit:
            return _plain(Decimal(f"{value:.{digits}f}"))
    return f"{value:.0f}"
