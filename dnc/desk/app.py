"""The application: every route, behind the guard."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from dnc.desk import (
    check_pages,
    home,
    log_page,
    number_pages,
    offer_pages,
    office,
    past_pages,
    progress,
    registry_pages,
    v1,
)
from dnc.desk.desk import Desk
from dnc.desk.guard import Guard
from dnc.desk.visit import refusal
from dnc.errors import OptionError, why
from dnc.messages import localized, messages

# Each group of pages is a module with its `ROUTES`.
PAGES = (home, check_pages, past_pages, number_pages, registry_pages, offer_pages, log_page, office, progress)
_STYLES = (("dnc.reports", "page.css"), ("dnc.desk", "desk.css"))
_SWEEP_SECONDS = 60.0


def application(desk: Desk) -> Starlette:
    """The ASGI application of a desk."""
    interface = v1.Interface(desk)
    routes = [Route("/desk.css", _style), *v1.routes(interface), *(route for group in PAGES for route in group.ROUTES)]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(desk))
        warming = asyncio.create_task(asyncio.to_thread(home.warm, desk))
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            await warming
            await asyncio.to_thread(interface.close)
            await asyncio.to_thread(desk.close)

    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, desk=desk)],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.desk = desk
    return app


async def _sweep(desk: Desk) -> None:
    """Remove the files of sessions that ended, even if nobody asks for a page."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        await asyncio.to_thread(desk.sessions.sweep)


async def _style(request: Request) -> Response:
    texts = [files(package).joinpath("templates", name).read_text(encoding="utf-8") for package, name in _STYLES]
    # The pages name it with the version of the program, so that browsers may keep it.
    return Response("\n".join(texts), media_type="text/css", headers={"Cache-Control": "private, max-age=86400"})


async def _http_error(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: an address or a method that does not exist."""
    desk: Desk = request.app.state.desk
    assert isinstance(error, HTTPException)  # noqa: S101 - the only kind that this is registered for
    session = getattr(request.state, "session", None)
    texts = messages("desk", session.language if session else desk.language)
    sentence = texts["no_method" if error.status_code == 405 else "not_found"]
    response = refusal(desk, request.url.path, error.status_code, sentence, session)
    if error.status_code == 405:  # Starlette names the methods of one route; another of the address may have others
        here = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
        response.headers["Allow"] = ", ".join(sorted({method for route in here for method in route.methods}))
    return response


LOOPBACK = "127.0.0.1"
_CONNECTIONS = 1_000
_IDLE_SECONDS = 60  # a dialler keeps its connection between calls
_GRACE_SECONDS = 5


def bound(address: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 takes a free one. Raises OptionError."""
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    except ValueError:
        raise OptionError(localized("errors", "listen", address=address)) from None
    # asyncio sends at once (TCP_NODELAY) only if the protocol is named; otherwise each answer waits 40 ms for an ACK.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
    except OSError as error:
        sock.close()
        raise OptionError(localized("errors", "no_port", address=address, port=port, why=why(error))) from None
    return sock


def host_of(sock: socket.socket) -> str:
    """The address and port of a socket, as in an URL."""
    address, port = sock.getsockname()[:2]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def serve(desk: Desk, sock: socket.socket, ready: Callable[[], None] = lambda: None) -> None:
    """Serve a desk until the process is interrupted; `ready` is called when it answers."""
    config = uvicorn.Config(
        application(desk),
        log_level="error",
        access_log=False,  # addresses hold the token
        server_header=False,
        proxy_headers=False,  # the address of a client decides nothing
        ws="none",
        lifespan="on",
        http="h11",
        loop="asyncio",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    _Server(config, ready).run(sockets=[sock])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()
