"""Which events a hook wants, and what may be shown of it."""

import pytest

from selfhealingd.core.hook import Execute, Hook, Post
from selfhealingd.core.launch import Launch

WAY = Execute(launch=Launch(argv=("/usr/sbin/sendmail", "-t")), timeout=1)


@pytest.mark.parametrize(
    ("kind", "services", "wanted"),
    [
        (None, None, True),
        ("incident.opened", None, True),
        ("incident.ended", None, False),
        (None, frozenset({"web"}), True),
        (None, frozenset({"db"}), False),
    ],
)
def test_kind_and_service(
    kind: str | None, services: frozenset[str] | None, *, wanted: bool
) -> None:
    """None is any; else both have to be as asked for."""
    hook = Hook(name="x", way=WAY, kind=kind, services=services)
    assert wanted is hook.wants(kind="incident.opened", level="info", service="web")


def test_what_is_about_no_service() -> None:
    """Who asks for services is not told of what is about none."""
    some = Hook(name="x", way=WAY, services=frozenset({"web"}))
    assert not some.wants(kind="flags.changed", level="info", service=None)


@pytest.mark.parametrize(
    ("host", "port", "shown"),
    [
        ("hooks.example", 443, "https://hooks.example"),
        ("hooks.example", 8443, "https://hooks.example:8443"),
        ("::1", 8443, "https://[::1]:8443"),
    ],
)
def test_no_secret_is_shown(host: str, port: int, shown: str) -> None:
    """Of an address only whom it leads to; of a command only its name."""
    post = Post(secure=True, host=host, port=port, target="/T0/s3cret", timeout=1)
    assert shown == str(post)
    assert str(WAY) == "sendmail"
