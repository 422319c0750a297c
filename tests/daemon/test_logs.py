"""What programs say, shown by the real client over the real daemon."""

import os

import pytest
from harness import NOBODY, House, Refused, said, sh, soon, well
from loghouse import Talker, ends_with, raw, wrote

pytestmark = pytest.mark.process

LINES = 300_000
"""So many of ``seq`` are 2 MB."""


async def test_the_end_of_a_log(house: House) -> None:
    """In a pipe every byte is the program's, of the stream that was named."""
    house.write(
        {"web": sh(r"printf 'one\n\033[2J\377two\n'; echo oh >&2; exec sleep 1000")}
    )
    await house.start()
    await wrote(house, "web.log", 13)
    await wrote(house, "web.err.log", 3)
    assert b"one\n\x1b[2J\xfftwo\n" == await raw(house, "tail", "web")
    assert b"\x1b[2J\xfftwo\n" == await raw(house, "tail", "-n", "1", "web")
    assert b"two\n" == await raw(house, "tail", "-c", "4", "web", "stdout")
    assert b"oh\n" == await raw(house, "tail", "web", "stderr")


async def test_more_than_is_shown_at_once(house: House) -> None:
    """It begins at a line, and says what is left out and where that is."""
    house.write({"web": sh(f"seq {LINES}; exec sleep 1000")})
    await house.start()
    await soon(lambda: ends_with(house.root / "logs" / "web.log", b"\n300000\n"))
    for args in (("-n", str(LINES)), ("-c", "2000000")):
        ran = await house.ctl("tail", *args, "web")
        assert 0 == ran.status
        assert 2**20 - 10 < len(ran.out) <= 2**20
        assert f"the last 1 MiB are shown; all of it: {house.root}/logs/" in ran.err
    whole = await house.ctl("tail", "-n", "100000", "web")
    assert ("200001", "300000") == (whole.out.split()[0], whole.out.split()[-1])
    assert "" == whole.err


async def test_several_logs(house: House) -> None:
    """Each line has its program's name, all streams are there, JSON if it is asked."""
    group = {"pair": {"programs": ["a", "b"]}}
    house.write(
        {
            "a": sh("echo one; echo oh >&2; exec sleep 1000"),
            "b": sh("echo two; exec sleep 1000", redirect_stderr=True),
            "quiet": well(),
        },
        group=group,
    )
    await house.start()
    for log, size in (("a.log", 4), ("a.err.log", 3), ("b.log", 4)):
        await wrote(house, log, size)
    lines = b"a        | one\na stderr | oh\nb        | two\n"
    assert lines == await raw(house, "logs", "pair:*")
    shown = await house.ctl("logs", "--json")
    assert [
        '{"program":"a","stream":"stdout","text":"one"}',
        '{"program":"a","stream":"stderr","text":"oh"}',
        '{"program":"b","stream":"stdout","text":"two"}',
    ] == shown.out.splitlines()


async def test_an_empty_log_says_so(house: House) -> None:
    """So that nobody wonders, and looks at stderr."""
    house.write({"web": well()})
    await house.start()
    await house.running("web")
    ran = await house.ctl("tail", "web")
    assert (0, "") == (ran.status, ran.out)
    assert f"there is nothing in {house.root}/logs/web.log" in ran.err
    assert "selfhealctl logs web" in ran.err


async def test_output_that_is_in_no_log(house: House) -> None:
    """It is refused with what shows it, or told where the rest is shown."""
    elsewhere = {"stdout_logfile": "/dev/stdout", "redirect_stderr": True}
    nowhere = {"stdout_logfile": "NONE", "stderr_logfile": "NONE"}
    house.write(
        {
            "web": sh("echo hi; exec sleep 1000"),
            "out": well(**elsewhere),
            "no": well(**nowhere),
        }
    )
    await house.start()
    await wrote(house, "web.log", 3)
    ran = await house.ctl("tail", "no")
    assert 1 == ran.status
    assert "the stdout of no is thrown away" in ran.err
    assert "stdout_logfile in [program.no]" in ran.err
    ran = await house.ctl("logs", "all")
    assert (0, "web        | hi\n") == (ran.status, ran.out)
    assert "the stdout of out goes to the daemon's own stdout" in ran.err
    assert 4 == (await house.ctl("tail", "wbe")).status


async def test_clear(house: House, talker: Talker) -> None:
    """Log and older ones are gone, who did it is known, and what comes is kept."""
    keys = {"stdout_logfile_maxbytes": 10, "stdout_logfile_backups": 3}
    house.write({"web": {**talker.program, **keys}, "no": well(stdout_logfile="NONE")})
    await house.start()
    await house.running("web")
    older = house.root / "logs" / "web.log.1"
    for _ in range(3):
        talker.say(b"a line\n")
    await soon(older.exists)
    await wrote(house, "web.log", 7)
    ran = await house.ctl("clear", "web")
    assert (0, True) == (ran.status, ran.json[0]["ok"])
    assert not older.exists()
    assert 0 == (house.root / "logs" / "web.log").stat().st_size
    await house.until(said("clear web", kind="operator.acted"))
    talker.say(b"more\n")
    await wrote(house, "web.log", 5)
    assert b"more\n" == await raw(house, "tail", "web")


async def test_logs_are_for_operators(house: House) -> None:
    """They may hold secrets: whoever may see the status may not therefore read them."""
    if os.geteuid() != 0:
        pytest.skip("only root may switch users")
    house.write({"web": sh("echo secret; exec sleep 1000")}, control={"mode": "0666"})
    house.root.chmod(0o755)
    await house.start()
    await wrote(house, "web.log", 7)
    for args in (("tail", "web"), ("logs", "-f"), ("clear", "web")):
        ran = await house.ctl(*args, uid=NOBODY)
        assert (6, "") == (ran.status, ran.out), args
    assert b"secret\n" == await raw(house, "tail", "web")


async def test_failures_lead_to_the_log(house: House) -> None:
    """A failed start and an incident say where to look; so does the status."""
    bad = sh("echo why; exit 1", autostart=False, redirect_stderr=True)
    house.write({"bad": bad, "no": {**bad, "command": ["/nonexistent"]}})
    await house.start()
    for name, see in (("bad", "selfhealctl tail bad"), ("no", "selfhealctl incidents")):
        ran = await house.ctl("start", name)
        assert (1, see) == (ran.status, ran.json[0]["hint"])
    log = f"{house.root}/logs/bad.log"
    incidents = await house.ctl("incidents")
    assert log in {incident["log"] for incident in incidents.json}
    assert log in (await house.ctl("incidents", "--output", "wide")).out


@pytest.mark.parametrize(
    ("params", "words"),
    [({"stream": "stdin"}, "stream (stderr or stdout"), ({"lines": -1}, ">= 0")],
)
async def test_wrong_params_are_told(
    house: House, params: dict[str, object], words: str
) -> None:
    """With what was expected."""
    house.write({"web": well()})
    await house.start()
    with pytest.raises(Refused) as refused:
        await house.call("tail", names=["web"], **params)
    assert "bad-request" == refused.value.error["data"]["kind"]
    assert words in str(refused.value)
