"""Which address is what."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from selfhealingd.core.web import Token, Web
from selfhealingd.web import files
from selfhealingd.web.answers import document
from selfhealingd.web.backend import Backend
from selfhealingd.web.gate import Gate
from selfhealingd.web.intake import Intake
from selfhealingd.web.metrics import CONTENT_TYPE, expose
from selfhealingd.web.server import Application


def application(backend: Backend, web: Web, token: Token) -> Application:
    """Everything that is served at one listener."""
    status = _Status(backend)
    router = Router(
        [
            Route("/", files.index),
            Route("/static/{name}", files.static),
            Route("/healthz", healthz),
            Route("/api/status", status.status),
            Route("/metrics", status.metrics),
        ],
        redirect_slashes=False,
    )
    return Intake(
        router,
        Gate(web, token),
        on_error=backend.on_error,
        on_wrong=backend.on_wrong_token,
    )


async def healthz(_request: Request) -> Response:
    """Say that the daemon answers, whatever it supervises."""
    return document(b'{"status":"ok"}')


class _Status:
    """The whole truth, in two forms."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def status(self, _request: Request) -> Response:
        """As a document, as ``selfhealctl status`` prints it."""
        return document(msgspec.json.encode(await self._backend.status()))

    async def metrics(self, _request: Request) -> Response:
        """As Prometheus reads it."""
        content = expose(await self._backend.status())
        return Response(content, headers={"content-type": CONTENT_TYPE})
