"""What the kernel says of pressure, as files."""

from pathlib import Path

import pytest
from trio.testing import MockClock

from selfhealingd.observe.pressure import Pressure


def write(file: Path, share: float) -> None:
    average = f"avg10={share * 100:.2f} avg60=0.00 avg300=0.00 total=1"
    file.write_text(f"some {average}\nfull avg10=99.00 avg60=0.00 total=1\n")


async def test_the_larger_of_both(tmp_path: Path, mock_clock: MockClock) -> None:
    """Read again once the kernel has new averages."""
    pressure = Pressure(tmp_path)
    write(tmp_path / "cpu", 0.1)
    write(tmp_path / "io", 0.5)
    assert 0.5 == pressure.share
    assert pytest.approx(25) == pressure.stretched(10)
    write(tmp_path / "io", 0.0)
    assert 0.5 == pressure.share
    mock_clock.jump(2)
    assert 0.1 == pressure.share
    assert 10 == pressure.stretched(10)


async def test_one_of_them(tmp_path: Path) -> None:
    """What the other says, nobody knows."""
    write(tmp_path / "cpu", 0.25)
    assert 0.25 == Pressure(tmp_path).share


@pytest.mark.parametrize("text", [None, "", "nonsense", "some avg10=x"])
async def test_a_host_that_says_nothing(tmp_path: Path, text: str | None) -> None:
    """Nothing is stretched then."""
    if text is not None:
        (tmp_path / "cpu").write_text(text)
    pressure = Pressure(tmp_path)
    assert pressure.share is None
    assert 3 == pressure.stretched(3)


async def test_this_host() -> None:
    """Where the kernel has it, it is a share."""
    share = Pressure().share
    assert share is None or 0 <= share <= 1
