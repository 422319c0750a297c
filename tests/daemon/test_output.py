"""What programs write arrives whole, where the config says, whatever happens."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from harness import NOBODY, Document, House, after, execute, sh, soon

from selfhealingd.supervise.output.rotation import older

pytestmark = pytest.mark.process
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
EXITED = after("EXITED", "web")
SLOWLY = "for n in 1 2 3 4 5 6; do echo $n; sleep 0.02; done"
"""Who writes so is left alone for longer and longer; what follows waits in the FIFO."""


def once(script: str, **keys: object) -> Document:
    """Return a program that runs once."""
    return sh(script, autorestart="never", **keys)


def files(log: Path) -> list[bytes]:
    """Return a log with all its older ones, the oldest first."""
    names = [names[0] for _, names in older(log)]
    return [log.with_name(name).read_bytes() for name in (*reversed(names), log.name)]


def stream_of(pid: int, number: int) -> Path:
    return Path(f"/proc/{pid}/fd/{number}").readlink()


def numbers(last: int) -> bytes:
    """Return what ``seq`` prints."""
    return b"".join(b"%d\n" % n for n in range(1, last + 1))


def issues(status: Document, words: str) -> list[str]:
    return [issue for issue in status["issues"] if words in issue]


async def test_rotation_loses_and_tears_nothing(house: House) -> None:
    """At full speed, into two logs at once: all there when the end is told."""
    last = 1_000_000
    house.write(
        {
            "web": once(
                f"seq 1 {last} & seq 1 {last} >&2; wait",
                stdout_logfile_maxbytes="500KiB",
                stdout_logfile_backups=100,
                stderr_logfile_maxbytes="1MiB",
                stderr_logfile_backups=100,
            )
        }
    )
    await house.start()
    await house.until(EXITED)
    for name, most in (("web.log", 500 * 1024), ("web.err.log", 1024 * 1024)):
        found = files(house.root / "logs" / name)
        assert len(found) > len(numbers(last)) // most
        assert all(len(one) <= most and one.endswith(b"\n") for one in found)
        assert numbers(last) == b"".join(found)


async def test_older_logs_are_dropped_and_compressed(house: House) -> None:
    """As many are kept as the config says, all but the newest of them compressed."""
    house.write(
        {
            "web": once(
                "seq 1 100000",
                stdout_logfile_maxbytes="50KiB",
                stdout_logfile_backups=3,
                stdout_logfile_compress=True,
            )
        }
    )
    await house.start()
    await house.until(EXITED)
    names = ["web.log", "web.log.1", "web.log.2.gz", "web.log.3.gz"]
    await soon(
        lambda: names == sorted(f.name for f in (house.root / "logs").glob("web.log*"))
    )


async def test_last_words_before_a_kill(house: House) -> None:
    """What was said just before kill -9 is in the log before the end is told."""
    house.write({"web": once(f"{SLOWLY}; echo last; kill -9 $$")})
    await house.start()
    log = house.root / "logs" / "web.log"
    for run in range(1, 6):
        await house.until(after("EXITED", "web", run=run))
        assert b"1\n2\n3\n4\n5\n6\nlast\n" * run == log.read_bytes()
        await house.call("start", names=["web"])


async def test_last_words_of_what_a_program_leaves(house: House) -> None:
    """A child with its stdout is ended after it, and is heard to its end."""
    child = "trap 'echo the last; exit' TERM; echo >&2; while :; do sleep 0.1; done"
    wait = "while ! [ -s logs/web.err.log ]; do sleep 0.01; done"
    script = f"({child}) & {wait}; {SLOWLY}; echo me"
    house.write({"web": once(script, directory=str(house.root))})
    await house.start()
    await house.until(EXITED)
    log = house.root / "logs" / "web.log"
    assert log.read_bytes().endswith(b"\nme\nthe last\n")


async def test_both_streams_in_one_log(house: House) -> None:
    """With redirect_stderr lines stay in their order."""
    script = "for n in 1 2 3; do echo $n; echo -$n >&2; done"
    house.write({"web": once(script, redirect_stderr=True)})
    await house.start()
    await house.until(EXITED)
    log = house.root / "logs" / "web.log"
    assert b"1\n-1\n2\n-2\n3\n-3\n" == log.read_bytes()
    assert not log.with_name("web.err.log").exists()


async def test_the_daemons_own_stdout(house: House) -> None:
    """Lines of several programs stay whole, with their names in front."""
    keys = {"stdout_logfile": "/dev/stdout", "stderr_logfile": "/dev/stderr"}
    script = "seq -f 'line %g' 1 500; echo oops >&2"
    house.write({name: once(script, **keys) for name in ("web", "api")})
    await house.start()
    for name in ("web", "api"):
        await house.until(after("EXITED", name))
    said = house.log().splitlines()
    for name in ("web", "api"):
        mine = [line for line in said if line.startswith(f"{name}: line")]
        assert [f"{name}: line {n}" for n in range(1, 501)] == mine
        assert f"{name}: oops" in said


async def test_nowhere(house: House) -> None:
    """NONE is /dev/null, without a FIFO or a log."""
    keys = {"stdout_logfile": "NONE", "stderr_logfile": "NONE"}
    house.write({"web": sh("exec sleep 1000", **keys)})
    await house.start()
    pids = await house.running("web")
    for number in (1, 2):
        assert Path("/dev/null") == stream_of(pids["web"], number)
    assert [] == list((house.root / "run").rglob("*.std*"))
    assert not (house.root / "logs").exists()


@AS_ROOT
async def test_a_users_program_opens_its_stdout_again(house: House) -> None:
    """As nginx does with /dev/stdout, although its folder is root's alone."""
    house.write(
        {
            "web": once(
                "id -u > /dev/stdout; echo oops > /dev/stderr",
                user=str(NOBODY),
                directory="/",
            )
        }
    )
    await house.start()
    await house.until(EXITED)
    logs = house.root / "logs"
    assert f"{NOBODY}\n" == (logs / "web.log").read_text()
    assert "oops\n" == (logs / "web.err.log").read_text()
    assert 0 == (logs / "web.log").stat().st_uid


async def test_logrotate(house: House) -> None:
    """After a rename and SIGUSR2 a new file is written, and no line is torn or lost."""
    last = 300_000
    house.write({"web": once(f"seq 1 {last}; read x <go; echo end", directory=".")})
    os.mkfifo(house.root / "go")
    await house.start()
    log = house.root / "logs" / "web.log"
    await soon(log.exists)
    moved = log.rename(log.with_name("moved"))
    house.signal(signal.SIGUSR2)
    await soon(log.exists)
    await soon(lambda: "all logs are reopened" in house.log())
    await trio.Path(house.root / "go").write_text("go\n")
    await house.until(EXITED)
    assert moved.read_bytes().endswith(b"\n")
    assert numbers(last) + b"end\n" == moved.read_bytes() + log.read_bytes()


async def test_a_log_that_can_not_be(house: House) -> None:
    """The program runs, an issue says why; once it can be, nothing is missing."""
    house.write({"web": sh("echo one; exec sleep 1000")})
    (house.root / "logs").write_text("in the way")
    await house.start()
    await house.running("web")
    log = house.root / "logs" / "web.log"
    status = await house.until_status(lambda s: bool(issues(s, "output of web")))
    [words] = issues(status, "output of web")
    assert f"WARNING: output of web: cannot write log '{log}'" in words
    advice = status["recommendations"][status["issues"].index(words)]
    assert f"namei -l {log}" in advice
    ran = await house.ctl("tail", "web")
    assert f"cannot write log '{log}'" in ran.err
    (house.root / "logs").unlink()
    await house.until_status(lambda s: [] == s["issues"])
    assert b"one\n" == log.read_bytes()
    assert "web: its output is taken again" in house.log()


async def test_what_is_lost_at_the_end_is_told(house: House) -> None:
    """A daemon that can't write the last of it before it ends says of whom."""
    house.write({"web": sh("echo one; exec sleep 1000"), "api": sh("exec sleep 1000")})
    (house.root / "logs").write_text("in the way")
    await house.start()
    await house.running("web", "api")
    await house.until_status(lambda s: bool(issues(s, "output of web")))
    assert 0 == await house.stop()
    assert "web: the last of its output is lost: cannot write log" in house.log()
    assert "api: the last" not in house.log()


@pytest.fixture
async def small_disk(house: House) -> AsyncIterator[Path]:
    """Give a log folder on a file system of 2 MiB."""
    folder = house.root / "logs"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=2M", "none", str(folder))
    ran = await execute(*mount, cwd=house.root) if os.geteuid() == 0 else None
    if ran is None or ran.status != 0:
        pytest.skip("cannot mount here")
    yield folder
    with trio.CancelScope(shield=True):
        await house.close()
        await execute("umount", "-l", str(folder), cwd=Path("/"))


async def test_a_full_disk(house: House, small_disk: Path) -> None:
    """The program lives and waits; with room all of it is written, and none twice."""
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1_900_000))
    last = 200_000  # 1.3 MB
    house.write({"web": sh(f"seq 1 {last}; exec sleep 1000")})
    await house.start()
    pids = await house.running("web")
    status = await house.until_status(lambda s: bool(issues(s, "no space left")))
    assert "warning" == status["status"]
    assert pids == await house.running("web")
    filler.unlink()
    log = small_disk / "web.log"
    await soon(lambda: log.stat().st_size >= len(numbers(last)))
    assert numbers(last) == log.read_bytes()
    await house.until_status(lambda s: [] == s["issues"])
    assert pids == await house.running("web")


async def test_a_program_that_is_removed_leaves_no_fifo(house: House) -> None:
    """After an update its FIFOs are gone, and the others' are not."""
    house.write({"web": sh("exec sleep 1000"), "api": sh("exec sleep 1000")})
    await house.start()
    await house.running("web", "api")
    house.change(web=None)
    assert 0 == (await house.ctl("update")).status
    names = {path.name for path in (house.root / "run").rglob("*.std*")}
    assert {"api.stdout", "api.stderr"} == names


async def test_descriptors_are_raised_for_the_daemon_alone(house: House) -> None:
    """A low soft limit is no trouble, and programs get it as it was given."""
    house.write(
        {f"p{n}": sh("exec sleep 1000") for n in range(10)}
        | {"web": once("ulimit -Sn")}
    )
    await house.start(prefix=("sh", "-c", 'ulimit -Sn 64; exec "$@"', "sh"))
    await house.until(EXITED)
    assert "64\n" == (house.root / "logs" / "web.log").read_text()
    await house.until_status(lambda s: [] == issues(s, "may open"))


async def test_too_few_descriptors_are_told(house: House) -> None:
    """With how many it takes, and where to say so."""
    house.write({f"p{n}": sh("exec sleep 1000") for n in range(3)})
    await house.start(prefix=("sh", "-c", 'ulimit -n 100; exec "$@"', "sh"))
    status = await house.until_status(lambda s: bool(issues(s, "may open")))
    [words] = issues(status, "may open")
    assert "the daemon may open 100 files; for 3 programs it needs 315" in words
