"""The page's own files: read once, few, and none of them a secret."""

import hashlib
from functools import cache
from importlib import resources
from types import MappingProxyType

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from selfhealingd.web.answers import Refused
from selfhealingd.wire.messages import Kind

INDEX = "index.html"

_TYPES = MappingProxyType(
    {
        "html": "text/html; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
        "png": "image/png",
        "ico": "image/x-icon",
        "webmanifest": "application/manifest+json",
    }
)


class _File(msgspec.Struct, frozen=True):
    content: bytes
    media_type: str
    tag: str


@cache
def _files() -> dict[str, _File]:
    """All files of the folder by name; there is no other way to any file."""
    return {
        entry.name: _file(entry.read_bytes(), _TYPES[kind])
        for entry in resources.files(__package__).joinpath("static").iterdir()
        if (kind := entry.name.rpartition(".")[2]) in _TYPES
    }


def _file(content: bytes, media_type: str) -> _File:
    tag = hashlib.sha256(content).hexdigest()[:32]
    return _File(content, media_type, f'"{tag}"')


async def index(request: Request) -> Response:
    """Show the page."""
    return _answer(request, INDEX)


async def static(request: Request) -> Response:
    """Give one of the page's files."""
    return _answer(request, request.path_params["name"])


def _answer(request: Request, name: str) -> Response:
    file = _files().get(name)
    if file is None:
        raise Refused(Kind.NO_SUCH_NAME, f"there is no file {name[:100]!r}")
    headers = {"etag": file.tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
