"""Settings of TLS, made once for all who have the same."""

import ssl
from functools import partial

import trio

from selfhealingd.core.ask import Tls


class CannotTrust(Exception):
    """There is nothing to check certificates by; says why."""


class Contexts:
    """One for each way to check a certificate; none is made before it is needed."""

    def __init__(self) -> None:
        self._known: dict[tuple[bool, str | None], ssl.SSLContext] = {}

    async def get(self, tls: Tls) -> ssl.SSLContext:
        """Return it; reads files if that is its first time. Raises CannotTrust."""
        key = (tls.verify, tls.authorities)
        if key not in self._known:
            make = partial(_context, tls)
            self._known[key] = await trio.to_thread.run_sync(
                make, abandon_on_cancel=True
            )
        return self._known[key]

    def forget(self, tls: Tls) -> None:
        """Read again next time whom to trust: it may have been renewed."""
        self._known.pop((tls.verify, tls.authorities), None)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    try:
        if tls.authorities is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(tls.authorities)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or str(error)
        raise CannotTrust(
            f"cannot read certificates of {tls.authorities}: {reason}"
        ) from error
    return context
