"""Which logs may take one program's lines for another's."""

import pytest
from config.conftest import Load

from selfhealingd.config.shared import shared_signs

WEB = """
[program.web]
command = "true"
stdout_logfile = "both.log"
{web}
[program.api]
command = "true"
stdout_logfile = "{log}"
{api}
"""


@pytest.mark.parametrize(
    ("web", "api", "keys"),
    [
        (
            "readiness = { log = 'up' }",
            "",
            "program.web.startup.log (or program.web.readiness.log)",
        ),
        (
            "startup = { log = 'up' }\nreadiness = { tcp = ':80' }",
            "liveness = { silence = '1h' }",
            "program.web.startup.log, program.api.liveness.silence",
        ),
        ("", "liveness = { log = 'x' }\nnumprocs = 3", "program.api.liveness.log"),
    ],
)
def test_a_shared_log_with_a_sign(load: Load, web: str, api: str, keys: str) -> None:
    """Both programs and all keys are named, each once, with what to do."""
    [warning] = shared_signs(load(WEB.format(web=web, api=api, log="both.log")))
    assert warning.startswith(f"{keys}: web, api")
    assert "both.log, so that a line of one counts for another" in warning
    assert "give each log files of its own" in warning


@pytest.mark.parametrize(
    ("web", "api", "log"),
    [
        ("readiness = { log = 'up' }", "", "own.log"),
        ("readiness = { tcp = ':80' }", "liveness = { tcp = ':81' }", "both.log"),
        (
            "readiness = { log = 'up' }\nstderr_logfile = 'both.log'",
            "",
            "own.log",
        ),
    ],
)
def test_nothing_is_shared(load: Load, web: str, api: str, log: str) -> None:
    """A log of its own, no lines that tell, or two streams of one program."""
    assert () == shared_signs(load(WEB.format(web=web, api=api, log=log)))
