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

from dnc.cache import shipped_toml
from dnc.checks.status import Status
from dnc.clock import NONE, YES, read_moment
from dnc.files.cell_texts import EMPTY
from dnc.law.vocabulary import CONSENT, NEXT_AT, OR_NONE, VERDICT, vocabulary
from dnc.lists.own_records import columns_of
from dnc.store.record_kinds import CALLS, CONSENTS, RESULTS, Kind
from dnc.verdicts.verdict import OUTCOMES

MOST_CALLS = 1_000
# What a message of msgspec quotes from a request.
_QUOTED = re.compile(r" ['\"].*['\"]|(?<=unknown field) .*", re.DOTALL)
_UNKNOWN = re.compile(r"unknown field `([A-Za-z_]{1,40})`")
ANSWERED = (*VERDICT, CONSENT, NEXT_AT)  # columns of the answer on a call
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
    campaign: Annotated[Annotated[str, Meta(max_length=60)] | None, Meta(description="as in dnc campaign add")] = None


class Decisions(Struct):
    """Decisions, one for each call, in their order.

    check: the row of the log, where the decisions are kept for `dnc person`; else null.
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
    for name in columns_of(kind):
        if name in needed:
            fields.append((name, needed[name]))
        else:
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

    first, last: what was recorded is `consents:FIRST` to `consents:LAST`, perhaps with gaps, as `dnc person` names it;
    null if nothing was, as the store had all of it.
    """

    known: int
    first: int | None
    last: int | None


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
    """The columns that have a value in any of some calls, or of other rows of a request."""
    columns = calls[0].__struct_fields__ if calls else ()
    return [name for name in columns if any(getattr(call, name) is not None for call in calls)]


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
    rows, columns = getattr(sent, listed), vocabulary().columns
    dates = [name for name in columns_in(rows) if name in columns and columns[name]["kind"] in ("date", "datetime")]
    for at, row in enumerate(rows):
        for name in dates:
            cell = (getattr(row, name) or "").strip()
            no_day = (*EMPTY, *NONE, *YES) if name in OR_NONE else EMPTY
            if cell and cell.lower() not in no_day and read_moment(cell, order) is None:
                return f"$.{listed}[{at}].{name}"
    return None


def as_frame(calls: list[Any], columns: list[str]) -> pl.DataFrame:
    """Calls as a batch, as text."""
    cells = {name: [getattr(call, name) for call in calls] for name in columns}
    return pl.DataFrame(
        {name: [None if cell is None else str(cell) for cell in column] for name, column in cells.items()},
        schema=dict.fromkeys(columns, pl.String),
    )


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the interface, as JSON; `openapi.toml` has what it says besides these types."""
    said = shipped_toml(__package__, "openapi.toml")
    kinds = [CallBatch, Decisions, Objections, Recorded, *OWN_RECORDS.values(), RecordedRows, Changes, Status, Problem]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for one in said["operations"]:
        parameters = [said["parameters"][name] for name in one["parameters"]]
        errors = (
            said["errors"] | (said["odd"] if parameters else {}) | (said["errors_of_body"] if "takes" in one else {})
        )
        responses = {one.get("code", "200"): {"description": one["summary"], "content": _json_of(one["gives"])}}
        for code, text in sorted(errors.items()):
            problem = {"description": text, "content": _json_of("Problem", "application/problem+json")}
            responses[code] = problem | ({"headers": said["headers"][code]} if code in said["headers"] else {})
        made = {"operationId": one["id"], "summary": one["summary"], "parameters": parameters, "responses": responses}
        if "takes" in one:
            content = _json_of(one["takes"], examples=one["examples"])
            made["requestBody"] = {"required": True, "content": content}
        paths.setdefault(one["at"], {})[one["method"]] = made
    info = said["info"]
    return {
        "openapi": "3.1.0",
        "info": {"title": info["title"], "version": version("dnc-check"), "description": info["description"]},
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "see dnc key add"}},
        },
    }


def _json_of(name: str, media: str = "application/json", **more: Any) -> dict[str, Any]:
    """Content of one of the types."""
    return {media: {"schema": {"$ref": f"#/components/schemas/{name}"}, **more}}
