"""Recording over HTTP: calls made, consents and withdrawals, what they decide, and requests that are sent again."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import httpx
import pytest

from dnc import Rulebook
from dnc.lists import own_records
from dnc.lists.own_records import RecordReading
from dnc.store import keys
from dnc.store.verify import verify
from tests import size
from tests.conftest import SAMPLES
from tests.desk.conftest import running, said, until
from tests.desk.test_v1 import DOCS, client

NUMBER, OTHER = "06 39 98 12 34", "06 39 98 12 35"
CONSENT = {
    "number": NUMBER,
    "consent": "named_caller",
    "consent_on": "2026-09-01T10:12+02:00",
    "consent_for": "live",
    "wording": "form-7",
    "proof": "page 12",
}
MADE = {"number": NUMBER, "at": "2026-09-28T11:00", "result": "no_answer"}
SENT = {
    "objections": {"numbers": [NUMBER], "on": "2026-09-29", "region": "FR"},
    "calls": {"calls": [MADE], "region": "FR"},
    "consents": {"consents": [CONSENT], "region": "FR"},
}


@pytest.fixture
def api(serve, screened):
    """A client with a key; the own list was confirmed lately."""
    screened.load(
        SAMPLES / "objections.csv", as_of=date(2026, 9, 30), accept={"unchanged": "nobody has objected since"}
    )
    return client(serve(screened))


def send(api: httpx.Client, path: str, sent: dict, key: str | None = None) -> httpx.Response:
    """Record something."""
    return api.post(f"/v1/{path}", json=sent, headers={"Idempotency-Key": key} if key else {})


def rows(api: httpx.Client, path: str) -> int:
    """How many rows of a kind the store has."""
    standing = api.store.standing()
    return standing.objections.recorded.height if path == "objections" else standing.records[path].recorded.height


@pytest.fixture
def sale(api, dnc, tmp_path):
    """A function that decides a sale to a French consumer by the campaign of the docs, with more facts."""
    [brief] = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "sale.toml").write_text(brief + 'related = "no"\n')
    assert dnc("campaign", "add", "sale", "--brief", "sale.toml", "--store", api.store.path)[0] == 0

    def decided(**facts: object) -> dict:
        call = {"number": NUMBER, "region": "FR", "call_at": "2026-10-05T11:00+02:00", **facts}
        [decision] = api.post("/v1/decisions", json={"campaign": "sale", "calls": [call]}).json()["decisions"]
        return decision

    return decided


def test_a_recorded_consent_clears_a_sale_and_a_withdrawal_blocks_it(api, sale):
    """From the next request on; what the store has already is not recorded again."""
    assert "consent" in sale(attempts=0)["dnc_missing"]
    answer = send(api, "consents", SENT["consents"])
    assert (answer.status_code, answer.json()) == (201, {"recorded": 1, "known": 0, "first": 1, "last": 1})
    assert send(api, "consents", SENT["consents"]).json()["known"] == 1
    decided = sale(attempts=0)
    assert (decided["dnc_outcome"], decided["dnc_consent"]) == ("clear", "consents:1")
    withdrawals = [(NUMBER, "2026-09-20"), (OTHER, "yes")]  # a yes: on a day that is not known
    sent = [{"number": number, "consent_withdrawn_on": on} for number, on in withdrawals]
    assert send(api, "consents", {"consents": sent, "region": "FR"}).status_code == 201
    assert [sale(number=number, attempts=0)["dnc_outcome"] for number, _ in withdrawals] == ["blocked"] * 2
    assert verify(api.store.journal).faults == []


def test_recorded_calls_are_attempts_where_every_call_is_known(api, sale, write_file):
    """The fifth call in thirty days is not allowed; of a fourth nobody knows, without complete days, which it is."""
    send(api, "consents", SENT["consents"])
    calls = [MADE | {"at": f"2026-09-2{day}T11:00", "call_id": str(day)} for day in range(4)]
    assert send(api, "calls", {"calls": calls[:3], "region": "FR"}).json()["recorded"] == 3
    assert "attempts" in sale()["dnc_missing"]
    assert send(api, "calls", {"calls": calls, "region": "FR"}).json()["recorded"] == 1
    assert "fr-frequency-2023" in sale()["dnc_blocked_by"]
    covers = RecordReading(covers_days=(date(2026, 9, 1), date(2026, 10, 5)))
    path = write_file("none.csv", "number,at,result\n")
    own_records.load(api.store, "calls", [path], Rulebook.load(), covers)
    assert sale(number=OTHER, consent="named_caller", consent_on="2026-09-01", consent_for="live")["dnc_outcome"] == (
        "clear"
    )


def test_who_objected_in_a_call_is_on_the_own_list(api, sale):
    """And is called for nothing."""
    send(api, "consents", SENT["consents"])
    assert send(api, "calls", {"calls": [MADE | {"result": "objected"}], "region": "FR"}).status_code == 201
    assert "eu-gdpr-objection" in sale(attempts=0)["dnc_blocked_by"]
    assert rows(api, "objections") == 1


@pytest.mark.parametrize(
    ("path", "cells", "says"),
    [
        ("calls", {"result": "mad"}, "$.calls[1].result: Invalid enum value; one of answered, no_answer"),
        ("calls", {"results": "busy"}, "$.calls[1]: Object contains unknown field results; one of result"),
        ("calls", {"at": "soon"}, "$.calls[1]: at is not a time"),
        ("calls", {"at": "2999-01-01"}, "$.calls[1]: this call (at) is still to come"),
        ("calls", {"at": None}, "$.calls[1].at: Expected"),
        ("calls", {"number": "0639981"}, "number 2 cannot be read"),
        ("consents", {"consent": "mad"}, "$.consents[1].consent: Invalid enum value; one of none, named_caller"),
        ("consents", {"consent_on": "soon"}, "$.consents[1].consent_on: is not a date"),
        ("consents", {"consent_on": "2999-01-01"}, "$.consents[1]: a day was not understood or is still to come"),
        (
            "consents",
            {"hours_agreed": "0639981236"},
            "or the hours that were agreed (hours_agreed) are not written as 18:00-20:00",
        ),
        ("consents", {"consent": None}, "$.consents[1]: says neither that a consent was given"),
        ("consents", {"proof": "trustedform.com/0639981236"}, "$.consents[1]: the address in proof"),
        ("consents", {"number": "06 39 98 12 36 / 06 39 98 12 37"}, "number 2 cannot be read"),
    ],
)
def test_an_error_names_the_field_and_nothing_is_recorded(asked, path, cells, says):
    """Not what was sent in it; of several rows all are recorded or none, and the key may be used again."""
    sent = {path: [{**SENT[path][path][0], **more} for more in ({}, cells)], "region": "FR"}
    before = rows(asked, path)
    answer = send(asked, path, sent, f"{path} {cells}")
    assert (answer.status_code, rows(asked, path)) == (422, before)
    assert says in said(answer)
    assert not {"mad", "soon", "2999-01-01"} & set(re.split(r"[\s;,`]", said(answer)))
    assert "63998" not in said(answer) and "39 98" not in said(answer) and "--" not in said(answer)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A client with a key, for all that is refused."""
    from dnc import Store

    with running(Store(tmp_path_factory.mktemp("recording") / "dnc-store")) as desk:
        yield client(desk)


@pytest.mark.parametrize("path", SENT)
def test_a_key_without_the_right_records_nothing(asked, path):
    """Whatever else it may do."""
    key = keys.add(asked.store.journal, f"not-{path}", ["decide", "read", "lift"])
    for header, code in ({"Authorization": f"Bearer {key}"}, 403), ({"Authorization": "Bearer x"}, 401):
        answer = asked.post(f"/v1/{path}", json=SENT[path], headers=header)
        assert (answer.status_code, rows(asked, path)) == (code, 0)
        assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (code == 401)


@pytest.mark.parametrize("path", SENT)
def test_a_request_that_is_sent_again_gets_the_same_answer(api, path):
    """And is recorded once, however its JSON is written; without a key, or with another, it is a new request."""
    answer, log = send(api, path, SENT[path], "one"), api.store.log().height
    assert answer.status_code == 201
    same = dict(reversed(SENT[path].items()))
    assert [send(api, path, same, "one").content for _ in range(2)] == [answer.content] * 2
    assert (api.store.log().height, rows(api, path)) == (log, 1)
    for key in (None, "two"):
        assert send(api, path, SENT[path], key).status_code == 201
    assert api.store.log().height == log + 2
    api.headers["Authorization"] = f"Bearer {keys.add(api.store.journal, 'other', ['record'])}"
    assert send(api, path, SENT[path], "one").status_code == 201  # each program has keys of its own
    assert api.store.log().height > log + 3


def test_a_key_is_for_one_request(api):
    """Another body or address under it is refused, and quotes nothing."""
    assert send(api, "calls", SENT["calls"], NUMBER).status_code == 201
    log = api.store.log()
    others = {"calls": SENT["calls"] | {"calls": [MADE | {"result": "busy"}]}, "objections": SENT["objections"]}
    for path, sent in others.items():
        answer = send(api, path, sent, NUMBER)
        assert answer.status_code == 422 and "Idempotency-Key" in said(answer) and "98" not in said(answer)
    assert api.store.log().equals(log)


def test_a_lift_that_is_sent_again_is_one(api):
    """Its answer is not that there is nothing to lift any more; what was refused may succeed later."""
    lift = SENT["objections"] | {"lift": True, "reason": "by mistake", "on": "2026-09-30"}
    assert send(api, "objections", lift, "lift").status_code == 409
    assert send(api, "objections", SENT["objections"]).status_code == 201
    assert [send(api, "objections", lift, "lift").json() for _ in range(2)] == [{"recorded": 1}] * 2
    assert send(api, "objections", lift, "again").status_code == 409


@pytest.mark.parametrize("path", SENT)
def test_many_at_once_are_one(api, path):
    """Whichever comes first."""
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(send, api, path, SENT[path], "one") for _ in range(8)]
        assert len({(answer.result().status_code, answer.result().content) for answer in answers}) == 1
    assert rows(api, path) == 1
    assert len(api.store.journal.read().values("requests")) == 1
    assert verify(api.store.journal).faults == []


@pytest.mark.parametrize("store_number", range(size(1, 20)))
def test_a_kill_records_nothing_twice_and_loses_nothing(start, store, store_number):
    """It comes as soon as the store has the request, or in the middle of the change; it is sent until it is answered."""
    one = start(store)
    api, turns = client(one), size(5, 50)
    with ThreadPoolExecutor(1) as pool:
        for turn in range(turns):
            path = list(SENT)[turn % 3]
            sent = json.loads(json.dumps(SENT[path]).replace("12 34", f"12 {34 + turn}"))
            seen = rows(api, path)
            asking = pool.submit(send, api, path, sent, f"turn {turn}")

            def begun(path: str = path, seen: int = seen, early: bool = turn >= turns // 2) -> bool:
                return rows(api, path) > seen or (early and any(store.path.glob(".dnc-change-*")))

            until(begun, one)
            one.process.kill()
            answered = asking.exception() is None and asking.result().content
            one = start(store)
            api.base_url = one.base
            again = send(api, path, sent, f"turn {turn}")
            assert again.status_code == 201 and again.json()["recorded"] == 1
            assert answered in (False, again.content)
            assert rows(api, path) == seen + 1
    assert verify(store.journal).faults == []


def test_what_is_kept_of_a_request_tells_nothing_and_is_forgotten(api, dnc):
    """Neither its key nor its number, nor a hash that somebody could try numbers against once `dnc forget` has run."""
    dnc("retention", "consents", "--months", "600", "--store", api.store.path)
    for forget in (("forget", "+33199000001"), ("retention", "--apply"), ("retention", "--before", "2000-01-01")):
        assert send(api, "objections", SENT["objections"], NUMBER).json() == {"recorded": 1}
        log = api.store.log()
        body = json.dumps(SENT["objections"]).encode()
        for text in (NUMBER.encode(), b"+33639981234", b"33639981234", body):
            assert hashlib.sha256(text).hexdigest() not in log.write_csv()
        assert "639981234" not in log.write_csv() and NUMBER not in log.write_csv()
        assert api.store.journal.read().values("requests")
        assert dnc(*forget, "--store", api.store.path)[0] == 0
        assert not api.store.journal.read().values("requests")
        before = rows(api, "objections")
        assert send(api, "objections", SENT["objections"], NUMBER).json() == {"recorded": 1}
        assert rows(api, "objections") == before + 1
