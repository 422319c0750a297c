"""Until when a certificate is valid, read out of its bytes.

No library that we have reads a certificate without verifying it: ``ssl`` decodes only
what it has verified. ``cryptography`` would be a large dependency for one field, and
``openssl`` a process for each look. What is needed stands at a fixed place of X.509
(RFC 5280, 4.1).
"""

import binascii
import re
from datetime import UTC, datetime

_PEM = re.compile(
    rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s*([A-Za-z0-9+/=\s]*?)"
    rb"-----END (?:TRUSTED |X509 )?CERTIFICATE-----"
)
_SEQUENCE = 0x30
_INTEGER = 0x02
_VERSION = 0xA0
_UTC_TIME = 0x17
_GENERAL_TIME = 0x18
_LONG = 0x80
_LONGEST = 4
_CENTURY = 50
"""Two digits of a year below this are of the years 2000 (RFC 5280, 4.1.2.5.1)."""


class BadCertificate(ValueError):
    """The bytes hold no certificate; says why."""


def expiry(data: bytes) -> float:
    """Return when the first of them to end does, in seconds since 1970.

    ``data`` is PEM with one or more certificates, such as a chain, or one in DER.
    Raises BadCertificate.
    """
    texts = _PEM.findall(data)
    if texts:
        return min(_expiry(_decoded(text)) for text in texts)
    if b"-----BEGIN" in data:
        raise BadCertificate("there is no certificate in it")
    return _expiry(data)


def _decoded(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text)
    except binascii.Error as error:
        raise BadCertificate(f"it is damaged: {error}") from None


def _expiry(der: bytes) -> float:
    try:
        return _not_after(der)
    except (IndexError, ValueError) as error:
        if isinstance(error, BadCertificate):
            raise
        raise BadCertificate("it is no certificate") from None


def _not_after(der: bytes) -> float:
    whole = _Reader(der).inside(_SEQUENCE)
    signed = whole.inside(_SEQUENCE)
    if signed.tag == _VERSION:
        signed.skip()
    signed.expect(_INTEGER)  # serial number
    signed.expect(_SEQUENCE)  # algorithm
    signed.expect(_SEQUENCE)  # issuer
    validity = signed.inside(_SEQUENCE)
    validity.skip()  # not before
    return _time(*validity.take())


def _time(tag: int, text: bytes) -> float:
    digits = text.decode("ascii")
    if tag == _UTC_TIME:
        digits = ("20" if int(digits[:2]) < _CENTURY else "19") + digits
    elif tag != _GENERAL_TIME:
        raise BadCertificate("it says in no known form until when it is valid")
    when = datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return when.timestamp()


class _Reader:
    """Goes through the elements of one level of DER."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def tag(self) -> int:
        """The kind of the next element."""
        return self._data[self._at]

    def take(self) -> tuple[int, bytes]:
        """Return tag and content of the next element."""
        tag, length = self._data[self._at], self._data[self._at + 1]
        begin = self._at + 2
        if length & _LONG:
            size = length & ~_LONG
            if not 0 < size <= _LONGEST:
                raise ValueError(length)
            length = int.from_bytes(self._data[begin : begin + size], "big")
            begin += size
        self._at = begin + length
        if self._at > len(self._data):
            raise ValueError(length)
        return tag, self._data[begin : self._at]

    def skip(self) -> None:
        """Go over the next element."""
        self.take()

    def expect(self, tag: int) -> bytes:
        """Return the content of the next element, which has to be of that kind."""
        found, content = self.take()
        if found != tag:
            raise ValueError(found)
        return content

    def inside(self, tag: int) -> "_Reader":
        """Return a reader of what is in the next element."""
        return _Reader(self.expect(tag))
