"""A real daemon runs runbooks: by hand, and as what a ladder names."""

import pytest
import trio
from harness import House, lives, said, sh, soon, well

pytestmark = pytest.mark.process


def mend(house: House, script: str) -> dict[str, object]:
    return {"command": ["sh", "-c", script], "directory": str(house.root)}


async def test_an_operator_runs_one(house: House) -> None:
    """It is told whom it is for; its end is the outcome; both are journalled."""
    good = mend(house, 'echo "$SELFHEALINGD_SERVICE $SELFHEALINGD_PID" >> ran')
    bad = mend(house, "echo no such luck; exit 3")
    house.write(
        {"a": {**well(), "healing": {"ladder": ["run good", "restart"]}}, "b": well()},
        runbook={"good": good, "bad": bad},
    )
    await house.start()
    pids = await house.running("a", "b")
    [one, other] = await house.call("runbooks")
    assert ("good", "sh", ["a"]) == (one["name"], one["command"], one["services"])
    assert ("bad", []) == (other["name"], other["services"])
    shown = await house.ctl("runbooks", "--no-json")
    assert "good" in shown.out
    ran = await house.ctl("run", "good", "a", "b", "--reason", "to see", "--no-json")
    assert (0, 2) == (ran.status, ran.out.count("good is done"))
    assert "a: BEGUN good has " in ran.out
    lines = (house.root / "ran").read_text().splitlines()
    assert [f"a {pids['a']}", f"b {pids['b']}"] == lines
    ran = await house.ctl("run", "bad", "a", "--no-json")
    assert 1 == ran.status
    assert "exited with status 3: no such luck" in ran.out
    acted = [
        record["data"]["target"]
        for record in house.records()
        if record.get("kind") == "operator.acted"
    ]
    assert ["good for a", "good for b", "bad for a"] == acted


async def test_a_wrong_name(house: House) -> None:
    """Who mistypes a runbook is told the likely one."""
    house.write({"a": well()}, runbook={"good": mend(house, "exit 0")})
    await house.start()
    ran = await house.ctl("run", "godo", "a")
    assert 4 == ran.status
    assert "did you mean good?" in ran.err


SICK = {
    "exec": ["test", "-e", "mended"],
    "period": 0.1,
    "timeout": 3,
    "failure_threshold": 1,
}


async def test_a_ladder_is_climbed_to_what_helps(house: House) -> None:
    """A reload that does not help leads to the runbook that does; nothing restarts."""
    sick = sh("trap 'echo x >> reloaded' HUP; while :; do sleep 0.05; done")
    sick |= {
        "directory": str(house.root),
        "reload": "HUP",
        "liveness": SICK,
        "healing": {"ladder": ["reload", "run mend", "restart"]},
    }
    house.write({"a": sick}, runbook={"mend": mend(house, "touch mended")})
    await house.start()
    pid = (await house.running("a"))["a"]
    await house.until(said(service="a", kind="incident.ended"))
    [incident] = await house.call("incidents")
    tried = [(one["remedy"], one["result"]) for one in incident["attempts"]]
    assert [("reload", "no effect"), ("run mend", "healed")] == tried
    assert "healed" == incident["outcome"]
    assert (house.root / "reloaded").exists()
    assert {"a": pid} == await house.running("a")


async def test_a_stop_ends_a_runbook(house: House) -> None:
    """The operator wins: what is under way for a program is over with its stop."""
    sick = {**well(), "directory": str(house.root), "liveness": SICK}
    sick["healing"] = {"ladder": ["run hang"]}
    hang = mend(house, "echo $$ > pid; sleep 600 & wait")
    house.write({"a": sick}, runbook={"hang": hang})
    await house.start()
    file = house.root / "pid"
    await soon(lambda: file.exists() and file.read_text().endswith("\n"))
    pid = int(file.read_text())
    assert lives(pid)
    assert 0 == (await house.ctl("stop", "a", "--reason", "enough")).status
    await soon(lambda: not lives(pid))
    assert 0 == await house.stop()
    assert {} == house.marked()


async def test_one_that_a_daemon_left_ends_before_the_next_begins(house: House) -> None:
    """After kill -9 of the daemon in the middle of it, it never runs twice at once."""
    sick = {**well(), "directory": str(house.root), "liveness": SICK}
    sick["healing"] = {"ladder": ["run slow"], "backoff_initial": 0.1}
    slow = mend(
        house,
        "trap '' TERM; echo begin >> ran; until [ -e go ]; do sleep 0.05; done;"
        " echo end >> ran; touch mended",
    )
    house.write({"a": sick}, runbook={"slow": slow})
    ran = house.root / "ran"
    await house.start()
    await soon(lambda: ran.exists() and "begin\n" == ran.read_text())
    await house.kill9()
    await house.start()
    await house.logged("stopping what an earlier daemon left running")
    await house.until(said(service="a", kind="attempt.began"))
    await trio.sleep(0.3)  # long enough for it to begin, if it did not wait
    (house.root / "go").touch()
    await house.until(said("healed", kind="incident.ended"))
    assert "begin end begin end" == " ".join(ran.read_text().split())
