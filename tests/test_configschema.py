"""The config's JSON Schema: no false alarm in an editor, and most mistakes found there.

That the file is up to date is tested with the manual pages.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from generator import configschema
from jsonschema import Draft202012Validator

from selfhealingd.config import ConfigError, check, load_config, readers
from selfhealingd.config import rules as rule_readers
from selfhealingd.config.mistakes import Spot
from selfhealingd.config.schema import ProgramTable
from selfhealingd.config.table import Reader, Wrong, read_value

TOP = Path(__file__).parents[1]
ETC = TOP / "etc"
SCHEMA = json.loads((ETC / "selfhealingd.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)
SHIPPED = sorted(ETC.rglob("*.toml"))
PAGES = [*sorted(TOP.glob("*.md")), *sorted(TOP.glob("docs/**/*.md"))]
WEB = '[program.web]\ncommand = "web"\n'


def problems(text: str) -> list[str]:
    """Return what an editor would show."""
    found = VALIDATOR.iter_errors(tomllib.loads(text))
    return [f"{error.json_path}: {error.message}" for error in found]


def test_it_is_a_schema() -> None:
    """Of the draft that it names."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_what_is_shipped_has_no_mistake(file: Path) -> None:
    """And names the schema in its first line, where editors look for it."""
    text = file.read_text()
    named = re.match("#:schema (.*)\n", text)
    assert named is not None
    assert ETC / "selfhealingd.schema.json" == (file.parent / named[1]).resolve()
    assert [] == problems(text)


def test_the_example_has_no_mistake_with_every_line_in_force() -> None:
    """What is commented out there is there to be uncommented."""
    text = (ETC / "selfhealingd.toml").read_text()
    assert [] == problems(configschema.uncommented(text))


def test_every_key_has_an_example() -> None:
    """In etc/selfhealingd.toml; tables of keys are examples by what is in them."""
    examples = configschema.Examples(ETC / "selfhealingd.toml")
    without = {
        f"{kind.__name__}.{key}"
        for kind in configschema.PLACES
        for key in kind.__struct_fields__
        if examples.of(kind, key) is None
    }
    assert set() == without


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_pages_show_has_no_mistake(page: Path) -> None:
    """The daemon takes it, which another test sees to; so the schema must."""
    blocks = re.findall(
        r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL
    )
    assert [] == [told for block in blocks for told in problems(block)]


@pytest.mark.parametrize(
    "text",
    [
        '[program.web]\ncomand = "web"\n',
        "[program.web]\nautostart = true\n",
        f"{WEB}startsecs = true\n",
        f'{WEB}stopwaitsecs = "10 seconds"\n',
        f'{WEB}stdout_logfile_maxbytes = "10M"\n',
        f'{WEB}autorestart = "sometimes"\n',
        f'{WEB}stopsignal = "TREM"\n',
        f"{WEB}exitcodes = [0, 256]\n",
        f'{WEB}umask = "888"\n',
        f'{WEB}directory = "~/web"\n',
        f"{WEB}numprocs = 0\n",
        f"{WEB}rlimits = {{ files = 10 }}\n",
        f'{WEB}depends_on = {{ db = "up" }}\n',
        f'{WEB}healing = {{ ladder = ["restrat"] }}\n',
        f"{WEB}healing = {{ dormant_after = 3 }}\n",
        f'{WEB}liveness = {{ period = "5s" }}\n',
        f'{WEB}liveness = {{ tcp = "8000" }}\n',
        f'{WEB}liveness = {{ http = "127.0.0.1:8000" }}\n',
        f'{WEB}rules = "memory > 1GiB"\n',
        f'{WEB}rules = [{{ remedy = "restart" }}]\n',
        f"{WEB}environment = {{ PORT = 8000 }}\n",
        '[program."-x"]\ncommand = "web"\n',
        '[program.all]\ncommand = "web"\n',
        f'{WEB}[tasks.t]\ncommand = "t"\n',
        f"{WEB}[daemon]\ntasks_caution = 0\n",
        f"{WEB}[healing]\nsystemic_share = 40\n",
        f'{WEB}[on.incident]\ncommand = "tell"\n',
        f'{WEB}[on.any]\nlevel = "warning"\n',
        f'{WEB}[watch.w]\nstart = "w"\n',
        f'{WEB}[socket.s]\ntype = "stream"\n',
        f'{WEB}[check.c]\nmax_age = "1d"\n',
        f'{WEB}[programs.web]\ncommand = "web"\n',
        f'{WEB}[tasks.t]\ncommand = "t"\nevery = "0s"\n',
        f'{WEB}[healing]\nquiet = "25:00-26:00"\n',
        f'{WEB}[socket.s]\nlisten = "localhost"\n',
        f'{WEB}[socket.s]\nlisten = "localhost:80"\n',
        f'{WEB}[socket.s]\nlisten = "*:80"\n',
        f'{WEB}[socket.s]\nlisten = "127.0.0.1:65536"\n',
        f'{WEB}[socket.s]\nlisten = "300.0.0.1:80"\n',
        f'{WEB}[socket.s]\nlisten = "unix:~/s"\n',
        f'{WEB}[web]\nlisten = "example.org:80"\n',
        f'{WEB}[web]\nlisten = ":3001"\n',
        f'{WEB}[web]\nhosts = ["a.example:443"]\n',
        f'{WEB}[on.any]\nwebhook = "chat.example/hook"\n',
        f'{WEB}[on.any]\nwebhook = "https://me:secret@chat.example/"\n',
        f'{WEB}[on.any]\nwebhook = "https://a"\nheaders = {{ "a b" = "c" }}\n',
        f'{WEB}[on.any]\nnotify = "me@example.org"\n',
        f'{WEB}[llm]\nendpoint = "http://example.org"\n',
        f'{WEB}[host]\nrules = [{{ when = "memory > 90%", remedy = "restart" }}]\n',
        f'{WEB}healing = {{ ladder = ["signal TREM"] }}\n',
        f'{WEB}liveness = {{ tcp = ":80000" }}\n',
        f'{WEB}liveness = {{ tcp = ":80", http = "http://a" }}\n',
        f'{WEB}liveness = {{ http = "http:///a" }}\n',
        '[watch.w]\nsystemd = "a"\npidfile = "/b"\nstart = "c"\n',
        f'{WEB}[check.c]\nfile = "/a"\nfolder = "/b"\n',
    ],
)
def test_a_mistake_is_seen_in_the_editor(text: str, tmp_path: Path) -> None:
    """Each of them is one that ``--check`` refuses as well."""
    assert problems(text)
    file = tmp_path / "selfhealingd.toml"
    file.write_text(text)
    with pytest.raises(ConfigError):
        load_config(file, environ={"HOME": "/root"}, uid=0)


@pytest.mark.parametrize(
    "text",
    [
        *(
            f'[socket.s]\nlisten = "{address}"\n'
            for address in (
                *("127.0.0.1:80", "0.0.0.0:00080", "[::1]:65535", "[::ffff:1.2.3.4]:1"),
                *("unix:/run/s", "unix:s", "/run/s", "run/s", "unix:/a:b/~c"),
                "${X:-127.0.0.1}:80",
            )
        ),
        '[web]\nlisten = "LocalHost:80"\n',
        '[web]\nlisten = "[::1]:80"\nhosts = ["a.example", "b_c"]\n',
        '[on.any]\nwebhook = " http://a.example:80?x=1 "\nheaders = { X-A = "b c" }\n',
        '[llm]\nendpoint = "http://127.0.0.1:8000/v1"\n',
        '[llm]\nendpoint = "https://a.example/"\n',
        '[host]\nrules = [{ when = "memory > 90%", remedy = "hold" }]\n',
        'healing = { ladder = ["signal USR1", "signal 9", " hold "] }\n',
        'liveness = { http = "https://[::1]/a?b%20c" }\n',
        '[watch.w]\npidfile = "/b"\nstart = "c"\n',
    ],
)
def test_what_is_right_has_no_mistake(text: str, tmp_path: Path) -> None:
    """Where the schema looks closer than at one key's reader."""
    text = f"{WEB}{text}"
    assert [] == problems(text)
    file = tmp_path / "selfhealingd.toml"
    file.write_text(text)
    load_config(file, environ={"HOME": "/root"}, uid=0)


VALUES: list[object] = [
    *(True, False, "true", "Yes", "OFF", "1", 0, 1, 15, 64, 255, 1000, -5, 0.5, 0.0),
    *("10", "0.5", "10s", "1h30m", "500ms", "2d", "1.5h", "0", "", "500MiB", "1 GB"),
    *("10B", "7 kib", "022", "0o640", "640", 0o22, "TERM", "SIGTERM", "usr1", "9"),
    *("always", "Never", "unexpected", "on-connection", "listen-fds", "STDIN"),
    *("debug", "Warning", "ERROR", "keep", "stop", "off", "advise", "act", "stream"),
    *("console", "json", "event", "chat", "critical", "warning", "datagram"),
    *("/a/b", "a b", "../x", "prog 'an arg'", ["prog", "arg"], ["prog"], [0, 2], []),
    *("nginx", "nginx.service", "a@b.service", "http://a", "https://[::1]:80/x?y"),
    *("http://127.0.0.1:8000/", "GET", "HEAD", "127.0.0.1:8000", ":8000", "[::1]:80"),
    *("unix:/run/x", "unchanged", "sha256:" + "a" * 64, 200, "200-299", [200, "300"]),
    *("${X}", "${X:-10}", "a${X}b", "^x.*$", "HUP", "memory > 1GiB", ["a", "b"]),
]


@pytest.mark.parametrize(
    ("alias", "reader"),
    [
        (name, note)
        for module in (readers, rule_readers)
        for name, alias in vars(module).items()
        for note in getattr(alias, "__metadata__", ())
        if isinstance(note, Reader)
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_the_daemon_takes_the_schema_takes(alias: str, reader: Reader) -> None:
    """For each way in which a value is written: no false alarm."""
    [shape] = {
        json.dumps(configschema.shape(alias, info))
        for kind in configschema.tables()
        for info in msgspec.structs.fields(kind)
        if configschema.reader_of(info) == reader
    }
    validator = Draft202012Validator(json.loads(shape))
    taken = [value for value in VALUES if takes(reader, value)]
    assert taken
    assert [] == [value for value in taken if not validator.is_valid(value)]


def takes(reader: Reader, value: object) -> bool:
    spot = Spot(Path("/etc/x.toml"), {"X": "10"}, [])
    try:
        read_value(reader, value, spot)
    except Wrong:
        return False
    return True


def test_it_has_all_tables() -> None:
    """A table that is added must be in it."""
    settings, named = check._SETTINGS, check._NAMED
    assert settings == configschema.SETTINGS
    assert {*named} == {*configschema.NAMED, "on"}
    assert SCHEMA["properties"].keys() == {*settings, *named}


def test_keys_are_explained_where_they_are_typed() -> None:
    """With what they mean, their default and an example."""
    keys = SCHEMA["$defs"][ProgramTable.__name__]["properties"]
    assert 10 == keys["stopwaitsecs"]["default"]
    assert ["30s"] == keys["stopwaitsecs"]["examples"]
    assert keys["stopwaitsecs"]["description"].startswith("How long it then has until")
    linked = [key for key, one in keys.items() if "](" in one["description"]]
    assert [] == linked


@pytest.mark.process
def test_it_can_be_printed() -> None:
    """By a daemon that was installed from wherever: ``selfhealingd --schema``."""
    command = [sys.executable, "-m", "selfhealingd", "--schema"]
    told: Any = json.loads(subprocess.check_output(command))
    assert SCHEMA == told
