"""The SIP proxy of the docs between a dialler and a trunk: a call is placed if the desk says clear, and else never."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

from dnc import Store
from dnc.checks.campaign import keep_campaign
from dnc.store import keys
from tests import size
from tests.desk.conftest import running
from tests.sip.phones import Dialler, Trunk, free_port

DOCS = Path(__file__).parents[2] / "docs"
_KEYS = count(1)  # names of keys; the digits of a clock may look like a telephone number
CLEAR, BLOCKED, UNDECIDED = "0639981234", "0639985678", "+18005550101"
CONSENT = 'consent = "named_caller"\nconsent_for = "live"\nconsent_on = "2026-09-01"\nattempts = "0"\nrelated = "no"\n'
# SIPp: a call is placed and ended, or refused with 503; a number that is not clear is refused with 403.
SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="dialler">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:dialler@[local_ip]>;tag=[pid]d[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:dialler@[local_ip]:[local_port]>
Content-Length: 0

]]></send>
<recv response="100" optional="true"/>
<recv response="503" optional="true" next="refused"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From: <sip:dialler@[local_ip]>;tag=[pid]d[call_number]
To: <sip:[service]@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<pause milliseconds="50"/>
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
Max-Forwards: 70
From: <sip:dialler@[local_ip]>;tag=[pid]d[call_number]
To: <sip:[service]@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Content-Length: 0

]]></send>
<recv response="200" next="end"/>
<label id="refused"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-10]
Max-Forwards: 70
From: <sip:dialler@[local_ip]>;tag=[pid]d[call_number]
To: <sip:[service]@[remote_ip]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Content-Length: 0

]]></send>
<label id="end"/>
</scenario>
"""


class Gate(ThreadingHTTPServer):
    """A desk that says clear after some seconds."""

    daemon_threads = True

    def __init__(self, seconds: float) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                time.sleep(seconds)
                with suppress(BrokenPipeError):  # the proxy no longer waits
                    self.send_response(200)
                    self.end_headers()
                    self.wfile.write(
                        b'{"decisions": [{"dnc_outcome": "clear", "dnc_blocked_by": "", "dnc_missing": ""}]}'
                    )

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A desk with the campaign of the docs, whose customers have all consented, and one who objected."""
    folder = tmp_path_factory.mktemp("sip")
    store = Store(folder / "store")
    (folder / "own.csv").write_text("number\n0639980099\n")
    store.load(folder / "own.csv", registry="own", as_of=date(2026, 9, 20), region="FR")
    [brief] = re.findall(r"```toml\n(.*?)```", (DOCS / "http.md").read_text(encoding="utf-8"), re.DOTALL)
    keep_campaign(store, "autumn", brief + CONSENT)
    store.object([BLOCKED], date(2026, 9, 1), region="FR")
    key = keys.add(store.journal, "first", ["decide"])
    with running(store) as desk:
        call = {"campaign": "autumn", "calls": [{"number": CLEAR, "call_at": "2026-10-05T11:00"}]}
        desk.client().post("/v1/decisions", json=call, headers={"Authorization": f"Bearer {key}"}).raise_for_status()
        yield desk


@pytest.fixture(autouse=True)
def hung_up() -> Iterator[None]:
    """Close the sockets of diallers."""
    yield
    Dialler.close_all()


@contextmanager
def proxy(desk: str, trunk: int, key: str, folder: Path, per_second: int = 100, waits: int = 5_000) -> Iterator[int]:
    """The proxy of the docs with other addresses, and an hour at which calls are lawful; yields its port.

    waits: milliseconds for an answer of the desk, which on a busy machine are more than those of the docs.
    """
    port = free_port()
    text = (DOCS / "kamailio.cfg").read_text(encoding="utf-8")
    named = {
        "PROXY": f"udp:127.0.0.1:{port}",
        "TRUNK": f"sip:127.0.0.1:{trunk}",
        "DESK": desk,
        "PER_SECOND": str(per_second),
    }
    for name, value in named.items():
        text = re.sub(rf'^(#!substdef "!{name}!)[^"]*(!g")$', rf"\g<1>{value}\g<2>", text, count=1, flags=re.MULTILINE)
    text = text.replace("$timef(%Y-%m-%dT%H:%M:%S%z)", '"2026-10-05T11:00:00+0200"')
    assert "= 500;" in text
    (folder / "kamailio.cfg").write_text(text.replace("= 500;", f"= {waits};"))
    with (folder / "kamailio.log").open("wb") as log:
        server = subprocess.Popen(
            ["kamailio", "-f", folder / "kamailio.cfg", "-DD", "-E", "-m", "512", "-Y", folder],
            env={"PATH": os.environ["PATH"], "DNC_KEY": key}, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            for _ in range(100):  # until it answers
                asks = Dialler(port)
                asks.send("OPTIONS", "1")
                if asks.answers(0.3):
                    break
            assert server.poll() is None, (folder / "kamailio.log").read_text()
            yield port
            assert server.poll() is None, (folder / "kamailio.log").read_text()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


@pytest.fixture
def trunk() -> Iterator[Trunk]:
    """A trunk that takes every call."""
    with Trunk() as one:
        yield one


@pytest.fixture
def key(desk):
    """A key that may decide."""
    name = f"proxy-{next(_KEYS)}"
    return keys.add(desk.store.journal, name, ["decide"])


@pytest.fixture
def port(desk, trunk, key, tmp_path) -> Iterator[int]:
    """The proxy before the desk."""
    with proxy(desk.base.rstrip("/"), trunk.port, key, tmp_path) as port:
        yield port


def test_only_a_clear_call_is_placed(port, trunk):
    """Clear goes to the trunk; blocked and undecided get 403 with the reason; what is no number, and no call, neither."""
    code, message, _ = Dialler(port).call(CLEAR)
    assert code == 200, message
    assert list(trunk.invited.values()) == [CLEAR]
    code, message, _ = Dialler(port).call(BLOCKED)
    assert (code, "X-DNC: blocked " in message, "eu-gdpr-objection" in message) == (403, True, True)
    code, message, _ = Dialler(port).call(UNDECIDED)
    assert (code, "X-DNC: undecided " in message) == (403, True)
    for odd in ('1"}],"x":"', "0639981234;x", "12", "a" * 20, "06399812%22"):
        one = Dialler(port)
        one.send("INVITE", odd)
        assert {code for code, *_ in one.answers(1)} <= {400, 484}
    assert list(trunk.invited.values()) == [CLEAR]
    for method in ("MESSAGE", "REFER", "SUBSCRIBE", "REGISTER"):
        one = Dialler(port)
        one.send(method, CLEAR)
        assert one.answers(2)[0][0] == 405
    assert set(trunk.methods) <= {"INVITE", "ACK"}


def test_no_forged_tag_or_route_gets_by(port, trunk):
    """A call that says it is in progress, or which way to go."""
    there = f"<sip:127.0.0.1:{trunk.port};lr>"
    assert Dialler(port).call(BLOCKED, to_tag="forged")[0] == 481
    assert Dialler(port).call(BLOCKED, f"Route: {there}")[0] == 403
    assert Dialler(port).call(BLOCKED, f"Route: {there}", to_tag="forged")[0] == 481
    assert Dialler(port).call(BLOCKED, f"Route: <sip:127.0.0.1:{port};lr;did=1.1>, {there}", to_tag="trunk")[0] == 481
    one = Dialler(port)
    one.send("ACK", BLOCKED, f"Route: {there}", to_tag="forged")
    one.answers(0.5)
    assert trunk.methods == []


@pytest.mark.parametrize("how", ["stopped", "hung", "wrong key"])
def test_nobody_who_could_decide_places_no_call(desk, trunk, tmp_path, how):
    """503, half a second after the call where the desk hangs."""
    with Gate(30) as hung:
        addresses = {"stopped": "http://127.0.0.1:1", "hung": f"http://127.0.0.1:{hung.server_port}"}
        with proxy(addresses.get(how, desk.base.rstrip("/")), trunk.port, "dnc_wrong", tmp_path, waits=500) as port:
            code, _, seconds = Dialler(port).call(CLEAR)
            print(f"{how}: {code} after {seconds:.3f} s")
            assert code == 503
            assert how != "hung" or 0.4 < seconds < 5
        assert trunk.methods == []


def test_a_call_that_is_given_up_while_it_waits_is_not_placed(trunk, tmp_path):
    """Also if the desk says clear afterwards."""
    with Gate(0.35) as slow, proxy(f"http://127.0.0.1:{slow.server_port}", trunk.port, "key", tmp_path) as port:
        one = Dialler(port)
        one.send("INVITE", CLEAR)
        assert one.answers(0.1)[0][0] == 100
        one.send("CANCEL", CLEAR, branch=one.branch)
        assert one.answers(5)[-1][0] == 487
        time.sleep(0.6)
        assert trunk.methods == []
        assert Dialler(port).call(CLEAR)[0] == 200


def dialled(port: int, number: str, rate: int, calls: int, folder: Path) -> str:
    """SIPp's last lines, after it dialled a number so many times."""
    (folder / "dialler.xml").write_text(SCENARIO)
    done = subprocess.run(
        ["sipp", "-sf", "dialler.xml", "-s", number, f"127.0.0.1:{port}", "-i", "127.0.0.1", "-p", str(free_port()),
         "-r", str(rate), "-m", str(calls), "-l", "2000", "-timeout", "300", "-nostdin", "-trace_err"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return done.stdout[-2500:]


@pytest.mark.parametrize(("rate", "seconds", "limit"), [(50, size(6, 60), 100), (300, size(3, 10), 100)])
def test_many_calls(desk, trunk, key, tmp_path, rate, seconds, limit):
    """Each is placed once or refused with 503; beyond the limit calls are refused, and the proxy goes on."""
    calls = rate * seconds
    with proxy(desk.base.rstrip("/"), trunk.port, key, tmp_path, limit) as port:
        assert Dialler(port).call(CLEAR)[0] == 200
        dialled(port, CLEAR, rate, calls, tmp_path)
        placed = len(trunk.invited) - 1
        print(f"{rate} calls a second for {seconds} s: {placed} of {calls} placed, {calls - placed} refused with 503")
        assert placed <= calls
        assert rate <= limit or placed <= (limit + 1) * (seconds + 2)
        time.sleep(6)  # nobody waits any more
        assert Dialler(port).call(BLOCKED)[0] == 403
        assert Dialler(port).call(CLEAR)[0] == 200
        assert set(trunk.invited.values()) == {CLEAR}
