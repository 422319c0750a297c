"""The terminal is found again, whoever it belongs to."""

import os
import pty

from harness import NOBODY

from selfhealctl.top.terminal import _own


def test_a_terminal_of_somebody_elses() -> None:
    """Under su it has the name of a file that we may not open; the session has it."""
    pid, ours = pty.fork()
    if pid == 0:
        left = 1
        try:
            os.fchmod(0, 0)
            if os.geteuid() == 0:
                os.setuid(NOBODY)
            left = 0 if os.isatty(_own(0)) else 2
        finally:
            os._exit(left)
    try:
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(ours)
    assert 0 == os.waitstatus_to_exitcode(status)
