"""Nobody takes all places of a desk by connections that ask nothing, and names of files put no number on its pages."""

from __future__ import annotations

import resource
import socket
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from dnc.desk.forms import _clean


def connected(desk, stack: ExitStack, data: bytes) -> socket.socket:
    """A connection on which something was sent."""
    parts = urlsplit(desk.base)
    connection = stack.enter_context(socket.create_connection((parts.hostname, parts.port)))
    connection.sendall(data)
    return connection


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


@pytest.mark.parametrize(
    ("given", "kept"),
    [("0199000001.csv", "_.csv"), ("C:\\lists\\tel 01 99 00 00 01.xlsx", "tel _.xlsx"), ("autumn-2026.csv",) * 2],
)
def test_a_list_that_is_named_like_a_number_does_not_put_it_into_titles_and_the_log(given, kept):
    """Its name is what the pages and the log say; what may be a telephone number is left out."""
    assert _clean(given) == kept
