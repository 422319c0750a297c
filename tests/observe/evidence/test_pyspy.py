"""Where a Python program hangs is shown, if py-spy is there."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.observe.evidence.pyspy import spy_on, stack_in

Begin = Callable[..., int]

HANGS = """
import sys
def handle_request():
    print("up")
    sys.stdin.read()
def serve():
    handle_request()
serve()
"""
SAID = """Process 7: python app.py
Python v3.11.2 (/usr/bin/python3.11)

Thread 7 (idle): "MainThread"
    wait (threading.py:324)
    serve (app.py:9)
"""


def test_the_heading_is_left_out() -> None:
    """Threads and frames, as py-spy prints them."""
    assert (
        'Thread 7 (idle): "MainThread"',
        "    wait (threading.py:324)",
        "    serve (app.py:9)",
    ) == stack_in(SAID)
    assert () == stack_in("Error: no such process\n")


@pytest.mark.process
def test_a_real_stack(begin: Begin) -> None:
    """The function that waits, and who called it."""
    pid = begin(HANGS)
    command = spy_on(pid)
    if command is None:
        pytest.skip("there is no py-spy")
    ran = subprocess.run(  # noqa: TID251 - to see what it prints
        command, capture_output=True, text=True, timeout=60, check=False
    )
    if "ermission" in ran.stderr:
        pytest.skip(ran.stderr)
    stack = "\n".join(stack_in(ran.stdout))
    assert "handle_request (<string>" in stack
    assert "serve (<string>" in stack


@pytest.mark.process
def test_only_python_is_looked_at(begin: Begin) -> None:
    """Nothing is started for what py-spy can't read."""
    pid = begin("import os; print('up', flush=True); os.execv('/bin/cat', ['cat'])")
    while Path(f"/proc/{pid}/exe").readlink().name.startswith("python"):
        pass  # until its exec
    assert spy_on(pid) is None
    assert spy_on(2**22 - 1) is None
