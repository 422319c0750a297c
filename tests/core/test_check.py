"""What is wrong with files, folders and certificates, in words."""

import pytest

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
    judge,
    see,
)

NOW = 1000.0
DAY = 86400.0
A = Found(folder=False, modified=900.0, size=50, digest="aa")
DIR = Found(folder=True, modified=900.0, entries=7)
PEM = CertificateFile(path="/c", expires_within=14 * DAY)
TLS = CertificateAt(host="h", port=443, expires_within=14 * DAY)


@pytest.mark.parametrize(
    ("what", "seen", "words"),
    [
        (FileCheck(path="/f"), A, None),
        (FileCheck(path="/f"), Absent(), "/f is not there"),
        (FileCheck(path="/f"), Unknown("x"), None),
        (FileCheck(path="/f"), DIR, "/f is a folder"),
        (FileCheck(path="/f", exists=False), A, "/f is there"),
        (FileCheck(path="/f", exists=False), Absent(), None),
        (FileCheck(path="/f", max_age=100), A, None),
        (
            FileCheck(path="/f", max_age=60),
            A,
            "/f was last changed 1 min 40 s ago (max_age = 1min)",
        ),
        (FileCheck(path="/f", min_size=50, max_size=50), A, None),
        (FileCheck(path="/f", max_size=49), A, "/f has 50 B (max_size = 49B)"),
        (
            FileCheck(path="/f", min_size=1024, max_age=99),
            A,
            "/f was last changed 1 min 40 s ago (max_age = 99s); /f has 50 B (min",
        ),
        (FileCheck(path="/f", unchanged=True), A, "the content of /f has changed"),
        (FileCheck(path="/f", sha256="aa"), A, None),
        (FileCheck(path="/f", sha256="ab"), A, "the content of /f is not that of its"),
        (FolderCheck(path="/d", max_entries=7), DIR, None),
        (
            FolderCheck(path="/d", max_entries=6),
            DIR,
            "/d has 7 entries (max_entries = ",
        ),
        (FolderCheck(path="/d"), A, "/d is no folder"),
        (FolderCheck(path="/d"), Absent(), "/d is not there"),
        (
            FolderCheck(path="/d", max_age=99),
            DIR,
            "/d was last changed 1 min 40 s ago",
        ),
        (PEM, Valid(NOW + 14 * DAY), None),
        (
            PEM,
            Valid(NOW + 3 * DAY),
            "the certificate /c expires in 3 d (expires_within = 14d)",
        ),
        (TLS, Valid(NOW - 3 * DAY), "the certificate of h:443 expired 3 d ago"),
        (TLS, Unknown("refused"), None),
        (PEM, Absent(), "/c is not there"),
        (PEM, Damaged("it is none"), "the certificate /c is of no use: it is none"),
    ],
)
def test_what_is_wrong(what: Asked, seen: Seen, words: str | None) -> None:
    """Each setting is told with what it should be; unknown is neither."""
    fault = judge(what, seen, now=NOW, before="bb")
    assert (words is None) == (fault is None)
    if words is not None and fault is not None:
        assert fault.words.startswith(words)
        assert fault.keys


def test_the_first_look_changes_nothing() -> None:
    """Nor does a file that can't be hashed, such as a FIFO."""
    what = FileCheck(path="/f", unchanged=True)
    assert judge(what, A, now=NOW, before=None) is None
    pipe = Found(folder=False, modified=0.0)
    assert judge(what, pipe, now=NOW, before="aa") is None


@pytest.mark.parametrize(
    ("what", "command"),
    [
        (FileCheck(path="/a b"), "ls -l '/a b'"),
        (FolderCheck(path="/d"), "ls -la /d"),
        (PEM, "openssl x509 -noout -subject -dates -in /c"),
        (TLS, "openssl s_client -connect h:443 </dev/null"),
    ],
)
def test_how_to_see_it(what: Asked, command: str) -> None:
    """It can be pasted into a shell."""
    assert command == see(what)
