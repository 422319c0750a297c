"""Why an installation can't be made."""


class CannotInstall(Exception):
    """The text says what is in the way, and what to do about it."""
