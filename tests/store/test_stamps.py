"""Time stamps of the log: got, refused, kept, verified, lost and put back."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from datetime import date
from hashlib import sha256

import pytest

from dnc import InputError, Store, StoreError
from dnc.store import stamps
from dnc.store.anchors import last_anchor
from dnc.store.backup import backup, restore
from dnc.store.verify import verify, verify_log
from tests import some
from tests.authority import Authority, serving, verified_by_openssl
from tests.store.test_durability import names

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is the authority")


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    """The authority that is trusted."""
    return Authority(tmp_path_factory.mktemp("authority") / "one", "First TSA")


@pytest.fixture(scope="module")
def another(tmp_path_factory) -> Authority:
    """One that is not."""
    return Authority(tmp_path_factory.mktemp("authority") / "two", "Other TSA")


@pytest.fixture(autouse=True)
def direct(monkeypatch) -> None:
    """Let no proxy of the environment stand between."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def two_rows(tmp_path_factory) -> Store:
    """A store whose log has two rows, to be copied."""
    store = Store(tmp_path_factory.mktemp("two") / "dnc-store")
    for day in (1, 2):
        store.object([f"+3319900000{day}"], date(2026, 8, day))
    return store


@pytest.fixture
def logged(two_rows, store) -> Store:
    """A store whose log has two rows."""
    shutil.copytree(two_rows.path, store.path)
    return store


def stamped(store: Store, authority: Authority) -> stamps.Stamp:
    """A stamp of the last row of the log."""
    with serving(authority.stamp) as url:
        return stamps.add_stamp(store.ledger, last_anchor(store.ledger).about, url)


def planted(store: Store, authority: Authority, text: str, row: str) -> None:
    """A stamp of some text that stands in the store as that of a row."""
    data = authority.stamp(authority.query(text))
    (store.path / stamps.FOLDER).mkdir(exist_ok=True)
    (store.path / stamps.FOLDER / f"{row.replace(':', '-')}-{sha256(data).hexdigest()[:16]}.tsr").write_bytes(data)


def test_a_stamp_is_kept_and_verified_here_and_by_openssl(dnc, logged, authority):
    """It is about the last row as it is printed, names who stamped and when, and the store is otherwise as it was."""
    before, head = names(logged), str(verify(logged.ledger).head)
    with serving(authority.stamp) as url:
        code, out, err = dnc("log", "--stamp", url, "--store", logged.path, "--lang", "en")
    assert (code, out) == (0, "")
    assert f"stamped {head}: " in err
    assert err.endswith("not verified: no certificate given\n")
    [kept] = names(logged) - before
    assert verified_by_openssl(f"{logged.manifest().store} {head}", logged.path / kept, authority.root)
    code, _, err = dnc("log", "--verify", "--store", logged.path, "--lang", "en")
    assert (code, "by First TSA: not verified: no certificate given" in err) == (0, True)
    code, _, err = dnc("log", "--verify", "--certificate", authority.root, "--store", logged.path, "--lang", "fr")
    assert (code, "par First TSA : vérifié" in err.replace("\N{NO-BREAK SPACE}", " ")) == (0, True)
    assert (logged.path / kept).stat().st_mode & 0o777 == 0o600
    assert stamps.last_stamp(logged.path).path == logged.path / kept


def test_a_stamp_is_verified_at_once_where_the_certificate_is_given(dnc, logged, authority, another):
    """One that another authority made is then not kept."""
    at = ["--store", logged.path, "--certificate", authority.root, "--lang", "en"]
    with serving(authority.stamp) as url:
        code, _, err = dnc("log", "--stamp", url, *at)
    assert (code, err.endswith("verified with the certificate given\n")) == (0, True)
    before = names(logged)
    with serving(another.stamp) as url:
        code, _, err = dnc("log", "--stamp", url, *at)
    assert (code, "its signature does not verify" in err, names(logged)) == (4, True, before)


def test_a_stamp_of_another_authority_is_a_fault(dnc, logged, authority, another):
    """The certificate that is given is the one that has to have signed; both in one file verify both."""
    stamped(logged, authority)
    stamped(logged, another)
    code, out, _ = dnc("log", "--verify", "--certificate", authority.root, "--store", logged.path, "--lang", "en")
    assert (code, out.count("the stamp of row 2 is not valid: its signature")) == (4, 1)
    both = authority.root.read_text() + another.root.read_text()
    (logged.path.parent / "both.pem").write_text(both)
    code, _, err = dnc("log", "--verify", "--certificate", "both.pem", "--store", logged.path, "--lang", "en")
    assert (code, err.count(": verified")) == (0, 2)


def test_a_stamp_of_another_head_is_found(dnc, logged, authority):
    """Whatever its file is called, a stamp is about what was stamped; no certificate is needed to see that."""
    head = verify(logged.ledger).head
    planted(logged, authority, "1:00", str(head))
    code, out, _ = dnc("log", "--verify", "--store", logged.path, "--lang", "en")
    assert (code, "is not valid: it is about something else" in out) == (4, True)


def test_a_stamp_of_a_row_that_the_log_lacks_is_found(logged, authority):
    """A stamp is an anchor too: a log that was taken back or written anew does not have its row."""
    row = f"9:{'0' * 64}"
    planted(logged, authority, row, row)
    for found in (verify(logged.ledger), verify_log(logged.ledger)):
        assert [("row 9, which was stamped" in fault) for fault in found.faults] == [True]


@pytest.mark.parametrize("place", some([0, 40, 400, -1], 2))
def test_a_changed_stamp_is_found(dnc, logged, authority, place):
    """By its checksum, with and without a certificate."""
    path = stamped(logged, authority).path
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert "this stamp was changed or cut off" in verify(logged.ledger).faults[0]
    for more in ([], ["--certificate", authority.root]):
        code, out, _ = dnc("log", "--verify", "--store", logged.path, "--lang", "en", *more)
        assert (code, "its file was changed or cut off" in out) == (4, True)


def test_no_byte_of_a_stamp_can_be_changed(logged, authority):
    """Also where the checksum of the name is made to fit: the answer is refused, or says the same as before."""
    stamp = stamped(logged, authority)
    trusted = stamps.certificates_in(authority.root)
    whole, true = stamp.path.read_bytes(), stamps.read_stamp(stamp, trusted)
    refused = 0
    for place in range(0, len(whole), 3):
        data = whole[:place] + bytes([whole[place] ^ 0x21]) + whole[place + 1 :]
        stamp.path.write_bytes(data)
        other = stamps.Stamp(stamp.path, stamp.about, sha256(data).hexdigest()[:16])
        try:
            assert stamps.read_stamp(other, trusted) == true
        except stamps.StampError:
            refused += 1
    assert refused > 100


# Answers that are none


ENOUGH = threading.Event()


def slow(query: bytes):
    """A byte now and then, so that no single wait is long."""
    while not ENOUGH.wait(0.05):
        yield b"0"


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (lambda query: b"<html>no</html>", 200, "this is not the answer of a time-stamping authority"),
        (lambda query: b"", 200, "this is not the answer of a time-stamping authority"),
        (lambda query: bytes.fromhex("30053003020102"), 200, "the authority did not grant it"),
        (lambda query: b"no", 403, "it refuses (HTTP status 403)"),
        (lambda query: b"", 302, "it refuses (HTTP status 302)"),
        (lambda query: (b"\0" * (1 << 20) for _ in range(100)), 200, "its answer is larger than 1 MiB"),
        (slow, 200, "it did not answer within 0.3 s"),
    ],
)
def test_an_answer_that_is_no_stamp_changes_nothing(dnc, logged, monkeypatch, answer, status, says):
    """One sentence, exit code 4, and the store as it was; a flood is not read, a trickle not waited for."""
    ENOUGH.clear()
    monkeypatch.setattr(stamps, "_SECONDS", 0.3 if answer is slow else 20)
    before = names(logged)
    with serving(answer, status) as url:
        code, out, err = dnc("log", "--stamp", url, "--store", logged.path, "--lang", "en")
        ENOUGH.set()
    assert (code, out, names(logged)) == (4, "", before)
    assert (says in err, len(err.splitlines())) == (True, 1), err


def test_a_stamp_of_something_else_is_not_kept(logged, authority):
    """An authority that answers an older question, or the same question asked before (another nonce)."""
    about = last_anchor(logged.ledger).about
    for text in ("1:00", str(about.head), about.text.decode()):
        said = authority.stamp(authority.query(text))
        with serving(lambda query, said=said: said) as url, pytest.raises(InputError, match="is about something else"):
            stamps.add_stamp(logged.ledger, about, url)
    assert stamps.stamps_in(logged.path) == []


def test_an_authority_that_is_down_changes_nothing(dnc, logged):
    """Nobody listens at that port; the name is not known; the URL is none. The user's password is not repeated."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    before = names(logged)
    url = f"http://me:secret@127.0.0.1:{port}/tsa?key=secret"
    code, _, err = dnc("log", "--stamp", url, "--store", logged.path)
    assert (code, "it cannot be reached" in err, "secret" in err, names(logged)) == (4, True, False, before)
    for url, expected in (("http://authority.invalid/", 4), ("file:///etc/passwd", 2), ("nowhere", 2), ("http://", 4)):
        code, _, err = dnc("log", "--stamp", url, "--store", logged.path)
        assert (code, len(err.splitlines()), names(logged)) == (expected, 1, before), err


def test_an_authority_may_ask_for_a_password(dnc, logged, authority):
    """It stands in the URL, is sent as HTTP wants it, and never repeated."""
    with serving(authority.stamp, credentials="Basic bWU6c2VjcmV0IQ==") as url:
        code, _, err = dnc("log", "--stamp", url, "--store", logged.path)
        assert (code, "it refuses (HTTP status 401)" in err) == (4, True)
        code, out, err = dnc("log", "--stamp", url.replace("//", "//me:secret%21@"), "--store", logged.path)
    assert (code, "secret" in out + err, len(stamps.stamps_in(logged.path))) == (0, False, 1)


def test_the_url_may_come_from_the_environment(dnc, logged, authority, monkeypatch):
    """As every option."""
    with serving(authority.stamp) as url:
        monkeypatch.setenv("DNC_LOG_STAMP", url)
        monkeypatch.setenv("DNC_LOG_CERTIFICATE", str(authority.root))
        assert dnc("log", "--store", logged.path)[0] == 0
    assert len(stamps.stamps_in(logged.path)) == 1


def test_without_the_library_one_sentence_says_what_to_install(dnc, logged, authority, monkeypatch):
    """Stamps that are kept are listed by their row."""
    stamped(logged, authority)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    for more in (["--stamp", "http://127.0.0.1:1/"], ["--verify", "--certificate", authority.root]):
        code, _, err = dnc("log", "--store", logged.path, *more)
        assert (code, err.count("pip install 'dnc-check[stamps]'"), len(err.splitlines())) == (2, 1, 1)
    code, _, err = dnc("log", "--verify", "--store", logged.path, "--lang", "en")
    assert (code, "row 2 has a stamp, not verified: this needs rfc3161_client" in err) == (0, True)


def test_a_certificate_file_that_holds_none_is_refused(dnc, logged, write_file):
    """In one sentence."""
    code, _, err = dnc("log", "--verify", "--certificate", write_file("c.pem", "-----BEGIN"), "--store", logged.path)
    assert (code, "holds no certificate" in err) == (4, True)


# Backups


def test_stamps_go_into_a_backup_and_come_back(logged, authority, tmp_path):
    """A store that is gone has them again, and one that lost or damaged them; other rows keep theirs."""
    first = stamped(logged, authority)
    backup(logged.ledger, tmp_path / "backup")
    assert verify(Store(tmp_path / "backup").ledger).faults == []
    logged.object(["+33199000003"], date(2026, 8, 3))
    second = stamped(logged, authority)
    first.path.write_bytes(b"cut")
    assert restore(logged.ledger, tmp_path / "backup").ledger is False
    assert [stamp.is_intact for stamp in stamps.stamps_in(logged.path)] == [True, True]
    assert verify(logged.ledger).faults == []
    shutil.rmtree(logged.path)
    restore(logged.ledger, tmp_path / "backup")
    assert [stamp.head for stamp in stamps.stamps_in(logged.path)] == [first.head]
    assert second.head != first.head


def test_a_restored_ledger_takes_the_stamps_of_lost_rows_aside(logged, authority, tmp_path):
    """They are kept, since they are evidence of these rows, but not as stamps of the log that is."""
    backup(logged.ledger, tmp_path / "backup")
    logged.object(["+33199000003"], date(2026, 8, 3))
    stamp = stamped(logged, authority)
    (logged.path / "ledger.duckdb").write_bytes(b"")
    done = restore(logged.ledger, tmp_path / "backup")
    assert (verify(logged.ledger).faults, (done.aside / stamp.path.name).exists()) == ([], True)


def test_a_stamp_that_is_no_file_of_the_backup_is_not_copied(logged, authority, tmp_path):
    """A link in a stranger's backup is no way to have another file copied."""
    backup(logged.ledger, tmp_path / "backup")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "backup" / stamps.FOLDER).mkdir()
    name = f"1-{'0' * 64}-{sha256(b'secret').hexdigest()[:16]}.tsr"
    (tmp_path / "backup" / stamps.FOLDER / name).symlink_to(secret)
    shutil.rmtree(logged.path)
    with pytest.raises(StoreError, match="is a link or a device"):
        restore(logged.ledger, tmp_path / "backup")
    assert not logged.path.exists()
