"""Ctrl-C and kill end a benchmark by way of every clean-up."""

import signal
import sys
from typing import NoReturn

_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed() -> None:
    """Leave with 128 and the signal's number from now on."""
    for signo in _INTERRUPTS:
        signal.signal(signo, _interrupted)


def _interrupted(signo: int, _frame: object) -> NoReturn:
    for each in _INTERRUPTS:
        signal.signal(each, signal.SIG_IGN)  # impatience must not stop the clean-up
    sys.exit(128 + signo)  # the way out runs through every clean-up
