"""The application: every route, behind the guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dnc.desk import home
from dnc.desk.desk import Desk
from dnc.desk.guard import Guard
from dnc.desk.visit import refusal
from dnc.messages import messages

PAGES = (home,)  # each group of pages is a module with its `ROUTES`
_SWEEP_SECONDS = 60.0


def application(desk: Desk) -> Starlette:
    """The ASGI application of a desk."""
    routes = [Route("/desk.css", _style), *(route for group in PAGES for route in group.ROUTES)]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(desk))
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
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
    """Remove the files of sessions that ended, also if nobody asks for a page."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        await asyncio.to_thread(desk.sessions.sweep)


async def _style(request: Request) -> Response:
    texts = [files(package).joinpath("templates", name).read_text(encoding="utf-8") for package, name in _STYLES]
    return Response("\n".join(texts), media_type="text/css")


_STYLES = (("dnc.reports", "page.css"), ("dnc.desk", "desk.css"))


async def _http_error(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: an address or a method that there is not."""
    desk: Desk = request.app.state.desk
    status = error.status_code if isinstance(error, HTTPException) else 500
    session = getattr(request.state, "session", None)
    language = session.language if session else desk.language
    return refusal(desk, request.url.path, status, messages("desk", language)["not_found"], session)
