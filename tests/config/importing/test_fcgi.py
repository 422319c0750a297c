"""FastCGI programs and their sockets."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from selfhealingd.config import load_config
from selfhealingd.config.importing import import_file

ENVIRON = {"HOME": "/home/ann", "PORT": "9000"}


def text_of(tmp_path: Path, *sections: str) -> str:
    """Import programs of these options; check that the result can be used."""
    file = tmp_path / "supervisord.conf"
    programs = [
        f"[fcgi-program:p{number}]\ncommand=p\n{options}\n"
        for number, options in enumerate(sections)
    ]
    file.write_text("".join(programs))
    made = import_file(file, environ=ENVIRON, host="box").text
    config = tmp_path / "selfhealingd.toml"
    config.write_text(made)
    load_config(config, environ=ENVIRON, uid=0)
    return made


def tables(tmp_path: Path, *sections: str) -> dict[str, Any]:
    return tomllib.loads(text_of(tmp_path, *sections))


@pytest.mark.parametrize(
    ("options", "socket"),
    [
        (
            "socket=unix:///run/%(program_name)s.sock",
            {"listen": "unix:/run/p0.sock", "mode": "700"},
        ),
        (
            "socket=unix://%(ENV_HOME)s/x\nuser=nobody",
            {"listen": "unix:${HOME}/x", "user": "nobody", "mode": "700"},
        ),
        (
            "socket=unix:///x\nuser=root\nsocket_owner=nobody:root\nsocket_mode=0770",
            {
                "listen": "unix:/x",
                "user": "nobody",
                "group": "root",
                "mode": "770",
            },
        ),
        (
            "socket=tcp://localhost:9000\nsocket_backlog=5",
            {"listen": "127.0.0.1:9000", "backlog": 5},
        ),
        ("socket=tcp://10.0.0.1:%(ENV_PORT)s", {"listen": "10.0.0.1:9000"}),
    ],
)
def test_a_socket(tmp_path: Path, options: str, socket: dict[str, Any]) -> None:
    """Its table beside the program's, which has it as stdin."""
    made = tables(tmp_path, options)
    assert {"p0": socket} == made["socket"]
    program = made["program"]["p0"]
    assert (["p0"], "stdin") == (program["sockets"], program["socket_as"])


def test_processes_share_it(tmp_path: Path) -> None:
    """In one table, or in a table each."""
    numbers = "numprocs=2\nprocess_name=%(program_name)s_%(process_num)"
    made = tables(
        tmp_path,
        f"socket=unix:///a\n{numbers}02d",
        f"socket=unix:///b\n{numbers}d",
    )
    assert {"p0", "p1"} == made["socket"].keys()
    assert {"p0": ["p0"], "p1_0": ["p1"], "p1_1": ["p1"]} == {
        name: program["sockets"] for name, program in made["program"].items()
    }


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("", "socket: missing; supervisord refuses that as well"),
        ("socket=/run/x", "not as supervisord has it"),
        ("socket=unix://x y:z%(no)s", "%(no)s"),
        ("socket=tcp://example.org:80", '"example.org" is not an IP address'),
        (f"socket=unix:///{'x' * 107}", "a socket's path at most 107"),
    ],
)
def test_what_cannot_be_opened(tmp_path: Path, options: str, why: str) -> None:
    """The program is commented out, with the reason and with its socket."""
    text = text_of(tmp_path, options)
    assert why in " ".join(line.strip("# ") for line in text.splitlines())
    assert "#[program.p0]" in text
    assert {} == tomllib.loads(text)
    assert bool(options) == text.count("# socket")


def test_two_at_one_address(tmp_path: Path) -> None:
    """The second could never start, under supervisord as here."""
    made = tables(tmp_path, "socket=unix:///a", "socket=unix:///b/../a")
    assert ["p0"] == list(made["program"])


def test_odd_values(tmp_path: Path) -> None:
    """Are told in comments, and the defaults taken."""
    text = text_of(
        tmp_path, "socket=unix:///a\nsocket_mode=8\nsocket_backlog=x\nsocket_owner="
    )
    assert {"listen": "unix:/a", "mode": "700"} == tomllib.loads(text)["socket"]["p0"]
    assert 3 == text.count("; the default taken") + text.count("; left out")
