"""Logs that are followed: each line once, for as long as somebody looks."""

import base64
import os
import signal
from pathlib import Path

import pytest
import trio
from harness import DEADLINE, House, Line, sh, soon, well
from loghouse import Talker, ends_with, following, wrote

pytestmark = pytest.mark.process

LINES = 300_000
"""So many of ``seq`` are 2 MB: more than the sockets and the daemon hold."""


async def test_following_over_rotations_until_ctrl_c(
    house: House, talker: Talker
) -> None:
    """Each line comes once, in order and soon; Ctrl-C ends it quietly, with 0."""
    keys = {"stdout_logfile_maxbytes": 100, "stdout_logfile_backups": 3}
    house.write({"web": {**talker.program, **keys}})
    await house.start()
    await house.running("web")
    talker.say(b"before\n")
    await wrote(house, "web.log", 7)
    async with following(house, "tail", "-f", "-n", "1", "web") as client:
        await client.until(b"before\n")
        for number in range(30):
            line = b"line %02d, of which a few make a file\n" % number
            talker.say(line)
            await client.until(line)
        client.process.send_signal(signal.SIGINT)
        assert (0, "") == await client.end()
    lines = client.out.splitlines()
    assert 31 == len(lines)
    assert [b"line %02d" % number for number in range(30)] == [
        line[:7] for line in lines[1:]
    ]
    assert (house.root / "logs" / "web.log.1").exists()


async def output(line: Line) -> tuple[bytes, int]:
    """Return what comes until ``seq`` is done, and how often some is missing."""
    data, skipped = b"", 0
    while not data.endswith(b"\n%d\n" % LINES):
        message = await line.next()
        if message.get("method") == "output":
            data += base64.b64decode(message["params"]["data"])
        elif message.get("method") == "skipped":
            skipped += 1
    return data, skipped


@pytest.mark.parametrize("backups", [10, 1])
async def test_a_slow_client_slows_nobody(
    house: House, talker: Talker, backups: int
) -> None:
    """What it has not read waits in the log; what is rotated away there, it is told."""
    keys = {"stdout_logfile_maxbytes": 400_000, "stdout_logfile_backups": backups}
    chatty = sh(
        f"read -r go < {house.root}/talk; seq {LINES}; touch done; exec sleep 1000"
    )
    chatty |= {"directory": str(house.root), **keys}
    house.write({"chatty": chatty})
    await house.start()
    await house.running("chatty")
    done = house.root / "done"
    async with house.connect() as line:
        await line.call("tail", names=["chatty"], stream="stdout", follow=True)
        talker.say(b"go\n")
        await soon(done.exists)
        await soon(lambda: ends_with(house.root / "logs" / "chatty.log", b"\n300000\n"))
        assert "healthy" == (await house.call("status"))["status"]
        with trio.fail_after(DEADLINE):
            data, skipped = await output(line)
    everything = b"".join(b"%d\n" % number for number in range(1, LINES + 1))
    assert (skipped > 0) is (backups == 1)
    assert (data == everything) is (backups == 10)


async def test_a_client_that_goes_away_ends_its_follower(
    house: House, talker: Talker
) -> None:
    """Whether something is said or not: no descriptor of the log is left open."""
    house.write({"web": talker.program})
    await house.start()
    await house.running("web")
    talker.say(b"hi\n")
    await wrote(house, "web.log", 3)
    before = _holders(house)
    async with following(house, "tail", "-f", "web") as client:
        await client.until(b"hi\n")
        await soon(lambda: _holders(house) > before)
    await soon(lambda: _holders(house) == before)


def _holders(house: House) -> int:
    """Return how many descriptors of a log the daemon has."""
    files = Path(f"/proc/{house.pid}/fd").iterdir()
    return sum(os.path.realpath(file).endswith("/web.log") for file in files)


async def test_too_many_at_once_are_refused(house: House) -> None:
    """Descriptors are kept for programs; looking without following is not counted."""
    nine = {f"p{number}": well() for number in range(9)}
    house.write(nine)
    await house.start()
    async with house.connect() as line:
        for _ in range(8):
            await line.call("tail", names=["all"], follow=True)
        ran = await house.ctl("logs", "-f")
        assert 1 == ran.status
        assert "cannot follow 18 logs: 146 at a time are allowed, and 144" in ran.err
        assert 0 == (await house.ctl("logs")).status

        async def again() -> bool:
            async with house.connect() as other:
                await other.send("tail", names=["all"], follow=True)
                return "result" in await other.next()

    await soon(again)


async def test_all_can_be_followed_however_many_there_are(house: House) -> None:
    """One client may have all logs of all programs."""
    house.write({"p": well(numprocs=80)})
    await house.start()
    async with house.connect() as line:
        found = await line.call("tail", names=["all"], follow=True)
        assert 160 == len(found["logs"])


async def test_a_daemon_that_ends_while_followed(house: House, talker: Talker) -> None:
    """5, in words, with the command that goes on without it."""
    house.write({"web": talker.program})
    await house.start()
    await house.running("web")
    async with following(house, "logs", "-f", "web") as client:
        talker.say(b"hi\n")
        await client.until(b"hi\n")
        await house.kill9()
        status, words = await client.end()
    assert 5 == status
    assert "the daemon ended, was restarted or upgraded" in words
    assert f"tail -F {house.root}/logs/web.log" in words


async def test_a_program_that_writes_elsewhere_from_now_on(
    house: House, talker: Talker
) -> None:
    """Who follows the old log is told, and does not wait for nothing."""
    house.write({"web": talker.program, "api": well()})
    await house.start()
    await house.running("web", "api")
    async with following(house, "tail", "-f", "web") as client:
        talker.say(b"hi\n")
        await client.until(b"hi\n")
        house.change(web={**talker.program, "stdout_logfile": "new.log"})
        assert 0 == (await house.ctl("reload")).status
        assert 0 == (await house.ctl("update")).status
        status, words = await client.end()
    assert 1 == status
    assert f"web writes to {house.root}/logs/web.log no more" in words
