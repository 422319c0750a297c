"""Which address is what."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from selfhealingd.core.web import Token, Web
from selfhealingd.web import files
from selfhealingd.web.answers import document
from selfhealingd.web.backend import Backend
from selfhealingd.web.events import Bulletin, Stream
from selfhealingd.web.gate import Gate
from selfhealingd.web.intake import Intake
from selfhealingd.web.methods import routes
from selfhealingd.web.metrics import CONTENT_TYPE, Metrics
from selfhealingd.web.openapi import described
from selfhealingd.web.truth import Truth


class Site:
    """Everything that is served at one listener.

    ``application`` serves it, while ``run`` makes what is streamed.
    """

    def __init__(self, backend: Backend, web: Web, token: Token) -> None:
        truth = Truth(backend)
        status = _Status(truth, backend)
        self._backend = backend
        self._bulletin = Bulletin(backend, truth)
        stream = Stream(backend, truth, self._bulletin)
        router = Router(
            [
                Route("/", files.index),
                Route("/static/{name}", files.static),
                Route("/healthz", healthz),
                Route("/metrics", status.metrics),
                Route("/api/status", status.status),
                Route("/api/events", stream.listen),
                Route("/api/openapi.json", self._description),
                *routes(backend, truth),
            ],
            redirect_slashes=False,
        )
        self.application = Intake(
            router,
            Gate(web, token),
            on_error=backend.on_error,
            on_wrong=backend.on_wrong_token,
        )

    async def run(self) -> None:
        """Make what is told to those who listen; for ever."""
        await self._bulletin.run()

    async def _description(self, _request: Request) -> Response:
        return document(described(self._backend.results))


async def healthz(_request: Request) -> Response:
    """Say that the daemon answers, whatever it supervises."""
    return document(b'{"status":"ok"}')


class _Status:
    """The whole truth, in two forms."""

    def __init__(self, truth: Truth, backend: Backend) -> None:
        self._truth = truth
        self._metrics = Metrics(truth.status, backend.figures)

    async def status(self, _request: Request) -> Response:
        """As a document, as ``selfhealctl status`` prints it."""
        return document(msgspec.json.encode(await self._truth.status()))

    async def metrics(self, _request: Request) -> Response:
        """As Prometheus reads it."""
        content = await self._metrics.text()
        return Response(content, headers={"content-type": CONTENT_TYPE})
