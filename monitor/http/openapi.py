"""What /openapi.json says: schemas of the types that are decoded and encoded, examples, every refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from monitor.http import bodies
from monitor.http.reading import JSON, JSON_LINES

__all__ = ["TOKEN", "answers", "install_openapi", "records", "takes"]

TOKEN: Mapping[str, Any] = {"security": [{"token": []}]}
SCHEME = {"type": "http", "scheme": "bearer", "description": "http.token of the configuration, if it has one"}
NAMES = "#/components/schemas/{name}"
ERRORS = {
    400: "no JSON, or no stream named where there are several",
    401: "the token is missing or wrong",
    404: "no such stream",
    408: "the body came too slowly",
    409: "not possible as things are",
    413: "longer than http.max_body_bytes, or than the whole inbox",
    415: "the content type is no JSON",
    421: "called by a foreign name on a loopback address",
    422: "JSON, but not what is wanted, or not what the stream can use",
    503: "not now: the inbox is full, the stream is busy or the service not ready; Retry-After says when",
}
FEATURES = {"temperature": 18.5, "weekday": "monday", "is_holiday": False, "wind": None}
EXAMPLES: Mapping[str, Any] = {
    "RecordBody": {"features": FEATURES},
    "ObservationBody": {"key": "a17", "features": FEATURES},
    "ExampleBody": {"key": "a18", "features": FEATURES, "target": "busy"},
    "LabelBody": {"key": "a17", "label": "busy"},
    "AdminBody": {"reason": "labels are wrong since noon"},
}


def takes(*kinds: type[msgspec.Struct]) -> dict[str, Any]:
    """A request with one body of these kinds."""
    names = [kind.__name__ for kind in kinds]
    examples = {_title(name): {"value": EXAMPLES[name]} for name in names}
    return _request({JSON: {"schema": _one_of(names), "examples": examples}})


def records(*kinds: type[msgspec.Struct]) -> dict[str, Any]:
    """A request with a list of bodies of these kinds, or with one a line."""
    names = [kind.__name__ for kind in kinds]
    values = [EXAMPLES[name] for name in names]
    content: dict[str, Any] = {
        JSON: {"schema": {"type": "array", "items": _one_of(names)}, "example": values}
    }
    lines = "".join(msgspec.json.encode(value).decode() + "\n" for value in values)
    for media_type in sorted(JSON_LINES):
        content[media_type] = {"schema": {"type": "string"}, "example": lines}
    return _request(content)


def answers(kinds: Mapping[int, type[msgspec.Struct]], *errors: int) -> dict[str, Any]:
    """The answers of a route by status code; every route can also be called by a foreign name."""
    responses = {
        str(code): _answer((kind.__doc__ or "").strip(), kind.__name__) for code, kind in kinds.items()
    }
    for code in sorted(errors):
        responses.setdefault(str(code), _answer(ERRORS[code], "ErrorBody"))
    return {"responses": responses}


def install_openapi(app: FastAPI, streams: Sequence[str], is_guarded: bool) -> None:
    """Have the application describe itself.

    Args:
        app: with all its routes.
        streams: their names, for the parameter.
        is_guarded: there is a token.
    """

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, streams, is_guarded)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _described(app: FastAPI, streams: Sequence[str], is_guarded: bool) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    kinds = [
        getattr(bodies, name) for name in bodies.__all__ if name.endswith("Body") and name != "EventBody"
    ]
    _, components = msgspec.json.schema_components(kinds, ref_template=NAMES)
    schema["components"] = {"schemas": components, "securitySchemes": {"token": SCHEME}}
    for path in schema["paths"].values():
        for operation in path.values():
            if not is_guarded:
                operation.pop("security", None)
            operation["responses"].setdefault("421", _answer(ERRORS[421], "ErrorBody"))
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "stream":
                    parameter.update(
                        schema={"type": "string", "enum": list(streams)}, required=len(streams) > 1
                    )
    return schema


def _request(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}}


def _one_of(names: Sequence[str]) -> dict[str, Any]:
    references = [{"$ref": NAMES.format(name=name)} for name in names]
    return {"oneOf": references} if len(references) > 1 else references[0]


def _answer(description: str, name: str) -> dict[str, Any]:
    schema = {"$ref": NAMES.format(name=name)}
    return {"description": description, "content": {JSON: {"schema": schema}}}


def _title(name: str) -> str:
    return name.removesuffix("Body").lower()
