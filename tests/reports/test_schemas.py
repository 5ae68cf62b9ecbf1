"""JSON Schemas, and what verbs really give to programs."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest

from tests.scrub import HERE

FILES = HERE.parent / "docs" / "schema"
CALLS = "number,consent,consent_on\n+33199000001,none,\n+33199000002,named_caller,2026-07-01\nnobody,perhaps,\n"
TOLD = [
    "--region",
    "FR",
    "--at",
    "2026-08-03T10:30",
    "--set",
    "caller=commercial",
    "--set",
    "voice=human",
    "--set",
    "recipient=consumer",
]


@pytest.fixture
def given(dnc, write_file) -> dict[str, list[object]]:
    """What each verb gave."""
    calls, own = write_file("calls.csv", CALLS), write_file("own.csv", "number\n+33199000001\n")
    dnc("load", own, "--registry", "own", "--as-of", "2026-08-01")
    conditions = ["--json", "--quiet", "--require", "undecided<=0.5"]
    checked = dnc("check", calls, *TOLD, "--out", "verdicts.csv", *conditions)[1]
    vetted = dnc("vet", calls, *TOLD, "--until", "2026-08-10", "--price", "9", *conditions)[1]
    status = dnc("status", "--json", "--max-age", "gb-tps=21")[1]
    rows = csv.DictReader(io.StringIO(dnc("log")[1]))
    texts = {"check": [checked], "vet": [vetted], "status": [status]}
    return {name: list(map(json.loads, texts[name])) for name in texts} | {
        "log": [row | {"seq": int(row["seq"])} for row in rows]
    }


def test_every_output_is_as_its_schema_says(given):
    """Every key is in the schema and every required one is there; what has another type is not valid."""
    assert given.keys() == {path.stem for path in FILES.iterdir()}
    for name, outputs in given.items():
        schema = json.loads((FILES / f"{name}.json").read_text(encoding="utf-8"))
        validator = jsonschema.Draft202012Validator(schema)
        assert outputs
        for output in outputs:
            validator.validate(output)
            assert not validator.is_valid(output | {"new": 1})
            assert not any(validator.is_valid({**output, key: {1}}) for key in output)
