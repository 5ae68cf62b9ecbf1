"""How addresses are connected to functions: those that show a page, and those that act on its form.

`show(visit)` and `act(visit, form)` are plain functions: they run in a thread, where the store may be read and changed.
There is no other way to take a form, so none is taken without its token. In both cases, a DncError becomes a page of
one sentence.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from polars.exceptions import PanicException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dnc.desk.desk import RefusedError
from dnc.desk.forms import Form, read_form
from dnc.desk.visit import Visit, refusal
from dnc.errors import DncError, ShortageError, shortage
from dnc.messages import DESK, in_language
from dnc.store.audit_log import acting

Show = Callable[[Visit], Response]
Act = Callable[[Visit, Form], Response]


def page(path: str, show: Show) -> Route:
    """A page at an address. Addresses contain no telephone numbers: a number is looked up with a form."""

    async def shown(visit: Visit) -> Response:
        return await run_in_threadpool(show, visit)

    return _route(path, "GET", shown)


def form(path: str, act: Act) -> Route:
    """The action of a form that is posted to an address."""

    async def done(visit: Visit) -> Response:
        async with read_form(visit) as sent:
            return await run_in_threadpool(act, visit, sent)

    return _route(path, "POST", done)


def _route(path: str, method: str, answer: Callable[[Visit], Awaitable[Response]]) -> Route:
    """A route that records who acts, and turns every error into a page of one sentence."""

    async def answered(request: Request) -> Response:
        visit = Visit(request, request.app.state.desk, request.state.session)
        try:
            with acting(visit.session.user):
                return await answer(visit)
        except RefusedError as error:
            return _refused(visit, error.status, error.message)
        except ShortageError as error:
            return _refused(visit, 507, error.message)
        except DncError as error:
            return _refused(visit, 400, error.message)
        except (Exception, PanicException) as error:
            return _refused(visit, *fault(error, visit.texts))

    return Route(path, answered, methods=[method])


def _refused(visit: Visit, status: int, message: str) -> Response:
    sentence = in_language(message, visit.session.language + DESK)
    return refusal(visit.desk, visit.request.url.path, status, sentence, visit.session)


def fault(error: BaseException, texts: Mapping[str, Any]) -> tuple[int, str]:
    """The status and the sentence for an error that is not ours, whose message may quote data. texts: of the desk."""
    if short := shortage(error):
        return 507, short.message
    return 500, texts["internal"].format(where=_where(error))


def _where(error: BaseException) -> str:
    """The type of an error and the line that raised it, without its message; the desk's stderr gets the same."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    print(f"dnc: internal error ({place}); please report it", file=sys.stderr)
    return place
