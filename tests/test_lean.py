"""The daemon loads what it uses, and nothing for show."""

import sys

import pytest
import trio

from selfhealingd.lean import absent


async def test_the_daemon_loads_no_rich() -> None:
    """It is installed for the client; here it would be 4 MiB that nothing uses."""
    script = """
import selfhealingd.__main__
import sys
print(sorted({name.partition(".")[0] for name in sys.modules} & {"rich", "pygments"}))
import rich.console
"""
    with trio.fail_after(60):
        ran = await trio.run_process(
            [sys.executable, "-c", script], capture_stdout=True
        )
    assert b"[]" == ran.stdout.strip()


def test_what_is_hidden_comes_back() -> None:
    """Only what is imported in the block goes without."""
    assert "antigravity" not in sys.modules
    with pytest.raises(ImportError), absent("antigravity"):
        __import__("antigravity")
    assert "antigravity" not in sys.modules


def test_what_is_loaded_stays() -> None:
    """Hiding it would give others a second copy."""
    with absent("trio"):
        assert trio is __import__("trio")
    assert trio is sys.modules["trio"]
