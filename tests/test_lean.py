"""The daemon loads what it uses, and nothing for show."""

import subprocess
import sys

import pytest
import trio

from selfhealingd.lean import absent


async def test_the_daemon_loads_no_rich_and_no_asyncio() -> None:
    """They are for others; here they would be 6 MiB that nothing uses."""
    script = """
import selfhealingd.__main__
import sys
unwanted = {"rich", "pygments", "asyncio.events"}
tops = {name.partition(".")[0] for name in sys.modules}
print(sorted((tops | set(sys.modules)) & unwanted))
import rich.console
import asyncio
asyncio.run(asyncio.sleep(0))
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


def test_what_is_late_is_there_when_it_is_used() -> None:
    """However it is imported, it is the same module as ever; one loaded stays."""
    script = """
import sys
from selfhealingd.lean import late
late("json")
import json as early
assert "json.decoder" not in sys.modules
from json import dumps
import json.decoder
assert early.loads(dumps([1])) == [1]
assert early.JSONDecoder is json.decoder.JSONDecoder
late("json")
assert json is sys.modules["json"]
try:
    early.nothing
except AttributeError:
    print("good")
"""
    assert b"good\n" == subprocess.check_output([sys.executable, "-c", script])
