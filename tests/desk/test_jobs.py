"""What runs longer than a request: progress, stopping, errors, and who is named in the log."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from dnc import InputError, check
from dnc.desk.desk import Desk
from dnc.desk.forms import Upload
from dnc.desk.jobs import Job
from dnc.desk.list_check import ListCheck
from dnc.store.audit_log import acting
from tests.conftest import SAMPLES
from tests.desk.conftest import until


@pytest.fixture
def desk(store):
    """A desk without a server."""
    one = Desk(store, frozenset({"127.0.0.1:1"}))
    yield one
    one.close()


def test_a_check_tells_how_far_it_is(desk, screened):
    """Rows, rate and the result; the log names who was signed in."""
    _, session = desk.sessions.open("en", "anna")

    def work(job):
        job.total = 4
        return check(SAMPLES / "shop.csv", screened, region="FR", at="2026-11-27", progress=job.advance)

    with acting("anna"):
        job = desk.jobs.start(session, work)
    until(lambda: job.ended)
    assert (job.state, job.rows, job.seconds_left) == ("done", 4, 0)
    assert job.result.counts["blocked"] == 3 and job.rate > 0
    assert screened.log().row(-1, named=True)["done_by"] == "anna"


def test_who_reads_a_result_goes_on_while_the_list_is_checked_again(desk, tmp_path):
    """The files of the calls stay until nobody needs them, and no longer."""
    (tmp_path / "list.csv").write_text("number,region,caller\n01 99 00 08 10,FR,charity\n", encoding="utf-8")
    checked = ListCheck.of(Upload(tmp_path / "list.csv", "list.csv"), desk, "en")
    checked.run(Job(), desk, "en")
    before = checked.rows
    checked.run(Job(), desk, "en")
    assert before.all().collect().height == checked.rows.all().collect().height == 1
    gone = [before.path, before.rows_file]
    del before
    assert not any(path.exists() for path in gone) and checked.rows.path.exists()


def test_a_stopped_check_leaves_nothing(desk, screened, tmp_path):
    """No output, no row in the log, no file in the store."""
    _, session = desk.sessions.open("en")
    before = screened.log().height
    out = tmp_path / "out" / "verdicts.csv"
    out.parent.mkdir()

    def work(job):
        job.stop()
        return check(SAMPLES / "shop.csv", screened, region="FR", out=out, progress=job.advance)

    job = desk.jobs.start(session, work)
    until(lambda: job.ended)
    assert (job.state, job.result, list(out.parent.iterdir())) == ("stopped", None, [])
    assert screened.log().height == before
    assert not list(screened.path.glob(".dnc-*"))


@pytest.mark.parametrize(
    ("error", "says"),
    [(InputError("no column"), "no column"), (ValueError("0199000810"), "internal error (ValueError)")],
)
def test_a_job_that_fails_says_why(desk, error, says):
    """In one sentence, which quotes nothing that is not ours."""

    def work(job):
        raise error

    job = desk.jobs.start(desk.sessions.open("en")[1], work)
    until(lambda: job.ended)
    assert job.state == "failed" and job.error.startswith(says) and "0199" not in job.error


def test_a_session_lasts_as_long_as_its_job(desk, store):
    """Whoever closed the tab: files stay until the job ends, and then for as long as any session."""
    _, session = desk.sessions.open("en")
    going_on = threading.Event()
    job = desk.jobs.start(session, lambda job: going_on.wait())
    busy = session.busy
    going_on.set()
    until(lambda: session.busy == 0)
    assert (busy, job.ended) == (1, True)


def test_the_jobs_of_a_closed_session_stop(desk):
    """And those of others go on."""
    sessions = [desk.sessions.open("en")[1] for _ in range(2)]
    going_on = threading.Event()

    def work(job):
        going_on.wait()
        job.advance(1)

    jobs = [desk.jobs.start(session, work) for session in sessions]
    desk.jobs.stop(sessions[0])
    going_on.set()
    until(lambda: all(job.ended for job in jobs))
    assert [job.state for job in jobs] == ["stopped", "done"]


def test_what_a_check_leaves_in_cycles_is_freed(desk):
    """Each check of 100,000 calls held 55 MB until many objects had been made."""
    _, session = desk.sessions.open("en")
    left: list[weakref.ref] = []

    def work(job):
        one = threading.Event()
        one.itself = one
        left.append(weakref.ref(one))

    gc.disable()
    try:
        desk.jobs.start(session, work)
        desk.jobs.close()
    finally:
        gc.enable()
    assert left[0]() is None
