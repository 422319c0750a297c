"""The closed list of exit statuses, and what the daemon's refusals become."""

from enum import IntEnum

from selfhealingd.wire.messages import Kind


class Status(IntEnum):
    """What a script may rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    NO_SUCH_NAME = 4
    UNREACHABLE = 5
    NOT_PERMITTED = 6
    TIMED_OUT = 7
    INTERRUPTED = 130


MEANINGS = {
    Status.DONE: "done",
    Status.FAILED: "refused or failed",
    Status.USAGE: "usage",
    Status.NOT_RUNNING: "status NAME: something named is not running",
    Status.NO_SUCH_NAME: "no such name",
    Status.UNREACHABLE: "the daemon is not reachable, or went away",
    Status.NOT_PERMITTED: "not permitted",
    Status.TIMED_OUT: "timed out",
    Status.INTERRUPTED: "interrupted by Ctrl-C",
}

NEXT = {
    Status.FAILED: "see how things are: selfhealctl status",
    Status.NO_SUCH_NAME: "see which there are: selfhealctl status",
    Status.UNREACHABLE: "is it running? systemctl status selfhealingd",
    Status.NOT_PERMITTED: "type it with sudo; or have your user or group named in"
    " operators, below [control] in the config",
    Status.TIMED_OUT: "see how things are: selfhealctl status",
}
"""What to type where an error itself has no advice."""

OF_KIND = {
    Kind.PARSE_ERROR: Status.FAILED,
    Kind.INVALID_REQUEST: Status.FAILED,
    Kind.BAD_REQUEST: Status.USAGE,
    Kind.UNKNOWN_METHOD: Status.FAILED,
    Kind.NO_SUCH_NAME: Status.NO_SUCH_NAME,
    Kind.REFUSED: Status.FAILED,
    Kind.NOT_PERMITTED: Status.NOT_PERMITTED,
    Kind.TIMED_OUT: Status.TIMED_OUT,
    Kind.BUSY: Status.FAILED,
    Kind.INTERNAL: Status.FAILED,
}
