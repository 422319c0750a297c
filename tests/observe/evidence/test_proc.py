"""Files of /proc are read in parts, and their fields by name."""

import os

import pytest

from selfhealingd.observe.evidence import proc

pytestmark = pytest.mark.process


def test_no_more_is_read_than_is_wanted() -> None:
    """A file without an end costs no more than its share."""
    assert 10 == len(proc.read(os.getpid(), "status", 10))
    assert proc.text(os.getpid(), "status").startswith("Name:")


def test_fields() -> None:
    """Names and values, blanks taken out; what is no field is passed over."""
    text = "Name:\tx y\nVmRSS:\t   12 kB\nno field\nOdd: a: b\n"
    expected = {"Name": "x y", "VmRSS": "12 kB", "Odd": "a: b"}
    assert expected == proc.fields(text)


def test_who_a_process_is_is_told_by_its_start() -> None:
    """The start time is the same each time, and that of a child is later or equal."""
    own = proc.started(os.getpid())
    assert own is not None
    assert own == proc.started(os.getpid())
    first = proc.started(1)
    assert first is not None
    assert first <= own
