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
from dnc.messages import messages

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
