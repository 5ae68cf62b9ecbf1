"""The OpenAPI document of the HTTP interface, from the types of `dnc.desk.schema`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from dnc.checks.status import Status
from dnc.desk.schema import Calls, Decisions, Objections, Problem, Recorded

_ERRORS = {
    "400": "not JSON, or cut off",
    "401": "no key, or one that is not valid",
    "409": "there is nothing to lift",
    "413": "too large",
    "415": "not declared as application/json",
    "422": "not what this address takes",
    "503": "too many requests, or the store cannot be used now",
}
_KEEP = {
    "name": "keep",
    "in": "query",
    "required": False,
    "description": "Keep the decisions in the store for `dnc answer`; they are logged as a check.",
    "schema": {"type": "boolean", "default": False},
}


@cache
def document() -> dict[str, Any]:
    """The document, as JSON."""
    kinds = [Calls, Decisions, Objections, Recorded, Status, Problem]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    calls, decisions, objections, recorded, state, problem = schemas
    errors = {
        code: {"description": text, "content": {"application/problem+json": {"schema": problem}}}
        for code, text in _ERRORS.items()
    }

    def operation(id_: str, summary: str, answer: Any, body: Any = None, code: str = "200") -> dict[str, Any]:
        sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}
        answers = {code: {"description": summary, "content": {"application/json": {"schema": answer}}}}
        return {"operationId": id_, "summary": summary, **sent, "responses": answers | errors}

    decide = operation("decide", "Decide calls, up to 1,000, in their order.", decisions, calls)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dnc",
            "version": version("dnc-check"),
            "description": "Which opt-out regimes apply to planned telephone calls. "
            "Place a call only if its `dnc_outcome` is `clear`.",
        },
        "security": [{"key": []}],
        "paths": {
            "/v1/decisions": {"post": decide | {"parameters": [_KEEP]}},
            "/v1/objections": {
                "post": operation("object", "Record objections, or lift them.", recorded, objections, "201")
            },
            "/v1/status": {"get": operation("status", "What the store holds, and how old it is.", state)},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "see dnc keys add"}},
        },
    }
