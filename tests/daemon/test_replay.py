"""The journal of a real daemon holds enough to decide everything again."""

import os
import signal
from pathlib import Path

import msgspec
import pytest
import tomli_w
from harness import (
    Document,
    House,
    Refused,
    after,
    hopeless,
    said,
    soon,
    well,
)

from selfhealingd.core import record
from selfhealingd.core.effects import Announcement
from selfhealingd.core.events import Reconfigured
from selfhealingd.core.host import Host
from selfhealingd.core.policy import Policy
from selfhealingd.core.record import Input, Opening
from selfhealingd.core.step import step
from selfhealingd.store.reading import Reading

pytestmark = pytest.mark.process


async def test_a_replay_announces_what_the_daemon_announced(house: House) -> None:
    """Each announcement comes again, word for word, from the opening and the events."""
    house.write({"web": well(), "bad": hopeless(), "w2": well()})
    await house.start()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended", service="web"))
    await house.until(after("FATAL", "bad"))
    await house.call("reset", name="bad", force=True, reason="again")
    house.flags.write_text("FEATURE_AUTO_HEALING_ENABLED=false\n")
    await house.call("reload")
    house.flags.unlink()
    house.change(new=well(), w2=None)
    await house.call("reload")
    await house.call("restart", names=["web"])
    await house.until(after("RUNNING", "new"))
    assert 0 == await house.stop()
    told, again = replay(house.journal)
    assert len(told) > 50
    assert told == again


async def test_a_replay_goes_on_over_a_kill(house: House) -> None:
    """Each daemon's opening has the state that it began with."""
    house.write({"bad": hopeless(), "w1": well(), "w2": well()})
    await house.start()
    await house.until(said("is OPEN for", breaker="program:bad"))
    await house.kill9()
    await house.start()
    await house.until(after("FATAL", "bad"))
    assert 0 == await house.stop()
    told, again = replay(house.journal)
    assert len(told) > 30
    assert told == again


def replay(journal: Path) -> tuple[list[object], list[object]]:
    """Return what was announced, and what is announced when decided again."""
    told: list[object] = []
    again: list[object] = []
    opening, policy, host = None, Policy(), Host()
    for line in Reading(journal):
        match line["kind"]:
            case record.OPENING:
                opening = msgspec.convert(line, Opening)
                policy, host = opening.policy, opening.host
            case record.INPUT:
                assert opening is not None
                given = msgspec.convert(line, Input)
                host, effects = step(policy, host, given.event)
                if isinstance(given.event, Reconfigured):
                    policy = given.event.policy
                again += [
                    plain(effect, given, opening)
                    for effect in effects
                    if isinstance(effect, Announcement)
                ]
            case _:
                told.append(line)
    return told, again


def plain(told: Announcement, given: Input, opening: Opening) -> object:
    """Return an announcement as the journal has it."""
    made = record.document(
        told, now=given.event.at, seq=given.seq, anchor=opening.anchor
    )
    return msgspec.json.decode(msgspec.json.encode(made))


async def told(house: House, *options: str) -> Document:
    """Ask for a replay as an operator would."""
    ran = await house.ctl("replay", *options)
    assert 0 == ran.status, ran.err
    return dict(ran.json)


async def test_an_operator_sees_that_the_same_is_decided_again(house: House) -> None:
    """Over a kill of the daemon, while it runs, with what happened counted."""
    house.write({"bad": hopeless(), "web": well(), "w2": well()})
    await house.start()
    await house.until(said("is OPEN for", breaker="program:bad"))
    await house.kill9()
    await house.start()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended", service="web"))
    await house.until(after("FATAL", "bad"))
    found = await told(house)
    assert (0, 0, 2) == (found["mismatches"], found["unread"], found["lives"])
    tallies = {one["name"]: one["recorded"] for one in found["services"]}
    assert (1, 1) == (tallies["bad"]["givenUp"], tallies["bad"]["permanent"])
    assert (1, 0) == (tallies["web"]["healed"], tallies["web"]["failed"])
    assert any("web: healed" in one["words"] for one in found["timeline"])
    later = await told(house, "--since", "0.01s")
    assert later["events"] < found["events"]


async def test_another_config_is_tried_on_the_past(house: House) -> None:
    """One that gives up sooner: where it parts is told, and nothing else happens."""
    house.write({"bad": hopeless(), "web": well(), "w2": well()})
    await house.start()
    await house.until(after("FATAL", "bad"))
    same = await told(house, "--with", str(house.config))
    assert same["parting"] is None
    assert same["total"] == same["totalOtherwise"]
    other = house.root / "other.toml"
    healing = {**house.settings["healing"], "open_after": 2, "permanent_after": 3}
    other.write_text(tomli_w.dumps({**house.settings, "healing": healing}))
    before = (await house.call("status"))["selfHealing"]
    found = await told(house, "--with", str(other))
    [bad] = [one for one in found["services"] if one["name"] == "bad"]
    assert (10, 3) == (bad["recorded"]["failed"], bad["otherwise"]["failed"])
    assert "bad" == found["parting"]["service"]
    assert "OPEN" in found["parting"]["otherwise"]
    assert before == (await house.call("status"))["selfHealing"]
    ran = await house.ctl("replay", "--no-json", "--with", str(other))
    assert "failed 10 → 3" in ran.out
    assert "can't know" in ran.out


async def test_what_cannot_be_replayed_is_refused(house: House) -> None:
    """All mistakes of the other config, a file that is none, a time too late."""
    house.write({"web": well()})
    await house.start()
    other = house.root / "other.toml"
    other.write_text("[helaing]\n[program.web]\nstartsec = 1\n")
    ran = await house.ctl("replay", "--with", str(other))
    assert 1 == ran.status
    assert "helaing" in ran.err
    assert "startsec" in ran.err
    ran = await house.ctl("replay", "--with", str(house.root / "none.toml"))
    assert (1, True) == (ran.status, "none.toml" in ran.err)
    ran = await house.ctl("replay", "--since", "2100-01-01")
    assert (1, True) == (ran.status, "no records" in ran.err)
    assert 2 == (await house.ctl("replay", "--since", "soon")).status


async def test_a_record_that_was_changed_is_told(house: House) -> None:
    """What is recorded is not what this version decides then; the exit status tells."""
    house.write({"web": well(), "w2": well()})
    await house.start()
    pids = await house.running("web")
    os.kill(pids["web"], signal.SIGKILL)
    await house.until(said("healed", kind="incident.ended", service="web"))
    text = house.journal.read_text()
    house.journal.write_text(text.replace("crashed: killed by", "went away by"))
    ran = await house.ctl("replay")
    assert 1 == ran.status
    assert 1 <= ran.json["mismatches"]
    assert "went away by" in ran.json["shown"][0]["recorded"]


async def test_a_replay_ends_with_its_client(house: House) -> None:
    """Only one at a time; one whose client has gone leaves no process behind."""
    house.write({"web": well(), "bad": hopeless()})
    await house.start()
    await house.until(after("FATAL", "bad"))
    lines = house.journal.read_text()
    inputs = "".join(
        line for line in lines.splitlines(keepends=True) if '"kind":"input"' in line
    )
    with house.journal.open("a") as file:
        file.write(inputs * 2000)  # stale ones: they take long, and change nothing
    async with house.connect() as line:
        await line.call("replay")
        with pytest.raises(Refused, match="under way"):
            await house.call("replay")
        await soon(lambda: any("replaying" in c for c in house.marked().values()))
    await soon(lambda: not any("replaying" in c for c in house.marked().values()))
