"""The types of requests and answers, made from the vocabulary: they check requests and describe the API in OpenAPI."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any, Literal

import msgspec
import polars as pl
from msgspec import Meta, Struct
from msgspec.inspect import type_info

from dnc.checks.status import Status
from dnc.clock import NONE, YES, read_moment
from dnc.law.vocabulary import AGAINST, CONSENT, OCCASIONAL, OR_NONE, VERDICT, vocabulary
from dnc.lists.own_records import INNER
from dnc.store.record_kinds import CALLS, CONSENTS, RESULTS, Kind
from dnc.verdicts.verdict import OUTCOMES

MOST_CALLS = 1_000
# What a message of msgspec quotes from a request.
_QUOTED = re.compile(r" ['\"].*['\"]|(?<=unknown field) .*", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `([A-Za-z_]{1,40})`")
ANSWERED = (*VERDICT, CONSENT, *OCCASIONAL)  # columns of the answer on a call
MOST_CHANGES = 10_000
_MOST_CELL = 500  # characters
_Text = Annotated[str, Meta(max_length=_MOST_CELL)]
_Region = Annotated[
    Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None, Meta(description="country of numbers in national form")
]
_OF_CALLS_MADE = {
    "at": Annotated[_Text, Meta(description="when, on the clock of the called person or with an offset")],
    "result": Literal[RESULTS],
}


def _cell(name: str, column: dict[str, Any]) -> Any:
    """The type of one column of planned calls; null is *not known*."""
    about = Meta(description=column["says"])
    if column["kind"] == "axis":
        return Annotated[Literal[tuple(column["values"])] | None, about]
    if column["kind"] == "integer":
        return Annotated[Annotated[int, Meta(ge=0, le=10_000)] | None, about]
    return Annotated[_Text, about] if name == "number" else Annotated[_Text | None, about]


def _call() -> type[Struct]:
    fields: list[Any] = [
        (name, _cell(name, column), *[None] * (name != "number")) for name, column in vocabulary().columns.items()
    ]
    return msgspec.defstruct("Call", fields, kw_only=True, forbid_unknown_fields=True, frozen=True, module=__name__)


def _decision() -> type[Struct]:
    kinds = {pl.String: str, pl.Date: date | None}
    fields: list[tuple[str, Any]] = [(name, kinds[kind]) for name, kind in VERDICT.items()]
    fields += [(name, str | None) for name in ANSWERED if name not in VERDICT]
    fields = [(name, Literal[tuple(OUTCOMES)] if name == "dnc_outcome" else kind) for name, kind in fields]
    return msgspec.defstruct("Decision", fields, module=__name__)


Call = _call()
Call.__doc__ = (
    "One planned call: the columns of a list of planned calls. A column that is left out, or null, is not known."
)
Decision = _decision()
Decision.__doc__ = "The decision on one call: the columns that `dnc check` adds to a list."


class CallBatch(Struct, forbid_unknown_fields=True):
    """Planned calls that are to be decided; with `campaign`, by what its brief in the store says of all of them."""

    calls: Annotated[list[Call], Meta(min_length=1, max_length=MOST_CALLS)]  # type: ignore[valid-type]
    campaign: Annotated[Annotated[str, Meta(max_length=60)] | None, Meta(description="as in dnc campaigns add")] = None


class Decisions(Struct):
    """Decisions, one for each call, in their order.

    check: the row of the log, where the decisions are kept for `dnc answer`; else null.
    """

    check: int | None
    decisions: list[Decision]  # type: ignore[valid-type]


class Objections(Struct, forbid_unknown_fields=True):
    """People who told the caller not to call again; with `lift`, that they are taken back, which needs a reason."""

    numbers: Annotated[list[_Text], Meta(min_length=1, max_length=MOST_CALLS)]
    on: Annotated[date, Meta(description="the day on which they said so")]
    region: _Region = None
    reason: _Text | None = None
    lift: bool = False


class Recorded(Struct):
    """How many objections were recorded, or lifted."""

    recorded: int


def _own_records(kind: Kind, row: str, rows: str) -> type[Struct]:
    """The type, called `rows`, of a request that records rows of a kind, each of a type called `row`."""
    known = vocabulary().columns
    needed = {"number": _cell("number", known["number"]), **_OF_CALLS_MADE}
    fields: list[Any] = []
    for name in ("number", *kind.columns, *kind.texts):
        if name in needed:
            fields.append((name, needed[name]))
        elif name not in INNER[kind.name]:
            fields.append((name, _cell(name, known[name]) if name in known else _Text | None, None))
    of_row = msgspec.defstruct(row, fields, kw_only=True, forbid_unknown_fields=True, module=__name__)
    some = Annotated[list[of_row], Meta(min_length=1, max_length=MOST_CALLS)]  # type: ignore[valid-type]
    whole: list[Any] = [(kind.name, some), ("region", _Region, None)]
    return msgspec.defstruct(rows, whole, forbid_unknown_fields=True, module=__name__)


OWN_RECORDS = {  # by kind, and address
    CALLS.name: _own_records(CALLS, "CallMade", "CallsMade"),
    CONSENTS.name: _own_records(CONSENTS, "ConsentTold", "ConsentsTold"),
}
OWN_RECORDS[CALLS.name].__doc__ = "Calls made."
OWN_RECORDS[CONSENTS.name].__doc__ = "Consents that people gave, and withdrawals of them."


class RecordedRows(Recorded):
    """How many rows were recorded, and how many the store had already.

    first, last: what was recorded is `consents:FIRST` to `consents:LAST`, perhaps with gaps, as `dnc answer` names it.
    """

    known: int
    first: int
    last: int


class ObjectionChange(Struct):
    """One objection, or one that was taken back (`lifted`); `seq` is its place among both."""

    seq: int
    number: str
    on: date
    lifted: bool


class Changes(Struct):
    """Objections and lifts in the order in which they were recorded; ask for the next ones with `since` = `until`."""

    until: int
    changes: list[ObjectionChange]


class Problem(Struct):
    """An error (RFC 9457): `detail` says what is wrong and what to do."""

    title: str
    status: int
    detail: str


def columns_in(calls: list[Any]) -> list[str]:
    """The columns that have a value in any of the calls."""
    return [name for name in Call.__struct_fields__ if any(getattr(call, name) is not None for call in calls)]


def affects_others(calls: list[Any]) -> bool:
    """Whether a call may have an objection or a withdrawal, which counts for all calls with the same number."""
    return any(getattr(call, name) not in (None, "none") for call in calls for name in AGAINST)


def said_of(error: msgspec.ValidationError, kind: type, texts: Mapping[str, Any]) -> str:
    """What is wrong with a request (`what - at place`), without the values that msgspec quotes, with the words allowed.

    An unknown field is named if it looks like a name: it may be data. kind: the type of the request. texts: the
    messages of the desk.
    """
    what, at, place = str(error).rpartition(" - at ")
    what, place = what or str(error), place.strip("`") if at else "$"
    unknown = _UNKNOWN.search(what)
    words: dict[str, Sequence[str]] = {**vocabulary().axes, "result": RESULTS}
    allowed = words.get(place.rpartition(".")[2]) if "enum" in what else None
    if unknown:
        fields = _fields_at(place, kind)
        allowed = difflib.get_close_matches(unknown[1], fields, 1) or fields
    said = f"{place}: {_QUOTED.sub('', what)}" + (f" {unknown[1]}" if unknown else "")
    return said + (f"; {texts['allowed'].format(words=', '.join(allowed))}" if allowed else "")


def _fields_at(place: str, kind: Any) -> Sequence[str]:
    """The fields of what is at a place in a request of a kind: of the request, or of a row of its list."""
    if "[" in place:
        kind = type_info(kind).fields[0].type.item_type.cls  # type: ignore[attr-defined]
    return list(kind.__struct_fields__)


def odd_date(sent: Any, order: str) -> str | None:
    """The place of the first date that cannot be read in the list of a request, as in `said_of`.

    order: of day and month, see `dnc.clock.DATE_ORDERS`.
    """
    [listed, *_] = sent.__struct_fields__
    dates = [name for name, column in vocabulary().columns.items() if column["kind"] in ("date", "datetime")]
    for at, row in enumerate(getattr(sent, listed)):
        for name in dates:
            cell = getattr(row, name, None)
            no_day = name in OR_NONE and (cell or "").lower() in (*NONE, *YES)
            if cell and not no_day and read_moment(cell, order) is None:
                return f"$.{listed}[{at}].{name}"
    return None


def as_frame(calls: list[Any], columns: list[str]) -> pl.DataFrame:
    """Calls as a batch, as text."""
    cells = {name: [getattr(call, name) for call in calls] for name in columns}
    return pl.DataFrame(
        {name: [None if cell is None else str(cell) for cell in column] for name, column in cells.items()},
        schema=dict.fromkeys(columns, pl.String),
    )


# The OpenAPI document of the HTTP interface

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
