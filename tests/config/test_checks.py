"""Checks as an operator writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from selfhealingd.config import Config
from selfhealingd.core.check import (
    CertificateAt,
    CertificateFile,
    Check,
    FileCheck,
    FolderCheck,
)
from selfhealingd.core.remedy import Hold, Restart, Run

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]
BASE = """
[runbook.mend]
command = "mend"
[program.web]
command = "web"
reload = "HUP"
[program.many]
command = "many"
numprocs = 2
[check.a]
"""
DAY = 86400.0
HASH = "0123456789abcdef" * 4


def of(what: object, **others: object) -> Check:
    settings: dict[str, object] = {"every": 60.0, "ladder": (Hold(),), **others}
    return Check(name="a", what=what, **settings)  # type: ignore[arg-type] # by a table


def test_files_and_folders(load: Load, tmp_path: Path) -> None:
    """Paths are relative to the config's folder; it has to be there by default."""
    path = str(tmp_path / "x")
    for written, meant in [
        ('file = "x"', of(FileCheck(path=path))),
        ('file = "/x"\nexists = false', of(FileCheck(path="/x", exists=False))),
        (
            'file = "/x"\nmax_age = "1h"\nmin_size = 1\nmax_size = "1GiB"',
            of(FileCheck(path="/x", max_age=3600, min_size=1, max_size=1 << 30)),
        ),
        (
            'file = "/x"\nchecksum = "unchanged"',
            of(FileCheck(path="/x", unchanged=True)),
        ),
        (
            f'file = "/x"\nchecksum = "sha256:{HASH.upper()}"',
            of(FileCheck(path="/x", sha256=HASH)),
        ),
        (
            'folder = "x"\nmax_entries = 0\nmax_age = "1d"\nevery = "5m"',
            of(FolderCheck(path=path, max_entries=0, max_age=DAY), every=300.0),
        ),
    ]:
        assert {"a": meant} == load(BASE + written).checks


def test_certificates(load: Load, tmp_path: Path) -> None:
    """In a file, or of a server; looked at each hour, two weeks ahead."""
    file = CertificateFile(path=str(tmp_path / "c.pem"), expires_within=14 * DAY)
    server = CertificateAt(host="localhost", port=443, expires_within=DAY)
    first = load(f'{BASE}certificate = "c.pem"').checks
    second = load(f'{BASE}certificate = ":443"\nexpires_within = "1d"').checks
    assert {"a": of(file, every=3600.0)} == first
    assert {"a": of(server, every=3600.0)} == second


def test_whom_it_concerns(load: Load) -> None:
    """A service is healed by its ladder; of the host it is a problem of a level."""
    one = FileCheck(path="/x")
    for written, meant in [
        ('service = "web"', of(one, service="web", ladder=())),
        (
            'service = "many_01"\nremedy = "restart"',
            of(one, service="many_01", ladder=(Restart(),)),
        ),
        (
            'remedy = "run mend"\nlevel = "critical"',
            of(one, ladder=(Run("mend"),), critical=True),
        ),
    ]:
        assert {"a": meant} == load(f'{BASE}file = "/x"\n{written}').checks


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("every = 5", ": it is not said what to look at; write one of file, folder"),
        ('file = "x"\nfolder = "y"', ": it can't be of file and folder; write two"),
        (
            'folder = "x"\nmax_size = 5',
            ".max_size: a folder has none; it is for a f",
        ),
        (
            'file = "x"\nexpires_within = 5',
            ".expires_within: a file has none; it is f",
        ),
        ('certificate = "x"\nmax_age = 5', "it is for a file or folder"),
        (
            'file = "x"\nexists = false\nmax_age = 5',
            ".max_age: cannot be with exists =",
        ),
        ('file = "x"\nchecksum = "unchangd"', 'did you mean "unchanged"?'),
        (
            'file = "x"\nchecksum = "sha256:00"',
            'hexadecimal digits, got "sha256:00"',
        ),
        ("certificate = 5", ".certificate: expected a path, or a host and a port"),
        (
            'file = "x"\nservice = "wbe"',
            'program or watch: "wbe"; did you mean "web"',
        ),
        (
            'file = "x"\nservice = "web"\nlevel = "critical"',
            ".level: what concerns a s",
        ),
        (
            'file = "x"\nremedy = "restart"',
            ".remedy: nothing but hold, or run and a r",
        ),
        ('file = "x"\nremedy = "run x"', 'there is no runbook "x"'),
        (
            'file = "x"\nservice = "many_00"\nremedy = "reload"',
            "it is not said how this is reloaded",
        ),
    ],
)
def test_mistakes(wrong: Wrong, written: str, words: str) -> None:
    """Each is told at the key that has it."""
    [line] = wrong(BASE + written)
    assert line.startswith("main.toml: check.a")
    assert words in line
