"""Files, folders and certificates as they are on a real machine."""

import hashlib
import os
import shutil
import socket
import ssl
import subprocess
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trio

from selfhealingd.clock import utc_now
from selfhealingd.core.check import (
    Absent,
    CertificateAt,
    CertificateFile,
    Damaged,
    FileCheck,
    FolderCheck,
    Found,
    Unknown,
    Valid,
)
from selfhealingd.observe import looking
from selfhealingd.observe.looking import Looker

pytestmark = pytest.mark.process

DAY = 86400.0
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes certificates with openssl"
)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A key and a certificate for three days, in one file."""
    make = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        " -keyout key.pem -out cert.pem -subj /CN=localhost -days 3"
    )
    subprocess.check_output(make.split(), cwd=tmp_path, stderr=subprocess.DEVNULL)
    both = tmp_path / "both.pem"
    both.write_text(
        (tmp_path / "key.pem").read_text() + (tmp_path / "cert.pem").read_text()
    )
    return both


async def test_a_file(tmp_path: Path) -> None:
    """Its time, its size, and its content only where that matters."""
    file = tmp_path / "f"
    file.write_bytes(b"hello")
    os.utime(file, (5, 5))
    looker = Looker()
    plain = await looker.look(FileCheck(path=str(file)))
    assert Found(folder=False, modified=5.0, size=5) == plain
    hashed = await looker.look(FileCheck(path=str(file), unchanged=True))
    digest = hashlib.sha256(b"hello").hexdigest()
    assert Found(folder=False, modified=5.0, size=5, digest=digest) == hashed


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """Also where somebody has set its time back, and its size is the same."""
    file = tmp_path / "f"
    looker = Looker()
    digests = []
    for content in (b"one", b"two"):
        file.write_bytes(content)
        os.utime(file, (5, 5))
        seen = await looker.look(FileCheck(path=str(file), unchanged=True))
        assert isinstance(seen, Found)
        digests.append(seen.digest)
    assert digests == [hashlib.sha256(text).hexdigest() for text in (b"one", b"two")]


async def test_a_folder(tmp_path: Path) -> None:
    """With what is directly in it."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "c").touch()
    seen = await Looker().look(FolderCheck(path=str(tmp_path)))
    assert isinstance(seen, Found)
    assert (True, 2) == (seen.folder, seen.entries)


async def test_what_is_not_there(tmp_path: Path) -> None:
    """A file in the place of a folder on the way is as good as none."""
    (tmp_path / "f").touch()
    for path in (tmp_path / "x", tmp_path / "f" / "x"):
        assert Absent() == await Looker().look(FileCheck(path=str(path)))


async def test_what_can_not_be_looked_at_is_unknown() -> None:
    """And says why."""
    seen = await Looker().look(FileCheck(path="/proc/self/mem", unchanged=True))
    assert isinstance(seen, Unknown)
    assert seen.why.startswith("/proc/self/mem: ")


async def test_a_checksum_is_of_a_regular_file(tmp_path: Path) -> None:
    """A FIFO has none, so that nothing follows."""
    os.mkfifo(tmp_path / "pipe")
    seen = await Looker().look(FileCheck(path=str(tmp_path / "pipe"), unchanged=True))
    assert isinstance(seen, Unknown)
    assert "is no regular file" in seen.why


async def test_who_shows_no_certificate_is_told_in_words(nursery: trio.Nursery) -> None:
    """Nobody listens there, or somebody who speaks without TLS."""

    async def plain(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    serve = partial(trio.serve_tcp, plain, 0, host="127.0.0.1")
    [listener] = await nursery.start(serve)
    port = listener.socket.getsockname()[1]
    asked = CertificateAt(host="127.0.0.1", port=port, expires_within=1)
    seen = await Looker().look(asked)
    assert seen == Unknown(f"127.0.0.1:{port}: no TLS: wrong version number")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        asked = CertificateAt(host="127.0.0.1", port=port, expires_within=1)
        seen = await Looker().look(asked)
    assert seen == Unknown(f"127.0.0.1:{port}: Connection refused")


async def test_what_hangs_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked once, however often it is looked at, until it answers."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    monkeypatch.setattr(looking, "SECS", 0.05)
    looker, asked = Looker(), CertificateFile(path=str(pipe), expires_within=DAY)
    before = trio.current_time()
    for _ in range(3):
        assert Unknown(f"{pipe} does not answer") == await looker.look(asked)
    assert trio.current_time() < before + 5
    other = tmp_path / "other"
    other.touch()
    assert isinstance(await looker.look(FileCheck(path=str(other))), Found)
    writer = os.open(pipe, os.O_WRONLY)  # lets the thread come back
    os.close(writer)


@needs_openssl
async def test_a_certificate_in_a_file(pair: Path) -> None:
    """Beside its key, too; what is no certificate is of no use."""
    asked = CertificateFile(path=str(pair), expires_within=DAY)
    seen = await Looker().look(asked)
    assert isinstance(seen, Valid)
    left = seen.until - utc_now().timestamp()
    assert 3 * DAY == pytest.approx(left, abs=120)
    await trio.Path(pair).write_text("rubbish")
    assert isinstance(await Looker().look(asked), Damaged)


@needs_openssl
async def test_a_certificate_of_a_server(pair: Path, nursery: trio.Nursery) -> None:
    """Whoever signed it; one that nobody serves is unknown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)

    async def serve(stream: trio.SSLStream[trio.SocketStream]) -> None:
        with suppress(trio.BrokenResourceError):  # it goes once it has seen enough
            await stream.receive_some()

    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    secure = trio.SSLListener(listener, context)
    nursery.start_soon(trio.serve_listeners, serve, [secure])
    asked = CertificateAt(host="127.0.0.1", port=port, expires_within=DAY)
    seen = await Looker().look(asked)
    assert isinstance(seen, Valid)
    of_file = await Looker().look(CertificateFile(path=str(pair), expires_within=DAY))
    assert of_file == seen


async def test_a_server_that_is_none() -> None:
    """Refused, or something else than TLS: unknown, with the reason."""
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    asked = CertificateAt(host="127.0.0.1", port=port, expires_within=DAY)

    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.send_all(b"220 hello\r\n" * 100)

    async with trio.open_nursery() as serving:
        serving.start_soon(trio.serve_listeners, serve, [listener])
        strange = await Looker().look(asked)
        serving.cancel_scope.cancel()
    refused = await Looker().look(asked)
    for seen in (strange, refused):
        assert isinstance(seen, Unknown)
        assert seen.why.startswith(f"127.0.0.1:{port}: ")
