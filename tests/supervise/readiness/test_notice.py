"""Messages of sd_notify(3), and what is no message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.supervise.readiness.notice import (
    LONGEST_MORE,
    LONGEST_STATUS,
    Notice,
    parse,
)


@pytest.mark.parametrize(
    ("message", "notice"),
    [
        (b"READY=1", Notice(ready=True)),
        (b"READY=1\n", Notice(ready=True)),
        (b"STATUS=up\nREADY=1\nMAINPID=5", Notice(ready=True, status="up")),
        (b"READY=0", Notice()),
        (b"READY", Notice()),
        (b" READY=1", Notice()),
        (b"ready=1", Notice()),
        (b"STATUS=", Notice(status="")),
        (b"STATUS= two\twords=\xff \nSTATUS=no", Notice(status="two words=\ufffd")),
        (b"STATUS=" + b"x" * 4000, Notice(status="x" * LONGEST_STATUS)),
        (b"STOPPING=1", Notice(doing="stopping")),
        (b"RELOADING=1\nMONOTONIC_USEC=7", Notice(doing="reloading")),
        (b"EXTEND_TIMEOUT_USEC=1500000", Notice(more=1.5)),
        (b"EXTEND_TIMEOUT_USEC=0", Notice(more=0)),
        (b"EXTEND_TIMEOUT_USEC=999999999999999", Notice(more=LONGEST_MORE)),
        (b"EXTEND_TIMEOUT_USEC=" + b"9" * 4000, Notice()),
        (b"EXTEND_TIMEOUT_USEC=-1", Notice()),
        (b"EXTEND_TIMEOUT_USEC=\xc2\xb2", Notice()),
        (b"WATCHDOG=1\nBARRIER=1\nFDSTORE=1", Notice(alive=True)),
        (b"WATCHDOG=trigger", Notice(failed=True)),
        (b"WATCHDOG=0", Notice()),
        (b"", Notice()),
    ],
)
def test_parse(message: bytes, notice: Notice) -> None:
    """What is said once counts; what is not understood says nothing."""
    assert notice == parse(message)


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_no_message_harms(message: bytes) -> None:
    """Whatever a program sends."""
    more = parse(b"EXTEND_TIMEOUT_USEC=" + message).more
    assert more is None or 0 <= more <= LONGEST_MORE
    parse(message)
