"""Until when certificates are valid, read out of real ones and out of rubbish."""

import base64
import shutil
import ssl
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfhealingd.core.certificate import BadCertificate, expiry

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="makes certificates with openssl"
)


def der(tag: int, *parts: bytes) -> bytes:
    """Return one element of DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = (len(content).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(content).to_bytes(size, "big") + content


def certificate(until: bytes, tag: int = 0x17, *, version: bool = True) -> bytes:
    """Return what has the form of a certificate, as far as it is looked at."""
    validity = der(0x30, der(0x17, b"200101000000Z"), der(tag, until))
    issuer = der(0x30, b"x" * 300)
    first = der(0xA0, der(0x02, b"\x02")) if version else b""
    serial, algorithm = der(0x02, b"\x01"), der(0x30, b"")
    return der(0x30, der(0x30, first, serial, algorithm, issuer, validity))


def pem(data: bytes) -> bytes:
    lines = base64.encodebytes(data)
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"-----END CERTIFICATE-----\n"


def day(year: int, month: int, number: int) -> float:
    return datetime(year, month, number, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("data", "until"),
    [
        (certificate(b"270102000000Z"), day(2027, 1, 2)),
        (certificate(b"490102000000Z", version=False), day(2049, 1, 2)),
        (certificate(b"500102000000Z"), day(1950, 1, 2)),
        (certificate(b"20520102000000Z", 0x18), day(2052, 1, 2)),
        (pem(certificate(b"270102000000Z")), day(2027, 1, 2)),
        (
            b"a chain:\n"
            + pem(certificate(b"270102000000Z"))
            + pem(certificate(b"260102000000Z")),
            day(2026, 1, 2),
        ),
    ],
)
def test_the_first_end_of_all(data: bytes, until: float) -> None:
    """In both forms of files, and both forms of time."""
    assert until == expiry(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is no certificate"),
        (b"hello", "it is no certificate"),
        (certificate(b"270102000000Z")[:-4], "it is no certificate"),
        (certificate(b"27010"), "it is no certificate"),
        (certificate(b"270102000000Z", 0x04), "in no known form"),
        (b"-----BEGIN PRIVATE KEY-----\n", "there is no certificate in it"),
        (pem(b"hello"), "it is no certificate"),
        (pem(b"hello").replace(b"aGVs", b"aGV"), "it is damaged"),
    ],
)
def test_what_is_none_is_told(data: bytes, words: str) -> None:
    """In words for whoever has to mend it."""
    with pytest.raises(BadCertificate, match=words):
        expiry(data)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(pem))
def test_any_bytes(data: bytes) -> None:
    """Rubbish raises nothing else."""
    with pytest.raises(BadCertificate):
        expiry(data)


@given(st.integers(0, 380), st.integers(0, 255))
def test_a_flipped_byte(at: int, value: int) -> None:
    """A damaged one has an end, or raises that it has none."""
    data = bytearray(certificate(b"270102000000Z"))
    data[at % len(data)] = value
    with suppress(BadCertificate):
        assert isinstance(expiry(bytes(data)), float)


@needs_openssl
@pytest.mark.process
@pytest.mark.parametrize("days", [1, 400, 20000])
def test_a_real_one(tmp_path: Path, days: int) -> None:
    """It says what openssl says of it."""
    file = tmp_path / "c.pem"
    make = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        f" -keyout key.pem -out c.pem -subj /CN=x -days {days}"
    )
    subprocess.check_output(make.split(), cwd=tmp_path, stderr=subprocess.DEVNULL)
    ask = ["openssl", "x509", "-noout", "-enddate", "-in", str(file)]
    said = subprocess.check_output(ask, text=True).strip().partition("=")[2]
    text = file.read_text()
    until = ssl.cert_time_to_seconds(said)
    assert until == expiry(text.encode()) == expiry(ssl.PEM_cert_to_DER_cert(text))
