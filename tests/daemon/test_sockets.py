"""Sockets handed down: what a client notices of restarts, which is nothing."""

import json
import os
import signal
import socket
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
import trio
from harness import Document, House, after, lives, programs, said, soon, well

pytestmark = pytest.mark.process

SERVER = Path(__file__).with_name("socket_server.py")


def server(**keys: Any) -> Document:
    """A program that answers each client with what it was handed."""
    return {
        "command": [sys.executable, "-S", "-E", str(SERVER)],
        "startsecs": 0.2,
        "sockets": ["web"],
        "stopwaitsecs": 20,
        **keys,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def at(port: int) -> Document:
    return {"web": {"listen": f"127.0.0.1:{port}"}}


async def ask(where: int | Path) -> Document:
    """Connect, and return what the server says."""
    with trio.fail_after(40):
        if isinstance(where, int):
            stream = await trio.open_tcp_stream("127.0.0.1", where)
        else:
            stream = await trio.open_unix_socket(str(where))
        async with stream:
            said = b"".join([chunk async for chunk in stream])
    answer: Document = json.loads(said)
    return answer


async def test_no_connection_is_lost_over_restarts(house: House) -> None:
    """A client that connects all the time meets 20 restarts and no refusal."""
    port = free_port()
    house.write({"web": server(startsecs=0)}, socket=at(port))
    await house.start()
    await house.running("web")
    pids: list[int] = []
    async with trio.open_nursery() as nursery:

        async def clients() -> None:
            while True:
                pids.append((await ask(port))["pid"])

        nursery.start_soon(clients)
        for run in range(2, 22):
            await house.call("restart", names=["web"])
            await house.until(after("RUNNING", "web", run=run))
            before = len(pids)
            await soon(lambda before=before: len(pids) > before + 1)
        nursery.cancel_scope.cancel()
    assert 20 <= len(set(pids))


async def test_systemds_protocol(house: House) -> None:
    """Descriptors from 3 on, in the program's order, named; and nothing else."""
    path = house.root / "b.sock"
    port = free_port()
    sockets = {**at(port), "b": {"listen": str(path)}}
    limited = {"nofile": [100, 100]}
    keys = {"sockets": ["b", "web"], "rlimits": limited}
    house.write({"web": server(**keys)}, socket=sockets)
    # A descriptor that the daemon was given must not reach its programs.
    given = ["sh", "-c", 'exec 9</dev/null; exec "$@"', "sh"]
    await house.start(prefix=given)
    pids = await house.running("web")
    answer = await ask(path)
    assert pids["web"] == answer["pid"]
    listen = {k: v for k, v in answer["environ"].items() if k.startswith("LISTEN_")}
    assert listen == {
        "LISTEN_FDS": "2",
        "LISTEN_PID": str(pids["web"]),
        "LISTEN_FDNAMES": "b:web",
    }
    assert {"0", "1", "2", "3", "4"} == set(answer["fds"])
    assert [str(path), ["127.0.0.1", port]] == answer["names"]
    assert answer == {**(await ask(port)), "at": answer["at"]}


async def test_fastcgis_way(house: House) -> None:
    """The socket is stdin, for all processes of the program."""
    path = house.root / "deep" / "fcgi.sock"
    keys = {"socket_as": "stdin", "numprocs": 2}
    house.write({"web": server(**keys)}, socket={"web": {"listen": str(path)}})
    await house.start()
    pids = set((await house.running("web_00", "web_01")).values())
    seen: dict[int, Document] = {}
    with trio.fail_after(40):
        while len(seen) < 2:
            answer = await ask(path)
            seen[answer["pid"]] = answer
    assert pids == seen.keys()
    for answer in seen.values():
        assert [str(path)] == answer["names"]
        assert not [key for key in answer["environ"] if key.startswith("LISTEN_")]


async def test_a_command_that_is_not_there(house: House) -> None:
    """Is told as without sockets, which stay usable."""
    keys = {"command": "no-such-command", "environment": {"PATH": "/nowhere:/tmp"}}
    house.write({"web": server(**keys)}, socket=at(free_port()))
    await house.start()
    [told] = await house.until(said(kind="incident.opened", service="web"))
    assert (
        "cannot start 'no-such-command': not found in PATH=/nowhere:/tmp"
        in (told["words"])
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change users")
async def test_as_another_user(house: House) -> None:
    """With its groups, and with limits, whose setting takes another way."""
    house.root.chmod(0o755)
    port = free_port()
    for limits in ({}, {"rlimits": {"nofile": 100}}):
        # What the user may read is the interpreter's matter: the shell is enough.
        script = 'echo "$(id -u) $LISTEN_PID $$" >&2; exec sleep 1000'
        log = {"stderr_logfile": f"{len(limits)}.log", "directory": "/"}
        command = {"command": ["sh", "-c", script], "user": "nobody"}
        house.write({"web": server(**command, **log, **limits)}, socket=at(port))
        await house.start()
        pids = await house.running("web")
        pid = pids["web"]
        words = (house.root / "logs" / f"{len(limits)}.log").read_text()
        assert f"65534 {pid} {pid}\n" == words
        await house.stop()


async def test_a_start_on_the_first_connection(house: House) -> None:
    """The one who comes first is served, as the one who comes after its end is."""
    port = free_port()
    web = server(autostart="on-connection", exitcodes=[0])
    house.write({"web": web, "other": well()}, socket=at(port))
    await house.start()
    await house.running("other")
    shown = await house.program("web")
    words = f"starts on the first connection to 127.0.0.1:{port}"
    assert ("STOPPED", words, 0) == (shown["state"], shown["next"], shown["runs"])
    first = await ask(port)
    await house.until(said("a client connected", service="web"))
    assert {"web": first["pid"]} == await house.running("web")
    os.kill(first["pid"], signal.SIGTERM)
    await house.until(after("EXITED", "web"))
    assert words == (await house.program("web"))["next"]
    second = await ask(port)
    assert first["pid"] != second["pid"]
    ran = await house.ctl("stop", "web")
    assert 0 == ran.status
    async with await trio.open_tcp_stream("127.0.0.1", port) as waiting:
        status = await house.call("status")
        assert ("STOPPED", None) == tuple(
            programs(status)["web"][key] for key in ("state", "next")
        )
        assert 0 == (await house.ctl("start", "web")).status
        with trio.fail_after(40):
            assert b"pid" in await waiting.receive_some()


async def test_a_reload_moves_a_socket(house: House) -> None:
    """Of one that waits for a client, at once; the former address is free again."""
    old, new = free_port(), free_port()
    web = server(autostart="on-connection")
    house.write({"web": web}, socket=at(old))
    await house.start()
    house.write({"web": web}, socket=at(new))
    assert 0 == (await house.ctl("reload")).status
    assert (await ask(new))["names"] == [["127.0.0.1", new]]
    await soon(lambda: refuses(old))


async def test_an_update_keeps_the_queue(house: House) -> None:
    """Another backlog or command restarts the program, and opens nothing anew."""
    path = house.root / "web.sock"
    house.write({"web": server()}, socket={"web": {"listen": str(path)}})
    await house.start()
    await house.running("web")
    inode = path.stat().st_ino
    socket_of_path = {"listen": str(path), "backlog": 7, "mode": "0600"}
    house.write({"web": server()}, socket={"web": socket_of_path})
    assert 0 == (await house.ctl("reload")).status
    assert (await house.program("web"))["pendingUpdate"]
    assert 0o660 == stat.S_IMODE(path.stat().st_mode)
    assert 0 == (await house.ctl("update")).status
    await ask(path)
    assert (inode, 0o600) == (path.stat().st_ino, stat.S_IMODE(path.stat().st_mode))
    house.write({"web": server(sockets=[], command=["sleep", "1000"])})
    assert 0 == (await house.ctl("update")).status
    assert not path.exists()


def refuses(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) != 0


async def test_a_unix_socket_and_a_stale_file(house: House) -> None:
    """What nobody listens on is replaced; at the end the file is gone."""
    path = house.root / "web.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    web = {"listen": "unix:web.sock", "mode": "0640"}
    house.write({"web": server()}, socket={"web": web})
    await house.start()
    await house.running("web")
    assert 0o640 == stat.S_IMODE(path.stat().st_mode)
    await ask(path)
    # Somebody cleans up too eagerly: the next start makes it again.
    path.unlink()
    assert 0 == (await house.ctl("restart", "web")).status
    await ask(path)
    assert 0 == await house.stop()
    assert not path.exists()


async def test_a_port_that_is_taken(house: House) -> None:
    """The start fails with who has it, and is healed once he is gone."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        house.write({"web": server(), "other": well()}, socket=at(port))
        await house.start()
        [told] = await house.until(said(kind="incident.opened", service="web"))
        where = f"cannot open [socket.web] 127.0.0.1:{port}: "
        assert where in told["words"]
        assert f"(pid {os.getpid()}) listens there already; end that" in told["words"]
        await house.running("other")
    await house.until(said(kind="incident.ended", service="web"))
    await ask(port)


async def test_who_comes_while_it_cannot_be_opened(house: House) -> None:
    """A program that should wait for clients is told as failing where none can come."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        web = server(autostart="on-connection")
        house.write({"web": web}, socket=at(port))
        await house.start()
        await house.until(said("listens there already", kind="incident.opened"))
    await house.until(said(kind="incident.ended", service="web"))
    await ask(port)


@pytest.mark.skipif(os.geteuid() != 0, reason="a user may not trace an orphan")
@pytest.mark.parametrize("kind", ["port", "unix"])
async def test_kill_9_of_the_daemon(house: House, kind: str) -> None:
    """The next daemon has the socket before its predecessor's program lets it go."""
    where: int | Path = free_port() if kind == "port" else house.root / "web.sock"
    listen = f"127.0.0.1:{where}" if kind == "port" else str(where)
    house.write({"web": server()}, socket={"web": {"listen": listen}})
    await house.start()
    await house.running("web")
    answers: list[int] = []
    async with trio.open_nursery() as nursery:

        async def clients() -> None:
            while True:
                answers.append((await ask(where))["pid"])

        nursery.start_soon(clients)
        for _ in range(2):
            before = len(answers)
            await soon(lambda before=before: len(answers) > before)
            await house.kill9()
            await house.start()
            pids = await house.running("web")
            old = {pid for pid in answers if pid not in pids.values()}
            await soon(lambda old=old: not any(map(lives, old)))
            await house.ctl("restart", "web")
        nursery.cancel_scope.cancel()
    status = await house.call("status")
    assert not [issue for issue in status["issues"] if "socket" in issue]
    assert 0 == await house.stop()
    assert not (house.root / "web.sock").exists()


async def test_no_client_is_refused_during_an_upgrade(house: House) -> None:
    """Not even by a program that is stopped, so that nobody else has its socket."""
    port = free_port()
    house.write({"web": server(startsecs=0)}, socket=at(port))
    await house.start()
    await house.running("web")
    assert 0 == (await house.ctl("stop", "web")).status
    connected = 0

    async def connect() -> None:
        nonlocal connected
        while True:
            # The kernel takes them for whoever accepts them later.
            with socket.socket() as client:
                client.connect(("127.0.0.1", port))
            connected += 1
            await trio.sleep(0.005)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(connect)
        upgraded = await house.ctl("upgrade")
        assert 0 == upgraded.status, upgraded.err
        before = connected
        await soon(lambda: connected > before + 10)
        nursery.cancel_scope.cancel()
    assert 0 == (await house.ctl("start", "web")).status
