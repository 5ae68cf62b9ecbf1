"""The HTTP interface: what it decides and records, whom it answers, and what it refuses."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from hashlib import sha256
from pathlib import Path

import httpx
import polars as pl
import pytest

from dnc import Decider, check
from dnc.api import explain, replay
from dnc.checks.campaign import keep_campaign
from dnc.desk.schema import ANSWERED
from dnc.law.vocabulary import CONSENT, NEXT_AT, OR_NONE, VERDICT, vocabulary
from dnc.store import keys
from dnc.store.verify import verify
from tests import ALL, edits, size, some
from tests.conftest import SAMPLES
from tests.desk.conftest import Running, running, said, until

AT = "2026-08-10T10:30"
SHOP = {
    "caller": "commercial",
    "voice": "human",
    "region": "FR",
    "call_at": AT,
    "recipient": "consumer",
    "consent": "none",
}
LISTED, NOT_LISTED = "01 99 00 08 10", "01 99 00 04 18"


@pytest.fixture
def api(serve, screened):
    """A client with a key, on a desk whose store has the sample extracts."""
    return client(serve(screened))


def client(desk: Running, name: str = "dialler") -> httpx.Client:
    """A program with a key of its own."""
    one = desk.client()
    one.headers["Authorization"] = f"Bearer {keys.add(desk.store.journal, name, keys.RIGHTS)}"
    one.store = desk.store
    return one


def decided(api: httpx.Client, *calls: dict, keep: bool = False) -> list[dict]:
    """The decisions on some calls."""
    answer = api.post("/v1/decisions", params={"keep": "true"} if keep else {}, json={"calls": list(calls)})
    assert answer.status_code == 200, answer.text
    return answer.json()["decisions"]


def test_decisions_are_those_of_a_check(api, write_file):
    """In their order, with the columns of a check and its values, one for each call, also where a cell holds two."""
    numbers = [LISTED, NOT_LISTED, "no number", "", "02 61 91 00 01 / 02 61 91 00 02", LISTED]
    calls = [SHOP | {"number": number} for number in numbers]
    rows = "".join(f"{number},{','.join(SHOP.values())}\n" for number in numbers)
    path = write_file("calls.csv", f"number,{','.join(SHOP)}\n{rows}")
    expected = check(path, api.store, best=True, columns=ANSWERED).verdicts.select(ANSWERED)
    assert decided(api, *calls) == json.loads(expected.write_json())
    assert decided(api, *calls, keep=True) == json.loads(expected.write_json())


def _calls(chance: random.Random, count: int) -> Iterator[dict[str, str | int]]:
    """Calls with facts of every kind, few or nearly all; no two are to one number.

    All have an hour, without which a call means another thing at a gate than in a list (`test_gate.py`).
    """
    words = {**vocabulary().axes, **{name: ["2026-07-20", "2025-03-01", "none"] for name in OR_NONE}}
    words |= {name: ["2026-07-20", "2025-03-01"] for name in ("consent_on", "relationship_on")}
    words |= {"attempts": [0, 1, 5], "cli": ["withheld", "01 99 00 90 00"]}
    words["call_at"] = [
        "2026-08-05T11:00",
        "2026-08-10T10:30",
        "2026-08-10T21:15",
        "2026-11-29T11:00",
        "2017-04-03T10:30",
    ]
    for at in range(count):
        share, number = chance.choice([0.3, 0.95]), chance.choice(["01 99 00 {:02} {:02}", "+3363998{:02}{:02}"])
        told = {
            name: chance.choice([*cells])
            for name, cells in words.items()
            if name == "call_at" or chance.random() < share
        }
        yield {"number": number.format(*divmod(at, 100)), "region": "FR"} | told


@pytest.mark.parametrize("seed", some(range(10), 1))
def test_a_call_is_judged_alike_by_whatever_way_it_is_asked_about(api, tmp_path, seed):
    """In a list, when that is replayed, in a batch, over HTTP and by `explain`."""
    calls = [*_calls(random.Random(seed), size(60, 1_000))]
    frame = pl.DataFrame(calls, infer_schema_length=None).cast(pl.String)
    frame.write_csv(tmp_path / "calls.csv")
    result = check(tmp_path / "calls.csv", api.store, columns=ANSWERED)
    expected = result.verdicts.select(ANSWERED)
    assert expected["dnc_outcome"].n_unique() == 3
    assert replay(api.store, result.id, tmp_path / "calls.csv").same
    with Decider(api.store, columns=ANSWERED) as decider:
        assert decider(frame).select(ANSWERED).equals(expected)
    assert decided(api, *calls) == json.loads(expected.write_json())
    for call, verdict in zip(frame.iter_rows(named=True), expected.iter_rows(named=True), strict=True):
        told, _ = explain(
            call["number"], api.store, {name: cell for name, cell in call.items() if cell and name != "number"}
        )
        assert told.keys() >= {*VERDICT} and told == {name: verdict[name] for name in told}, call


def test_a_new_snapshot_or_objection_decides_the_next_request(api, write_file):
    """The decider is warm, and never of yesterday."""
    call = SHOP | {"number": NOT_LISTED}
    [before] = decided(api, call)
    assert "eu-gdpr-objection" not in before["dnc_blocked_by"]
    sent = {"numbers": [NOT_LISTED], "region": "FR", "on": "2026-08-09"}
    assert api.post("/v1/objections", json=sent).json() == {"recorded": 1}
    [objected] = decided(api, call)
    assert "eu-gdpr-objection" in objected["dnc_blocked_by"]
    lifted = sent | {"lift": True, "on": "2026-08-10", "reason": "by mistake"}
    assert api.post("/v1/objections", json=lifted).status_code == 201
    assert decided(api, call) == [before]
    other = SHOP | {"number": "02 61 91 00 01"}
    assert "eu-gdpr-objection" not in decided(api, other)[0]["dnc_blocked_by"]
    own = write_file("own.csv", f"number\n{other['number']}\n")
    api.store.load(own, as_of=date(2026, 8, 9), registry="own", region="FR")
    assert "eu-gdpr-objection" in decided(api, other)[0]["dnc_blocked_by"]


def test_a_key_that_was_edited_into_the_store_counts_for_nothing(api):
    """Whoever can write to its folder makes a key that may read, and has the state told as if nothing had happened."""
    key = {"name": "x", "sha256": sha256(b"x").hexdigest(), "added_at": "2026-01-01T00:00:00", "rights": "read"}
    said = {"kind": "keys", "name": "x", "is": key, "salt": ""}
    *lines, last = edits.lines(api.store.path)
    edits.write(api.store.path, [*lines, last.replace('"said":[', f'"said":[{json.dumps(said)},')])
    for path in ("/v1/status", "/metrics", "/v1/objections"):
        for headers in ({}, {"Authorization": "Bearer x"}):
            answer = api.get(path, headers=headers)
            assert (answer.status_code, "says was changed" in answer.json()["detail"]) == (503, True)


def test_a_moment_that_is_not_told_is_now(api, monkeypatch):
    """`n/a` and `-` are as good as no cell, in capitals and with blanks too."""
    monkeypatch.setenv("DNC_TODAY", "2026-08-10T08:30Z")
    untold = {name: cell for name, cell in SHOP.items() if name != "call_at"} | {"number": NOT_LISTED}
    for empty in ("n/a", "N/A", "-", " - "):
        assert decided(api, untold | {"call_at": empty}) == decided(api, untold)


def test_a_number_that_never_objected_is_not_lifted(api):
    """The answer says so, and the log has no row about it; of several, those are counted that were on the list."""
    sent = {"numbers": [NOT_LISTED], "region": "FR", "on": "2026-08-10", "lift": True, "reason": "by mistake"}
    before = api.store.log().height
    answer = api.post("/v1/objections", json=sent)
    assert (answer.status_code, api.store.log().height) == (409, before)
    assert "nothing to lift" in answer.json()["detail"]
    api.post("/v1/objections", json={"numbers": [LISTED], "region": "FR", "on": "2026-08-09"})
    sent["numbers"].append(LISTED)
    assert api.post("/v1/objections", json=sent).json() == {"recorded": 1}


BRIEF = """region = "FR"
[facts]
caller = "commercial"
voice = "human"
recipient = "consumer"
consent = "none"
"""


def test_what_was_forgotten_is_not_kept_by_a_campaign_that_nobody_asks_for_any_more(api):
    """Its decider reads files of an older state of the store, which are deleted only when nobody reads them."""
    keep_campaign(api.store, "autumn", BRIEF)
    call = {"number": NOT_LISTED, "region": "FR", "call_at": AT}
    assert api.post("/v1/decisions", json={"campaign": "autumn", "calls": [call]}).status_code == 200
    api.store.forget_numbers(["+33199000418"])
    assert len(api.store.journal.still_read()) == 1
    decided(api, call)

    def is_removed() -> bool:
        """The desk lets the files go when no request waits; the next change after that removes them."""
        api.store.object(["+33199000001"], date(2026, 8, 9))
        return api.store.journal.still_read() == []

    until(is_removed)


def test_a_campaign_tells_what_calls_have_in_common(api, dnc, tmp_path):
    """A number and its hour suffice; a new brief counts for the next request, and a kept decision names it."""
    call = SHOP | {"number": NOT_LISTED, "campaign": "autumn"}
    brief = tmp_path / "brief.toml"

    def keep(text):
        brief.write_text(text)
        return dnc("campaign", "add", "autumn", "--brief", brief, "--store", api.store.path)

    def asked(query=""):
        sent = {"campaign": "autumn", "calls": [{"number": NOT_LISTED, "call_at": AT}]}
        return api.post(f"/v1/decisions{query}", json=sent)

    assert (asked().status_code, "no campaign of that name" in said(asked())) == (422, True)
    assert keep(BRIEF)[0] == 0
    assert asked().json()["decisions"] == decided(api, call)
    assert keep(BRIEF.replace("consumer", "business"))[0] == 0
    assert asked().json()["decisions"] == decided(api, call | {"recipient": "business"})
    kept = asked("?keep=true").json()
    row = api.store.log().row(kept["check"] - 1, named=True)
    assert json.loads(row["detail"])["campaign"] == "autumn"
    assert kept["decisions"] == asked().json()["decisions"]
    assert dnc("campaign", "remove", "autumn", "--store", api.store.path)[0] == 0
    assert asked().status_code == 422
    assert keep(BRIEF)[0] == 0
    assert "autumn," in dnc("campaign", "list", "--store", api.store.path)[1]
    assert dnc("campaign", "show", "autumn", "--store", api.store.path)[1] == BRIEF
    assert verify(api.store.journal).faults == []


@pytest.mark.parametrize(
    ("rights", "allowed"),
    [(["decide"], {"decide"}), (["record", "lift"], {"record", "lift"}), (["read"], {"read"}), (["lift"], set())],
)
def test_a_key_does_what_it_may(serve, screened, rights, allowed):
    """Each right opens its requests; a lift needs both."""
    running = serve(screened)
    sent = {"numbers": [NOT_LISTED], "region": "FR", "on": "2026-08-09", "reason": "by mistake"}
    requests = {
        "decide": ("POST", "/v1/decisions", {"calls": [{"number": NOT_LISTED}]}),
        "record": ("POST", "/v1/objections", sent),
        "lift": ("POST", "/v1/objections", sent | {"lift": True, "on": "2026-08-10"}),
        "read": ("GET", "/v1/objections", None),
    }

    def opens(key):
        asks = running.client()
        asks.headers["Authorization"] = f"Bearer {key}"
        answers = {right: asks.request(method, path, json=body) for right, (method, path, body) in requests.items()}
        assert {answer.status_code for answer in answers.values()} <= {200, 201, 403}
        return {right for right, answer in answers.items() if answer.status_code < 400}

    assert opens(keys.add(running.store.journal, "one", rights)) == allowed


def test_objections_are_given_in_order(api):
    """Those after a number, with lifts; the answer says where the next one begins."""
    sent = {"numbers": [NOT_LISTED, LISTED], "region": "FR", "on": "2026-08-09"}
    first = api.get("/v1/objections").json()
    assert api.post("/v1/objections", json=sent).status_code == 201
    sent |= {"numbers": [LISTED], "on": "2026-08-10", "lift": True, "reason": "by mistake"}
    assert api.post("/v1/objections", json=sent).status_code == 201
    new = api.get("/v1/objections", params={"since": first["until"]}).json()
    assert [(one["number"][-4:], one["on"], one["lifted"]) for one in new["changes"]] == [
        ("0418", "2026-08-09", False), ("0810", "2026-08-09", False), ("0810", "2026-08-10", True),
    ]  # fmt: skip
    assert [one["seq"] for one in new["changes"]] == [new["until"] - 2, new["until"] - 1, new["until"]]
    assert api.get("/v1/objections", params={"since": new["until"]}).json() == {"until": new["until"], "changes": []}
    for wrong in ("-1", "x", "9" * 30, "1.5"):
        assert api.get("/v1/objections", params={"since": wrong}).status_code == 422


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ({"colour": "red"}, "$.calls[0]: Object contains unknown field colour; one of call, number"),
        ({"consents": "none"}, "unknown field consents; one of consent"),
        ({"caller": "shop"}, "$.calls[0].caller: Invalid enum value; one of commercial, press, political"),
        ({"consent_on": "5/4/2026"}, "$.calls[0].consent_on: is not a date that can be read"),
        ({"call_at": "soon"}, "$.calls[0].call_at: is not a date that can be read"),
        ({"0639980001": "x"}, "$.calls[0]: Object contains unknown field"),
    ],
)
def test_an_error_names_field_words_and_column(api, call, says):
    """Never what was sent in it."""
    answer = api.post("/v1/decisions", json={"calls": [{"number": LISTED, **call}]})
    assert answer.status_code == 422
    assert says in said(answer)
    assert not {"red", "shop", "5/4/2026", "soon", "0639980001"} & set(re.split(r"[\s;,`]", said(answer)))


def test_many_at_once_get_their_own(api):
    """Requests that are decided together are told apart, and one's objection is none of another's."""
    [alone] = decided(api, SHOP | {"number": NOT_LISTED})
    calls = [[SHOP | {"number": number}] * size for size in (1, 3, 2) for number in (LISTED, NOT_LISTED)] * 4
    calls += [[SHOP | {"number": NOT_LISTED, "objected_on": "2026-08-01"}]] * 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda some: decided(api, *some), calls))
    for sent, got in zip(calls, answers, strict=True):
        assert [one["dnc_number"][-4:] for one in got] == [one["number"][-5:].replace(" ", "") for one in sent]
        if sent[0]["number"] == NOT_LISTED and "objected_on" not in sent[0]:
            assert got == [alone] * len(sent)
        if "objected_on" in sent[0]:
            assert got[0]["dnc_outcome"] == "blocked"


def test_who_asked_is_in_the_log(api, dnc):
    """Objections and kept decisions, by the name of the key; other decisions leave no row; numbers are in none."""
    decided(api, SHOP | {"number": LISTED})
    rows = api.store.log().height
    decided(api, SHOP | {"number": LISTED}, keep=True)
    api.post("/v1/objections", json={"numbers": [NOT_LISTED], "region": "FR", "on": "2026-08-09"})
    log = api.store.log()
    assert log[rows:].select("verb", "done_by").rows() == [("check", "key dialler"), ("object", "key dialler")]
    assert not re.search(r"1\W?99\W?00\W?0[48]\W?1[08]", log.write_csv())
    assert verify(api.store.journal).faults == []
    code, out, _ = dnc("person", LISTED, "--region", "FR", "--store", api.store.path, "--json")
    assert code == 0 and len(json.loads(out)["decisions"]) == 1


def test_a_key_opens_until_it_is_removed(api, dnc):
    """None, a wrong one, another scheme, and one that was removed while the desk runs."""
    good = api.headers["Authorization"]
    for header in ("", "Bearer", "Bearer x", f"Basic {good[7:]}", good[:-1], good.replace("dnc_", "")):
        answer = api.get("/v1/status", headers={"Authorization": header})
        assert answer.status_code == 401 and "dnc key add" in said(answer)
    assert api.get("/v1/status").status_code == 200
    assert dnc("key", "remove", "dialler", "--store", api.store.path)[0] == 0
    assert api.get("/v1/status").status_code == 401


def test_a_key_that_is_removed_while_a_request_arrives_records_nothing(api):
    """Who sends the end of a request late would otherwise keep a right that was taken away."""
    body = b'{"numbers": ["+33199000001"], "on": "2026-08-01"}'
    head = (
        f"POST /v1/objections HTTP/1.1\r\nHost: {api.base_url.netloc.decode()}\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: {api.headers['Authorization']}\r\nContent-Type: application/json\r\n"
        "Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((api.base_url.host, api.base_url.port)) as wire:
        wire.sendall(head.encode())
        assert wire.recv(1000).startswith(b"HTTP/1.1 100 "), "the key was looked at, and the body is asked for"
        keys.remove(api.store.journal, "dialler")
        wire.sendall(body)
        assert wire.makefile("rb").readline().startswith(b"HTTP/1.1 401 ")
    assert api.store.standing().objections.recorded.is_empty()


def test_the_store_keeps_no_key(dnc, tmp_path):
    """It is printed once; neither the list, the log nor any file has it."""
    code, key, err = dnc("key", "add", "crm", "--store", "s")
    assert code == 0 and "not be shown again" in err
    assert dnc("key", "list", "--store", "s")[1].splitlines()[1].startswith("crm,")
    secret = key.strip().encode()
    assert all(secret not in path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())
    assert dnc("key", "add", "crm", "--store", "s")[0] == 4
    assert dnc("key", "add", "01 99 00 08 10", "--store", "s")[0] == 4
    assert dnc("key", "remove", "nobody", "--store", "s")[0] == 4


def test_the_status_says_what_is_loaded(api, monkeypatch):
    """What `dnc status --json` says, but for the files, which are not verified."""
    monkeypatch.setenv("DNC_TODAY", "2026-09-05")
    state = api.get("/v1/status").json()
    assert {one["registry"] for one in state["registries"]} == {"fr-bloctel", "fr-directory", "own"}
    assert (state["verified"], state["due"]) == (None, False)
    assert state["log_head"].startswith(f"{api.store.log()['seq'].max()}:")


def test_metrics_are_for_a_key_that_may_read(serve, screened):
    """The figures of the status in the OpenMetrics format; another key gets 403, and none 401."""
    desk = serve(screened)
    one = desk.client()
    assert one.get("/metrics").status_code == 401
    for right, code in (("read", 200), ("decide", 403)):
        one.headers["Authorization"] = f"Bearer {keys.add(desk.store.journal, right, [right])}"
        answer = one.get("/metrics")
        assert answer.status_code == code
        if code == 200:
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert "\ndnc_faults 0\n" in answer.text and answer.text.endswith("# EOF\n")


CALL = {"number": LISTED}
REFUSED = {
    "nothing": (b"", 400),
    "cut off": (b'{"calls": [', 400),
    "deep": (b"[" * 100_000, 422),
    "deep where a text belongs": (b'{"calls": [{"number": ' + b"[" * 100_000, 422),
    "a list": (b"[]", 422),
    "no calls": ({"calls": []}, 422),
    "too many calls": ({"calls": [CALL] * 1001}, 422),
    "no number": ({"calls": [{}]}, 422),
    "a number that is a number": ({"calls": [{"number": 199000810}]}, 422),
    "a column that is not ours": ({"calls": [CALL | {"0199000810": "x"}]}, 422),
    "a word that is not ours": ({"calls": [CALL | {"caller": "0199000810"}]}, 422),
    "a word with quotes": ({"calls": [CALL | {"caller": "' - at `0199000810` 'x"}]}, 422),
    "a long cell": ({"calls": [CALL | {"campaign": "x" * 501}]}, 422),
    "a key twice": (b'{"calls": [{"number": "0199000810", "objected_on": "2026-08-01", "objected_on": "none"}]}', 422),
    "a key twice, outside": (b'{"calls": [{"number": "0199000810"}], "calls": [{"number": "0199000418"}]}', 422),
    "a large body": (b" " * (5 << 20), 413),
    "not UTF-8": (b'{"calls": [{"number": "\xff"}]}', 400),
    "half a character": (b'{"calls": [{"number": "\\ud800"}]}', 400),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A client with a key, for all that is refused."""
    from dnc import Store

    store = Store(tmp_path_factory.mktemp("v1") / "dnc-store")
    store.load(SAMPLES / "bloctel.csv", as_of=date(2026, 8, 5))
    with running(store) as desk:
        yield client(desk)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_call_is_refused(asked, name):
    """With a problem of one sentence that quotes nothing; the next request is answered."""
    content, status = REFUSED[name]
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = asked.post("/v1/decisions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status and answer.json()["status"] == status
    assert "99000" not in said(answer) and "\n" not in said(answer)
    assert len(decided(asked, CALL)) == 1


def test_other_refusals_are_problems_too(asked):
    """An address, a method, a content type and a parameter that are not ours, and objections that cannot be."""
    objections = {"numbers": [LISTED], "region": "FR", "on": "2026-08-09"}
    rows = asked.store.log().height
    answers = {
        404: asked.get("/v1/nothing"),
        405: asked.get("/v1/decisions"),
        415: asked.post("/v1/decisions", content=b"{}", headers={"Content-Type": "text/plain"}),
        422: asked.post("/v1/decisions", params={"keep": "maybe"}, json={"calls": [CALL]}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status and said(answer)
    for wrong in ({"on": "2999-01-01"}, {"lift": True}, {"numbers": ["x"]}, {"region": None}, {"on": "yesterday"}):
        answer = asked.post("/v1/objections", json=objections | wrong)
        assert answer.status_code == 422 and "99000" not in said(answer) and "--" not in said(answer), wrong
    assert asked.store.log().height == rows


def test_the_document_has_every_column(asked):
    """Calls have the columns and words of the vocabulary, decisions those of verdicts."""
    schemas = asked.get("/v1/openapi.json").json()["components"]["schemas"]
    assert set(schemas["Call"]["properties"]) == set(vocabulary().columns)
    assert list(schemas["Decision"]["properties"]) == [*VERDICT, CONSENT, NEXT_AT]
    for name, words in vocabulary().axes.items():
        assert words == sorted(words, key=words.index)
        assert set(words) <= set(
            json.dumps(schemas["Call"]["properties"][name]).replace('"', " ").replace(",", " ").split()
        )


def test_what_the_document_shows_is_accepted(api, dnc, tmp_path):
    """Its examples, in their order; and every refusal has the headers that it tells of."""
    (tmp_path / "brief.toml").write_text(BRIEF)
    assert dnc("campaign", "add", "autumn", "--brief", "brief.toml", "--store", api.store.path)[0] == 0
    document = api.get("/v1/openapi.json").json()
    posts = {path: item["post"] for path, item in document["paths"].items() if "post" in item}
    assert set(posts) == {"/v1/decisions", "/v1/objections", "/v1/calls", "/v1/consents"}
    for path, operation in posts.items():
        for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
            answer = api.post(path, json=example["value"])
            assert str(answer.status_code) in operation["responses"], said(answer)
            assert answer.is_success, said(answer)
    refused = {
        "401": api.get("/v1/status", headers={"Authorization": "Bearer no"}),
        "404": api.get("/v1/nowhere"),
        "405": api.put("/v1/objections"),
    }
    for code, answer in refused.items():
        assert (str(answer.status_code), answer.headers["content-type"]) == (code, "application/problem+json")
        told = document["paths"]["/v1/status"]["get"]["responses"][code].get("headers", {})
        assert set(map(str.lower, told)) <= set(answer.headers)
    assert refused["405"].headers["Allow"] == "GET, HEAD, POST"
    assert "servers" not in document  # so the address is that of the document, whatever the port


def test_nothing_that_is_generated_breaks_it(asked, tmp_path):
    """Schemathesis: no 500, and no answer that the document does not describe."""
    phases = "coverage,fuzzing,stateful" if ALL else "fuzzing"
    told = {"max-examples": size(4, 8), "seed": 1, "request-timeout": 3600, "phases": phases}
    # A text may be no telephone number, which no schema can say: such a request is refused although it fits.
    told["exclude-checks"] = "positive_data_acceptance"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{asked.base_url}v1/openapi.json"),
            *("--header", f"Authorization: {asked.headers['Authorization']}"),
            *(part for name, value in told.items() for part in (f"--{name}", str(value))),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert verify(asked.store.journal).faults == []


DOCS = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


class Agi:
    """Asterisk, as far as an AGI script sees it: runs the script of the docs, and answers each of its commands."""

    def __init__(self, folder: Path, address: str, key: str | None, *, patience: int = 60) -> None:
        functions, self.script, hook = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
        compile(hook, "hook", "exec")
        # The docs' own but for the address, the time it waits, and the hour: at night nothing would be clear.
        functions = functions.replace("http://127.0.0.1:8520/", address).replace("timeout=1)", f"timeout={patience})")
        functions = functions.replace(
            "datetime.now()", "datetime(2026, 10, 5, 11, tzinfo=timezone(timedelta(hours=2)))"
        )
        functions = functions.replace("import datetime", "import datetime, timedelta, timezone")
        (folder / "dnc_client.py").write_text(functions)
        (folder / "dnc_ask.py").write_text(self.script)
        self.folder = folder
        self.env = {"PATH": os.environ["PATH"], **({"DNC_KEY": key} if key else {})}

    def variables(self, number: str) -> tuple[dict[str, str], list[str]]:
        """What the script sets, and what it tells the console."""
        arguments = [sys.executable, "dnc_ask.py", number, "autumn"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(arguments, cwd=self.folder, env=self.env, text=True, **pipes) as script:
            script.stdin.write(f"agi_request: dnc_ask.py\nagi_extension: {number}\n\n")
            found, told = {}, []
            script.stdin.flush()
            while line := script.stdout.readline():
                name, value = re.fullmatch(r'SET VARIABLE (\w+) "([^"\n]*)"|VERBOSE "([^"\n]*)" 3', line.strip()).group(
                    1, 2
                )
                found |= {name: value} if name else {}
                told += [] if name else [line]
                script.stdin.write("200 result=1\n")
                script.stdin.flush()
            assert (script.wait(), script.stderr.read()) == (0, "")
        return found, told


def test_the_way_from_an_empty_store_to_a_clear_answer(serve, store, dnc, tmp_path):
    """The commands of the docs as printed, then the request, and the script for Asterisk: consented, objected, neither."""
    api = client(serve(store))
    [brief] = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "autumn.toml").write_text(brief)
    (tmp_path / "opt-outs.csv").write_text(f"number\n{LISTED}\n")
    (tmp_path / "calls.csv").write_text("number,at,result\n")
    section = DOCS.partition("## From an empty store to a clear answer")[2].partition("\n## ")[0]
    assert dnc("campaign", "add", "autumn", "--brief", "autumn.toml", "--store", store.path)[0] == 0
    commands = re.findall("^    dnc (.+)$", section, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["load", "load", "record"]
    for command in commands:
        code, _, err = dnc(*shlex.split(command)[:-1], store.path)
        assert code == 0, err
    [sent] = re.findall("-d '(.+)'", section)
    [decision] = api.post("/v1/decisions", json=json.loads(sent)).json()["decisions"]
    assert (decision["dnc_outcome"], decision["dnc_consent"]) == ("clear", "consents:1")
    asterisk = Agi(tmp_path, str(api.base_url), api.headers["Authorization"][7:])
    assert asterisk.variables(NOT_LISTED)[0] == {"DNC": "clear"}
    assert asterisk.variables(LISTED)[0] == {"DNC": "blocked"}
    assert asterisk.variables("06 39 98 12 34")[0] == {"DNC": "undecided"}


def test_the_script_for_asterisk_says_why_it_cannot_ask(api, tmp_path):
    """Without a key, with a wrong one, without a desk or a campaign, and if the desk hangs: soon, and never clear."""
    key = api.headers["Authorization"][7:]
    with socket.create_server(("127.0.0.1", 0)) as hung:  # takes connections, and never answers
        silent = f"http://127.0.0.1:{hung.getsockname()[1]}/"
        for address, with_key, says in (
            (str(api.base_url), None, "DNC_KEY"),
            (str(api.base_url), "dnc_wrong", "Send a valid key"),
            (str(api.base_url), key, "there is no campaign of that name"),
            ("http://127.0.0.1:1/", key, "refused"),
            (silent, key, "timed out"),
        ):
            asterisk = Agi(tmp_path, address, with_key, patience=1 if address == silent else 60)
            found, [told] = asterisk.variables("06 39 98 12 34")
            assert found == {"DNC": "error"}
            assert says in told
            assert "06 39 98 12 34" not in told


def test_the_desk_is_not_imported_without_being_asked_for():
    """Neither `import dnc` nor the list of verbs waits for its libraries."""
    code = (
        "import sys, dnc, dnc.api; from dnc.cli.main import cli; print(*(verb.name for verb in cli.commands.values()))"
    )
    code += "; print({'starlette', 'uvicorn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    verbs, extras = done.stdout.splitlines()
    assert {"desk", "key", "campaign"} <= set(verbs.split())
    assert extras == "set()"
