"""Looks at files, folders and certificates; none of it holds the loop.

What hangs, such as a dead network disk, is left behind in its thread and is unknown; it
is not looked at again before that thread is back.
"""

import hashlib
import os
import ssl
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import assert_never

import trio

from selfhealingd.core.certificate import BadCertificate, expiry
from selfhealingd.core.check import (
    Absent,
    Asked,
    CertificateAt,
    CertificateFile,
    Damaged,
    FileCheck,
    FolderCheck,
    Found,
    Seen,
    Unknown,
    Valid,
)
from selfhealingd.observe.slow import SECS, Slow

HASH_SECS = 300.0
"""How long reading a whole file may take."""

CONNECT_SECS = 10.0
"""How long a server has to show its certificate."""

_LARGEST = 1 << 20

_Stamp = tuple[int, int, int, int]
"""What is another when a file's content may be."""


class Looker:
    """Remembers the digest of each file until it may be another."""

    def __init__(self) -> None:
        self._slow = Slow()
        self._digests: dict[str, tuple[_Stamp, str]] = {}

    async def look(self, what: Asked) -> Seen:
        """Return how it is."""
        match what:
            case FileCheck(path=path, hashed=hashed):
                secs = HASH_SECS if hashed else SECS
                work = partial(self._file, path, hashed=hashed)
                return await self._call(path, work, secs)
            case FolderCheck(path=path):
                return await self._call(path, partial(_folder, path), SECS)
            case CertificateFile(path=path):
                return await self._call(path, partial(_certificate, path), SECS)
            case CertificateAt(host=host, port=port):
                return await _shown(host, port)
            case _:
                assert_never(what)

    async def _call(self, path: str, work: Callable[[], Seen], secs: float) -> Seen:
        guarded = partial(_guarded, path, work)
        seen = await self._slow.call(path, guarded, secs=secs)
        return Unknown(f"{path} does not answer") if seen is None else seen

    def _file(self, path: str, *, hashed: bool) -> Seen:
        """Look at a file; in a thread."""
        fact = os.stat(path)  # noqa: PTH116 - a Path says no more
        digest = None
        if hashed and not (stat.S_ISREG(fact.st_mode) or stat.S_ISDIR(fact.st_mode)):
            return Unknown(f"{path} is no regular file, so that it has no checksum")
        if hashed and stat.S_ISREG(fact.st_mode):
            stamp = (fact.st_ino, fact.st_size, fact.st_mtime_ns, fact.st_ctime_ns)
            known = self._digests.get(path)
            if known is None or known[0] != stamp:
                with Path(path).open("rb") as file:
                    known = (stamp, hashlib.file_digest(file, "sha256").hexdigest())
                self._digests[path] = known
            digest = known[1]
        return Found(
            folder=stat.S_ISDIR(fact.st_mode),
            modified=fact.st_mtime,
            size=fact.st_size,
            digest=digest,
        )


def _guarded(path: str, work: Callable[[], Seen]) -> Seen:
    try:
        return work()
    except (FileNotFoundError, NotADirectoryError):
        return Absent()
    except OSError as error:
        return Unknown(f"{path}: {error.strerror or error}")


def _folder(path: str) -> Seen:
    fact = os.stat(path)  # noqa: PTH116 - a Path says no more
    folder = stat.S_ISDIR(fact.st_mode)
    entries = 0
    if folder:
        with os.scandir(path) as found:
            entries = sum(1 for _ in found)
    return Found(folder=folder, modified=fact.st_mtime, entries=entries)


def _certificate(path: str) -> Seen:
    with Path(path).open("rb") as file:
        return _read(file.read(_LARGEST))


def _read(data: bytes) -> Seen:
    try:
        return Valid(expiry(data))
    except BadCertificate as error:
        return Damaged(str(error))


async def _shown(host: str, port: int) -> Seen:
    """Ask a server for its certificate, whoever signed it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    where = f"{host}:{port}"
    try:
        with trio.fail_after(CONNECT_SECS):
            stream = await trio.open_ssl_over_tcp_stream(
                host, port, https_compatible=True, ssl_context=context
            )
            try:
                await stream.do_handshake()
                data = stream.getpeercert(binary_form=True)
            finally:
                await trio.aclose_forcefully(stream)
    except trio.TooSlowError:
        return Unknown(f"{where} did not show it within {CONNECT_SECS:g} s")
    except (OSError, ssl.SSLError, trio.BrokenResourceError) as error:
        return Unknown(f"{where}: {_reason(error)}")
    return _read(data or b"")


def _reason(error: Exception) -> str:
    """Say what lies under what trio makes of it."""
    cause: BaseException = error.__cause__ or error
    if isinstance(cause, BaseExceptionGroup):  # one of each address
        cause = cause.exceptions[0]
    if isinstance(cause, ssl.SSLError):
        return f"no TLS: {(cause.reason or str(cause)).lower().replace('_', ' ')}"
    if isinstance(cause, OSError) and (cause.errno or 0) > 0:
        return os.strerror(cause.errno or 0)
    return str(cause)
