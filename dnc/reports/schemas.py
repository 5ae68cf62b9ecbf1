"""JSON Schemas of what verbs give to programs, made from the types of the results themselves."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from dnc.checks.parts import PartsManifest
from dnc.checks.status import Status
from dnc.reports.check_data import CheckOutput
from dnc.vetting.model import NOT_IN_JSON, Offer, Vetting


class LogLine(Struct, forbid_unknown_fields=True):
    """A row of what `dnc log` prints; detail: JSON, by the verb."""

    seq: int
    done_at: datetime
    verb: str
    done_by: str
    detail: str
    previous: str
    hash: str


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what one of `SCHEMAS` gives."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | msgspec.json.schema(SCHEMAS[name])


def _struct(of: type, **changed: Any) -> type[Struct]:
    """The fields of a dataclass that are in its JSON; changed: the types of those that it has otherwise, or adds."""
    hints = get_type_hints(of)
    kinds = {one.name: hints[one.name] for one in fields(of) if one.name not in NOT_IN_JSON} | changed
    return msgspec.defstruct(of.__name__, list(kinds.items()), forbid_unknown_fields=True)


SCHEMAS: dict[str, Any] = {
    "check": CheckOutput,
    "vet": _struct(Vetting, offer=_struct(Offer), opens=bool),
    "status": _struct(Status),
    "log": LogLine,
    "manifest": PartsManifest,
}
