"""Checks of files, folders and certificates: what is asked, and what is wrong."""

import shlex
from typing import TypeAlias, assert_never

import msgspec

from selfhealingd.core.remedy import Ladder
from selfhealingd.core.rules.units import exact, human
from selfhealingd.core.sample import Unit
from selfhealingd.core.spans import span


class FileCheck(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """How a file should be; None where it doesn't matter.

    ``unchanged``: its content is what it was; ``sha256``: in hexadecimal digits.
    """

    path: str
    exists: bool = True
    max_age: float | None = None
    min_size: int | None = None
    max_size: int | None = None
    unchanged: bool = False
    sha256: str | None = None

    @property
    def hashed(self) -> bool:
        """Whether its content matters."""
        return self.unchanged or self.sha256 is not None


class FolderCheck(msgspec.Struct, frozen=True, kw_only=True, tag="folder"):
    """How a folder should be; ``max_entries`` counts what is directly in it."""

    path: str
    exists: bool = True
    max_age: float | None = None
    max_entries: int | None = None


class CertificateFile(msgspec.Struct, frozen=True, kw_only=True, tag="certificate"):
    """A file of certificates that should be valid for so many more seconds."""

    path: str
    expires_within: float


class CertificateAt(msgspec.Struct, frozen=True, kw_only=True, tag="tls"):
    """The certificate that a server shows."""

    host: str
    port: int
    expires_within: float


Asked: TypeAlias = FileCheck | FolderCheck | CertificateFile | CertificateAt


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[check.NAME]``; ``service`` None: of the host. ``every`` in seconds."""

    name: str
    what: Asked
    every: float
    service: str | None = None
    ladder: Ladder = ()
    critical: bool = False

    @property
    def key(self) -> str:
        """Its symptom's key."""
        return f"check {self.name}"


class Absent(msgspec.Struct, frozen=True):
    """There is no such file or folder."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder as it is: ``modified`` in seconds since 1970.

    ``entries``: of a folder. ``digest``: SHA-256 of the content.
    """

    folder: bool
    modified: float
    size: int = 0
    entries: int = 0
    digest: str | None = None


class Valid(msgspec.Struct, frozen=True):
    """A certificate is valid until then, in seconds since 1970."""

    until: float


class Damaged(msgspec.Struct, frozen=True):
    """There is something where a certificate should be; says what is wrong with it."""

    why: str


class Unknown(msgspec.Struct, frozen=True):
    """It could not be looked at; says why."""

    why: str


Seen: TypeAlias = Absent | Found | Valid | Damaged | Unknown


class Fault(msgspec.Struct, frozen=True):
    """What is wrong: the settings that it isn't as, and in words."""

    keys: tuple[str, ...]
    words: str


def judge(what: Asked, seen: Seen, *, now: float, before: str | None) -> Fault | None:
    """Return what is wrong; None if nothing is, or nothing is known.

    ``now``: seconds since 1970. ``before``: the digest that the content should have
    where it should be unchanged; None: not known yet.
    """
    match what, seen:
        case _, Unknown():
            return None
        case FileCheck() | FolderCheck(), Absent():
            return _fault([("exists", f"{what.path} is not there")] * what.exists)
        case FileCheck() | FolderCheck(), Found() if not what.exists:
            return _fault([("exists", f"{what.path} is there")])
        case FileCheck(), Found():
            return _fault([*_age(what, seen, now), *_file(what, seen, before)])
        case FolderCheck(), Found():
            return _fault([*_age(what, seen, now), *_folder(what, seen)])
        case CertificateFile() | CertificateAt(), Valid(until=until):
            return _expiry(what, until, now)
        case CertificateFile() | CertificateAt(), Damaged(why=why):
            words = f"the certificate {shown(what)} is of no use: {why}"
            return Fault(("certificate",), words)
        case CertificateFile(path=path), Absent():
            return Fault(("certificate",), f"{path} is not there")
        case _:
            raise AssertionError(seen)


_Wrong: TypeAlias = list[tuple[str, str]]


def _fault(wrong: _Wrong) -> Fault | None:
    if not wrong:
        return None
    keys = tuple(key for key, _ in wrong)
    return Fault(keys, "; ".join(words for _, words in wrong))


def _age(what: FileCheck | FolderCheck, seen: Found, now: float) -> _Wrong:
    age = now - seen.modified
    if what.max_age is None or age <= what.max_age:
        return []
    most = exact(Unit.SECONDS, what.max_age)
    words = f"{what.path} was last changed {span(age)} ago (max_age = {most})"
    return [("max_age", words)]


def _file(what: FileCheck, seen: Found, before: str | None) -> _Wrong:
    if seen.folder:
        return [("file", f"{what.path} is a folder")]
    wrong: _Wrong = []
    size = f"{what.path} has {human(Unit.BYTES, seen.size)}"
    if what.max_size is not None and seen.size > what.max_size:
        most = exact(Unit.BYTES, what.max_size)
        wrong.append(("max_size", f"{size} (max_size = {most})"))
    if what.min_size is not None and seen.size < what.min_size:
        least = exact(Unit.BYTES, what.min_size)
        wrong.append(("min_size", f"{size} (min_size = {least})"))
    wanted = what.sha256 or before
    if what.hashed and None not in {wanted, seen.digest} and wanted != seen.digest:
        verb = "has changed" if what.sha256 is None else "is not that of its sha256"
        wrong.append(("checksum", f"the content of {what.path} {verb}"))
    return wrong


def _folder(what: FolderCheck, seen: Found) -> _Wrong:
    if not seen.folder:
        return [("folder", f"{what.path} is no folder")]
    if what.max_entries is None or seen.entries <= what.max_entries:
        return []
    words = f"{what.path} has {seen.entries} entries (max_entries = {what.max_entries})"
    return [("max_entries", words)]


def _expiry(
    what: CertificateFile | CertificateAt, until: float, now: float
) -> Fault | None:
    left = until - now
    of = f"the certificate {shown(what)}"
    if left <= 0:
        return Fault(("expired",), f"{of} expired {span(-left)} ago")
    if left < what.expires_within:
        asked = exact(Unit.SECONDS, what.expires_within)
        words = f"{of} expires in {span(left)} (expires_within = {asked})"
        return Fault(("expires_within",), words)
    return None


def shown(what: Asked) -> str:
    """Return what a check looks at."""
    match what:
        case FileCheck(path=path) | FolderCheck(path=path):
            return path
        case CertificateFile(path=path):
            return path
        case CertificateAt(host=host, port=port):
            return f"of {host}:{port}"
        case _:
            assert_never(what)


def see(what: Asked) -> str:
    """Return the command that shows it."""
    match what:
        case FileCheck(path=path):
            return f"ls -l {shlex.quote(path)}"
        case FolderCheck(path=path):
            return f"ls -la {shlex.quote(path)}"
        case CertificateFile(path=path):
            return f"openssl x509 -noout -subject -dates -in {shlex.quote(path)}"
        case CertificateAt(host=host, port=port):
            return f"openssl s_client -connect {host}:{port} </dev/null"
        case _:
            assert_never(what)
