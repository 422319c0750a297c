"""Who may come in, and for what. Decides on a request's head, before anything is done.

No cookie is ever asked for: what a browser sends by itself lets nobody do anything, so
that another site's page can't act in somebody's name. Names in ``Host`` are checked
because another site's name can be made to lead here (DNS rebinding).
"""

import socket
from ipaddress import ip_address
from math import ceil
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from selfhealingd.core.web import Token, Web
from selfhealingd.web.answers import Refused
from selfhealingd.web.backend import Who
from selfhealingd.web.buckets import Buckets, Rate
from selfhealingd.wire.messages import Kind

REQUESTS = Rate(burst=400, a_second=20)
"""Of each address: a page of some forty parts that is loaded again and again, and a
script that looks every second."""
WRONG = Rate(burst=10, a_second=1 / 6)
"""Wrong tokens of each address; tokens are too long to be guessed at any rate."""

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_LOOKING = frozenset({"GET", "HEAD"})
_OWN = frozenset({"same-origin", "none"})


class Gate:
    """Lets requests in. One for each listener."""

    def __init__(self, web: Web, token: Token) -> None:
        self._web = web
        self._token = token
        self._requests = Buckets(REQUESTS)
        self._wrong = Buckets(WRONG)
        self._names = {"localhost", socket.gethostname().lower(), *web.hosts}

    def admit(
        self,
        method: str,
        headers: Headers,
        address: str,
        *,
        free: bool,
        now: float,
        rated: bool = True,
    ) -> Who:
        """Return who asks. Raises Refused.

        ``free``: there is nothing in it that strangers may not see. ``now``: seconds.
        ``rated``: it counts as one of the requests of which there may be so many.
        """
        said = _bearer(headers)
        operator = said is not None and self._token.is_this(said)
        # A stranger on the same host must not keep an operator out.
        if rated and not operator and (wait := self._requests.take(address, now)):
            raise _too_often(f"too many requests from {address}", wait)
        self._check_host(headers.get("host", ""))
        if not operator and said is not None and self._token.digest is not None:
            if wait := self._wrong.take(address, now):
                raise _too_often(f"too many wrong tokens from {address}", wait)
            raise WrongToken(address)
        way = "web token" if operator else "web"
        who = Who(operator=operator, via=f"{way} from {address}")
        if method not in _LOOKING:
            self._check_origin(headers)
            self._need_token(who, "to change something")
        elif self._web.reading and not free:
            self._need_token(who, "to look at anything here")
        return who

    def _check_host(self, said: str) -> None:
        name = _hostname(said)
        if name in self._names or _is_address(name):
            return
        raise Refused(
            Kind.NOT_PERMITTED,
            f"this is not {said[:100]!r}" if said else "a Host header is missing",
            "ask by address, or name it in [web] hosts",
            status=421,
        )

    def _check_origin(self, headers: Headers) -> None:
        """Refuse what another site's page asks; who is no browser sends neither."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        foreign = site is not None and site not in _OWN
        if origin is not None:
            foreign |= (
                urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
            )
        if foreign:
            raise Refused(
                Kind.NOT_PERMITTED,
                "another site's page may not ask for this",
                "use the page that is served here",
                status=403,
            )

    def _need_token(self, who: Who, purpose: str) -> None:
        if who.operator:
            return
        if self._token.digest is None:
            raise Refused(
                Kind.NOT_PERMITTED,
                f"it takes a token {purpose}, and there is none:"
                f" {self._token.problem or '[web] token_file is not set'}",
                "see docs/web.md; until then use selfhealctl",
                status=403,
            )
        raise Refused(
            Kind.NOT_PERMITTED,
            f"it takes the token {purpose}",
            "send it as: Authorization: Bearer TOKEN",
            status=401,
            headers={"www-authenticate": 'Bearer realm="selfhealingd"'},
        )


class WrongToken(Refused):
    """Somebody tried a token that is not the one."""

    def __init__(self, address: str) -> None:
        super().__init__(
            Kind.NOT_PERMITTED,
            "this is not the token",
            "see what [web] token_file has",
            status=401,
            headers={"www-authenticate": 'Bearer realm="selfhealingd"'},
        )
        self.address = address


def _bearer(headers: Headers) -> str | None:
    scheme, _, said = headers.get("authorization", "").partition(" ")
    return said.strip() if scheme.lower() == "bearer" else None


def _too_often(words: str, wait: float) -> Refused:
    return Refused(
        Kind.BUSY,
        f"{words}: ask again in {ceil(wait)} s",
        status=429,
        headers={"retry-after": str(ceil(wait))},
    )


def _hostname(said: str) -> str:
    try:
        return (urlsplit(f"//{said}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Whether it is an address: no name server can make that lead elsewhere."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
