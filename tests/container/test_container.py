"""The example image, as far as it can be had without an engine.

Its config, environment, user, command and health check are those of
``etc/container``; the rest (root file system, mounts) is made by ``box.sh``.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from harness import DEADLINE, Ran, soon

import selfhealingd

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces and mounts take root"),
]

EXAMPLE = Path(__file__).parents[2] / "etc" / "container"
BOX = Path(__file__).with_name("box.sh")
IMAGE = (EXAMPLE / "Containerfile").read_text().replace("\\\n", " ")

CHATTY = """
[program.chatty]
command = ["sh", "-c", "echo pid $$; touch /usr/mark || echo refused; exec sleep 1000"]
stdout_logfile = "/dev/stdout"
redirect_stderr = true
"""
DONE = """
[program.job]
command = "true"
startsecs = 0
essential = true
"""
WRAPPER = """#!/bin/sh
exec {python} -m {module} "$@"
"""


def instruction(name: str) -> str:
    """Return the arguments of an instruction's last occurrence in the Containerfile."""
    *_, last = re.finditer(rf"^{name} (.*)$", IMAGE, re.MULTILINE)
    return last[1]


def listed(text: str) -> list[str]:
    """Return the words of a JSON list at the end of an instruction."""
    words: list[str] = json.loads(text[text.index("[") :])
    return words


USER, _, GROUP = instruction("USER").partition(":")
ENVIRONMENT = dict(word.split("=", 1) for word in shlex.split(instruction("ENV")))


def environment(folder: Path) -> dict[str, str]:
    """Return what the image sets, and where Python finds what is tested here."""
    source = str(Path(selfhealingd.__file__).parents[1])
    path = f"{folder / 'bin'}:{ENVIRONMENT['PATH']}"
    return {**ENVIRONMENT, "PATH": path, "PYTHONPATH": source}


@dataclass(frozen=True)
class Box:
    """A container that was started."""

    folder: Path
    process: trio.Process

    @property
    def status(self) -> str:
        """What the kernel says of its PID 1."""
        return Path(f"/proc/{self.first}/status").read_text()

    @property
    def said(self) -> str:
        """What came out of it."""
        return (self.folder / "output").read_text()

    @property
    def first(self) -> int:
        """The pid of its PID 1, as seen from here; 0 when there is none."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        found = children.read_text().split() if children.exists() else []
        return int(found[0]) if found else 0

    async def run(self, *command: str) -> Ran:
        """Run a command inside, as ``podman exec`` does."""
        inside = ["nsenter", f"--target={self.first}", "--all", "--root", "--wdns=/"]
        inside += [f"--setuid={USER}", f"--setgid={GROUP}"]
        with trio.fail_after(DEADLINE):
            ran = await trio.run_process(
                [*inside, *command],
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                env=environment(self.folder),
            )
        return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    async def children(self) -> list[str]:
        """Return the names of all children of PID 1, zombies included."""
        told = await self.run("sh", "-c", "cat /proc/[0-9]*/stat")
        return sorted(re.findall(r"^\d+ \((.*)\) \w 1 ", told.out, re.MULTILINE))

    async def healthy(self) -> bool:
        """Ask the image's own health check."""
        return (await self.run(*listed(instruction("HEALTHCHECK")))).status == 0

    async def end(self) -> int:
        """Wait for the end; return the container's exit status."""
        with trio.fail_after(DEADLINE):
            return await self.process.wait()


@asynccontextmanager
async def boot(folder: Path, programs: str) -> AsyncIterator[Box]:
    """Start the image with some programs more."""
    lay_out(folder, programs)
    source, home = Path(selfhealingd.__file__).parents[1], Path(sys.base_prefix)
    shown = {folder / "bin", Path(sys.prefix), source, home}
    namespaces = ("--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup")
    with (folder / "output").open("wb") as output:
        process = await trio.lowlevel.open_process(
            ["unshare", *namespaces, "--fork", "--kill-child", "sh", str(BOX), *shown],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment(folder), "FOLDER": str(folder), "UID_": USER},
        )
    box = Box(folder, process)
    try:
        yield box
    finally:
        with trio.CancelScope(shield=True):
            # Its PID 1 changed its user, which undoes what --kill-child has arranged.
            if first := box.first:
                os.kill(first, signal.SIGKILL)
            else:
                process.kill()
            await process.wait()


def lay_out(folder: Path, programs: str) -> None:
    """Write what the box script takes, and commands that the image's user can run."""
    etc = folder / "etc" / "selfhealingd"
    (etc / "conf.d").mkdir(parents=True)
    main = "selfhealingd.toml"
    (etc / main).write_bytes((EXAMPLE / main).read_bytes())
    (etc / "conf.d" / "more.toml").write_text(programs)
    entry = listed(instruction("ENTRYPOINT"))
    (folder / "command").write_text("\n".join(entry) + "\n")
    (folder / "bin").mkdir()
    for module in ("selfhealingd", "selfhealctl"):
        tool = folder / "bin" / module
        tool.write_text(WRAPPER.format(python=sys.executable, module=module))
        tool.chmod(0o755)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    async with boot(tmp_path, CHATTY) as made:
        yield made


async def test_pid_one_is_well(box: Box) -> None:
    """On a read-only root, as a user whom nobody knows; programs are heard."""
    await soon(box.healthy)
    await soon(lambda: "refused" in box.said)
    assert "Read-only file system" in box.said
    assert re.search(r"^NSpid:\t\d+\t1$", box.status, re.MULTILINE)
    assert re.search(rf"^Uid:\t{USER}\t{USER}\t", box.status, re.MULTILINE)
    judged = json.loads((await box.run("selfhealctl", "health")).out)
    assert ("healthy", []) == (judged["status"], judged["issues"])


async def test_pid_one_reaps_orphans_and_ends_on_term(box: Box) -> None:
    """What an exec into the container leaves behind; then status 0."""
    await soon(box.healthy)
    # This returns when the orphan, which has the pipe as well, is no more.
    assert Ran(0, "orphan\n", "") == await box.run(
        "sh", "-c", "sleep 0.1 & echo orphan"
    )

    async def reaped() -> bool:
        return await box.children() == ["python3", "sleep"]

    await soon(reaped)
    os.kill(box.first, signal.SIGTERM)
    assert 0 == await box.end()


async def test_the_container_ends_with_its_purpose(tmp_path: Path) -> None:
    """An essential program that ended by itself ends it, with a failure's status."""
    async with boot(tmp_path, DONE) as box:
        assert 1 == await box.end()
        assert "job" in box.said
