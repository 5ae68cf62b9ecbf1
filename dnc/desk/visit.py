"""One request of a person who is signed in, and the pages that answer it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from typing import Any
from urllib.parse import urlencode

import msgspec
from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from dnc.desk.desk import Desk, RefusedError, problem
from dnc.desk.sessions import Session
from dnc.law.vocabulary import vocabulary
from dnc.messages import DESK, LANGUAGES, in_language, language_name, messages
from dnc.reports.page import environment
from dnc.reports.status_lines import of_own_records
from dnc.store.record_kinds import RESULTS

Errors = Sequence[tuple[str, str]]  # fields of a form, and what is wrong with each
_WHOLE = re.compile(r"[0-9]{1,9}")
TOKEN = "form_token"  # noqa: S105 - the name of the first field of every form, see templates/form_token.html


class Visit(msgspec.Struct, frozen=True):
    """One request of a person who is signed in.

    Attributes:
        request: from Starlette. desk: what all requests share. session: of this browser.
    """

    request: Request
    desk: Desk
    session: Session

    @property
    def texts(self) -> dict[str, Any]:
        """The messages of the desk in the language of the session."""
        return messages("desk", self.session.language)

    @property
    def here(self) -> str:
        """The address of this request."""
        url = self.request.url
        return f"{url.path}?{url.query}".rstrip("?")

    def page(self, template: str, code: int | None = None, errors: Errors = (), **values: Any) -> Response:
        """A template of `dnc/desk/templates` as a response; `values` are the names that it uses.

        All text is escaped: never mark the content of a file as safe. code: of HTTP; by default 400 if a form is shown
        again with `errors`.
        """
        values = {"this_page": self.here if self.request.method == "GET" else "/", "errors": errors} | values
        return _page(self.desk, self.session, template, code or (400 if errors else 200), values)

    def kept(self, group: str) -> dict[str, Any]:
        """What a group of pages keeps in the session, by the id in their addresses."""
        kept: dict[str, Any] = self.session.kept.setdefault(group, {})
        return kept

    def found(self, group: str, parameter: str, sentence: str = "not_found") -> Any:
        """What the address names of it, in this parameter. Raises RefusedError if the session has no such thing."""
        if (one := self.kept(group).get(self.request.path_params[parameter])) is None:
            raise RefusedError(404, self.texts[sentence])
        return one

    def part_of(self, rows: int, size: int) -> tuple[int, int]:
        """The part of a table that the address asks for, from 1, by default the first; and how many parts it has.

        size: rows of a part.
        """
        parts, asked = max(1, -(-rows // size)), whole(self.request.query_params.get("page", ""))
        return min(max(asked or 1, 1), parts), parts

    def address(self, *names: str) -> Callable[..., str]:
        """A function that gives the query of this address with other values for some of its parameters, if it has any.

        names: of the parameters that stay; the page of a table is another one for other rows.
        """
        kept = {name: self.request.query_params.get(name, "") for name in names}

        def query(**other: object) -> str:
            parameters = {name: text for name, text in {**kept, **other}.items() if text}
            return f"?{urlencode(parameters)}" if parameters else ""

        return query

    def saved_as(self, what: str, **parts: object) -> str:
        """The name under which a file is saved, in the language of the session."""
        return str(self.texts["saved_as"][what]).format(**parts)

    def to(self, path: str) -> Response:
        """Redirect the browser after a form, so that reloading the next page does not repeat the change."""
        return RedirectResponse(path, 303)


def whole(text: str) -> int | None:
    """The whole number that a part of an address or a field of a form is; None if it is none of up to nine digits."""
    return int(text) if _WHOLE.fullmatch(text) else None


def refusal(desk: Desk, path: str, code: int, sentence: str, session: Session | None = None) -> Response:
    """The refusal of a request in one sentence: a page, or `problem+json` under /v1."""
    if path.startswith("/v1/") or path == "/metrics":
        return problem(code, sentence)
    return _page(desk, session, "refused.html", code, {"sentence": sentence, "code": str(code)})


def _page(desk: Desk, session: Session | None, template: str, code: int, values: dict[str, Any]) -> Response:
    language = session.language if session else desk.language
    frame = {
        "d": messages("desk", language),
        "common": messages("common", language),
        "start": messages("start", language),
        "e": messages("explanation", language),
        "state": messages("status", language),
        "languages": LANGUAGES,
        "session": session,
        "store": desk.store.path.absolute(),
        "this_page": "/",
        "version": version("dnc-check"),
    }
    return HTMLResponse(_environment(language).get_template(template).render(frame | values), code)


@cache
def _environment(language: str) -> Environment:
    """The templates of the desk; those of the reports are found too, for their macros."""
    reports = environment(language)
    loader = ChoiceLoader([PackageLoader("dnc.desk", "templates"), PackageLoader("dnc.reports", "templates")])
    templates = reports.overlay(loader=loader, lstrip_blocks=True)
    templates.filters = reports.filters | {
        "own_records": lambda records, day: of_own_records(records, day, language, typed=False),
        "localized": lambda text: in_language(text, language + DESK),
        "label": lambda column: vocabulary().label(column, language),
        "capitalised": lambda text: text[0].upper() + text[1:],
        "language_name": language_name,
        "record_kind": messages("records", language)["kinds"].get,
        "meanings": partial(meanings, language=language),
    }
    return templates


def meanings(ours: str, language: str) -> dict[str, str]:
    """The words that one of our columns may have, with what each means; none for a column without such words."""
    if ours == "result":
        return {word: messages("answer", language)["results"][word] for word in RESULTS}
    return {word: vocabulary().meaning(ours, word, language) for word in vocabulary().axes.get(ours, ())}


def download(content: bytes | str, media: str, name: str) -> Response:
    """A file that the browser saves under a name. media: its media type."""
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def download_once(path: Path, name: str) -> Response:
    """A file on disk that the browser saves under a name; its folder is removed then."""
    return FileResponse(path, filename=name, background=BackgroundTask(rmtree, path.parent))
