"""The OpenAPI document of the HTTP interface, from the types of `dnc.desk.schema`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from dnc.checks.status import Status
from dnc.desk.schema import OWN_RECORDS, CallBatch, Changes, Decisions, Objections, Problem, Recorded, RecordedRows

_ERRORS = {
    "401": "no key, or one that is not valid",
    "403": "the key lacks a right, see `dnc keys add --may`",
    "404": "no such address",
    "405": "another method than this one",
    "421": "a host name that the desk was not started for",
    "500": "a fault of the program",
    "503": "too many requests, or the store cannot be used now",
    "507": "the disk is full",
}
_ERRORS_OF_BODY = {
    "400": "not JSON, or cut off",
    "409": "there is nothing to lift",
    "413": "too large",
    "415": "not declared as application/json",
}
_ODD = {"422": "not what this address takes; `detail` names the place, and the words allowed there"}
_HEADERS = {
    "401": {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    "405": {"Allow": {"description": "the methods of this address", "schema": {"type": "string"}}},
    "503": {"Retry-After": {"description": "seconds to wait", "schema": {"type": "integer"}}},
}
_CALLS = {
    "a call of a campaign": {
        "value": {"campaign": "autumn", "calls": [{"number": "01 99 00 04 18", "call_at": "2026-10-05T11:00"}]}
    },
    "a call by itself": {
        "value": {"calls": [{"number": "+33199000418", "caller": "commercial", "voice": "human", "consent": "none"}]}
    },
}
_OBJECTION = {"value": {"numbers": ["01 99 00 04 18"], "region": "FR", "on": "2026-10-05", "reason": "on the phone"}}
_LIFT = {
    "value": {"numbers": ["+33199000418"], "on": "2026-10-06", "lift": True, "reason": "recorded for the wrong number"}
}
_CALL_MADE = {
    "value": {
        "calls": [{"number": "01 99 00 04 18", "at": "2026-10-05T11:02", "result": "no_answer", "call_id": "7f3a"}],
        "region": "FR",
    }
}
_CONSENT = {
    "number": "01 99 00 04 18",
    "consent": "named_caller",
    "consent_on": "2026-09-01T10:12+02:00",
    "consent_for": "live",
    "wording": "form-7",
    "proof": "https://example.org/consents/7f3a",
}
_CONSENTS = {
    "a consent": {"value": {"consents": [_CONSENT], "region": "FR"}},
    "a withdrawal": {"value": {"consents": [{"number": "+33199000418", "consent_withdrawn_on": "2026-10-06"}]}},
}
_KEEP = {
    "name": "keep",
    "in": "query",
    "required": False,
    "description": "Keep the decisions in the store for `dnc answer`; they are logged as a check.",
    "schema": {"type": "boolean", "default": False},
}
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text, a new one for each new request. A request that is sent again with the same key is "
    "recorded once, and gets the same answer; another one with that key is refused.",
    "schema": {"type": "string"},
}
_SINCE = {
    "name": "since",
    "in": "query",
    "required": False,
    "description": "`until` of the answer before; 0 for all.",
    "schema": {"type": "integer", "minimum": 0, "default": 0},
}


@cache
def document() -> dict[str, Any]:
    """The document, as JSON."""
    kinds = [CallBatch, Decisions, Objections, Recorded, *OWN_RECORDS.values(), RecordedRows, Changes, Status, Problem]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    calls, decisions, objections, recorded, made, consents, rows, changes, state, problem = schemas

    def errors(texts: dict[str, str]) -> dict[str, Any]:
        content = {"application/problem+json": {"schema": problem}}
        return {
            code: {"description": text, "content": content} | ({"headers": _HEADERS[code]} if code in _HEADERS else {})
            for code, text in sorted(texts.items())
        }

    def get(id_: str, summary: str, answer: Any, *parameters: Any) -> dict[str, Any]:
        found = {"200": {"description": summary, "content": {"application/json": {"schema": answer}}}}
        refused = errors(_ERRORS | (_ODD if parameters else {}))
        return {"operationId": id_, "summary": summary, "parameters": list(parameters), "responses": found | refused}

    def post(code: str, body: Any, examples: Any, described: dict[str, Any]) -> dict[str, Any]:
        content = {"application/json": {"schema": body, "examples": examples}}
        answers = {code: described["responses"]["200"]} | errors(_ERRORS | _ERRORS_OF_BODY | _ODD)
        return described | {"requestBody": {"required": True, "content": content}, "responses": answers}

    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dnc",
            "version": version("dnc-check"),
            "description": "Which opt-out regimes apply to planned telephone calls. "
            "Place a call only if its `dnc_outcome` is `clear`.",
        },
        "servers": [{"url": "http://127.0.0.1:8520", "description": "the desk of this machine, dnc desk"}],
        "security": [{"key": []}],
        "paths": {
            "/v1/decisions": {
                "post": post(
                    "200", calls, _CALLS, get("decide", "Decide calls, up to 1,000, in their order.", decisions, _KEEP)
                )
            },
            "/v1/objections": {
                "get": get("changes", "Objections and lifts, in the order they were recorded.", changes, _SINCE),
                "post": post(
                    "201",
                    objections,
                    {"an objection": _OBJECTION, "a lift": _LIFT},
                    get("object", "Record objections, or lift them.", recorded, _ONCE),
                ),
            },
            "/v1/calls": {
                "post": post(
                    "201", made, {"a call": _CALL_MADE}, get("record_calls", "Record calls made.", rows, _ONCE)
                )
            },
            "/v1/consents": {
                "post": post(
                    "201", consents, _CONSENTS, get("record_consents", "Record consents and withdrawals.", rows, _ONCE)
                )
            },
            "/v1/status": {"get": get("status", "What the store holds, and how old it is.", state)},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "see dnc keys add"}},
        },
    }
