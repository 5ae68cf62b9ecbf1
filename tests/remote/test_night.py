"""The nightly job that the guide shows, and what starts it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time as clock
from datetime import date, timedelta
from pathlib import Path

import obstore
import polars as pl
import pytest
from adbc_driver_postgresql import dbapi
from obstore.store import from_url

from tests import ALL
from tests.cli.test_shortage import fill, small_disk

DOCS = Path(__file__).parents[2] / "docs"
BRIEF = """\
new_columns = "undecided"
region = "GB"
[columns]
number = "phone"
[facts]
caller = "commercial"
purpose = "sale"
voice = "human"
dialler = "manual"
cli = "020 7946 0123"
recipient = "consumer"
source = "purchased"
relationship = "none"
sector = "general"
consent = "none"
objected_on = "none"
"""


FRENCH_BRIEF = """\
region = "FR"
new_columns = "undecided"
[columns]
number = "phone"
[facts]
caller = "commercial"
voice = "human"
dialler = "manual"
cli = "01 99 00 04 99"
related = "no"
sector = "general"
habit = "occasional"
attempts = "0"
recipient = "consumer"
relationship = "none"
source = "opt_in_form"
objected_on = "none"
consent = "named_caller"
consent_on = "2026-10-01"
consent_for = "live"
"""
UNITS = ("dnc-night.service", "dnc-night-failed.service", "dnc-night.timer")
# On each day of the played calendar: what `date` and the program take for today. A date of its own is left alone.
DATE = """\
#!/bin/sh
case "$1" in -*) exec /usr/bin/date "$@" ;; *) exec /usr/bin/date -d "$DNC_TODAY $(/usr/bin/date +%T)" "$@" ;; esac
"""


def block(page: str, start: str) -> str:
    """The code of a page that begins with these words."""
    [found] = re.findall(
        rf"^```\w+\n({re.escape(start)}.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return found


class Night:
    """The job in a folder of its own, with a server each for `s3://` and `postgresql://`."""

    def __init__(self, folder: Path, bucket: str, url: str) -> None:
        self.folder, self.bucket = folder, bucket
        self._places = {
            "/srv/dnc": str(folder),
            "/srv/registries": str(folder),
            "/opt/dnc/bin": str(Path(sys.executable).parent),
            "s3://lists": bucket,
            "s3://backup": f"{bucket}/backup",
            "postgresql://dnc@db/crm": url,
        }
        keys = [f"{name}={value}" for name, value in os.environ.items() if name.startswith("AWS_")]
        (folder / "keys.env").write_text("\n".join(keys))
        (folder / "campaign.toml").write_text(BRIEF)
        (folder / f"tps_ns_{date.today()}.txt").write_bytes(
            b"".join(b"07700900%03d \r\n" % at for at in range(0, 1000, 2))
        )
        self._program("mail", '#!/bin/sh\necho "$@" >> mails\n')
        self._program("night.sh", block("batch.md", "#!/bin/sh"))

    def _program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(self.here(text))
        (self.folder / name).chmod(0o755)

    def here(self, text: str) -> str:
        """A text of the guide with the places of this test."""
        return re.sub("|".join(map(re.escape, self._places)), lambda found: self._places[found[0]], text)

    def play(self, day: date) -> tuple[int, str]:
        """Run the job on a day of a played calendar."""
        self._program("date", DATE)
        return self(day=day)

    def __call__(self, command: str = "./night.sh", day: date | None = None) -> tuple[int, str]:
        """Run a command as cron would: exit code, and what it says."""
        job = self.start(command, day)
        _, said = job.communicate()
        return job.returncode, said.decode()

    def start(self, command: str = "./night.sh", day: date | None = None) -> subprocess.Popen[bytes]:
        """Begin to run a command as cron would, as the first of a group of processes."""
        told = {"PATH": f"{self.folder}:/usr/bin:/bin", "HOME": str(self.folder), "PYTHONPATH": str(DOCS.parent)}
        told |= {"DNC_TODAY": str(day)} if day else {}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(["sh", "-c", command], cwd=self.folder, env=told, start_new_session=True, **streams)

    @property
    def mails(self) -> str:
        """The words of every mail so far."""
        file = self.folder / "mails"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def night(tmp_path, bucket, postgres) -> Night:
    """A night with an offer of 400 numbers, of which every second is registered."""
    postgres.rows("create schema dnc")
    night = Night(tmp_path, bucket, postgres.url)
    offer = tmp_path / "offer.parquet"
    pl.DataFrame({"phone": [f"07700 900{at:03}" for at in range(400)]}).write_parquet(offer)
    path = f"{bucket}/offer/{date.today()}.parquet".removeprefix("s3://lists/")
    obstore.put(from_url("s3://lists"), path, offer)
    return night


def test_the_nightly_job_of_the_guide(night, postgres, store, dnc):
    """Bought: verdicts in the database, pages and a backup in the bucket, no mail. Then too few; then no offer."""
    assert night()[0] == 0, night()[1]
    counts = "select dnc_outcome, count(*) from dnc.verdicts group by 1 order by 1"
    assert postgres.rows(counts) == [("blocked", 200), ("clear", 200)]
    day, below = date.today(), night.bucket.removeprefix("s3://lists/")
    objects = obstore.list(from_url("s3://lists"), below).collect()
    pages = [one["path"].removeprefix(f"{below}/") for one in objects if one["path"].endswith(".html")]
    assert sorted(pages) == [f"pages/{day}-offer.html", f"pages/{day}.html"]
    assert '"due": false' in (night.folder / "status.json").read_text()
    [copy] = {one["path"].split("/dnc/")[1].split("/")[0] for one in objects if "/backup/" in one["path"]}
    assert dnc("restore", f"{night.bucket}/backup/dnc/{copy}", "--store", store.path)[0] == 0
    assert night.mails == ""
    job = night.folder / "night.sh"
    job.write_text(
        job.read_text().replace("'clear>=0.4' --quiet \\", "'clear>=0.6' --quiet \\").replace("+%FT%H%M%S", "+second")
    )
    assert night()[0] == 0
    assert night.mails == f"-s dnc: not bought, see pages/{day}-offer.html buyer\n"
    obstore.delete(from_url("s3://lists"), f"{below}/offer/{day}.parquet")
    job.write_text(job.read_text().replace("+second", "+third"))
    code, err = night()
    assert (code, f"{day}.parquet: there is no such object" in err) == (4, True)
    assert postgres.rows(counts) == [("blocked", 200), ("clear", 200)]


def test_an_offer_without_rows_empties_the_table(night, postgres):
    """A valid night: yesterday's rows are gone, nobody gets a mail."""
    assert night()[0] == 0
    offer = night.folder / "offer.parquet"
    pl.read_parquet(offer).clear().write_parquet(offer)
    obstore.put(
        from_url("s3://lists"), f"{night.bucket}/offer/{date.today()}.parquet".removeprefix("s3://lists/"), offer
    )
    code, err = night()
    assert (code, night.mails) == (0, ""), err
    assert postgres.rows("select count(*) from dnc.verdicts") == [(0,)]


def test_fourteen_nights_of_a_french_list(night, postgres):
    """Calls on Saturday and Sunday are planned for Monday; 25 December, a new column and old rows are said by mail.

    After a night that was killed the next run does its work. At the small size a Monday, a weekend, and the nights
    around 25 December.
    """
    (night.folder / "campaign.toml").write_text(FRENCH_BRIEF)
    offer = pl.DataFrame({"phone": [f"01 99 00 {at // 100:02} {at % 100:02}" for at in range(200)]})
    first, refused = date(2026, 12, 14), "-s dnc: not bought, see pages/{day}-offer.html buyer\n"
    registry = night.folder / f"tps_ns_{date.today()}.txt"
    registry.rename(night.folder / f"tps_ns_{first}.txt")
    for day in (first + timedelta(days=passed) for passed in (range(14) if ALL else (0, 5, 6, 9, 11, 12))):
        file = night.folder / "offer.parquet"
        changed = day == date(2026, 12, 23)  # the seller adds a column
        (offer.with_columns(note=pl.lit("ne plus appeler")) if changed else offer).write_parquet(file)
        obstore.put(from_url("s3://lists"), f"{night.bucket}/offer/{day}.parquet".removeprefix("s3://lists/"), file)
        before = night.mails
        if day == date(2026, 12, 26):
            _kill(night, postgres, day)
        code, err = night.play(day)
        assert code == 0, (day, err)
        is_refused = changed or day == date(2026, 12, 25)
        assert night.mails.removeprefix(before) == (refused.format(day=day) if is_refused else ""), day
        if not is_refused:
            planned = json.loads((night.folder / "check.json").read_text())["days"]
            monday = day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() > 4 else day
            assert planned == [str(monday)] * 2
            assert postgres.rows("select distinct dnc_outcome from dnc.verdicts") == [("clear",)]
    code, err = night.play(first + timedelta(days=30))  # no offer, and the registry's file is thirty days old
    assert (code, "there is no such object" in err, "something is due" in night.mails) == (4, True, True)


def _kill(night, postgres, day: date) -> None:
    """Kill the job of a day at the moment at which its verdicts would take the place of the former ones."""
    former = postgres.rows("select * from dnc.verdicts")
    with dbapi.connect(postgres.url) as con, con.cursor() as cursor:
        cursor.execute("lock table dnc.verdicts in share mode")
        job = night.start(day=day)
        while not postgres.rows("select 1 from pg_locks where not granted"):
            assert job.poll() is None, job.communicate()
            clock.sleep(0.1)
        os.killpg(job.pid, signal.SIGKILL)
        job.communicate()
    assert postgres.rows("select * from dnc.verdicts") == former


def test_a_night_on_a_full_disk(night, postgres):
    """It ends with code 4, and the verdicts stay; the next run does its work."""
    with small_disk(night.folder / "store", 16) as store:
        store.chmod(0o700)
        code, err = night()
        assert code == 0, err
        former = postgres.rows("select * from dnc.verdicts")
        fill(store)
        code, err = night()
        assert (code, "the disk is full" in err) == (4, True)
        assert postgres.rows("select * from dnc.verdicts") == former
        (store / "filling").unlink()
        assert night()[0] == 0


def test_a_night_does_not_begin_while_another_runs(night):
    """The line for cron, by the shell: it waits for nobody."""
    line = night.here(block("batch.md", "15 2 * * *")).split(maxsplit=6)
    (night.folder / "night.sh").write_text("#!/bin/sh\ntouch ran\n")
    with (night.folder / "night.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert night(line[6])[0] == 1
        assert not (night.folder / "ran").exists()
    assert night(line[6])[0] == 0
    assert (night.folder / "ran").exists()


def test_a_night_that_fails_is_told_and_leaves_the_rows_of_yesterday(night, postgres):
    """By the commands of the units: a mail; the table says that it is yesterday's; the next morning it is replaced."""
    units = {unit: night.here(block("batch.md", f"# /etc/systemd/system/{unit}\n")) for unit in UNITS}
    night_line, failed_line = (re.search("ExecStart=(.*)", units[unit])[1] for unit in UNITS[:2])
    assert "OnFailure=dnc-night-failed.service" in units["dnc-night.service"]
    night._program("journalctl", "#!/bin/sh\necho there is no such object\n")
    assert night(night_line)[0] == 0
    which = "select distinct dnc_check, left(dnc_at, 10) from dnc.verdicts"
    before = postgres.rows(which)
    assert len(before) == 1
    file = next(night.folder.glob("tps_ns_*.txt"))
    yesterday = file.rename(night.folder / f"tps_ns_{date.today() - timedelta(days=1)}.txt")
    assert night(night_line)[0] == 0  # an earlier day than before may be told
    before = postgres.rows(which)
    older = night.folder / "offer.parquet"
    path = f"{night.bucket}/offer/{date.today()}.parquet".removeprefix("s3://lists/")
    obstore.delete(from_url("s3://lists"), path)
    assert night(night_line)[0] == 4
    assert night(failed_line)[0] == 0 and "the night failed" in night.mails
    assert postgres.rows(which) == before
    obstore.put(from_url("s3://lists"), path, older)
    file.write_bytes(yesterday.read_bytes() + b"07700900999 \r\n")
    code, err = night(night_line)
    assert code == 0, err
    assert postgres.rows(which) != before


def test_systemd_takes_the_units(night):
    """Every key is known, and the timer has a next time."""
    for unit in UNITS:
        (night.folder / unit).write_text(night.here(block("batch.md", f"# /etc/systemd/system/{unit}\n")))
    command = ["systemd-analyze", "verify", "--man=no", *(f"./{unit}" for unit in UNITS)]
    done = subprocess.run(command, check=False, cwd=night.folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    when = re.search("OnCalendar=(.*)", (night.folder / "dnc-night.timer").read_text())
    assert (
        b"Next elapse"
        in subprocess.run(["systemd-analyze", "calendar", when[1]], check=True, stdout=subprocess.PIPE).stdout
    )
