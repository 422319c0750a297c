"""How selfhealctl begins: Ctrl-C ends it without a word while it still loads.

Nothing was asked by then, so there is nothing to say.
"""

import gc
import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# What is loaded stays: looking through it for rubbish, again and again, is a tenth of
# the time.
gc.set_threshold(50_000)


def main() -> None:
    """Load the command line, and run it."""
    from selfhealctl.app import main as run  # noqa: PLC0415  Ctrl-C comes first

    try:
        run()
    finally:
        # Nor is there anything to be gained by it at the end.
        gc.freeze()


if __name__ == "__main__":
    main()
