"""Errors of the HTTP interface, as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse, Response

_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}


def problem(status: int, detail: str) -> Response:
    """An error: its title is that of the HTTP status, its detail says what is wrong and what to do."""
    title = HTTPStatus(status).phrase
    content = {"title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, _HEADERS.get(status), "application/problem+json")
