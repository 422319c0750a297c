"""Where the process begins: before anything that takes long to import.

A SIGTERM that comes while the daemon is still being loaded must neither kill it
without a word nor, where it is PID 1 and has no handler yet, be lost. So signals wait
until the daemon listens.
"""

import signal

HELD = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
"""What the daemon obeys, once it listens."""


def main() -> None:
    """Entry point."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    from selfhealingd.__main__ import main as go_on  # noqa: PLC0415  takes 0.3 s

    go_on()


def hear() -> None:
    """Let signals through again, those included that came meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
