"""What a run was started with, when the config says something else or nothing."""

from pathlib import Path

import pytest
import tomli_w
from msgspec.structs import replace

from selfhealingd.core.launch import Credentials, Launch
from selfhealingd.core.output import Elsewhere, LogTo, Target
from selfhealingd.core.policy import Autorestart, Program
from selfhealingd.origins import (
    Origins,
    encode_origin,
    fingerprint,
    origin_of,
    read_origin,
)

LOG = LogTo(path=Path("/var/log/web.log"))
LAUNCH = Launch(
    argv=("web", "--port", "80"),
    environment={"TOKEN": "hunter2", "A": "b"},
    credentials=Credentials(uid=33, gid=33),
    directory=Path("/srv"),
    stdout=LOG,
)
WEB = Program(
    name="web",
    stopsignal=10,
    stopwaitsecs=3.5,
    stopasgroup=False,
    killasgroup=False,
    group="all",
)


@pytest.mark.parametrize("stdout", [LOG, replace(LOG, backups=3), *Elsewhere])
@pytest.mark.parametrize("stderr", [None, LOG, Elsewhere.JOURNAL])
def test_it_comes_back_from_a_file(stdout: Target, stderr: Target | None) -> None:
    """With what it takes to end the run, and to go on with its output."""
    launch = replace(LAUNCH, stdout=stdout, stderr=stderr)
    origin = origin_of(3, launch, WEB)
    plain = encode_origin(origin)
    tomli_w.dumps(plain)
    found = read_origin(plain)
    assert found == origin
    ghost = found.ghost()
    assert ((), stdout, stderr) == (ghost.argv, ghost.stdout, ghost.stderr)
    gone = found.program("web")
    expected = replace(WEB, autostart=False, autorestart=Autorestart.NEVER)
    assert expected == gone
    assert 33 == found.uid


def test_no_secret_is_in_it() -> None:
    """Nor anything else of command and environment."""
    text = tomli_w.dumps(encode_origin(origin_of(3, LAUNCH, WEB)))
    assert not [word for word in ("hunter2", "TOKEN", "port") if word in text]


@pytest.mark.parametrize("plain", [None, 7, {}, {"run": "x", "launch": "y"}])
def test_what_can_not_be_read_is_none(plain: object) -> None:
    """It is no reason to call a state damaged."""
    assert read_origin(plain) is None


def test_a_fingerprint_is_of_the_settings_not_of_their_order() -> None:
    """A change of any of them shows."""
    turned = dict(reversed(LAUNCH.environment.items()))
    assert fingerprint(LAUNCH) == fingerprint(replace(LAUNCH, environment=turned))
    for other in (
        replace(LAUNCH, environment={}),
        replace(LAUNCH, argv=("web",)),
        replace(LAUNCH, directory=None),
        replace(LAUNCH, stdout=Elsewhere.NOWHERE),
    ):
        assert fingerprint(LAUNCH) != fingerprint(other)


def test_what_is_outdated_is_so_until_it_is_started_anew() -> None:
    """Only a run that was adopted is judged by its origin."""
    other = replace(LAUNCH, argv=("web",))
    origins = Origins({"web": origin_of(3, LAUNCH, WEB)})
    assert False is origins.outdated("web", 3, LAUNCH)
    assert True is origins.outdated("web", 3, other)
    assert origins.outdated("web", 4, other) is None
    assert origins.outdated("db", 3, other) is None
    origins.note("web", 4, other)
    assert origins.outdated("web", 3, LAUNCH) is None
    assert {"web": (4, other)} == origins.launched()
