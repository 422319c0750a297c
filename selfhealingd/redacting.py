"""Evidence that an earlier version kept with its secrets, kept again without them.

Once, after the start, and slowly: what is shown or sent meanwhile is redacted anyway.
"""

from functools import partial

import msgspec
import trio

from selfhealingd import logs
from selfhealingd.core.evidence import fit
from selfhealingd.secrecy import Secrecy
from selfhealingd.store.errors import StoreError
from selfhealingd.store.evidence import EvidenceStore
from selfhealingd.wire.evidence import EvidenceDocument

PACE_SECS = 0.2
"""Between two: redacting one takes some 30 ms of a processor that others want."""

DONE = b'"redacted":true'
"""In every document that needs nothing; no text in one has quotes as they are."""

log = logs.get("Evidence")


async def redact_kept(store: EvidenceStore, secrecy: Secrecy) -> None:
    """Take what is secret out of all evidence from which nobody has yet."""
    count = 0
    try:
        for incident in await trio.to_thread.run_sync(
            store.incidents, abandon_on_cancel=True
        ):
            if await _try(store, secrecy, incident):
                count += 1
                await trio.sleep(PACE_SECS)
    except StoreError as error:
        log.warning(f"evidence of an earlier version is not redacted yet: {error}")
    if count:
        log.info(f"secrets are taken out of {count} files of an earlier version")


async def _try(store: EvidenceStore, secrecy: Secrecy, incident: str) -> bool:
    """Return whether it was redacted; what we fail at keeps no other from being so."""
    redact = partial(_redact, store, secrecy, incident)
    try:
        return await trio.to_thread.run_sync(redact, abandon_on_cancel=True)
    except StoreError:
        raise
    except Exception:
        log.exception(f"a defect of ours: the evidence of {incident} stays as it is")
        return False


def _redact(store: EvidenceStore, secrecy: Secrecy, incident: str) -> bool:
    """Return whether there was something to do; in a thread. Raises StoreError."""
    data = store.read(incident)
    if data is None or DONE in data:
        return False
    try:
        found = msgspec.json.decode(data, type=EvidenceDocument)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False  # it is not shown either
    store.rewrite(incident, fit(secrecy.redacted(found)))
    return True
