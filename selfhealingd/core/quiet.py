"""When it is quiet: the times of day at which it hurts least to be restarted."""

import re
from datetime import time
from typing import TypeAlias

import msgspec

_WORDS = re.compile(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)")
_HOUR = 60
_DAY = 24 * _HOUR


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes since local midnight; it ends on the next day if not after ``begin``."""

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.begin)}-{_clock(self.end)}"


Quiet: TypeAlias = tuple[Window, ...]
"""All of a service's windows; empty if its operator named none."""


class BadWindow(ValueError):
    """The words are no window; says what would be one."""


def parse(words: str) -> Window:
    """Read ``02:00-05:00`` or ``22:00-06:00``; raises BadWindow."""
    found = _WORDS.fullmatch(words.strip())
    if found is None:
        raise BadWindow('a window is like "02:00-05:00", in local time')
    numbers = [int(digits) for digits in found.groups()]
    if max(numbers[1], numbers[3]) >= _HOUR:
        raise BadWindow("an hour has minutes 00 to 59")
    begin = numbers[0] * _HOUR + numbers[1]
    end = numbers[2] * _HOUR + numbers[3]
    if begin >= _DAY or end > _DAY:
        raise BadWindow("a day ends at 24:00")
    if begin == end:
        raise BadWindow('it has no length; the whole day is "00:00-24:00"')
    return Window(begin=begin, end=end)


def permits(quiet: Quiet, local: time) -> bool:
    """Whether that is in one of the windows, or there are none to keep to."""
    minute = local.hour * _HOUR + local.minute
    return not quiet or any(_within(window, minute) for window in quiet)


def _within(window: Window, minute: int) -> bool:
    if window.begin < window.end:
        return window.begin <= minute < window.end
    return minute >= window.begin or minute < window.end


def _clock(minutes: int) -> str:
    return f"{minutes // _HOUR:02}:{minutes % _HOUR:02}"
