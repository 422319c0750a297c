"""Real programs are made to fail on purpose, and what comes of it is told."""

import signal
import sys
from pathlib import Path

import pytest
from harness import Document, House, Refused, after, said, soon, well

pytestmark = pytest.mark.process

# Answers on a Unix socket: what is stopped doesn't.
SERVES = """
import socket, sys
with socket.socket(socket.AF_UNIX) as s:
    import os
    if os.path.exists(sys.argv[1]): os.unlink(sys.argv[1])
    s.bind(sys.argv[1]); s.listen(50)
    while True:
        c, _ = s.accept(); c.recv(100); c.sendall(b'PONG\\r\\n'); c.close()
"""
ASKS = """
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(1); s.connect(sys.argv[1])
s.sendall(b'PING'); sys.exit(0 if s.recv(10) else 1)
"""
TELLS = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"


def serving(house: House, **keys: object) -> Document:
    """A program that is asked whether it is alive."""
    address = str(house.root / "web.sock")
    return {
        "command": [sys.executable, "-c", SERVES, address],
        "startsecs": 0.2,
        "stopwaitsecs": 1,
        "drills": True,
        "liveness": {
            "exec": [sys.executable, "-c", ASKS, address],
            "period": 0.3,
            "timeout": 0.7,
            "failure_threshold": 2,
        },
        **keys,
    }


def write(house: House, web: Document, **healing: object) -> None:
    told = str(house.root / "told")
    house.write(
        {"web": web, **{f"w{n}": well() for n in range(3)}},
        healing={"max_drill_pressure": 1.0, **healing},
        on={"incident-ended": {"command": [sys.executable, "-c", TELLS, told]}},
    )


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


async def test_a_kill_is_noticed_healed_and_told(house: House) -> None:
    """Each step comes with its time; all of it is in the journal, with who did it."""
    write(house, well(drills=True))
    await house.start()
    pids = await house.running("web", "w0")
    ran = await house.ctl("drill", "kill", "web", "--no-json")
    assert 0 == ran.status, ran.err
    for stage in ("injected", "noticed after", "evidence", "remedy", "hooks", "healed"):
        assert stage in ran.out, ran.out
    assert "incident-ended told after" in ran.out
    assert pids["web"] not in (await house.running("web")).values()
    assert 1 == (house.root / "told").read_text().count('"incident.ended"')
    acts = [
        (one["data"]["action"], one["data"].get("reason", ""))
        for one in house.records()
        if one["kind"] == "operator.acted"
    ]
    assert ["drill kill", "signal SIGKILL", "drill kill ended"] == [a for a, _ in acts]
    shown = await house.ctl("show", "web", "--no-json")
    assert "this was an exercise: drill kill web" in shown.out
    assert [] == (await house.call("status"))["issues"]
    assert "drill kill" == acts[1][1]
    assert "healed after" in acts[2][1]


async def test_a_hang_is_noticed_and_healed(house: House) -> None:
    """By its liveness; another process runs then."""
    write(house, serving(house))
    await house.start()
    pids = await house.running("web")
    await house.until(after("RUNNING", "web"))
    [outcome] = (await house.ctl("drill", "hang", "web")).json
    assert outcome["ok"], outcome
    assert "healed after" in outcome["words"]
    assert pids["web"] != (await house.running("web"))["web"]


async def test_what_hangs_goes_on_when_its_client_goes(house: House) -> None:
    """Nothing has noticed yet; the drill is aborted, and that is recorded."""
    slow = serving(house)
    slow["liveness"] = {**slow["liveness"], "failure_threshold": 100}
    write(house, slow)
    await house.start()
    pid = (await house.running("web"))["web"]
    async with house.connect() as line:
        await line.call("drill", kind="hang", name="web")
        await soon(lambda: state(pid) == "T")
        with pytest.raises(Refused, match="one at a time"):
            await house.call("drill", kind="hang", name="web")
    await soon(lambda: state(pid) != "T")
    await house.until(said("drill hang ended.*aborted.*SIGCONT"))


async def test_what_hangs_goes_on_when_the_daemon_ends(house: House) -> None:
    """So that it can end in order."""
    slow = serving(house)
    slow["liveness"] = {**slow["liveness"], "failure_threshold": 100}
    write(house, {**slow, "stopwaitsecs": 20})
    await house.start()
    pid = (await house.running("web"))["web"]
    async with house.connect() as line:
        await line.call("drill", kind="hang", name="web")
        await soon(lambda: state(pid) == "T")
        house.signal(signal.SIGTERM)
        assert 0 == await house.wait(15)


RULE = "memory > 900MiB for 2 samples"


def write_leaking(house: House, *rules: object, hook: str = "incident-ended") -> None:
    told = str(house.root / "told")
    house.write(
        {"web": well(drills=True, rules=list(rules)), "w0": well(drills=True)},
        daemon={"sample_interval": 0.1},
        healing={"max_drill_pressure": 1.0},
        on={hook: {"command": [sys.executable, "-c", TELLS, told]}},
    )


def most_memory(samples: Document) -> float:
    """The most that was kept of it, in bytes."""
    column = samples["columns"].index("memory")
    return max(float(row[column]) for row in samples["rows"])


async def test_a_leak_is_pretended_noticed_and_healed(house: House) -> None:
    """By a restart, for what nobody has: all but the rule goes by what is real."""
    write_leaking(house, {"when": RULE, "remedy": "restart"})
    await house.start()
    pids = await house.running("web")
    ran = await house.ctl("drill", "leak", "web", "--no-json")
    assert 0 == ran.status, ran.err + ran.out
    for words in (
        "pretended at the measurement",
        RULE,
        "of which a drill only pretends",
    ):
        assert words in ran.out, ran.out
    for stage in (
        "noticed after",
        "evidence",
        "restart after",
        "hooks",
        "healed after",
    ):
        assert stage in ran.out, ran.out
    assert pids["web"] != (await house.running("web"))["web"]
    assert "a drill only pretends" in (house.root / "told").read_text()
    [shown] = (await house.call("samples", names=["web"]))["services"]
    assert 0 < most_memory(shown["samples"]) < 500 << 20
    kept = (await house.ctl("evidence", "web")).json
    assert 0 < most_memory(kept["samples"]) < 500 << 20
    acts = [
        one["data"]["action"]
        for one in house.records()
        if one["kind"] == "operator.acted"
    ]
    assert ["drill leak", "drill leak ended"] == acts


async def test_a_leak_that_is_only_told_is_taken_back(house: House) -> None:
    """Its incident passes, and its process stays."""
    write_leaking(house, {"when": RULE, "remedy": "hold"})
    await house.start()
    pids = await house.running("web")
    ran = await house.ctl("drill", "leak", "web", "--no-json")
    assert 0 == ran.status, ran.err + ran.out
    assert "its remedy is hold" in ran.out
    assert "what was pretended is gone" in ran.out
    assert "passed after" in ran.out
    assert pids == await house.running("web")


async def test_a_pretended_leak_ends_with_its_client(house: House) -> None:
    """It was noticed already, and is over without a remedy; no rule, no drill."""
    keep = {"when": RULE, "remedy": "signal CONT"}
    write_leaking(house, keep, hook="incident-opened")
    await house.start()
    pids = await house.running("web", "w0")
    async with house.connect() as line:
        await line.call("drill", kind="leak", name="web")
        await house.until(said(service="web", kind="incident.opened"))
    await house.until(said("drill leak ended.*aborted.*what was pretended is gone"))
    await house.until(said(service="web", kind="incident.ended"))
    ran = await house.ctl("drill", "leak", "w0")
    assert 1 == ran.status
    assert "no rule of its memory" in ran.err
    assert "in [program.w0]" in ran.err
    assert pids == await house.running("web", "w0")


async def test_a_crash_loop_opens_the_breaker_and_is_healed(house: House) -> None:
    """Only with --yes; then the breaker is closed again, for the drill's reason."""
    write(house, well(drills=True))
    await house.start()
    await house.running("web", "w0", "w1", "w2")
    ran = await house.ctl("drill", "crashloop", "web")
    assert (1, True) == (ran.status, "--yes" in ran.err)
    ran = await house.ctl("drill", "crashloop", "web", "--yes", "--no-json")
    assert 0 == ran.status, ran.err + ran.out
    assert "program:web is OPEN" in ran.out
    status = await house.call("status")
    [breaker] = [b for b in status["circuitBreakers"] if b["name"] == "program:web"]
    assert ("CLOSED", 0) == (breaker["state"], breaker["failureCount"])
    assert not status["selfHealing"]["isDormant"]


async def test_who_has_not_opted_in_is_left_alone(house: House) -> None:
    """With what to write; the budget of the hour is kept over a restart."""
    write(house, well(drills=True), max_drills_per_hour=1)
    await house.start()
    pids = await house.running("web", "w0")
    ran = await house.ctl("drill", "kill", "w0")
    assert 1 == ran.status
    assert "drills = true in [program.w0]" in ran.err
    assert 4 == (await house.ctl("drill", "kill", "none")).status
    assert 2 == (await house.ctl("drill", "flood", "web")).status
    assert pids == await house.running("web", "w0")
    assert 0 == (await house.ctl("drill", "kill", "web")).status
    await house.stop()
    await house.start()
    await house.running("web")
    ran = await house.ctl("drill", "kill", "web")
    assert (1, True) == (ran.status, "1 drill in the last hour" in ran.err)
