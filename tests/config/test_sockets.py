"""Sockets: addresses, owners, and programs that name them."""

import os
from pathlib import Path

import pytest
from config.conftest import Load, Wrong

from selfhealingd.core.listening import Inet, Listening, SocketAs, Unix

WEB = '[socket.web]\nlisten = "127.0.0.1:8000"\n'
PROGRAM = '[program.web]\ncommand = "true"\n'


def one(load: Load, listen: str, more: str = "") -> Listening:
    text = f'[socket.web]\nlisten = "{listen}"\n{more}\n{PROGRAM}sockets = ["web"]'
    [socket] = load(text).launches["web"].sockets
    return socket


@pytest.mark.parametrize(
    ("listen", "address", "shown"),
    [
        ("127.0.0.1:8000", Inet("127.0.0.1", 8000), "127.0.0.1:8000"),
        ("0.0.0.0:80", Inet("0.0.0.0", 80), "0.0.0.0:80"),  # noqa: S104
        ("[::]:80", Inet("::", 80), "[::]:80"),
        ("[0:0::1]:65535", Inet("::1", 65535), "[::1]:65535"),
        ("unix:/run/x.sock", Unix(Path("/run/x.sock")), "unix:/run/x.sock"),
        ("unix:///run/x.sock", Unix(Path("/run/x.sock")), "unix:/run/x.sock"),
        ("/run/./x.sock", Unix(Path("/run/x.sock")), "unix:/run/x.sock"),
    ],
)
def test_addresses(load: Load, listen: str, address: object, shown: str) -> None:
    """Of ports and files; each is shown in one way."""
    socket = one(load, listen)
    assert (address, shown) == (socket.address, str(socket.address))


def test_a_relative_path_starts_from_the_config(load: Load, tmp_path: Path) -> None:
    """As every path does."""
    assert Unix(tmp_path / "run/x") == one(load, "run/x").address
    assert Unix(tmp_path / "x") == one(load, "unix:x").address


def test_what_a_unix_socket_may_have(load: Load) -> None:
    """Its owner's group comes along, unless another is named."""
    socket = one(load, "/x", 'user = "nobody"\nmode = "0600"\nbacklog = 5')
    assert (65534, 0o600, 5) == (socket.uid, socket.mode, socket.backlog)
    assert socket.gid > 0
    assert 0 == one(load, "/x", 'user = "nobody"\ngroup = "root"').gid


def test_what_a_port_may_have(load: Load) -> None:
    """UDP as well, and a neighbour at the same port."""
    socket = one(load, "[::1]:53", 'type = "datagram"\nreuse_port = true')
    assert (True, True) == (socket.datagram, socket.reuse_port)


def test_programs_share_sockets(load: Load) -> None:
    """All processes of one, and another one, in the order in which they name them."""
    both = WEB + '[socket.b]\nlisten = "/b"\n'
    wants = 'numprocs = 2\nsockets = ["b", "web"]\n'
    fcgi = '[program.c]\ncommand = "true"\nsockets = "web"\nsocket_as = "stdin"'
    launches = load(both + PROGRAM + wants + fcgi).launches
    assert ["b", "web"] == [s.name for s in launches["web_01"].sockets]
    assert launches["web_00"].sockets == launches["web_01"].sockets
    assert launches["c"].sockets == launches["web_00"].sockets[1:]
    assert SocketAs.STDIN is launches["c"].socket_as


def test_sockets_may_stand_in_any_file(load: Load) -> None:
    """Beside the program, or apart from it."""
    config = load(WEB, more=PROGRAM + 'sockets = ["web"]')
    assert ["web"] == [s.name for s in config.launches["web"].sockets]


def test_a_start_on_the_first_connection(load: Load) -> None:
    """It is wanted from the beginning, and starts when somebody comes."""
    start = 'sockets = ["web"]\nautostart = "on-connection"'
    program = load(WEB + PROGRAM + start).policy.programs["web"]
    assert (True, ("127.0.0.1:8000",)) == (program.autostart, program.starts_on)


@pytest.mark.parametrize(
    ("listen", "mistake"),
    [
        ("8000", 'expected an address such as "127.0.0.1:8000"'),
        ("localhost:80", 'write "127.0.0.1:80" or "[::1]:80"'),
        ("*:80", 'write "[::]:80" for every address'),
        (":80", 'write "[::]:80" for every address'),
        ("example.org:80", "not an IP address; a name could mean another address"),
        ("127.0.0.1:0", "0 is no port; ports go from 1 to 65535"),
        ("127.0.0.1:65536", "65536 is no port"),
        ("[127.0.0.1]:80", 'brackets are for IPv6, and for IPv6 only; write "127.'),
        ("::1:80", "expected an address such as"),
        ("unix:", "expected a path after unix:"),
        ("unix:~/x", 'without ~; write "${HOME}/…"'),
        ("/run/" + "x" * 103, "has 108 bytes, and a socket's path at most 107"),
    ],
)
def test_what_is_no_address(wrong: Wrong, listen: str, mistake: str) -> None:
    """Each is told with what to write instead; nothing else is wrong then."""
    text = f'[socket.web]\nlisten = "{listen}"\n{PROGRAM}sockets = ["web"]'
    [told] = wrong(text)
    assert told.startswith("main.toml: socket.web.listen: ")
    assert mistake in told


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        (
            WEB + PROGRAM + 'sockets = ["wed", "x"]',
            [
                'program.web.sockets: no such socket: "wed"; did you mean "web"?',
                'program.web.sockets: no such socket: "x"',
            ],
        ),
        (
            WEB + PROGRAM + 'socket_as = "stdin"\nautostart = "on-connection"',
            [
                (
                    "program.web.socket_as: only one socket can be stdin, and sockets"
                    " names 0"
                ),
                (
                    'program.web.autostart: "on-connection" without a socket to connect'
                    ' to; name one: sockets = ["…"], and make it: [socket.…]'
                ),
            ],
        ),
        (
            WEB + PROGRAM + 'sockets = 7\nautostart = "on-conection"\nsocket_as = "x"',
            [
                "program.web.sockets: expected a list of strings, got 7",
                (
                    "program.web.autostart: expected true, false or"
                    ' "on-connection", got "on-conection"; did you mean'
                    ' "on-connection"?'
                ),
                'program.web.socket_as: expected one of "listen-fds", "stdin", got "x"',
            ],
        ),
        (
            WEB + 'mode = "600"\nuser = "nobody"\ngroup = "nobody-at-all"\nx = 1',
            [
                "socket.web.x: unknown key",
                "socket.web.mode: only a unix socket has one; leave it out",
                "socket.web.user: only a unix socket has one; leave it out",
                "socket.web.group: only a unix socket has one; leave it out",
                (
                    'socket.web.group: "nobody-at-all": there is no such group on this'
                    " machine"
                ),
            ],
        ),
        (
            (
                '[socket.a]\nlisten = "/a"\ntype = "datagram"\nbacklog = 5\n'
                'reuse_port = true\nuser = "nobody-at-all"\n[socket.b]'
            ),
            [
                "socket.a.backlog: a datagram socket has none; leave it out",
                "socket.a.reuse_port: a unix socket has no port; leave it out",
                'socket.a.user: "nobody-at-all": there is no such user on this machine',
                "socket.b.listen: missing, and there is no default",
            ],
        ),
    ],
)
def test_all_mistakes_at_once(wrong: Wrong, text: str, mistakes: list[str]) -> None:
    """With file and key, and the likely name."""
    assert [f"main.toml: {mistake}" for mistake in mistakes] == wrong(text)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("0.0.0.0:80", "127.0.0.2:80", True),
        ("0.0.0.0:80", "[::1]:80", False),
        ("[::]:80", "0.0.0.0:80", True),
        ("[::]:80", "127.0.0.1:80", True),
        ("/x", "/./x", True),
        ("/x", "/y", False),
        ("/x", "127.0.0.1:80", False),
    ],
)
def test_two_at_one_address(load: Load, one: str, other: str, *, clash: bool) -> None:
    """Whatever could not be opened side by side."""
    text = f'[socket.a]\nlisten = "{one}"\n[socket.b]\nlisten = "{other}"\n'
    both = PROGRAM + 'sockets = ["a", "b"]'
    if clash:
        with pytest.raises(Exception, match=r"b.listen: .* and \[socket.a\] listen on"):
            load(text + both)
    else:
        assert 2 == len(load(text + both).launches["web"].sockets)


def test_tcp_and_udp_share_a_number(load: Load) -> None:
    """They are two things; a file is one, whatever its type. Neighbours may agree."""
    same = (
        '[socket.a]\nlisten = "{0}"\n{1}\n[socket.b]\nlisten = "{0}"\n{2}\n' + PROGRAM
    )
    udp, free = 'type = "datagram"', "reuse_port = true"
    load(same.format("127.0.0.1:53", "", udp))
    load(same.format("127.0.0.1:53", free, free))
    for listen, a, b in [("/x", "", udp), ("127.0.0.1:53", free, "")]:
        with pytest.raises(Exception, match="listen on the same"):
            load(same.format(listen, a, b))


def test_the_longest_path_fits(load: Load) -> None:
    """All bytes but the NUL."""
    address = one(load, "/" + "ü" * 53).address
    assert isinstance(address, Unix)
    assert 107 == len(os.fsencode(address.path))
