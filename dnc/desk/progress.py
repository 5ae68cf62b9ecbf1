"""Pages of jobs: the progress of a job, a button that stops it, and where to go when it has ended."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dnc.desk.desk import RefusedError
from dnc.desk.forms import Form
from dnc.desk.guard import HEADERS, POLICY
from dnc.desk.jobs import Job
from dnc.desk.routes import form, page
from dnc.desk.visit import Visit, download_once
from dnc.messages import counted

_MINUTE = 60
_PATIENCE_SECONDS = 0.3


class Shown(msgspec.Struct, frozen=True):
    """A job of a session, as its page shows it.

    Attributes:
        job: the job.
        what: key of what it does, in the table `jobs` of the messages.
        name: of the file that it reads; such a job can be stopped.
        onward: where to go when it is done. back: where to go if it was stopped or failed.
        failed: shows its form again if it failed, with the reason; by default its page says it.
    """

    job: Job
    what: str
    name: str
    onward: str
    back: str
    failed: Callable[[Visit, str], Response] | None = None


def begin(
    visit: Visit,
    function: Callable[[Job], Any],
    what: str,
    *,
    onward: str,
    back: str,
    name: str = "",
    failed: Callable[[Visit, str], Response] | None = None,
) -> Response:
    """Start a job for a session, and send the browser to its page, or to its result if that is there soon.

    The others are those of `Shown`; `{job}` in `onward` stands for the id of the job.
    """
    job = visit.desk.jobs.start(visit.session, function)
    shown = visit.kept("jobs")[job.id] = Shown(job, what, name, onward.replace("{job}", job.id), back, failed)
    job.wait(_PATIENCE_SECONDS)
    return visit.to(shown.onward if job.state == "done" else f"/jobs/{job.id}")


def running(visit: Visit, onward: str) -> Job | None:
    """The job of the session that leads on to an address and has not ended; None if there is none."""
    jobs = (shown.job for shown in list(visit.kept("jobs").values()) if shown.onward == onward)
    return next((job for job in jobs if not job.ended), None)


def begin_file(visit: Visit, back: str, make: Callable[[Path], Path]) -> Response:
    """Let a job make a file in a folder that it gets; it is saved at once, or from the page of the job, and removed."""
    folder = visit.session.folder(visit.desk.store)

    def made(_: Job) -> Path:
        try:
            return make(folder)
        except BaseException:
            rmtree(folder)
            raise

    return begin(visit, made, "file", onward="/jobs/{job}/file", back=back)


def _file(visit: Visit) -> Response:
    path: Path = result_of(visit, "file")
    if not path.exists():
        raise RefusedError(404, visit.texts["not_found"])
    return download_once(path, path.name)


def _shown(visit: Visit) -> Shown:
    shown: Shown = visit.found("jobs", "job")
    return shown


def result_of(visit: Visit, what: str) -> Any:
    """What the job that the address names returned. Raises RefusedError if it does something else, or is not done."""
    shown = _shown(visit)
    if shown.what != what or shown.job.state != "done":
        raise RefusedError(404, visit.texts["not_found"])
    return shown.job.result


def _page(visit: Visit) -> Response:
    shown = _shown(visit)
    made = shown.job.result if shown.what == "file" else None
    if shown.job.state == "done" and not (made and made.exists()):
        return visit.to(shown.back if made else shown.onward)
    if shown.job.state == "failed" and shown.failed:
        return shown.failed(visit, shown.job.error)
    answer = visit.page("job.html", shown=shown, sentence=_sentence(visit, shown.job))
    answer.headers[POLICY] = f"{HEADERS[POLICY]}; script-src 'self'; connect-src 'self'"
    return answer


def _script(visit: Visit) -> Response:
    text = files("dnc.desk").joinpath("templates", "job.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript")


def _state(visit: Visit) -> Response:
    """The state of a job, for the script of the page."""
    job = _shown(visit).job
    return JSONResponse({"ended": job.ended, "rows": job.rows, "total": job.total, "said": _sentence(visit, job)})


def _sentence(visit: Visit, job: Job) -> str:
    """The progress of a job in one sentence: rows, rate and time left, as far as they are known."""
    texts, count = visit.texts["job"], counted(visit.session.language)
    if job.state != "running" or not job.rows:
        return str(texts[job.state])
    parts = [
        texts["rows_of"].format(rows=count(job.rows), total=count(max(job.total, job.rows)))
        if job.total
        else texts["rows"].format(rows=count(job.rows)),
        texts["rate"].format(rate=count(job.rate)),
    ]
    if (left := job.seconds_left) is not None:
        unit, amount = ("minutes", left / _MINUTE) if left > 2 * _MINUTE else ("seconds", left)
        parts.append(texts[unit].format(left=count(amount)))
    return " · ".join(parts)


def _stop(visit: Visit, sent: Form) -> Response:
    shown = _shown(visit)
    shown.job.stop()
    return visit.to(f"/jobs/{shown.job.id}")


ROUTES: list[Route] = [
    page("/jobs/job.js", _script),
    page("/jobs/{job}", _page),
    page("/jobs/{job}/state", _state),
    page("/jobs/{job}/file", _file),
    form("/jobs/{job}/stop", _stop),
]
