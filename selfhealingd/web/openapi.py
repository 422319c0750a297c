"""What there is here, for programs: an OpenAPI document, made of the very types."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec.structs import fields

import selfhealingd
from selfhealingd.web.answers import JSON, ErrorDocument
from selfhealingd.web.events import Listen
from selfhealingd.web.methods import ELSEWHERE, LINES, RESUME, STREAMED, verb
from selfhealingd.wire.documents import Status
from selfhealingd.wire.methods import METHODS, Access, Method, Params
from selfhealingd.wire.operation import Started

# Any: JSON.
Json: TypeAlias = dict[str, Any]

_REF = "#/components/schemas/{name}"
_TOKEN: Json = {"token": []}
_TEXT = {"schema": {"type": "string"}}


def described(results: Mapping[str, object]) -> bytes:
    """Write the document; ``results``: of each method the type of what it gives."""
    types = [results[name] for name in METHODS]
    params = [method.params for method in METHODS.values()]
    schemas, components = msgspec.json.schema_components(
        [ErrorDocument, Status, *types, *params],
        schema_hook=_anything,
        ref_template=_REF,
    )
    error, status = schemas[:2]
    of = dict(zip(METHODS, schemas[2:], strict=False))
    taken = dict(zip(METHODS, schemas[2 + len(of) :], strict=True))
    paths: Json = {
        "/healthz": _look(
            "healthz", "Whether the daemon answers", {"type": "object"}, free=True
        ),
        "/metrics": _look("metrics", "Metrics for Prometheus", media="text/plain"),
        "/api/status": _look("status", "The whole truth in one document", status),
        "/api/events": _look(
            "events",
            "Events `status`, `changes`, `announce`, `lagged`, as they happen",
            media="text/event-stream",
        ),
        "/api/openapi.json": _look("openapi", "This document", {"type": "object"}),
    }
    for name, method in METHODS.items():
        if name in ELSEWHERE:
            continue
        operation = _operation(name, method, of[name], taken[name], results[name])
        paths[f"/api/{name}"] = {verb(method).lower(): operation}
    paths[RESUME] = {"post": {**paths["/api/resume"]["post"], "operationId": "heal"}}
    past = list(_parameters(Listen))
    paths["/api/events"]["get"]["parameters"] = past
    for path in paths.values():
        for operation in path.values():
            operation["responses"]["default"] = {
                "description": "It was not done, and why",
                "content": {JSON: {"schema": error}},
            }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "selfhealingd",
                "version": selfhealingd.__version__,
                "description": "See docs/web.md and docs/protocol.md.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _anything(kind: type) -> Json:
    if kind is object:
        return {"type": "object"}
    raise NotImplementedError  # how msgspec is told that there is no schema for it


def _look(
    name: str,
    summary: str,
    schema: Json | None = None,
    *,
    media: str = JSON,
    free: bool = False,
) -> Json:
    content = _TEXT if schema is None else {"schema": schema}
    found = {"description": summary, "content": {media: content}}
    # Nobody needs a token to look on loopback; elsewhere everybody does.
    security = {} if free else {"security": [{}, _TOKEN]}
    get = {"operationId": name, "summary": summary, "responses": {"200": found}}
    return {"get": {**get, **security}}


def _operation(
    name: str, method: Method, result: Json, params: Json, kind: object
) -> Json:
    looking = method.access is Access.OBSERVE
    content: Json = {} if name in STREAMED else {JSON: {"schema": result}}
    if not looking:
        content[LINES] = _TEXT
    found: Json = {
        "operationId": name,
        "summary": f"Method `{name}` of the control protocol",
        "security": [{}, _TOKEN] if looking else [_TOKEN],
        "responses": {
            "202" if kind is Started and name not in STREAMED else "200": {
                "description": "It was begun" if kind is Started else "It was done",
                "content": content,
            }
        },
    }
    if looking:
        found["parameters"] = list(_parameters(method.params))
    else:
        found["requestBody"] = {
            "required": any(one.required for one in fields(method.params)),
            "content": {JSON: {"schema": params}},
        }
    return found


def _parameters(params: type[Params]) -> Iterator[Json]:
    for one in fields(params):
        yield {
            "name": one.encode_name,
            "in": "query",
            "required": one.required,
            "schema": msgspec.json.schema(one.type),
        }
