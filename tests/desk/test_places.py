"""Nobody takes all places of a desk: not by connections that ask nothing, nor by uploads that do not go on."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from dnc.desk.desk import UPLOADS_AT_ONCE, UPLOADS_OF_ONE
from dnc.desk.forms import _clean
from tests.desk.conftest import Browser, said

LIST = {"list": ("list.csv", b"number\n0199000001\n")}


def connected(desk, stack: ExitStack, data: bytes) -> socket.socket:
    """A connection on which something was sent."""
    parts = urlsplit(desk.base)
    connection = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
    connection.sendall(data)
    return connection


def stalled(browser: Browser, stack: ExitStack) -> None:
    """The beginning of an upload that does not go on."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.client.cookies.items())
    part = f'--x\r\nContent-Disposition: form-data; name="form_token"\r\n\r\n{browser.token}\r\n--x\r\n'
    host = urlsplit(browser.desk.base).netloc
    head = (
        f"POST /checks HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookies}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n{part}"
    )
    connected(browser.desk, stack, head.encode())


def test_headers_that_never_end_lock_nobody_out(start, store):
    """1,100 connections with half a request each: the next request is answered."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    desk = start(store)
    with ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1_100):
            connected(desk, stack, b"GET / HTTP/1.1\r\nX: ")
        assert desk.browser().client.get("/").status_code == 200


def test_stalled_uploads_of_one_user_leave_places_for_others(start, store):
    """Two of one user wait; a third is refused, and another user's upload is taken."""
    desk = start(store)
    one, other = desk.browser(), desk.browser()
    with ExitStack() as stack:
        for _ in range(UPLOADS_OF_ONE):
            stalled(one, stack)
        while (answer := one.post("/checks", files=LIST)).status_code != 503:
            pass
        assert "Too many files" in said(answer)
        assert other.post("/checks", files=LIST).status_code == 303
    assert UPLOADS_OF_ONE < UPLOADS_AT_ONCE


@pytest.mark.parametrize(
    ("given", "kept"),
    [("0199000001.csv", "_.csv"), ("C:\\lists\\tel 01 99 00 00 01.xlsx", "tel _.xlsx"), ("autumn-2026.csv",) * 2],
)
def test_a_list_that_is_named_like_a_number_does_not_put_it_into_titles_and_the_log(given, kept):
    """Its name is what the pages and the log say; what may be a telephone number is left out."""
    assert _clean(given) == kept
