"""Rules packs: one that is not what its signer made, or does not hold what it says, is refused and changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from dnc import Rulebook, Store, check
from dnc.checks import law_in_force
from dnc.checks.law_in_force import law_of
from dnc.errors import InputError, StoreError
from dnc.files import signing
from dnc.law import pack_file
from dnc.law.pack_file import content_of, newer, read_pack_file, write_pack
from dnc.law.rulebook import shipped
from dnc.store import rule_packs
from tests import edits, size

RULES = """
jurisdiction = "is"
name = { en = "Iceland", fr = "Islande" }
regions = ["IS"]
read_from = 2020-01-01
read_until = 2029-12-31
[cites]
C = { text = "a made-up text", url = "", read = 2026-11-24 }
[[regime]]
id = "is-scope"
says = "Sales calls are within these rules."
cites = ["C"]
confidence = "high"
when = {}
except = [{ purpose = ["sale"] }]
not_read = "other calls"
[[regime]]
id = "is-consent"
says = "A sales call needs consent."
cites = ["C"]
confidence = "high"
when = { purpose = ["sale"] }
consent = { scope = "named" }
"""
CASES = """case,number,region,call_at,purpose,consent,objected_on,registries,expect,decisive
nobody agreed,555 0100,IS,2026-11-24T11:00,sale,none,none,,blocked,is-consent
she agreed,555 0101,IS,2026-11-24T11:00,sale,named_caller,none,,clear,
a poll,555 0102,IS,2026-11-24T11:00,information,none,none,,undecided,is-scope
"""
BAN = RULES.replace('consent = { scope = "named" }', "forbidden = {}")
BAN_CASES = CASES.replace("named_caller,none,,clear,", "named_caller,none,,blocked,is-consent")


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Two private keys."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        signing.new_key(folder / name)
    return {name: folder / name for name in ("ours", "theirs")}


@pytest.fixture
def made(tmp_path, keys):
    """A function that makes a pack without trying it, and gives its path."""

    def make(version: str = "2026.12", rules: str = RULES, cases: str = CASES, key: str = "ours", **files: str) -> Path:
        content = pack_file.PackContent(version, {"is.toml": rules}, {"is.csv": cases} | files)
        path = tmp_path / f"{version}-{key}.pack"
        write_pack(content, keys[key], path)
        return path

    return make


def signer(path: Path) -> str:
    """The fingerprint of the key that signed a pack."""
    return read_pack_file(path).signer


def rewritten(path: Path, **members: bytes | None) -> Path:
    """A pack with members that are replaced, added, or left out where None; `_` stands for the dot of a name."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held |= {name.replace("_", "."): data for name, data in members.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in held.items():
            if data is not None:
                archive.writestr(name, data)
    return path


def signed_again(path: Path, key: Path, change) -> Path:
    """A pack whose manifest was changed before it was signed."""
    signer = signing.Signer(key)
    with zipfile.ZipFile(path) as archive:
        manifest = change(json.loads(archive.read("manifest.json")))
    data = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    signature = signer.public + signer.sign(pack_file._CONTEXT, data)
    return rewritten(path, signature=signature, manifest_json=data)


def test_a_pack_is_made_installed_used_named_and_undone(dnc, tmp_path, write_file):
    """From the key to the verdict: the store's checks use its rules and name it, and `--undo` goes back."""
    folder = tmp_path / "law"
    folder.mkdir()
    for name, text in {"is.toml": RULES, "is.csv": CASES, "pack.toml": 'version = "2026.12"\n'}.items():
        (folder / name).write_text(text)
    code, _, err = dnc("certify", "--new-key", "key.pem")
    key = err.split()[-1]
    assert code == 0 and stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    code, _, err = dnc("rules", "--pack", folder, "--key", "key.pem", "--out", "a.pack", "--lang", "en")
    assert (code, "cases: 3, signed by key " + key in err) == (0, True), err
    code, _, err = dnc("rules", "--install", "a.pack")
    assert code == 4 and f"key that is new to the store: {key}" in err and not (tmp_path / "dnc-store").exists()
    write_file("calls.csv", "number,consent\n+3545550100,named_caller\n")
    told = ("calls.csv", "--at", "2026-11-24T11:00", "--set", "purpose=sale", "--set", "objected_on=none")
    assert dnc("check", *told, "--quiet")[0] == 3
    code, out, err = dnc("rules", "--install", "a.pack", "--trust", key, "--lang", "en")
    assert code == 0 and "installed rules pack 2026.12" in err
    assert "is,20" in out and "undecided" in out  # a call of the check before was undecided for want of rules
    code, out, err = dnc("check", *told, "--lang", "en", "--out", "v.html")
    assert code == 0 and "decided with rules pack 2026.12" in err
    assert "Some of them came with rules pack 2026.12" in (tmp_path / "v.html").read_text()
    pack = json.loads(dnc("status", "--json")[1])["rules_pack"]
    assert pack == {
        "version": "2026.12",
        "sha256": hashlib.sha256((tmp_path / "a.pack").read_bytes()).hexdigest(),
        "signer": key,
    }
    assert "rules pack 2026.12" in dnc("status", "--lang", "en")[1]
    logged = [json.loads(row) for row in Store(tmp_path / "dnc-store").log()["detail"]]
    assert logged[2]["pack"] == pack["sha256"] and logged[2]["key"] == key
    assert logged[2]["files"] == {"is.toml": hashlib.sha256(RULES.encode()).hexdigest()}
    assert logged[3]["pack"] == pack
    (folder / "is.toml").write_text(BAN)
    (folder / "is.csv").write_text(BAN_CASES)
    (folder / "pack.toml").write_text('version = "2027.1"\n')
    assert dnc("rules", "--pack", folder, "--key", "key.pem", "--out", "b.pack")[0] == 0
    code, out, _ = dnc("rules", "--install", "b.pack", "--lang", "en")
    assert code == 0 and "undecided,is-consent,blocked,is-consent" in out
    assert dnc("check", *told, "--quiet")[0] == 1
    code, _, err = dnc("replay", 4, "calls.csv", "--lang", "en")
    assert code == 0 and "with rules pack 2026.12" in err and "every verdict is the same" in err
    assert "rules pack 2026.12 is" in dnc("rules", "--undo", "--lang", "en")[2]
    assert dnc("check", *told, "--quiet")[0] == 0
    assert "the rules of the program are" in dnc("rules", "--undo", "--lang", "en")[2]
    assert dnc("check", *told, "--quiet")[0] == 3
    code, _, err = dnc("rules", "--undo")
    assert (code, err) == (4, "dnc: no rules pack is installed\n")
    assert dnc("verify")[0] == 0


REFUSALS = {
    "empty": (lambda path, keys: zipfile.ZipFile(path, "w").close(), "is not signed"),
    "no pack": (lambda path, keys: path.write_text("a text"), "it is not a zip file"),
    "huge": (lambda path, keys: path.write_bytes(b"PK" + bytes(9 << 20)), "it is larger than 8 MB"),
    "unsigned": (lambda path, keys: rewritten(path, signature=None), "is not signed"),
    "without a manifest": (lambda path, keys: rewritten(path, manifest_json=None), "is not signed"),
    "short signature": (lambda path, keys: rewritten(path, signature=bytes(40)), "its signature is not valid"),
    "no signature": (lambda path, keys: rewritten(path, signature=b""), "its signature is not valid"),
    "long signature": (lambda path, keys: rewritten(path, signature=bytes(5000)), "this part of it is too large"),
    "zero key": (lambda path, keys: rewritten(path, signature=bytes(96)), "its signature is not valid"),
    "tampered manifest": (
        lambda path, keys: rewritten(path, manifest_json=b'{"format":1,"version":"9","files":{}}'),
        "its signature is not valid",
    ),
    "huge manifest": (lambda path, keys: rewritten(path, manifest_json=bytes(1 << 17)), "this part of it is too large"),
    "tampered rules": (lambda path, keys: rewritten(path, is_toml=BAN.encode()), "do not match: 'is.toml'"),
    "missing rules": (lambda path, keys: rewritten(path, is_toml=None), "do not match: 'is.toml'"),
    "added rules": (lambda path, keys: rewritten(path, fr_toml=b"#"), "do not match: 'fr.toml'"),
    "a bomb": (lambda path, keys: rewritten(path, is_csv=bytes(40 << 20)), "200 times its size; ask for another one"),
    "many members": (
        lambda path, keys: rewritten(path, **{f"a{n}_toml": b"#" for n in range(300)}),
        "it unpacks to more than 200 files",
    ),
    "a path outside": (lambda path, keys: rewritten(path, **{"../x_toml": b"#"}), "an archive with paths outside of it"),
    "another format": (
        lambda path, keys: signed_again(path, keys["ours"], lambda m: m | {"format": 2}),
        "its manifest is not one that this program reads",
    ),
    "no version": (
        lambda path, keys: signed_again(path, keys["ours"], lambda m: m | {"version": "1\n"}),
        "its manifest is not one that this program reads",
    ),
    "a manifest that is no JSON": (
        lambda path, keys: signed_again(path, keys["ours"], lambda _: b"\xff" * 9),
        "its manifest is not one that this program reads",
    ),
    "a lying length": (
        lambda path, keys: signed_again(
            path, keys["ours"], lambda m: m | {"files": m["files"] | {"is.csv": m["files"]["is.csv"] | {"bytes": 5}}}
        ),
        "do not match: 'is.csv'",
    ),
    "another key": (
        lambda path, keys: signed_again(path, keys["theirs"], lambda m: m),
        "is signed by a key that the store does not trust",
    ),
    "cut": (lambda path, keys: path.write_bytes(path.read_bytes()[:-30]), "the archive is truncated or damaged"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_a_pack_that_is_not_as_signed_is_refused(name, made, keys, dnc, tmp_path):
    """One sentence, and the store is byte for byte what it was; no file of the pack is parsed."""
    first = made("2026.11")
    content = read_pack_file(first).content()
    rule_packs.install(
        Store(tmp_path / "dnc-store").ledger,
        ("2026.11", "0" * 64, signer(first)),
        content.rules,
        {},
        lambda _: None,
        trust=True,
    )
    before = {path.name: path.read_bytes() for path in (tmp_path / "dnc-store").glob("*.*")}
    hurt, says = REFUSALS[name]
    path = made()
    hurt(path, keys)
    code, out, err = dnc("rules", "--install", path)
    assert (code, out) == (4, "")
    assert says in err and err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in (tmp_path / "dnc-store").glob("*.*")} == before


def test_the_same_name_twice_and_links_are_refused(made):
    """What a zip may hold and a folder may not."""
    path = made()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("is.toml", BAN)
    with pytest.raises(InputError, match="the same name twice"):
        read_pack_file(path)
    path = made("2027.1")
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("us.toml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="contains a link"):
        read_pack_file(path)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"rules": RULES.replace("when = {", "whan = {")}, "is.toml:is-scope: unknown key 'whan'"),
        ({"rules": RULES.replace('["sale"] }\nconsent = { scope = "named" }', '["sale"] }\nhours = { mon-sun = "00:00-23:59" }')}, "is-consent: no call can break it"),
        ({"rules": RULES.replace('"is"', '"fr"')}, "jurisdiction 'fr' is defined twice"),
        ({"rules": BAN}, "cases that fail: 2; the first: 'she agreed' is blocked and not clear"),
        ({"cases": CASES.replace("is-scope", "is-consent")}, "'a poll' is not decided by is-consent"),
        ({"cases": CASES.replace("IS,", "FR,").replace("555 0", "01 99 00 0")}, "cases that fail"),
        ({"cases": CASES.partition("\n")[0]}, "the pack has no case for 'is'"),
        ({"cases": CASES.replace("registries", "colour")}, "is.csv: must have the columns case, number"),
        ({"cases": CASES + "x,y\n"}, "is.csv:5: has a row of another length"),
        ({"cases": CASES.replace("clear", "perhaps")}, "is.csv:she agreed: names no expected outcome"),
        ({"cases": CASES.replace("named_caller,none,,", "named_caller,none,../../x=listed@2026-11-01,")}, "../../x"),
        ({"cases": CASES.replace("named_caller,none,,", "named_caller,none,us-ndnc=listed@soon,")}, "'us-ndnc=listed@soon' is not an answer"),
        ({"vocabulary.toml": "x = 1"}, "columns and their words are those of the program"),
        ({"IS.TOML": "x = 1"}, "'IS.TOML' is not the name of a rules file"),
        ({"run.py": "x = 1"}, "'run.py' is not the name of a rules file"),
    ],
)  # fmt: skip
def test_a_signed_pack_still_has_to_be_right(files, says, made, dnc, tmp_path):
    """Grammar, lint, cases and names are checked although the key is trusted; nothing is installed."""
    path = made(**files)
    code, out, err = dnc("rules", "--install", path, "--trust", signer(path))
    assert (code, out, err.count("\n")) == (4, "", 1)
    assert says in err
    assert not (tmp_path / "dnc-store").exists()


def test_an_older_pack_is_refused(made, dnc):
    """Neither an older version nor another pack of the same one; the same again is no change of the rules."""
    assert [newer(*pair) for pair in (("2026.12", "2026.9"), ("1.0", "1"), ("1", "1.0.0.1"))] == [True, False, False]
    path = made("2026.12")
    assert dnc("rules", "--install", path, "--trust", signer(path))[0] == 0
    code, _, err = dnc("rules", "--install", made("2026.9"))
    assert code == 4 and "version 2026.9 is older than version 2026.12, which is installed" in err
    code, _, err = dnc("rules", "--install", made("2026.12", RULES + "# another\n"))
    assert code == 4 and "another pack of version 2026.12 is installed" in err
    assert dnc("rules", "--install", made("2026.12"))[0] == 0
    assert dnc("rules", "--undo")[0] == 0
    assert dnc("rules", "--install", made("2026.9"))[0] == 0


def test_what_a_pack_adds_changes_and_removes_is_listed(tmp_path, keys, dnc, write_file):
    """A pack without a rule says so, and that there is nothing to compare with where the store has no check."""
    italy = shipped()["it.toml"]
    first, last = italy.index('[[regime]]\nid = "it-rpo"'), italy.index('[[regime]]\nid = "it-no-directory"')
    without = (italy[:first] + italy[last:]).replace("LEGGE-5-2018 =", "X =").replace("Say at the start who", "Say who")
    without = "\n".join(line for line in without.splitlines() if not line.startswith("X ="))
    case = "case,number,region,call_at,registries,expect,decisive\nx,06 5550 1101,IT,2026-11-24,,undecided,\n"
    path = tmp_path / "it.pack"
    write_pack(pack_file.PackContent("2027.1", {"it.toml": without}, {"it.csv": case}), keys["ours"], path)
    code, _, err = dnc("rules", "--install", path, "--trust", signer(path), "--lang", "en")
    assert code == 0, err
    assert "rules added (0): none" in err and "rules changed (1): it-source" in err
    assert "rules removed (1): it-rpo" in err and "no earlier check" in err and "nothing changes" not in err
    code, _, err = dnc("rules", "--install", path, "--lang", "fr")
    assert "règles supprimées (0)" in err and "aucun contrôle antérieur" in err
    calls = write_file("c.csv", "number,caller,voice\n+390655501101,commercial,human\n")
    assert dnc("check", calls, "--at", "2026-11-24", "--quiet")[0] == 3
    assert "nothing changes for the settings" in dnc("rules", "--install", path, "--lang", "en")[2]


def test_keys_are_trusted_and_distrusted(made, dnc, monkeypatch):
    """The first key is asked about, another one needs --trust, and a key that is distrusted opens nothing."""
    ours, theirs = made(), made("2027.1", key="theirs")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    code, _, err = dnc("rules", "--install", ours, "--lang", "fr")
    assert code == 130 and signer(ours) in err and "Son éditeur vous a-t-il donné la même empreinte" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert dnc("rules", "--install", ours)[0] == 0
    code, _, err = dnc("rules", "--install", theirs)
    assert code == 4 and f"does not trust: {signer(theirs)}" in err
    code, _, err = dnc("rules", "--install", theirs, "--trust", signer(ours))
    assert code == 4 and f"another key than that of --trust: {signer(theirs)}" in err
    assert dnc("rules", "--install", theirs, "--trust", signer(theirs).upper())[0] == 0
    assert dnc("rules", "--distrust", signer(theirs))[0] == 0
    assert "does not trust" in dnc("rules", "--install", theirs)[2]
    assert dnc("rules", "--distrust", signer(theirs))[0] == 4
    verbs = Store("dnc-store").log()["verb"].to_list()
    assert verbs == ["trust-key", "install-rules", "trust-key", "install-rules", "distrust-key"]


def test_nothing_is_decided_by_a_pack_whose_text_was_edited(dnc, made):
    """The ledger matches its log, which has the hash of the text; to find another text there was an internal error."""
    assert dnc("rules", "--install", made(), "--trust", signer(made()))[0] == 0
    edits.edit(Path("dnc-store"), "update rules set text = text || ' '")
    code, _, err = dnc("explain", "+3545550100", "--lang", "en")
    assert (code, "texts that are not those of their SHA-256: 1" in err) == (4, True), err


def test_an_update_of_the_program_does_not_hide_newer_law(made, store, monkeypatch, tmp_path):
    """Where the program has other rules than those that the pack replaced, nothing is decided until somebody says which."""
    path = made()
    signed = read_pack_file(path)
    pack = ("2026.12", signed.sha256, signed.signer)
    rule_packs.install(store.ledger, pack, signed.content().rules, shipped(), lambda _: None, trust=True)
    assert "is" in law_of(store).packs
    assert "is" not in Rulebook.load().packs
    monkeypatch.setattr(law_in_force, "shipped", lambda: shipped() | {"is.toml": BAN})
    calls = tmp_path / "calls.csv"
    calls.write_text("number\n+3545550100\n")
    with pytest.raises(
        StoreError, match=r"own rules is\.toml have changed since the rules pack 2026\.12 was installed"
    ):
        check(calls, store)
    rule_packs.install(store.ledger, pack, signed.content().rules, {"is.toml": BAN}, lambda _: None)
    assert "is" in law_of(store).packs
    monkeypatch.setattr(law_in_force, "shipped", lambda: shipped() | {"is.toml": RULES})
    assert "is" in law_of(store).packs  # the program caught up: its file is that of the pack


def test_private_keys(tmp_path, made, keys):
    """A key that others can read, or another kind of file, signs nothing; a new key replaces no file."""
    folder = tmp_path / "law"
    folder.mkdir()
    with pytest.raises(InputError, match=r"pack\.toml: must have one line such as"):
        content_of(folder)
    for name, text in {"is.toml": RULES, "is.csv": CASES, "pack.toml": 'version = "1"\n'}.items():
        (folder / name).write_text(text)
    content = content_of(folder)
    assert content_of(folder).version == "1"
    with pytest.raises(InputError, match="already exists"):
        signing.new_key(keys["ours"])
    open_key = tmp_path / "open.pem"
    open_key.write_bytes(keys["ours"].read_bytes())
    open_key.chmod(0o644)
    with pytest.raises(InputError, match="that others can read"):
        write_pack(content, open_key, tmp_path / "x.pack")
    open_key.write_text("no key")
    open_key.chmod(0o600)
    with pytest.raises(InputError, match="is not a private Ed25519 key"):
        write_pack(content, open_key, tmp_path / "x.pack")
    assert not (tmp_path / "x.pack").exists()
    one, two = tmp_path / "1.pack", tmp_path / "2.pack"
    assert write_pack(content, keys["ours"], one) == write_pack(content, keys["ours"], two)
    assert one.read_bytes() == two.read_bytes()


KILLS = """
import sys, tempfile
from pathlib import Path
from tests import faults
with tempfile.TemporaryDirectory() as folder:
    harness = faults.Harness(Path(folder))
    for name in ("install rules", "undo rules"):
        points, stood = faults.killed(harness, name, int(sys.argv[1]))
        print(points, stood["before"], stood["after"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="kill -9 and fork as Linux has them")
def test_a_kill_leaves_the_rules_before_or_after():
    """Killed at points all along the way of an install and of an undo: the old rules or the new ones, and whole."""
    kills = size(2, 4)
    done = subprocess.run([sys.executable, "-c", KILLS, str(kills)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for line in done.stdout.splitlines():
        points, before, after = map(int, line.split())
        assert points > 100 and before > 0 and after > 0 and before + after == kills
