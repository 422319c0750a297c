"""Addresses in words; which clash is seen in tests/config/test_sockets.py."""

from pathlib import Path

from selfhealingd.core.listening import Inet, Listening, Unix


def test_words() -> None:
    """As they stand in a config."""
    web = Listening(name="web", address=Inet("::1", 80))
    assert "[socket.web] [::1]:80" == str(web)
    assert "unix:/run/x" == str(Unix(Path("/run/x")))


def test_the_kernels_form() -> None:
    """Of four bytes, or of sixteen; a zone is no part of it."""
    assert b"\x7f\0\0\1" == Inet("127.0.0.1", 1).packed
    assert bytes(15) + b"\1" == Inet("::1", 1).packed
    assert Inet("fe80::1", 1).packed == Inet("fe80::1%eth0", 1).packed
