"""Logs that several programs share are one file, rotated in one way."""

from collections.abc import Callable

import pytest

from selfhealingd.config import Config
from selfhealingd.core.output import LogTo

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
BOTH = """
[program.web]
command = "web"
stdout_logfile = "both.log"
stdout_logfile_backups = 3
{web}
[program.api]
command = "api"
stderr_logfile = "./x/../both.log"
stderr_logfile_backups = 3
{api}
"""


def test_two_programs_may_share_a_log(load: Load) -> None:
    """However its path is written."""
    launches = load(BOTH.format(web="", api="")).launches
    assert isinstance(launches["web"].stdout, LogTo)
    assert launches["web"].stdout == launches["api"].stderr


@pytest.mark.parametrize(
    ("web", "api", "words"),
    [
        (
            "",
            'stderr_logfile_maxbytes = "1KiB"',
            'but 52428800 for the same file in stdout_logfile_maxbytes of "web"; give',
        ),
        ("stdout_logfile_maxage = 60", "", "stderr_logfile_maxage: 0.0 for"),
        ("stdout_logfile_compress = true", "", "stderr_logfile_compress: false for"),
    ],
)
def test_but_not_rotate_it_differently(
    wrong: Wrong, web: str, api: str, words: str
) -> None:
    """The mistake names both, and both values."""
    [mistake] = wrong(BOTH.format(web=web, api=api))
    assert words in mistake


def test_copies_make_one_mistake(wrong: Wrong) -> None:
    """A program's two streams may be at odds, too; ten copies say it once."""
    [mistake] = wrong(
        """
        [program.web]
        command = "web"
        numprocs = 10
        stdout_logfile = "web.log"
        stderr_logfile = "web.log"
        stderr_logfile_maxbytes = 1
        """
    )
    assert 'stdout_logfile_maxbytes of "web_00"' in mistake
