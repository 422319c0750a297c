import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealctl.top.keys import Keys


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"jq", ["j", "q"]),
        (b"\x1b[A\x1b[B\x1bOA", ["up", "down", "up"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1b[4~", ["page-up", "page-down", "home", "end"]),
        (b"\r\x7f", ["enter", "backspace"]),
        ("ä".encode(), ["ä"]),
        (b"\x1b[1;5Cx", ["x"]),
        (b"\x00\x01x", ["x"]),
    ],
)
def test_bytes_are_keys(sent: bytes, keys: list[str]) -> None:
    """What it doesn't know it leaves out, whole sequences of it."""
    assert keys == Keys().feed(sent)


@given(st.binary(max_size=12), st.integers(0, 12))
def test_it_matters_not_in_which_pieces_they_come(sent: bytes, cut: int) -> None:
    """A sequence may be torn; anything may be typed."""
    whole, torn = Keys(), Keys()
    expected = [*whole.feed(sent), *whole.flush()]
    assert expected == [*torn.feed(sent[:cut]), *torn.feed(sent[cut:]), *torn.flush()]


def test_escape_is_known_when_nothing_follows() -> None:
    """It begins what other keys send."""
    keys = Keys()
    assert [] == keys.feed(b"\x1b")
    assert keys.waiting
    assert ["escape"] == keys.flush()
    assert not keys.waiting
