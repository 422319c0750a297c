"""nginx, Redis and PostgreSQL as in etc/examples: broken in earnest, and healed.

How long it took to notice, and to heal, is printed: pytest -s tests/examples
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
import trio
from harness import Document, Events, House, said, soon

EXAMPLES = Path(__file__).parents[2] / "etc" / "examples"
NEEDED = {
    "nginx": "/usr/sbin/nginx",
    "redis": "/usr/bin/redis-server",
    "postgresql": "/usr/lib/postgresql/15/bin/postgres",
}
QUICK = {
    "daemon": {"sample_interval": 0.3},
    "healing": {"verify_secs": 1, "backoff_initial": 0.5, "backoff_max": 1},
}
MIB = 2**20

pytestmark = pytest.mark.process

Inject: TypeAlias = Callable[[int], Awaitable[None] | None]


def need(name: str) -> None:
    """Skip where a service is not installed, and fail where it has to be: on CI."""
    missing = not Path(NEEDED[name]).exists()
    if os.geteuid() == 0 and not missing:
        return
    reason = (
        f"{NEEDED[name]} is missing" if missing else "its user takes root to become"
    )
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str, check: bool = True) -> None:
    """Run what makes or breaks the surroundings of a service."""
    subprocess.run(  # noqa: TID251 - no child to supervise
        command, check=check, capture_output=True, cwd="/"
    )


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for one in found:
        listed = Path(f"/proc/{one}/task/{one}/children").read_text().split()
        found += map(int, listed)
    return found


def freeze(pid: int) -> None:
    """All of it: a host that swaps, or a debugger that was forgotten."""
    for one in tree(pid):
        os.kill(one, signal.SIGSTOP)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def starve(pid: int) -> None:
    """Leave it the descriptors that it has, and let it have no other."""
    for one in tree(pid):
        try:
            _starve(one)
        except (FileNotFoundError, subprocess.CalledProcessError):
            # Its workers come and go.
            if Path(f"/proc/{one}").exists():
                raise


def _starve(pid: int) -> None:
    owner = Path(f"/proc/{pid}").stat()
    limit = ["prlimit", f"--pid={pid}", "--nofile=3:3"]
    # Of another user's process root alone could not, without CAP_SYS_RESOURCE.
    become = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}"]
    run(*become, "--clear-groups", *limit)


def tell(what: str, noticed: float, healed: float) -> None:
    words = f"noticed after {noticed:.2f} s, well again after {healed:.2f} s"
    sys.stdout.write(f"\n{what}: {words}")


class Service:
    """One of the examples, running in a house of its own."""

    def __init__(self, house: House, name: str, table: Document) -> None:
        self.house, self.name, self.table = house, name, table

    async def breaks(self, what: str, inject: Inject) -> None:
        """Break it, and wait until it is verified to be well again."""
        async with self.house.connect() as line:
            await line.call("subscribe", last=0)
            while (await line.next()).get("method") != "live":
                pass
            events = Events(line, self.house.log)
            pid = (await self.house.running(self.name))[self.name]
            began = trio.current_time()
            done = inject(pid)
            if done is not None:
                await done
            await events.until(said(kind="incident.opened", service=self.name))
            noticed = trio.current_time() - began
            (ended,) = await events.until(
                said(kind="incident.ended", service=self.name), seconds=90
            )
            healed = trio.current_time() - began
        assert ended["data"]["incident"]["outcome"] == "healed", self.said()
        await self.house.running(self.name)
        tell(f"{self.name} {what}", noticed, healed)

    def said(self) -> str:
        """What the daemon and the service wrote."""
        logs = sorted((self.house.root / "logs").iterdir())
        texts = (log.read_text(errors="replace")[-5000:] for log in logs)
        return "\n---\n".join([self.house.log(), *texts])


@asynccontextmanager
async def example(
    name: str,
    files: Callable[[Path], dict[str, str]],
    more: Callable[[Path], Document] = lambda _: {},
) -> AsyncIterator[Service]:
    """Run an example: ``files`` makes what it needs and returns its variables.

    ``more`` are tables besides its own.
    """
    house = House()
    disk = house.root / "disk"
    disk.mkdir()
    try:
        house.root.chmod(0o755)
        run("mount", "-t", "tmpfs", "-o", "size=120m,mode=755", "tmpfs", str(disk))
        variables = files(house.root)
        tables = tomllib.loads((EXAMPLES / f"{name}.toml").read_text())
        program = tables["program"].pop(name)
        hasten(program)
        house.write(
            {name: program},
            **merged(QUICK, merged(tables_of(tables), more(house.root))),
        )
        await house.start(environ=variables)
        await house.running(name)
        yield Service(house, name, program)
    finally:
        await house.close()
        run("umount", "-l", str(disk), check=False)
        shutil.rmtree(house.root, ignore_errors=True)


def hasten(program: Document) -> None:
    """Look more often than one would, and have less patience."""
    program["stopwaitsecs"] = 2
    program["liveness"] |= {"period": 0.4, "timeout": 1, "failure_threshold": 2}
    program["healing"] = {"verify_secs": 1}


def tables_of(tables: Document) -> Document:
    return {kind: table for kind, table in tables.items() if table}


def merged(one: Document, other: Document) -> Document:
    both = {**one, **other}
    for key in one.keys() & other.keys():
        both[key] = {**one[key], **other[key]}
    return both


def nginx_files(root: Path) -> dict[str, str]:
    port = free_port()
    (root / "nginx.conf").write_text(
        f"""user www-data; worker_processes 2; pid {root}/nginx.pid;
error_log stderr; events {{ worker_connections 128; }}
http {{ access_log off; server {{
  listen 127.0.0.1:{port}; location / {{ return 200 "well"; }} }} }}
"""
    )
    return {
        "NGINX_CONF": str(root / "nginx.conf"),
        "NGINX_URL": f"http://127.0.0.1:{port}/",
        "PORT": str(port),
    }


@pytest.mark.timeout(200)
async def test_nginx_is_healed() -> None:
    """Killed, frozen, and out of descriptors."""
    need("nginx")
    async with example("nginx", nginx_files) as nginx:
        await nginx.breaks("killed", kill)
        await nginx.breaks("frozen", freeze)
        await nginx.breaks("with one worker frozen", freeze_workers)
        await nginx.breaks("starved of descriptors", starve)


def freeze_workers(pid: int) -> None:
    """The master is well, and knows nothing of it."""
    for one in tree(pid)[1:]:
        os.kill(one, signal.SIGSTOP)


def redis_files(root: Path) -> dict[str, str]:
    port = free_port()
    folder = root / "redis"
    folder.mkdir()
    shutil.chown(folder, "redis", "redis")
    (root / "redis.conf").write_text(
        f'bind 127.0.0.1\nport {port}\ndir {folder}\nsave ""\nlogfile ""\n'
    )
    return {
        "REDIS_CONF": str(root / "redis.conf"),
        "REDIS_ADDRESS": f"127.0.0.1:{port}",
        "REDIS_MEMORY": "80MiB",
    }


@pytest.mark.timeout(200)
async def test_redis_is_healed() -> None:
    """Killed, frozen, out of descriptors, and filled with more than it may hold."""
    need("redis")
    port = 0

    def files(root: Path) -> dict[str, str]:
        nonlocal port
        variables = redis_files(root)
        port = int(variables["REDIS_ADDRESS"].rpartition(":")[2])
        return variables

    async def fill(_: int) -> None:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            value = b"x" * MIB
            for number in range(120):
                key = f"key{number}".encode()
                head = b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n"
                await stream.send_all(head % (len(key), key, MIB) + value + b"\r\n")
                assert b"+OK" in await stream.receive_some(64)

    async with example("redis", files) as redis:
        await redis.breaks("killed", kill)
        await redis.breaks("frozen", freeze)
        await redis.breaks("starved of descriptors", starve)
        await redis.breaks("filled", fill)


def database(root: Path) -> dict[str, str]:
    """Make a cluster, and a socket folder that its user may write to."""
    port = free_port()
    data, sockets = root / "disk" / "data", root / "pg"
    for folder in (data, sockets):
        folder.mkdir()
        shutil.chown(folder, "postgres", "postgres")
    become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    initdb = ["/usr/lib/postgresql/15/bin/initdb", "-D", str(data)]
    run(*become, *initdb, "-A", "trust", "-N", "--wal-segsize=1")
    config = data / "postgresql.conf"
    config.write_text(
        f"port = {port}\nlisten_addresses = ''\nunix_socket_directories = '{sockets}'\n"
        "max_connections = 20\nshared_buffers = '4MB'\nmax_wal_size = '4MB'\n"
        "min_wal_size = '2MB'\ndynamic_shared_memory_type = mmap\n"
    )
    return {
        "PGDATA": str(data),
        "PGCONFIG": str(config),
        "PGHOST": str(sockets),
        "PGPORT": str(port),
    }


@pytest.mark.timeout(300)
async def test_postgresql_is_healed() -> None:
    """Killed, frozen, out of descriptors, and on a disk that is full."""
    need("postgresql")
    ports: dict[str, str] = {}

    def files(root: Path) -> dict[str, str]:
        ports.update(database(root))
        return ports

    async def writes() -> bool:
        psql = ["/usr/bin/psql", "-U", "postgres", "-q", "-c"]
        rows = "CREATE TABLE t AS SELECT generate_series(1, 100000)"
        environ = {**os.environ, **ports}
        done = await trio.run_process(
            [*psql, rows], env=environ, check=False, capture_stderr=True
        )
        return done.returncode == 0

    def room(root: Path) -> Document:
        rule = {"when": f"disk {root}/disk > 95%", "remedy": "run make-room"}
        command = ["rm", "-f", f"{root}/disk/ballast"]
        return {
            "host": {"rules": [rule]},
            "runbook": {"make-room": {"command": command}},
        }

    async with example("postgresql", files, room) as postgresql:
        await postgresql.breaks("killed", kill)
        await postgresql.breaks("frozen", freeze)
        await postgresql.breaks("starved of descriptors", starve)
        ballast = postgresql.house.root / "disk" / "ballast"
        run("dd", "if=/dev/zero", f"of={ballast}", "bs=1M", check=False)
        began = trio.current_time()
        await soon(lambda: not ballast.exists())
        noticed = trio.current_time() - began
        await soon(writes)
        tell("postgresql on a full disk", noticed, trio.current_time() - began)


@pytest.mark.parametrize("name", sorted(NEEDED))
async def test_an_example_is_right_as_it_is(name: str) -> None:
    """A copy in conf.d is taken without a change."""
    need(name)
    house = House()
    try:
        shutil.copy(EXAMPLES / f"{name}.toml", house.config)
        checked = await house.check()
        assert (0, "") == (checked.status, checked.err)
    finally:
        await house.close()
