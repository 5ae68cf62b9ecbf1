"""Certificates of checks: what the log says, signed; whatever was changed in one is found without the store."""

from __future__ import annotations

import hmac
import json
import re
import shutil
import sys
import zipfile
from base64 import b64encode
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import msgspec
import pytest
from msgspec.structs import replace

from dnc import Store, check
from dnc.checks import certificate
from dnc.checks.certificate import certify
from dnc.errors import InputError, StoreError
from dnc.files.input_file import sha256_of
from dnc.files.signing import Signature, Signer, new_key
from dnc.law import pack_file
from dnc.lists.brief import Brief
from dnc.reports import certificate_page
from dnc.reports.certificate_page import html, verify
from dnc.store import audit_log
from dnc.store.anchors import last_anchor
from dnc.store.audit_log import canonical
from dnc.store.manifest import read_manifest
from dnc.store.stamps import MOST_BYTES, StampError, keep_stamp
from tests import edits
from tests.authority import Authority

CALLS = "number;note\n01 99 00 00 01;a\n01 99 00 00 02;b\n06 39 98 00 03;c\n"
SIGNS = "<img src=x onerror=alert(1)></script><!--&amp;"


@pytest.fixture(scope="module")
def key(tmp_path_factory) -> Path:
    """A private key."""
    path = tmp_path_factory.mktemp("keys") / "key.pem"
    new_key(path)
    return path


@pytest.fixture(scope="module")
def template(samples, tmp_path_factory):
    """A store with a check in it, and that check."""
    folder = tmp_path_factory.mktemp("certificates")
    store = Store(shutil.copytree(samples, folder / "store"))
    (folder / "calls.csv").write_text(CALLS)
    use = {"caller": "commercial", "campaign": SIGNS}
    brief = Brief("FR", ignore=["note"])
    return store, check(folder / "calls.csv", store, brief=brief, given=use, at="2026-08-20")


@pytest.fixture(scope="module")
def certificate_of_it(template, key) -> str:
    """The certificate of that check, as JSON."""
    store, result = template
    return json.dumps(certify(store, result.id, Signer(key)))


@pytest.fixture
def checked(template, store):
    """A copy of that store, and the check."""
    shutil.copytree(template[0].path, store.path)
    return store, template[1]


@pytest.fixture
def signed(certificate_of_it) -> dict:
    """The certificate, to be changed."""
    return json.loads(certificate_of_it)


def signed_again(told: dict, key: Path, context: bytes = certificate._CONTEXT) -> dict:
    """A certificate that was changed and signed anew."""
    own = Signature.by(Signer(key), context, canonical(told["certificate"]).encode())
    return told | {"signature": msgspec.to_builtins(own)}


def test_a_certificate_says_what_the_log_says(checked, signed):
    """Counts, checksums, rules, registries with their days, and the log; not the number of the caller, nor any other."""
    store, result = checked
    told, _ = certificate.read_certificate(signed)
    rows = {row["seq"]: row for row in store.log().to_dicts()}
    assert msgspec.structs.asdict(told.counts) == result.counts
    assert (told.check, told.head) == (result.head, f"{max(rows)}:{rows[max(rows)]['hash']}")
    assert (told.input.files, told.input.rows) == (["calls.csv"], 3)
    key = bytes.fromhex(store.hash_key(result.id))
    assert told.input.sha256 == hmac.digest(key, result.record["sha256"].encode(), "sha256").hex()
    assert told.verdicts == json.loads(rows[result.id]["detail"])["verdicts"]
    assert (told.use.at, told.use.region, told.use.declared["caller"]) == ("2026-08-20", "FR", "commercial")
    assert sorted(file.sha256 for file in told.rules) == result.record["rules"]
    assert {file.jurisdiction: file.read_until for file in told.rules}["fr"] == result.book.packs["fr"].read_until
    loaded = {(one.registry, one.as_of, one.sha256) for one in result.snapshots}
    assert {(one.registry, one.as_of, one.sha256) for one in told.registries} == loaded
    assert (told.stamp, told.made_with) == (None, version("dnc-check"))


def test_the_last_time_stamp_is_certified_too(dnc, checked, key, tmp_path):
    """The row that was stamped, and the answer of the authority as it came."""
    store, result = checked
    about = last_anchor(store.ledger).about
    head = about.head
    authority = Authority(tmp_path / "authority", "First TSA")
    answer = authority.stamp(authority.query(about.text.decode()))
    keep_stamp(store.ledger, last_anchor(store.ledger).about, answer)
    path = tmp_path / "c.html"
    signed = certify(store, result.id, Signer(key))
    path.write_text(html(signed), encoding="utf-8")
    stamp = {"head": str(head), "store": about.store, "token": b64encode(answer).decode()}
    assert (verify(path).data["stamp"], verify(path).data["store"]) == (stamp, about.store)
    assert f"<dd>{head}</dd>" in path.read_text(encoding="utf-8").split("RFC 3161")[1]
    code, _, err = dnc("certify", "--verify", path)
    assert (code, "by First TSA: not verified: no certificate given" in err) == (0, True)
    signed["certificate"]["stamp"]["token"] = b64encode(b"junk").decode()
    (tmp_path / "c.json").write_text(json.dumps(signed_again(signed, key)), encoding="utf-8")
    code, _, err = dnc("certify", "--verify", tmp_path / "c.json")
    assert (code, "is not valid: this is not the answer of a time-stamping authority" in err) == (4, True)


def test_a_stamp_of_something_else_is_not_certified(checked, key):
    """It is looked at before the certificate is signed."""
    store, result = checked
    keep_stamp(store.ledger, last_anchor(store.ledger).about, b"an answer")
    with pytest.raises(StampError, match="not the answer of a time-stamping authority"):
        certify(store, result.id, Signer(key))


@pytest.mark.parametrize("has_extra", [True, False])
def test_a_stamp_that_is_too_large_is_said(dnc, checked, key, tmp_path, monkeypatch, has_extra):
    """Whoever can write to the folder can put one there; without the extra too, it is one sentence."""
    store, result = checked
    planted = keep_stamp(store.ledger, last_anchor(store.ledger).about, b"0" * (MOST_BYTES + 1))
    if not has_extra:
        monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    out = tmp_path / "c.html"
    code, _, err = dnc("certify", result.id, "--key", key, "--out", out, "--store", store.path, "--lang", "en")
    assert (code, err.count("\n"), out.exists()) == (4, 1, False)
    assert (str(planted.path) in err, "its file is larger than 1 MiB" in err) == (True, True), err


def test_a_check_whose_rules_are_not_kept_is_not_certified(checked, key):
    """The certificate would name fewer rules than decided."""
    store, result = checked
    before = json.loads(store.log()["detail"][-1])["rules"]
    with duckdb.connect(store.ledger.path) as con:
        con.execute("delete from rules where sha256 = ?", [min(before)])
    replace(read_manifest(store.path), ledger=sha256_of(store.ledger.path)).write(store.path)
    with pytest.raises(StoreError, match=f"lacks the text of rules {min(before)}"):
        certify(store, result.id, Signer(key))


def test_a_check_whose_loads_are_not_in_the_log_is_not_certified(checked, key):
    """The certificate would name fewer registries than decided."""
    store, result = checked
    edits.rewrite(store.path, lambda detail: detail.pop("snapshot", None))
    with pytest.raises(StoreError, match="the log lacks the load of snapshot 1"):
        certify(store, result.id, Signer(key))


def test_registries_are_named_after_their_answers_were_deleted(checked, signed, key):
    """The log keeps the day and checksum of a snapshot that was forgotten."""
    store, result = checked
    assert store.forget(date(2026, 1, 1))
    again = certify(store, result.id, Signer(key))
    assert again["certificate"]["registries"] == signed["certificate"]["registries"]
    assert again["certificate"]["head"] != signed["certificate"]["head"]


@pytest.mark.parametrize("suffix", ["html", "json"])
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_whoever_has_a_certificate_verifies_it_without_the_store(dnc, checked, key, tmp_path, suffix, lang):
    """The page and the data alone, in both languages, by a fingerprint, by a key in a file, and without naming one."""
    store, result = checked
    out = tmp_path / f"certificate.{suffix}"
    code, text, err = dnc("certify", result.id, "--key", key, "--out", out, "--lang", lang, "--store", store.path)
    signer = Signer(key)
    assert (code, text, signer.fingerprint in err) == (0, "", True)
    away = tmp_path / "away"
    away.mkdir()
    out = out.rename(away / out.name)
    other = "fr" if lang == "en" else "en"  # of who verifies
    code, text, err = dnc("certify", "--verify", out, "--lang", other, "--store", "none")
    assert (code, err, signer.fingerprint in text, result.record["sha256"] in text) == (0, "", True, False)
    assert dnc("certify", "--verify", out, "--key", signer.fingerprint.upper())[0] == 0
    public = tmp_path / "public.pem"
    public.write_bytes(pem_of(signer))
    assert dnc("certify", "--verify", out, "--key", public)[0] == 0
    code, text, err = dnc("certify", "--verify", out, "--key", "0" * 64)
    assert (code, text, "is signed by another key" in err) == (4, "", True)
    told = json.loads(dnc("certify", "--verify", out, "--json")[1])
    assert (told["signer"], told["certificate"]["check"]) == (signer.fingerprint, result.head)


def test_a_certificate_speaks_the_language_of_its_reader(signed):
    """Facts and their values in words, with what was typed; moments as days are written; countries by their names."""
    page = html(signed, "fr").replace("\N{NO-BREAK SPACE}", " ")
    assert "<dt>Appelant</dt><dd>une entreprise (caller=commercial)</dd>" in page
    assert "<dt>Fiche de campagne (SHA-256)</dt><dd>néant</dd>" in page
    assert re.search(r"<dt>Contrôle fait le</dt><dd>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d UTC</dd>", page)
    assert "<dt>France (fr)</dt>" in page and "<dt>tous les pays</dt>" in page


def pem_of(signer: Signer) -> bytes:
    """The public key as OpenSSL writes it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Ed25519PublicKey.from_public_bytes(signer.public)
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_usage(dnc, checked, key, tmp_path):
    """What does not go together, and what is no check, no key or no certificate."""
    store, result = checked
    at = ("--store", store.path)
    for wrong in (
        (), (result.id,), (result.id, "--key", key), (result.id, "--key", key, "--out", "c.txt"),
        (result.id, "--verify", "c.html"), ("--verify", "c.html", "--new-key", "k"),
    ):  # fmt: skip
        assert dnc("certify", *wrong, *at)[0] == 2, wrong
    out = tmp_path / "c.html"
    for wrong in ((1, "--key", key), (999, "--key", key), (result.id, "--key", __file__), (result.id, "--key", "none")):
        assert dnc("certify", *wrong, "--out", out, *at)[0] == 4, wrong
    assert not out.exists()
    assert dnc("certify", "--verify", __file__)[0] == 4
    assert dnc("certify", "--verify", key, "--key", "nobody")[0] == 2
    assert dnc("certify", "--verify", key, "--key", key)[0] == 4  # a private key is not a public one
    code, _, err = dnc("certify", "--new-key", tmp_path / "new.pem")
    assert (code, Signer(tmp_path / "new.pem").fingerprint in err) == (0, True)
    assert dnc("certify", "--new-key", tmp_path / "new.pem")[0] == 4


def test_a_ledger_that_was_edited_is_not_certified(checked, key):
    """The log states what the ledger holds: here an objection is deleted behind its back."""
    store, result = checked
    store.object(["+33199000001"], date(2026, 8, 1))
    with duckdb.connect(store.ledger.path) as con:
        con.execute("delete from objections")
    replace(read_manifest(store.path), ledger=sha256_of(store.ledger.path)).write(store.path)
    with pytest.raises(StoreError, match="nothing is certified: objections"):
        certify(store, result.id, Signer(key))


def test_a_log_that_was_changed_is_not_certified(dnc, checked, key, tmp_path):
    """Whoever changes the counts of a check in the log gets no certificate of it."""
    store, result = checked
    ledger = store.ledger
    with duckdb.connect(ledger.path) as con:
        con.execute(
            "update log set detail = replace(detail::varchar, '\"rows\": 3', '\"rows\": 4') where verb = 'check'"
        )
    replace(read_manifest(store.path), ledger=sha256_of(ledger.path)).write(store.path)
    code, _, err = dnc("certify", result.id, "--key", key, "--out", tmp_path / "c.html", "--store", store.path)
    assert (code, f"row {result.id} was changed after it was written" in err) == (4, True)


def test_a_log_that_goes_back_in_time_is_named_instead_of_certified(dnc, checked, key, tmp_path, monkeypatch):
    """No certificate vouches for it; the folder for an authority says it, and is signed all the same."""
    store, result = checked
    monkeypatch.setattr(audit_log, "now", lambda: datetime(2026, 6, 1, 9))
    store.object(["+33199000004"], date(2026, 6, 1))
    monkeypatch.undo()
    told = f"row {result.id + 1} is dated 2026-06-01 09:00:00 (UTC), before row {result.id} of 20"
    code, _, err = dnc("certify", result.id, "--key", key, "--out", tmp_path / "c.html", "--store", store.path)
    assert (code, told in err, (tmp_path / "c.html").exists()) == (4, True, False)
    days, folder = ("--from", "2026-01-01", "--to", "2026-12-31"), tmp_path / "folder.zip"
    assert dnc("inspection", *days, "--key", key, "--out", folder, "--store", store.path)[0] == 0
    with zipfile.ZipFile(folder) as files:
        assert told in files.read("index.html").decode()
        assert "SHA256SUMS.sig" in files.namelist()


# Certificates that were changed


def leaves(value: object, path: tuple = ()) -> list[tuple]:
    """The path of every text and number in a JSON value."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for at, one in enumerate(value) for leaf in leaves(one, (*path, at))]
    return [path]


def changed(told: dict, path: tuple) -> dict:
    """A copy with another value at a path."""
    copy = json.loads(json.dumps(told))
    *way, last = path
    part = copy
    for key in way:
        part = part[key]
    value = part[last]
    if isinstance(value, int):
        part[last] = value + 1
    elif isinstance(value, str) and value:
        part[last] = ("0" if value[0] == "1" else "1") + value[1:]
    else:
        part[last] = "1"
    return copy


def test_every_change_breaks_the_signature(signed, tmp_path):
    """Each text and number of a certificate, the key and the signature: none can be changed."""
    path = tmp_path / "c.json"
    path.write_text(json.dumps(signed))
    assert verify(path).certificate.input.rows == 3
    for leaf in leaves(signed):
        path.write_text(json.dumps(changed(signed, leaf)))
        with pytest.raises(InputError):
            verify(path)


@pytest.mark.parametrize("make", [json.dumps, html])
def test_a_part_that_occurs_twice_is_refused(signed, tmp_path, make):
    """Of two, a person or another program may read the one that was not signed."""
    path = tmp_path / "c.json"
    text, part = make(signed), json.dumps(signed["certificate"] | {"counts": {"clear": 3}})
    at = text.index('"certificate": {') if make is json.dumps else text.index('"certificate":{')
    path.write_text(text)
    assert verify(path).certificate.input.rows == 3
    path.write_text(f'{text[:at]}"certificate":{part},{text[at:]}')
    with pytest.raises(InputError, match="is not a certificate"):
        verify(path)


def test_a_signature_made_for_something_else_does_not_hold(signed, key, tmp_path):
    """That of a rules pack, by the same key over the same bytes, is none of a certificate."""
    path = tmp_path / "c.json"
    path.write_text(json.dumps(signed_again(signed, key, pack_file._CONTEXT)))
    with pytest.raises(InputError, match="signature is not valid"):
        verify(path)
    path.write_text(json.dumps(signed_again(signed, key)))
    assert verify(path).signer == Signer(key).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        lambda page: page.replace(b">3<", b">4<", 1),
        lambda page: page.replace(b"</main>", b"<p>all calls are permitted</p></main>"),
        lambda page: page.replace(b"<style>", b"<style>#found{display:none}"),
        lambda page: page + b"<!-- -->",
        lambda page: page.replace(b"\n", b"\r\n"),
    ],
)
def test_a_page_that_shows_something_else_is_refused(dnc, signed, tmp_path, change):
    """What was signed is printed, and the page is said to be another; exit code 4."""
    path = tmp_path / "c.html"
    page = html(signed).encode()
    path.write_bytes(page)
    assert dnc("certify", "--verify", path)[0] == 0
    path.write_bytes(change(page))
    assert path.read_bytes() != page
    code, out, err = dnc("certify", "--verify", path)
    assert (code, "calls.csv" in out, "shows something else than what was signed" in err) == (4, True, True)


def test_a_page_of_another_version_is_not_compared(dnc, signed, key, tmp_path, monkeypatch):
    """It may look otherwise or have been changed: what is printed counts, and the exit code promises no more."""
    signed["certificate"]["made_with"] = "0.0.1"
    path = tmp_path / "c.html"
    path.write_text(html(signed_again(signed, key)).replace("</main>", "<p>more</p></main>"), encoding="utf-8")
    code, out, err = dnc("certify", "--verify", path, "--lang", "en")
    assert (code, "calls.csv" in out, "was made by dnc 0.0.1" in err) == (4, True, True)


def test_nothing_in_a_certificate_becomes_markup(signed):
    """Names and reasons of strangers are text on the page, and the data stay one element."""
    page = html(signed)
    assert "<img" not in page
    assert page.count("<script") == page.count("</script>") == 1
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    data = page.split('id="certificate">')[1].split("</script>")[0]
    assert json.loads(data) == signed


HOSTILE = {
    "another format": lambda told: told | {"dnc_certificate": 2},
    "a format that is no number": lambda told: told | {"dnc_certificate": True},
    "another part": lambda told: told | {"more": 1},
    "another field": lambda told: told | {"certificate": told["certificate"] | {"more": 1}},
    "no counts": lambda told: told | {"certificate": {k: v for k, v in told["certificate"].items() if k != "counts"}},
    "control characters": lambda told: told | {"certificate": told["certificate"] | {"made_by": "\x1b[2J"}},
    "a line break": lambda told: told | {"certificate": told["certificate"] | {"made_by": "a\nb"}},
    "a turned direction": lambda told: told | {"certificate": told["certificate"] | {"made_by": "a\u202eb"}},
    "a long text": lambda told: told | {"certificate": told["certificate"] | {"made_by": "a" * 100_000}},
    "a count below nothing": lambda told: told | {"certificate": told["certificate"] | {"objections": -1}},
    "a huge count": lambda told: told | {"certificate": told["certificate"] | {"objections": 10**30}},
    "a fraction": lambda told: told | {"certificate": told["certificate"] | {"objections": 1.0}},
    "a hash that is none": lambda told: told | {"certificate": told["certificate"] | {"verdicts": "g" * 64}},
    "many rules": lambda told: told | {"certificate": told["certificate"] | {"rules": told["certificate"]["rules"] * 999}},
    "no signature": lambda told: {k: v for k, v in told.items() if k != "signature"},
    "a short signature": lambda told: told | {"signature": told["signature"] | {"signature": "00"}},
    "a key that is none": lambda told: told | {"signature": told["signature"] | {"key": "f" * 64}},
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_what_this_program_would_not_write_is_refused(dnc, signed, key, tmp_path, what):
    """In one line, without quoting it, even if it was signed."""
    told = HOSTILE[what](json.loads(json.dumps(signed)))
    if "signature" not in what and "key" not in what:
        told = signed_again(told, key)
    path = tmp_path / "c.json"
    path.write_text(json.dumps(told))
    code, out, err = dnc("certify", "--verify", path)
    assert (code, out, err.count("\n"), "\x1b" in err) == (4, "", 1, False), err
    assert "internal error" not in err


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[" * 1_000_000,
        b'{"dnc_certificate":' * 100_000,
        b"\xff\xfe{}",
        b'{"dnc_certificate": 1, "certificate": {}, "signature": {}}',
        b"<html>" + certificate_page._BEGIN * 100_000,
        b"<html>" + certificate_page._BEGIN,
        b" " * (certificate_page._LONGEST + 1),
    ],
)
def test_files_that_are_no_certificates(dnc, tmp_path, data):
    """Cut, nested, large, or something else: refused in one line."""
    path = tmp_path / "c.html"
    path.write_bytes(data)
    code, out, err = dnc("certify", "--verify", path)
    assert (code, out, err.count("\n")) == (4, "", 1), err
    assert "internal error" not in err


def test_two_sets_of_data_in_a_page_are_refused(dnc, signed, tmp_path):
    """A program that reads the last one would see another certificate than one that reads the first."""
    page = html(signed).encode()
    data = page[page.index(certificate_page._BEGIN) : page.index(certificate_page._END) + len(certificate_page._END)]
    path = tmp_path / "c.html"
    path.write_bytes(page.replace(b"</body>", data + b"</body>"))
    code, out, err = dnc("certify", "--verify", path)
    assert (code, out, "is not a certificate" in err) == (4, "", True)


def test_a_store_without_a_check(dnc, key, tmp_path):
    """There is nothing to certify."""
    code, _, err = dnc("certify", 1, "--key", key, "--out", tmp_path / "c.html", "--store", tmp_path / "none")
    assert (code, "no store here" in err) == (4, True)
    assert not Store(tmp_path / "none").exists
