"""Logs that several processes share are rotated in one way after an import."""

import tomllib
from pathlib import Path

from selfhealingd.config import load_config
from selfhealingd.config.importing import import_file
from selfhealingd.core.output import Elsewhere, LogTo

CONF = """
[program:web]
command=/bin/web
stdout_logfile=/l/both.log
stdout_logfile_maxbytes=10MB
stderr_logfile=/l/both.log
[program:api]
command=/bin/api
stdout_logfile=/l/x/../both.log
stdout_logfile_maxbytes=10240KB
stdout_logfile_backups=2
stderr_logfile=syslog
[program:own]
command=/bin/own
redirect_stderr=true
stdout_logfile_maxbytes=0
stderr_logfile=syslog
"""


def test_whoever_is_first_decides(tmp_path: Path) -> None:
    """The result passes the check, and says what was changed."""
    conf = tmp_path / "supervisord.conf"
    conf.write_text(CONF)
    text = import_file(conf, environ={}, host="box").text
    file = tmp_path / "c.toml"
    file.write_text(text)
    launches = load_config(file, environ={}, uid=0).launches
    log = LogTo(path=Path("/l/both.log"), max_bytes=10 * 2**20)
    assert (log, log) == (launches["web"].stdout, launches["web"].stderr)
    assert (log, Elsewhere.JOURNAL) == (launches["api"].stdout, launches["api"].stderr)
    assert isinstance(launches["own"].stdout, LogTo)
    assert (0, None) == (launches["own"].stdout.max_bytes, launches["own"].stderr)
    assert "was 2; as for stdout of web: it is the same file" in text
    api = tomllib.loads(text)["program"]["api"]
    # What means the same stays as it was written.
    assert "10240KiB" == api["stdout_logfile_maxbytes"]
