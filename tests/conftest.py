"""What is the same for all tests."""

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Where the machine is busy, an example takes long, and that is no defect.
settings.register_profile(
    "untimed",
    settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")

# The readline that pytest loads tells all that is started of a terminal's size.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)
    os.unsetenv(name)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Tell why a test was skipped, also where pytest-trio skips it once more."""
    try:
        return (yield)
    except pytest.skip.Exception as skipped:
        cause = skipped.__context__
        while isinstance(cause, BaseExceptionGroup):
            [cause] = cause.exceptions
        raise cause or skipped from None
