"""The checks that every request has to pass before it reaches a page, and the headers that every response gets.

A page on another site, open in the same browser, can send requests to this machine, and a name that it owns can point
here (DNS rebinding). So the host has to be one of ours, a change has to come from one of our pages, and nothing is
shown without a session. Forms also carry a token (see `dnc.desk.forms`).
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlencode

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dnc.desk.desk import Desk, RefusedError
from dnc.desk.visit import refusal
from dnc.errors import printable
from dnc.messages import messages

POLICY = "Content-Security-Policy"
HEADERS = {
    POLICY: "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # under no-referrer, browsers send forms with the origin `null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
SAFE = ("GET", "HEAD")
OPEN = ("/desk.css",)  # pages that refuse a request need it too
_MOST_USER = 200  # characters of a name
_STYLE = re.compile(r"<style[^<>]*>([^<]*)</style>")


class Guard:
    """An ASGI application around another one, which passes on only the requests that are allowed."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass it on with `session` in its state."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return None

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a page may name its own script or style
            await send(message)

        try:
            response = self._answer(scope)
        except RefusedError as error:
            response = refusal(self._desk, scope["path"], error.status, str(error))
        if response:
            return await response(scope, receive, guarded)
        return await self._app(scope, receive, guarded)

    def _answer(self, scope: Scope) -> Response | None:
        """A response of the guard itself; None if the request may pass. Raises RefusedError."""
        desk, headers, path = self._desk, Headers(scope=scope), scope["path"]
        texts = messages("desk", desk.language)
        if headers.get("host", "").lower() not in desk.hosts:
            raise RefusedError(421, texts["strange_host"])
        if path.startswith("/v1/") or path in (*OPEN, "/metrics"):
            return None  # /v1 asks for a key, which no browser adds by itself
        if scope["method"] not in SAFE:
            self._refuse_other_origins(headers)
        user = self._user(headers)
        query = QueryParams(scope["query_string"])
        if desk.user_header is None and scope["method"] == "GET" and "token" in query:
            if not desk.opens(query["token"]):
                raise RefusedError(403, texts["stale_token"])
            rest = urlencode([pair for pair in query.multi_items() if pair[0] != "token"])
            return self._with_cookie(_local(path, rest))
        session = desk.sessions.find(_cookie(headers, desk.cookie), user)
        if session is None and user is not None and scope["method"] == "GET":
            # The proxy has signed this person in; the browser asks for the same page again, with the cookie.
            return self._with_cookie(_local(path, scope["query_string"].decode("ascii", "replace")), user)
        if session is None:
            raise RefusedError(403, texts["no_session"])
        scope.setdefault("state", {})["session"] = session
        return None

    def _refuse_other_origins(self, headers: Headers) -> None:
        """Raise RefusedError for a change that does not come from a page of this desk."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        ours = [f"{scheme}://{headers['host'].lower()}" for scheme in ("http", "https")]
        is_other = origin is not None and origin.lower() not in ours
        if is_other or site not in (None, "same-origin") or (origin is None and site is None):
            raise RefusedError(403, messages("desk", self._desk.language)["other_origin"])

    def _user(self, headers: Headers) -> str | None:
        """The user who is signed in at the reverse proxy; None if there is no proxy. Raises RefusedError."""
        if self._desk.user_header is None:
            return None
        named = headers.getlist(self._desk.user_header)
        user = printable(_utf8(named[0])).strip()[:_MOST_USER] if len(named) == 1 else ""
        if not user:
            raise RefusedError(401, messages("desk", self._desk.language)["no_user"])
        return user

    def _with_cookie(self, address: str, user: str | None = None) -> Response:
        """Start a session, and send the browser to an address with its cookie."""
        cookie, _ = self._desk.sessions.open(self._desk.greeting, user)
        response = RedirectResponse(address, 303)
        # A proxy that signs people in speaks TLS with them.
        response.set_cookie(self._desk.cookie, cookie, httponly=True, samesite="strict", secure=user is not None)
        return response


def _cookie(headers: Headers, name: str) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _utf8(text: str) -> str:
    """The value of a header, which is Latin-1 by the standard and UTF-8 from most proxies."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return text


def _local(path: str, query: str) -> str:
    """An address on this host; a path that begins with two slashes would name another."""
    return "/" + path.lstrip("/\\") + (f"?{query}" if query else "")


def as_page(text: str) -> Response:
    """A page of `dnc.reports`, which contains its style: its policy allows this style and no other."""
    hashes = (b64encode(sha256(style.encode()).digest()).decode() for style in _STYLE.findall(text))
    styles = " ".join(f"'sha256-{hash_}'" for hash_ in hashes) or "'none'"
    return HTMLResponse(text, headers={POLICY: HEADERS[POLICY].replace("style-src 'self'", f"style-src {styles}")})
