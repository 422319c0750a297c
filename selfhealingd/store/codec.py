"""State as TOML and back, pure: a header and one table a service.

The last line is ``# end``: a file that was cut off anywhere has lost it, even where
what is left is valid TOML. There is no checksum, so that a person may edit the file.
"""

import time
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec
import tomli_w

from selfhealingd.store.errors import NewerState
from selfhealingd.store.migrations import VERSION, lift

END = "# end"

_TOP = """\
# The state of selfhealingd, replaced whenever something changes.
# To edit it, stop the daemon first; the last line must stay as it is.
"""
_BREATH = 16
_BREATH_SECS = 0.0002


class BadState(Exception):
    """The data is no whole state; the text says what is wrong with it."""


class Document(msgspec.Struct, frozen=True):
    """What a state file holds, as values that TOML knows.

    ``header``: scalars and tables; the names ``version`` and ``service`` are taken.
    ``services``: by name. No table may be changed once it was handed over.
    """

    header: Mapping[str, Any] = {}
    services: Mapping[str, Mapping[str, Any]] = {}


class Encoder:
    """Writes documents, and remembers the text of each service that did not change.

    A service is unchanged when its table is the same object or an equal one. For one
    thread at a time.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[Mapping[str, Any], str]] = {}
        self._fresh = 0

    def encode(self, document: Document) -> bytes:
        """Return the file's content."""
        header = {"version": VERSION, **document.header}
        if "service" in header or header["version"] != VERSION:
            raise ValueError("version and service are no keys for a header")
        self._known = {
            name: (values, self._chunk(name, values))
            for name, values in document.services.items()
        }
        chunks = [text for _, text in self._known.values()]
        whole = "\n".join((_TOP, tomli_w.dumps(header), *chunks, END, ""))
        # What came as bytes that are no text (a path, an argument) must not cost the
        # whole file; TOML has no escape for it.
        return whole.encode("utf-8", "replace")

    def _chunk(self, name: str, values: Mapping[str, Any]) -> str:
        known = self._known.get(name)
        if known is not None and (known[0] is values or known[0] == values):
            return known[1]
        self._fresh += 1
        if self._fresh % _BREATH == 0:
            # Encoding is plain Python: without a pause, many changes at once would
            # keep the loop's thread from the interpreter for longer than it can bear.
            time.sleep(_BREATH_SECS)
        return tomli_w.dumps({"service": {name: values}})


def decode(data: bytes) -> Document:
    """Read a file's content, of this version or an older one.

    Raises BadState when it is cut off or garbled, NewerState when a newer daemon wrote
    it.
    """
    try:
        plain = tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise BadState(f"it is no UTF-8 text (byte {error.start})") from error
    except RecursionError as error:
        raise BadState("it is no valid TOML (nested too deeply)") from error
    except ValueError as error:
        raise BadState(f"it is no valid TOML ({error})") from error
    version = _version(plain.pop("version", None))
    if data.rstrip().rpartition(b"\n")[2].strip() != END.encode():
        raise BadState(f"it was cut off: the last line is not {END!r}")
    try:
        plain = lift(plain, version)
    except (LookupError, TypeError, ValueError) as error:
        raise BadState(f"it cannot be read as version {version}: {error!r}") from error
    services = plain.pop("service", {})
    if not isinstance(services, dict):
        raise BadState("'service' is no table")
    for name, values in services.items():
        if not isinstance(values, dict):
            raise BadState(f"'service.{name}' is no table")
    return Document(plain, services)


def _version(version: object) -> int:
    if type(version) is not int or version < 1:
        raise BadState("it has no valid 'version'")
    if version > VERSION:
        raise NewerState(
            f"the state has version {version}, and this daemon knows {VERSION}: "
            "start the newer daemon again"
        )
    return version
