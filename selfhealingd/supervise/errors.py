"""What can go wrong with a process, in words for people."""


class SpawnError(Exception):
    """A command could not be started; nothing of it is left running.

    Its text says what could not be done, why, and what to do about it.
    """


class SignalError(Exception):
    """A process is there, and we are not permitted to signal it."""
