"""Errors of the HTTP interface, as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import JSONResponse, Response


def problem(status: int, detail: str) -> Response:
    """An error: its title is that of the HTTP status, its detail says what is wrong and what to do."""
    title = HTTPStatus(status).phrase
    return JSONResponse(
        {"title": title, "status": status, "detail": detail}, status, media_type="application/problem+json"
    )
