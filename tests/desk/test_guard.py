"""Who may see and change what: hosts, origins, tokens, sessions, forms and uploads of a desk that runs."""

from __future__ import annotations

import os
import re
import socket
from importlib.resources import files
from pathlib import Path

import pytest

from dnc.desk.app import application
from dnc.desk.desk import UPLOADS_AT_ONCE, UPLOADS_OF_ONE, Desk
from dnc.desk.sessions import MOST_OF_ONE, Sessions
from dnc.store.verify import verify
from tests.desk.conftest import Browser, Running, said, until

TEMPLATES = files("dnc.desk") / "templates"
EVIL = "http://evil.example"


def left_behind(desk: Running) -> list[str]:
    """Files in the store's folder that no change of the store put there."""
    known = {"head", "lock", "owner.lock", *(path.name for path in desk.store.journal.segments())}
    # Unlike `Path.rglob`, it passes over folders that the desk deletes meanwhile.
    walked = os.walk(desk.store.path)
    return [str(Path(folder, name)) for folder, _, names in walked for name in names if name not in known]


def test_it_listens_on_loopback_and_prints_its_address(desk):
    """One line on stdout: the address with its token."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}", desk.opening)


def test_the_token_opens_a_session_and_leaves_the_address(desk):
    """The cookie is for this site alone, no script reads it, and the next address has no token."""
    client = desk.client()
    first = client.get(desk.opening)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= set(first.headers["set-cookie"].split("; "))
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=stale", "/nothing"])
def test_nothing_is_shown_without_a_token(desk, path):
    """Missing or stale: one sentence, no cookie, and nothing of the store."""
    client = desk.client()
    answer = client.get(path)
    assert answer.status_code == 403 and "shown when the desk was" in said(answer)
    assert "set-cookie" not in answer.headers and str(desk.store.path) not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1.evil.example:{port}", "localhost:1", ""])
def test_a_name_that_points_here_is_refused(desk, host):
    """DNS rebinding: the browser believes to speak to another site, and sends its name."""
    port = desk.base.rstrip("/").rpartition(":")[2]
    client = desk.client()
    for path in ("/", desk.opening.removeprefix(desk.base.rstrip("/")), "/v1/status", "/desk.css"):
        answer = client.get(path, headers={"Host": host.format(port=port)})
        assert answer.status_code in (400, 421) and "set-cookie" not in answer.headers
        assert answer.status_code == 400 or "shown when the desk was" in said(answer)


def test_localhost_is_a_name_of_it(desk):
    """Browsers resolve it to this machine only."""
    client = desk.client()
    assert client.get(desk.opening.replace("127.0.0.1", "localhost")).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "{base}", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://127.0.0.1:1"},
        {},
    ],
)
def test_a_change_from_elsewhere_is_refused(desk, headers):
    """Even with the cookie and the token of the form."""
    browser = desk.browser()
    sent = {name: text.format(base=desk.base.rstrip("/")) for name, text in headers.items()}
    data = {"form_token": browser.token, "language": "fr"}
    answer = browser.client.post("/language", data=data, headers=sent)
    assert answer.status_code == 403 and "does not come from a page of the desk" in said(answer)
    assert 'lang="en"' in browser.client.get("/").text


def test_a_form_needs_its_token(desk):
    """None, that of another session, and one of a session that ended."""
    one, other = desk.browser(), desk.browser()
    for token in ("", other.token, "x"):
        answer = one.post("/language", {"form_token": token, "language": "fr"})
        assert answer.status_code == 403 and "does not belong to your session" in said(answer)
    assert one.post("/language", {"language": "fr"}).status_code == 303
    assert 'lang="fr"' in one.client.get("/").text
    assert one.post("/leave").status_code == 200
    assert one.post("/language", {"language": "en"}).status_code == 403


def test_every_route_that_changes_something_asks_for_the_token(desk):
    """Whatever forms there are: none is read without."""
    app = application(Desk(desk.store, frozenset({"127.0.0.1:1"})))
    forms = [one.path for one in app.routes if "POST" in one.methods and not one.path.startswith("/v1/")]
    browser = desk.browser()
    assert len(forms) >= 2
    for path in forms:
        answer = browser.client.post(re.sub(r"\{\w+(:\w+)?\}", "1", path), data={"a": "b"}, headers=desk.origin)
        assert answer.status_code == 403 and "does not belong to your session" in said(answer), path


def test_every_answer_has_the_headers(desk):
    """Pages, refusals, the style sheet and the interface: not stored, not framed, no code, no style in the page."""
    browser = desk.browser()
    for answer in (
        browser.client.get("/"),
        browser.client.get("/nothing"),
        browser.client.get("/desk.css"),
        browser.client.get("/v1/status"),
        desk.client().get("/"),
    ):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        kept = "private, max-age=86400" if "css" in str(answer.url) else "no-store"
        assert answer.headers["cache-control"] == kept
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "<script" not in answer.text and not re.search(r"<[^>]+ (style|on\w+)=", answer.text)


def test_every_template_keeps_to_the_policy():
    """No script but the one of a job, no style, nothing marked as safe; a form that is sent begins with its token."""
    pages = {file.name: file.read_text(encoding="utf-8") for file in TEMPLATES.iterdir() if file.name.endswith(".html")}
    assert len(pages) > 10
    for name, text in pages.items():
        assert not re.search(r"<style|<[^>]+ (style|on\w+)=|\|\s*safe\b|autoescape", text), name
        assert re.findall("<script[^>]*>", text) == ['<script src="/jobs/job.js" defer>'] * (name == "job.html"), name
        forms = re.findall(r'<form method="post"[^>]*>\s*(.*)', text)
        assert set(forms) <= {'{% include "form_token.html" %}'}, name


def test_the_token_of_an_opened_browser_opens_one_session(store):
    """Other users of the machine may see the arguments of a browser; the printed address opens any number."""
    desk = Desk(store, frozenset())
    once = desk.token_for_once()
    assert [desk.opens(token) for token in (once, once, desk.token, desk.token)] == [True, False, True, True]


def test_who_begins_many_sessions_ends_his_own():
    """Behind a proxy each request without a cookie begins one; 100,000 slowed every request of all by 0.2 s."""
    sessions = Sessions()
    others, busy = sessions.open("en", "anna")[0], sessions.open("en", "eve")
    with busy[1].in_use():
        mine = [sessions.open("en", "eve")[0] for _ in range(MOST_OF_ONE + 2)]
        assert sessions.find(others, "anna") and sessions.find(busy[0], "eve")
    assert [sessions.find(cookie, "eve") is None for cookie in mine[:3]] == [True, True, False]


def test_an_unused_session_ends(store):
    """Its files go, and its cookie opens nothing; one with a job that runs stays."""
    sessions = Sessions(idle_seconds=-1)
    cookie, session = sessions.open("en")
    folder = session.folder(store)
    (folder / "calls.csv").write_text("number\n")
    session.busy = 1
    assert sessions.find(cookie) is session
    session.busy = 0
    assert sessions.find(cookie) is None
    assert not folder.exists() and not store.path.exists()


# Uploads

BOUNDARY = "XXXX"


def part(name: str, content: bytes, file: str | None = None) -> bytes:
    """One field of a form."""
    named = f'; filename="{file}"' if file is not None else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"


def multipart(desk: Running) -> dict[str, str]:
    """The headers of a form with files."""
    return desk.origin | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def body(token: str, *parts: bytes) -> bytes:
    """A whole form."""
    return part("form_token", token.encode()) + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def begun(browser: Browser, size: int, sent: bytes = b"") -> socket.socket:
    """A connection on which a form of some bytes was begun; the desk's fixture closes it."""
    desk = browser.desk
    host = desk.base.removeprefix("http://").rstrip("/")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    headers = {"Host": host, "Cookie": cookies, "Content-Length": str(size)} | multipart(desk)
    lines = ["POST /language HTTP/1.1", *(f"{name}: {text}" for name, text in headers.items()), "", ""]
    address, port = host.split(":")
    connection = desk.stack.enter_context(socket.create_connection((address, int(port)), timeout=None))
    connection.sendall("\r\n".join(lines).encode() + sent)
    return connection


def begun_form(browser: Browser) -> tuple[socket.socket, bytes]:
    """A form with a file of which the first bytes were sent, and what is left of it."""
    sent = body(browser.token, part("file", b"number\n" * 1000, "calls.csv"))
    return begun(browser, len(sent), sent[:500]), sent[500:]


def test_a_file_is_gone_when_its_form_was_answered(desk):
    """Also under a name with folders, and twice under the same name."""
    browser = desk.browser()
    files = [
        part("file", b"number\n", name) for name in ("../../evil.csv", "calls.csv", "calls.csv", "x" * 300, "", "\t")
    ]
    sent = body(browser.token, *files, part("language", b"fr"))
    assert browser.client.post("/language", content=sent, headers=multipart(desk)).status_code == 303
    assert 'lang="fr"' in browser.client.get("/").text
    assert left_behind(desk) == []
    assert not list(desk.store.path.parent.rglob("*evil*"))


def test_30_gigabytes_are_refused_before_they_come(desk):
    """By the length that is declared: the answer comes before the body does."""
    assert begun(desk.browser(), 30 * 10**9).recv(1 << 16).startswith(b"HTTP/1.1 413 ")
    assert left_behind(desk) == []


def test_what_is_too_large_is_refused_as_it_comes(start, store):
    """Without a declared length, by what arrived; nothing of it stays."""
    desk = start(store, "--max-upload", 1)
    browser = desk.browser()

    def endless():
        yield part("form_token", browser.token.encode()) + part("file", b"", "calls.csv")[:-2]
        for _ in range(4):
            yield b"0" * (1 << 20)

    try:
        answer = browser.client.post("/language", content=endless(), headers=multipart(desk))
        assert answer.status_code == 413 and "to raise the limit" in said(answer)
    except OSError:
        pass  # the connection is cut while we still send
    assert browser.client.get("/").status_code == 200
    assert left_behind(desk) == []


def test_many_uploads_at_once(desk):
    """A few of each user are taken, the others refused at once; when those are through, the next is taken."""
    users = [desk.browser() for _ in range(UPLOADS_AT_ONCE // UPLOADS_OF_ONE)]
    held = [begun_form(user) for user in users for _ in range(UPLOADS_OF_ONE)]
    until(lambda: len(left_behind(desk)) == UPLOADS_AT_ONCE, desk)
    assert {Path(path).stat().st_mode & 0o777 for path in left_behind(desk)} == {0o600}
    others = [begun_form(user)[0] for user in (users[0], desk.browser()) for _ in range(20)]
    assert {one.recv(1 << 16)[:13] for one in others} == {b"HTTP/1.1 503 "}
    for one, rest in held:
        one.sendall(rest)
    assert {one.recv(1 << 16)[:13] for one, _ in held} == {b"HTTP/1.1 303 "}
    one, rest = begun_form(users[0])
    one.sendall(rest)
    assert one.recv(1 << 16)[:13] == b"HTTP/1.1 303 "
    assert left_behind(desk) == []


def test_nobody_takes_all_places_for_uploads(desk):
    """While others are free, a third upload of one user is refused, and that of another is taken."""
    browser = desk.browser()
    held = [begun_form(browser) for _ in range(UPLOADS_OF_ONE)]
    until(lambda: len(left_behind(desk)) == UPLOADS_OF_ONE, desk)
    assert begun_form(browser)[0].recv(1 << 16)[:13] == b"HTTP/1.1 503 "
    for one, rest in [*held, begun_form(desk.browser())]:
        one.sendall(rest)
        assert one.recv(1 << 16)[:13] == b"HTTP/1.1 303 "


def test_an_upload_that_breaks_off_leaves_nothing(desk):
    """The browser was closed, or the end of the form is missing."""
    browser = desk.browser()
    sent = body(browser.token, part("file", b"number\n" * 1000, "calls.csv"))
    cut = browser.client.post("/language", content=sent[:-30], headers=multipart(desk))
    assert cut.status_code == 400 and "did not arrive completely" in said(cut)
    with begun(browser, len(sent), sent[:500]):
        until(lambda: left_behind(desk) != [], desk)
    until(lambda: left_behind(desk) == [], desk)


HOSTILE = {
    "no boundary": ("multipart/form-data", b"x"),
    "another boundary": (f"multipart/form-data; boundary={BOUNDARY}", b"--YYYY\r\n\r\n"),
    "no form": (f"multipart/form-data; boundary={BOUNDARY}", b"\0" * 1000),
    "JSON": ("application/json", b"{}"),
    "not ASCII": ("application/x-www-form-urlencoded", b"form_token=\xff\xfe"),
    "bad escapes": ("application/x-www-form-urlencoded", b"form_token=%ff%zz"),
    "many fields": ("application/x-www-form-urlencoded", b"a=b&" * 5000),
    "a large field": ("application/x-www-form-urlencoded", b"a=" + b"b" * (1 << 21)),
    "a large part": (f"multipart/form-data; boundary={BOUNDARY}", part("a", b"b" * (1 << 21))),
    "large headers": (f"multipart/form-data; boundary={BOUNDARY}", part("a" * (1 << 21), b"b")),
    "a file before the token": (f"multipart/form-data; boundary={BOUNDARY}", part("file", b"number\n", "calls.csv")),
    "nothing": (f"multipart/form-data; boundary={BOUNDARY}", b""),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_forms_are_refused(desk, name):
    """In one sentence, with nothing left behind and the next page served."""
    kind, content = HOSTILE[name]
    browser = desk.browser()
    answer = browser.client.post("/language", content=content, headers=desk.origin | {"Content-Type": kind})
    assert 400 <= answer.status_code < 500 and said(answer)
    assert browser.client.get("/").status_code == 200
    assert left_behind(desk) == []


def test_what_names_hold_is_never_markup(screened, serve):
    """The name of a list stands on the home page as text."""
    from dnc import check

    name = '<img src=x onerror="alert(1)">.csv'
    path = screened.path.parent / name
    path.write_text("number,region\n0199000810,FR\n")
    check(path, screened)
    page = serve(screened).browser().client.get("/").text
    assert "<img" not in page and "&lt;img src=x" in page


# Behind a reverse proxy


def test_a_proxy_says_who_is_signed_in(start, store):
    """No name, no page; the cookie of one person is of no use to another, and travels by TLS only."""
    desk = start(store, "--listen", "127.0.0.1", "--user-header", "X-User", "--server-name", "desk.example")
    assert "token" not in desk.opening
    anna, ben = ({"X-User": name.encode(), "Host": "desk.example"} for name in ("anna é", "ben"))
    client = desk.client()
    assert client.get("/", headers={"Host": "desk.example"}).status_code == 401
    first = client.get("/", headers=anna)
    assert first.status_code == 303 and "Secure" in first.headers["set-cookie"].split("; ")
    cookie = {"Cookie": first.headers["set-cookie"].partition(";")[0]}
    page = client.get("/", headers=anna | cookie)
    assert page.status_code == 200 and "anna é" in page.text
    token = re.search(r'name="form_token" value="([^"]+)"', page.text)[1]
    own = {"Origin": "https://desk.example"} | cookie
    data = {"form_token": token, "language": "fr"}
    assert client.post("/language", data=data, headers=ben | own).status_code == 403
    assert client.post("/language", data=data, headers=anna | own | {"Origin": EVIL}).status_code == 403
    assert client.post("/language", data=data, headers=anna | own).status_code == 303


@pytest.mark.parametrize(
    "options", [["--listen", "0.0.0.0"], ["--user-header", "X-User"], ["--server-name", "desk.example"]]
)
def test_it_listens_elsewhere_only_behind_a_proxy(dnc, options):
    """Each of the options needs the others; nothing is started."""
    code, out, err = dnc("desk", "--no-browser", *options)
    assert (code, out) == (2, "") and "require" in err


def test_an_address_in_use_is_said(dnc, desk):
    """In one line, with what to do."""
    code, _, err = dnc("desk", "--no-browser", "--port", desk.base.rstrip("/").rpartition(":")[2])
    assert code == 2 and err.count("\n") == 1 and "--port" in err


def test_the_store_verifies_afterwards(desk, dnc):
    """A key makes one while the desk runs."""
    desk.browser()
    assert dnc("key", "add", "dialler", "--store", desk.store.path)[0] == 0
    assert desk.browser().client.get("/").status_code == 200
    assert verify(desk.store.journal).faults == []
