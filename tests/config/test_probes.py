"""What is asked of a program that is up, beside the signs of its start."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from selfhealingd.config import Config
from selfhealingd.core.ask import Connect, Exec, Http, Tls
from selfhealingd.core.probe import (
    Heartbeat,
    LogLine,
    LogSilence,
    Probe,
    Probes,
)
from selfhealingd.core.readiness import Answers, Notify, Readiness, Tcp, Unix
from selfhealingd.core.remedy import Hold, Reload

Load = Callable[..., Config]
Wrong = Callable[..., list[str]]

URL = 'http = "http://127.0.0.1:8000/health"'
HTTP = Http(host="127.0.0.1", port=8000, target="/health")
TALK = r'tcp = ":80", tls = true, verify = true, send = "PING\r\n", expect = "PONG"'
PORT = Connect(place=Tcp("", 80))


def program(**tables: str) -> str:
    lines = [f"{name} = {{ {table} }}" for name, table in tables.items()]
    return "\n".join(["[program.web]", 'command = "web"', *lines])


@pytest.mark.parametrize(
    ("table", "probe"),
    [
        (URL, Probe(what=HTTP)),
        (
            (
                f'{URL}, period = 5, timeout = "1s", failure_threshold = 2,'
                ' success_threshold = 4, ladder = "hold"'
            ),
            Probe(
                what=HTTP,
                period=5,
                timeout=1,
                failure_threshold=2,
                success_threshold=4,
                ladder=(Hold(),),
            ),
        ),
        (
            (
                'http = "https://a/", method = "HEAD", status = 200, body = "ok",'
                ' socket = "/run/s", headers = { Host = "b", X = "${HOME}" }'
            ),
            Probe(
                what=Http(
                    host="a",
                    port=443,
                    tls=Tls(),
                    method="HEAD",
                    statuses=((200, 200),),
                    body="ok",
                    socket="/run/s",
                    headers=(("Host", "b"), ("X", "/home/ann")),
                )
            ),
        ),
        (
            'http = "https://a/", ca_file = "/ca.pem", server_name = "b"',
            Probe(
                what=Http(
                    host="a",
                    port=443,
                    tls=Tls(verify=True, authorities="/ca.pem", name="b"),
                )
            ),
        ),
        ('tcp = ":80"', Probe(what=PORT)),
        (
            TALK,
            Probe(
                what=Connect(
                    place=Tcp("", 80),
                    tls=Tls(verify=True),
                    send="PING\r\n",
                    expect="PONG",
                )
            ),
        ),
        ('unix = "/run/s"', Probe(what=Connect(place=Unix("/run/s")))),
        ('exec = "check --all"', Probe(what=Exec(("check", "--all")))),
        ('heartbeat = "30s"', Probe(what=Heartbeat(30), failure_threshold=1)),
        (
            'log = "ERR", period = 1',
            Probe(what=LogLine("ERR"), period=1, failure_threshold=1),
        ),
        ('silence = "5m"', Probe(what=LogSilence(300), failure_threshold=1)),
    ],
)
def test_liveness(load: Load, table: str, probe: Probe) -> None:
    """What the prober is told; the run itself only if it has to do something."""
    config = load(program(liveness=table))
    assert {"web": Probes(liveness=probe)} == config.probes
    plain = load(program()).launches["web"]
    watchdog = probe.what.within if isinstance(probe.what, Heartbeat) else msgspec.UNSET
    assert msgspec.structs.replace(plain, watchdog=watchdog) == config.launches["web"]


def test_none(load: Load) -> None:
    """Who asks for nothing is asked nothing."""
    assert {} == load(program()).probes
    assert {} == load(program(readiness="notify = true")).probes


def test_a_command_is_relative_to_its_file(load: Load, tmp_path: Path) -> None:
    """As that of the program."""
    probe = load(program(liveness='exec = ["./check"]')).probes["web"].liveness
    assert probe is not None
    assert Exec((str(tmp_path / "check"),)) == probe.what


@pytest.mark.parametrize(
    ("table", "readiness", "what"),
    [
        ('tcp = ":80"', Readiness(sign=Tcp("", 80)), PORT),
        (
            URL,
            Readiness(sign=Answers("http://127.0.0.1:8000/health"), timeout=3),
            HTTP,
        ),
    ],
)
def test_readiness_is_asked_on(
    load: Load, table: str, readiness: Readiness, what: Http | Connect
) -> None:
    """What makes it RUNNING is asked again and again from then on."""
    table += ", failure_threshold = 5, within = 60"
    config = load(program(readiness=table))
    assert readiness == config.policy.programs["web"].readiness
    assert not config.policy.programs["web"].asked_later
    probe = Probe(what=what, failure_threshold=5)
    assert {"web": Probes(readiness=probe)} == config.probes
    asks = what if isinstance(what, Http) else msgspec.UNSET
    assert asks == config.launches["web"].asks


def test_startup_alone(load: Load) -> None:
    """It is asked until it is RUNNING, as often as it says, and then no more."""
    config = load(program(startup=f"{URL}, period = 2, within = 600"))
    sign = Answers("http://127.0.0.1:8000/health")
    expected = Readiness(sign=sign, within=600, period=2, timeout=3)
    assert expected == config.launches["web"].readiness
    assert HTTP == config.launches["web"].asks
    assert {} == config.probes


def test_startup_and_readiness(load: Load) -> None:
    """Whether it is ready is then known later."""
    config = load(program(startup="notify = true", readiness=URL))
    web = config.policy.programs["web"]
    assert Readiness(sign=Notify()) == web.readiness
    assert web.asked_later
    assert {"web": Probes(readiness=Probe(what=HTTP))} == config.probes
    assert msgspec.UNSET is config.launches["web"].asks


ONE_KIND = "set one of http, tcp, unix, exec, heartbeat, log, silence"


@pytest.mark.parametrize(
    ("table", "mistake"),
    [
        ("", f"liveness: no kind of probe; {ONE_KIND}"),
        (
            f'{URL}, tcp = ":80"',
            "liveness: more than one kind of probe: http, tcp; leave one of them",
        ),
        (f'{URL}, send = "x"', "liveness.send: only with tcp or unix; leave it out"),
        (
            'exec = "x", verify = true',
            "liveness.verify: only with http or tcp; leave it out",
        ),
        ('unix = "/s", tls = true', "liveness.tls: only with tcp; leave it out"),
        (
            'tcp = ":80", verify = true',
            'liveness.verify: only where TLS is spoken; use "https", or tls',
        ),
        (
            "heartbeat = 5, period = 1",
            "liveness.period: it means nothing with heartbeat; leave it out",
        ),
        (
            'log = "x", timeout = 1',
            "liveness.timeout: it means nothing with log; leave it out",
        ),
        (f"{URL}, within = 1", "liveness.within: unknown key"),
        (
            f'{URL}, ladder = ["reload"]',
            (
                'liveness.ladder: "reload": it is not said how this is reloaded; write'
                ' reload = "HUP" (a signal or a command) beside its command'
            ),
        ),
        (
            f'{URL}, headers = {{ "a b" = "c" }}',
            'liveness.headers."a b": not the name of a header',
        ),
        (
            f'{URL}, headers = {{ A = "b\\nC: d" }}',
            (
                'liveness.headers.A: not the value of a header: "b\\nC: d";'
                " use printable ASCII, without a space at either end"
            ),
        ),
        (
            f"{URL}, headers = {{ A = 1 }}",
            ('liveness.headers.A: expected a string or { file = "path" }, got 1'),
        ),
    ],
)
def test_what_is_wrong(wrong: Wrong, table: str, mistake: str) -> None:
    """Told at its key."""
    assert [f"main.toml: program.web.{mistake}"] == wrong(program(liveness=table))


@pytest.mark.parametrize("kind", ['log = "x"', "silence = 60"])
def test_no_log(wrong: Wrong, kind: str) -> None:
    """There is nothing to look at."""
    quiet = 'stdout_logfile = "NONE"\nstderr_logfile = "NONE"'
    text = f"{program(liveness=kind)}\n{quiet}"
    key = kind.split(maxsplit=1)[0]
    [line] = wrong(text)
    assert f"program.web.liveness.{key}: it writes to no log file" in line


def test_startup_has_no_thresholds(wrong: Wrong) -> None:
    """How long it may take is said otherwise."""
    table = "notify = true, failure_threshold = 30"
    words = "unknown key; a start may take as long as within says"
    where = "main.toml: program.web.startup.failure_threshold"
    assert [f"{where}: {words}"] == wrong(program(startup=table))


def test_startup_beside_a_sign_that_is_given_once(wrong: Wrong) -> None:
    """That would be two starts."""
    text = program(startup="notify = true", readiness='log = "up"')
    [line] = wrong(text)
    assert "program.web.readiness: with startup beside it, whether it is" in line


def test_a_ladder_of_its_own(load: Load) -> None:
    """It may reload what says how that is done."""
    text = program(liveness=f'{URL}, ladder = ["reload"]') + '\nreload = "HUP"'
    probe = load(text).probes["web"].liveness
    assert probe is not None
    assert (Reload(),) == probe.ladder
