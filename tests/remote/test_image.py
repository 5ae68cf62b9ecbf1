"""What the Dockerfile promises, without Docker: nobody, a root that is read-only, and a store on a volume.

Its base image is not built here: the command runs with this Python in a sandbox of bubblewrap, with the environment of
the Dockerfile and no network.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SANDBOX = ["bwrap", "--unshare-all", "--die-with-parent"]
CALLS = b"number,caller\n01 99 00 00 01,survey\n"


@pytest.fixture
def image(tmp_path):
    """A function that runs `dnc` as the image does: its arguments, and what it gets on stdin."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "\nUSER nobody\n" in dockerfile and "\nVOLUME /store\n" in dockerfile
    told = dict(re.findall(r"(DNC_\w+|PYTHON\w+)=(\S+)", dockerfile))
    assert told["DNC_STORE"].startswith("/store/")
    volume = tmp_path / "store"
    volume.mkdir()
    own = ("dev", "proc", "tmp", "store")
    if subprocess.run([*SANDBOX, "--ro-bind", "/", "/", "true"], check=False).returncode:
        pytest.skip("this machine does not allow a sandbox within")
    box = [*SANDBOX, "--uid", "65534", "--gid", "65534", "--clearenv"]
    box += [word for at in Path("/").iterdir() if at.name not in own for word in ("--ro-bind", str(at), str(at))]
    box += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(volume), "/store"]
    box += [word for at in (ROOT, sys.prefix) for word in ("--ro-bind", str(at), str(at))]  # they may be below /tmp
    box += [word for name, value in (told | {"PYTHONPATH": str(ROOT)}).items() for word in ("--setenv", name, value)]
    box += ["--remount-ro", "/"]

    def run(*words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        command = [*box, sys.executable, "-m", "dnc", *words]
        done = subprocess.run(command, check=False, input=stdin, capture_output=True, cwd="/")
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def test_the_image_writes_to_its_volume_only(image):
    """A registry is loaded and a list decided through stdin and stdout; nothing else can be written."""
    answer = b"Telephone;Identifiant;R\xc3\xa9ponse\n0199000001;1;KO\n"
    code, _, err = image("load", "-", "--registry", "fr-bloctel", "--as-of", "2026-11-01", stdin=answer)
    assert code == 0, err
    code, out, err = image("check", "-", "--region", "FR", "--at", "2026-11-10T10:00", stdin=CALLS)
    assert code == 3, err
    assert out.splitlines()[1].startswith("01 99 00 00 01,survey,+33199000001,fr,undecided")
    assert image("status", "--json")[0] in (0, 1)
    code, _, err = image("check", "-", "--out", "/verdicts.csv", stdin=CALLS)
    assert (code, "/verdicts.csv" in err) == (4, True)
