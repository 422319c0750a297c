"""What cannot be imported, in words."""


class CannotImport(Exception):
    """The file cannot be made into a config; str() says where and why."""


class Unusable(ValueError):
    """One value cannot be carried over; str() says why."""
