"""Names are taken out of lines that anybody may have written."""

import pytest

from selfhealingd.core.diagnosing.names import (
    peer_in,
    port_in,
    thing_in,
    unresolved_in,
)
from selfhealingd.core.diagnosis import Line


def line(words: str) -> tuple[Line, ...]:
    return (Line(number=1, part="output x", words=words, said=True),)


@pytest.mark.parametrize(
    ("words", "port"),
    [
        ("2026/11/26 03:14:07 listen tcp :8080: bind: address already in use", 8080),
        ("Error: listen EADDRINUSE: address already in use :::3000", 3000),
        ("bind() to [::]:80 failed (98: Address already in use)", 80),
        ("failed to bind to http://127.0.0.1:5000: address already in use.", 5000),
        ("Port 8080 was already in use.", 8080),
        ("03:14:07,120 address already in use", None),
        ("port 99999 is taken", None),
        ("port 0", None),
    ],
)
def test_ports(words: str, port: int | None) -> None:
    """A port is told from a time of day, and has to be one."""
    assert port == port_in(line(words))


@pytest.mark.parametrize(
    ("words", "peer"),
    [
        ('server at "10.0.0.5", port 5432 failed', ("10.0.0.5", 5432)),
        ("connect ECONNREFUSED 127.0.0.1:6379", ("127.0.0.1", 6379)),
        ("amqp://shop:**@mq.internal:5672//: refused", ("mq.internal", 5672)),
        ('upstream: "http://127.0.0.1:8000/", host: "a:90"', ("127.0.0.1", 8000)),
        ("Connection refused in /srv/cron/db.php:12", None),
        ("10:00:01 Connection refused", None),
        ("$(reboot):80 refused", None),
    ],
)
def test_peers(words: str, peer: tuple[str, int] | None) -> None:
    """A peer is told from a line of source."""
    assert peer == peer_in(line(words))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (
            "dial tcp: lookup kafka.internal on 10.0.0.2:53: no such host",
            "kafka.internal",
        ),
        ("getaddrinfo ENOTFOUND db.internal", "db.internal"),
        ("java.net.UnknownHostException: mq", "mq"),
        ("no such host", None),
    ],
)
def test_names_of_hosts(words: str, name: str | None) -> None:
    """The host that was looked for, not the one that was asked."""
    assert name == unresolved_in(line(words))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("[Errno 2] No such file or directory: '/etc/bot/token'", "/etc/bot/token"),
        ("x: error while loading shared libraries: libz.so.1: cannot", "libz.so.1"),
        ("run.sh: line 7: poetry: command not found", "poetry"),
        ("No such file or directory: '/srv/$(rm -rf ~);x'", None),
        ("No module named '-rf'", None),
        (f"No such file or directory: '/{'x' * 500}'", None),
    ],
)
def test_things(words: str, name: str | None) -> None:
    """What has a name that a shell could misread has none for us."""
    assert name == thing_in(line(words))
