"""Registries' files: each fixture is read by its loader as expected, refused by all others, and whole or not at all."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import zipfile
import zlib
from datetime import date
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import registry_loaders
from dnc import Brief, InputError, Store, check
from dnc.errors import LoaderError
from dnc.files import table
from dnc.messages import Words
from dnc.numbers.reader import read_number
from dnc.registries import Extract, Loader
from dnc.registries.ingest import readings
from dnc.registries.reasons import in_words
from dnc.store.loader_search import loader_for, loaders, modules
from dnc.verdicts.screening import Screen
from registry_loaders.us_ndnc import country_of_area_code
from tests import size, some

FOLDER = Path(__file__).parent.parent / "loaders"
AS_OF = date(2026, 8, 3)
COLUMNS = ["line", "number", "listed", "since", "until", "unread", "odd"]
# What a person would say on the command line, where the file does not say it.
TOLD = {
    "it_rpo.txt": {"means": "callable"},
    "it_rpo_commas.txt": {"means": "listed"},
    "au_dncr.txt": {"means": "callable"},
    "fr_bloctel_purged.csv": {"means": "callable"},
    "es_robinson.csv": {"registry": "es-robinson"},
    "us_fl_dnc.csv": {"registry": "us-fl-dnc"},
    "gb_plain.csv": {"registry": "gb-tps"},
    "own_bare.txt": {"registry": "own"},
}
UNREAD = {"accept": {"unread": "a test"}}  # what the own list of the fixtures asks for
NAMES = {"tps": "gb-tps", "ctps": "gb-ctps"}


def is_fixture(path: Path) -> bool:
    """Whether a file is an extract, and not what is expected of one or was asked."""
    return not path.name.endswith(".expected.csv") and ".asked." not in path.name


FIXTURES = sorted(path for path in FOLDER.iterdir() if is_fixture(path))


def words_for(path: Path) -> dict[str, object]:
    """The options for a fixture; the question lies beside it."""
    question = path.with_name(f"{path.stem}.asked{path.suffix}")
    return {**TOLD.get(path.name, {}), **({"asked": question} if question.exists() else {})}


def registry_of(path: Path) -> str:
    """The registry of a fixture, by the beginning of its name."""
    if path.name in TOLD and "registry" in TOLD[path.name]:
        return TOLD[path.name]["registry"]
    name = path.name.split(".")[0].replace("_", "-") + "-"
    ids = {registry: registry for registry in loaders()} | NAMES
    return ids[max((start for start in ids if name.startswith(f"{start}-")), key=len)]


def opened(path: Path, **more: object) -> tuple[Loader, Extract]:
    """The loader and the extract of a fixture."""
    words = {**words_for(path), "as_of": AS_OF, **more}
    return loader_for(path, words.pop("registry", None), **words)


def rows_of(path: Path, **more: object) -> pl.DataFrame:
    """The rows of a fixture as its loader and the numbers' reader have them, as text."""
    rows = pl.concat([*readings(*opened(path, **more))])
    reasons = rows.unpivot(on=["unread", "odd", "undated"])["value"].drop_nulls().unique()
    unknown = [reason for reason in reasons if not isinstance(in_words(reason), Words)]
    assert unknown == [], f"not in dnc/messages/catalogue.toml, [odd]: {unknown}"
    rows = rows.with_columns(pl.concat_list(pl.concat_list("number"), pl.col("also").fill_null([])).alias("number"))
    said = pl.col("listed").replace_strict({True: "yes", False: "no"}, default="unknown", return_dtype=pl.String)
    rows = rows.explode("number").with_columns(
        ("+" + pl.col("number").cast(pl.String)).alias("number"),
        pl.when(pl.col("unread").is_null()).then(said).alias("listed"),
    )
    return rows.select(COLUMNS)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_fixture(path):
    """Each fixture is recognised as its registry's, and read as its expected listings say."""
    loader, _ = opened(path)
    assert loader.registry == registry_of(path)
    expected = path.with_name(f"{path.name}.expected.csv").read_text(encoding="utf-8")
    assert rows_of(path).write_csv() == expected


def test_every_loader_has_a_sample_and_a_description():
    """A loader without a sample file is tested by nothing, and one without a docstring has no section in the docs."""
    sampled = {loaders()[registry_of(path)].read for path in FIXTURES}  # registries of one form share it
    assert {one.registry for one in loaders().values() if one.read not in sampled} == set()
    assert [module.__name__ for module in modules() if not module.__doc__] == []


def claimants(path: Path) -> list[str]:
    """The registries whose loaders recognise a file."""
    return [one.registry for one in loaders().values() if one.recognises(Extract(path, one.region))]


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_recognised_once(path):
    """No fixture is recognised twice; those that need --registry are recognised by nobody."""
    expected = [] if "registry" in TOLD.get(path.name, {}) else [registry_of(path)]
    if path.name.startswith("fr_bloctel_purged"):
        expected = ["fr-bloctel"]
    assert claimants(path) == expected


PLAIN = {"es_robinson.csv", "gb_plain.csv", "us_fl_dnc.csv"}  # plain form is every registry's
REGISTRIES = sorted(loaders())


@pytest.mark.parametrize("path", [path for path in FIXTURES if path.name not in PLAIN], ids=lambda path: path.name)
def test_cross_refusal(path, tmp_path):
    """Fed a file of another registry, each loader refuses it, and the store stays as it was."""
    store, taken = Store(tmp_path / "store"), []
    for registry in REGISTRIES:
        if registry == registry_of(path):
            continue
        try:
            store.load(path, registry=registry, as_of=AS_OF)
            taken.append(registry)
        except InputError as error:
            assert "\n" not in str(error), registry
    assert taken == []
    assert not store.exists


def load_error(tmp_path: Path, name: str, content: bytes | str, **words: object) -> str:
    """What loading a file says, without its folder; it must be refused."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as error:
        Store(tmp_path / "store").load(path, **{"as_of": AS_OF, **words})
    return str(error.value).replace(f"{tmp_path}/", "")


FULL = "<list type='full' level='ac' val='818' /><ac val='818'><ph val='5550101' />"
MANY = "818,5550101\n" * 10
TPS = "02079460123 \r\n"
BE = "025550101;20240201\n"
BLOCTEL = "Telephone;Identifiant;Réponse\n0199000001;a;OK\n0199000002;b;inscrit\n"
PLAIN_FORM = (
    "; or write it in plain form: number,listed as its first line, then NUMBER,yes or NUMBER,no for each number"
)
REFUSED = [
    # 4.1, flat text by area code
    (
        "f.txt",
        "818,5550101\n818,5",
        {},
        "f.txt: 12-byte records expected, 5 bytes left over; the download is incomplete or was edited, download it again",
    ),
    (
        "f.txt",
        "818,5550101\r\n",
        {},
        "f.txt:1: ends in CR LF, but the registry writes LF; the file was edited, load the original",
    ),
    ("f.txt", MANY + "818,5550101\r818,5550101\n", {}, "f.txt:11: ends in CR LF, but the registry writes LF"),
    (
        "f.txt",
        "AreaCode,Phone\n818,5550101\n",
        {},
        "f.txt:1: is not AAA,NNNNNNN; load the registry's own file, which has no header",
    ),
    ("f_818_x.txt", MANY + "310,5550101\n", {}, "f_818_x.txt:11: area code 310 in the file for 818"),
    (
        "f.txt",
        MANY + "416,5550101\n",
        {},
        "f.txt:11: area code 416 is Canadian; load the files of the two countries separately",
    ),
    ("f.txt", MANY + "876,5550101\n", {}, "f.txt:11: area code 876 is not a United States code"),
    ("f.txt", "416,5550101\n212,5550101\n", {}, "f.txt:2: area code 212 is not Canadian"),
    ("f.txt", MANY, {"registry": "ca-dncl"}, "f.txt:1: area code 818 is not Canadian"),
    ("f.txt", "", {"registry": "us-ndnc"}, "f.txt: is empty; download it again"),
    (
        "f.txt",
        "8185550101\n8185550102\n",
        {"registry": "us-ndnc"},
        "f.txt:1: looks like a list that was typed again; load the registry's own file",
    ),
    ("f.txt", MANY + "818,55x0101\n", {}, "f.txt:11: is not AAA,NNNNNNN"),
    ("f.txt", MANY, {"covers": ["1"]}, "f.txt: --covers has more than the area codes in the file; omit it"),
    # 4.2, XML
    ("f.xml", FULL + "</ac>", {}, "f.xml: ends inside the list; the download is incomplete"),
    ("f.xml", FULL + "<ph val='55501", {}, "f.xml: ends inside the list; the download is incomplete"),
    (
        "f.xml",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>" + FULL,
        {"registry": "us-ndnc"},
        "f.xml: XML entities are not supported",
    ),
    ("f.xml", FULL + "&a;</ac></list>", {}, "f.xml: XML entities are not supported"),
    (
        "f.xml",
        "<?xml version='1.0' encoding='utf-88'?><feed></feed>",
        {},
        "f.xml: declares an encoding that does not exist",
    ),
    (
        "f.xml",
        FULL + "<name val='x'/></ac></list>",
        {},
        "f.xml: unexpected element near number 2",
    ),
    ("f.xml", FULL + "</ph val='5550102'></ac></list>", {}, "f.xml: unexpected element near number 2"),
    ("f.xml", FULL + "<ph val='55501010'/></ac></list>", {}, "f.xml: unexpected text near number 2"),
    ("f_310_.xml", FULL + "</ac></list>", {}, "f_310_.xml: area code 818 in the file for 310"),
    ("f.xml", FULL + "</ac><ac val='310'/></list>", {}, "f.xml: area code 310 in the list for 818"),
    ("f.xml", "<list type='full' level='all' val=''><ac val='818'/></list>", {}, "f.xml: area code 818 is empty"),
    (
        "f.xml",
        "<list type='full' level='all' val=''><ph val='5550101'/></list>",
        {"registry": "us-ndnc"},
        "f.xml: has a number outside any area code",
    ),
    # 4.3, change lists
    *(
        ("f.txt", text, {}, "f.txt: change lists are not supported; load the full file")
        for text in (
            "8185550101,2026-11-02T03:00:00,A\n",
            "818,5550102,2026-11-02T03:00:00,D\n",
            "A,8185550101\n",
            "8185550101 20261102 D\n",
            FULL.replace("full", "change") + "</ac></list>",
        )
    ),
    # 4.5, TPS and CTPS
    ("tps_ns.txt", TPS * 2 + "020", {}, "tps_ns.txt: 14-byte records expected, 3 bytes left over"),
    ("tps_ns.txt", TPS * 2 + "016329601   \r\n", {}, "tps_ns.txt:3: 9 digits, 10 or 11 expected"),
    ("tps_ns.txt", TPS + "12079460123 \r\n", {}, "tps_ns.txt:2: does not begin with 0"),
    ("tps_ns.txt", TPS + "0207 946 0123\n", {}, "tps_ns.txt:2: bytes 13 and 14 must be CR and LF"),
    ("tps_ns.txt", TPS + "020794x0123 \r\n", {}, "tps_ns.txt:2: columns 1 to 12 must be digits and blanks"),
    ("tps_ns.txt", TPS + "020 946 0123\r\n", {}, "tps_ns.txt:2: blanks between the digits"),
    ("tps_ns.txt", TPS + "0207 9460123\r\n", {}, "tps_ns.txt:2: the two variants are mixed (line 1 is without spaces)"),
    ("list.txt", TPS, {}, "list.txt: could be gb-tps or gb-ctps; name the registry"),
    ("ctps.txt", TPS, {"registry": "gb-tps"}, "ctps.txt: is named gb-ctps, not gb-tps, and both have the same format"),
    ("tps_ctps.txt", TPS, {}, "tps_ctps.txt: could be gb-tps or gb-ctps; name the registry"),
    ("tps_ns_deletes.txt", TPS, {}, "tps_ns_deletes.txt: change lists are not supported; load the full file"),
    (
        "818_changes.txt",
        "818,5550100\n",
        {},
        "818_changes.txt: change lists are not supported; load the full file, under",
    ),
    (
        "dncm-delta.txt",
        BE,
        {},
        "dncm-delta.txt: change lists are not supported; load the full file, under another name",
    ),
    (
        "f.csv",
        "number,listed\n+12125550101,yes\n",
        {"registry": "gb-tps", "covers": ["44"]},
        "f.csv: holds no number that begins with +44, and would clear every one that does",
    ),
    (
        "f.csv",
        "number,listed\n(212) 555-0101,yes\n",
        {"registry": "us-fl-dnc", "covers": ["1305", "1786"]},
        "f.csv: holds no number that begins with +1305 or +1786, and would clear every one that does",
    ),
    (
        "f.csv",
        "Telephone;Identifiant;Statut\n0199000001;a;OK\n0199000002;b;INSCRIT\n",
        {"registry": "fr-bloctel", "means": "callable"},
        "f.csv:1: other columns may say the opposite of what the file says of a number: "
        "Statut: 2 different texts; leave out those that nobody needs (--ignore 'Statut')",
    ),
    (
        "f.csv",
        "Telephone;Inscrit Bloctel\n0199000001;OUI\n0199000002;NON\n",
        {"registry": "fr-bloctel", "means": "listed", "ignore": ["Inscrit Bloctel"]},
        "f.csv:1: column 'Inscrit Bloctel' says yes or no, so the numbers do not all mean the same; omit --means",
    ),
    *(
        (
            "f.csv",
            f"number;{name}\n0199000001;oui\n0199000002;Non\n",
            {"registry": "fr-bloctel", "columns": {"listed": name}, "values": values},
            f"f.csv:1: column '{name}' says yes or no, and its name does not say which of them is listed; say it in "
            f'a brief: values.listed = {{{says}"Non" = "no"}}, or the other way round',
        )
        for name, values, says in (
            ("Non inscrit", {}, '"oui" = "yes", '),
            ("Hors Bloctel", {}, '"oui" = "yes", '),
            ("Appelable", {}, '"oui" = "yes", '),
            ("Libre", {}, '"oui" = "yes", '),
            ("Unregistered", {}, '"oui" = "yes", '),
        )
    ),
    (
        "f.csv",
        "number,listed,Client\n01632960101,no,gone\n",
        {"registry": "gb-tps"},
        "f.csv:1: other columns may say the opposite of what the file says of a number: "
        "Client: 1 text; leave out those that nobody needs (--ignore 'Client')",
    ),
    (
        "f.csv",
        "number,Date,note\n0199000001,2026-05-01,x\n",
        {"registry": "own"},
        "f.csv:1: column 'date' may be the day of each objection: --map 'since=date' (and dates = \"dmy\" in a brief if it "
        "is written 31/12/2026), or --ignore 'date' if it is",
    ),
    ("tps_adds.txt", TPS, {}, "tps_adds.txt: change lists are not supported; load the full file"),
    ("tps.txt", "", {}, "tps.txt: is empty, and would clear every number the list is complete for; download it again"),
    ("t.csv", "number,listed\n", {"registry": "gb-tps", "covers": ["44"]}, "t.csv: is empty, and would clear"),
    ("tps.txt", TPS, {"means": "callable"}, "tps.txt: already says which numbers are listed; omit --means"),
    ("tps.txt", TPS, {"asked": FOLDER / "it_rpo.asked.txt"}, "tps.txt: is a full list, not an answer to a question"),
    ("tps_changes.txt", TPS, {}, "tps_changes.txt: change lists are not supported; load the full file"),
    ("tps.txt", "02079460123,A\r\n", {}, "tps.txt: change lists are not supported; load the full file"),
    # 4.6, Belgium
    ("f.txt", BE * 901 + "025550102,20240201\n", {}, "f.txt:902: the format changes (line 1 is NUMBER;YYYYMMDD)"),
    ("f.txt", BE + "025550102;20140530\n", {}, "f.txt:2: the date is not between 2014-05-31"),
    ("f.txt", BE + "025550102;20240231\n", {}, "f.txt:2: the date is not between 2014-05-31"),
    ("f.txt", "", {"registry": "be-dncm"}, "f.txt: is empty, and would clear every number the list is complete for"),
    ("f.txt", "025550102\n", {"registry": "be-dncm"}, "f.txt:1: is not NUMBER, separator, DATE"),
    # 4.7, 4.8, answers of numbers
    ("rpo.txt", "0655501234\n", {}, "rpo.txt: use --means to say whether these numbers are listed or callable"),
    ("rpo.txt", "0655501234\n", {"means": "listed"}, "rpo.txt: use --means to say whether these numbers are"),
    ("wash.txt", "0255501234\n", {}, "wash.txt: use --means to say whether these numbers are listed or callable"),
    # 4.10, 4.11
    (
        "f.csv",
        "number,answer\n6145550117,yes\n",
        {},
        "f.csv:1: no column date_asked; the database answers for a date, so add it",
    ),
    (
        "f.csv",
        "Telephone;Identifiant\n0199000001;a\n",
        {},
        "f.csv: has no answer column; use --means to say whether these numbers are listed or callable",
    ),
    (
        "f.csv",
        BLOCTEL,
        {"means": "callable"},
        "f.csv: has an answer column, which already says which numbers are registered; omit --means",
    ),
    (
        "f.csv",
        BLOCTEL.replace("Identifiant", "Réponse"),
        {},
        "f.csv:1: several columns are called reponse; keep only the one that counts",
    ),
    (
        "f.csv",
        "number,number,reason\n0199000001,0261910002,\n",
        {},
        "f.csv:1: several columns are called number; keep only the one that counts",
    ),
    (
        "f.csv",
        "Nom;Ville;Raison\nPetit;Lyon;\n",
        {"registry": "own"},
        "f.csv:1: no column of numbers; name the columns number, since, until, reason",
    ),
    (
        "f.csv",
        "0199000001\n",
        {},
        "f.csv: a list of bare numbers could be own or it-rpo or au-dncr or fr-bloctel; name the registry",
    ),
    # section 1
    ("f.csv", b"number,since\n+33199000001,\n\0", {}, "f.csv: a NUL byte at byte 27"),
    (
        "f.csv",
        b"number,since\n+33199000001,\x81\n",
        {},
        "f.csv: byte 26 is valid in no supported encoding; export it again as UTF-8",
    ),
    (
        "f.csv",
        b"\xef\xbb\xbfnumber,since\n+33199000001,\xe9\n",
        {},
        "f.csv: byte 29 is not UTF-8, which its byte-order mark declares",
    ),
    ("f.csv", "number,since\r\n+33199000001,\n", {}, "f.csv:2: mixed line endings (CR LF and LF)"),
    (
        "f.txt",
        "+33199000001\n" + "9" * 5000 + "\n",
        {"registry": "own"},
        "f.txt:2: a line of more than 4,096 bytes begins at byte 13",
    ),
    ("f.txt", BE + "0" * 5000, {}, "f.txt:2: a line of more than 4,096 bytes begins at byte 19"),
    ("f.csv", "<!DOCTYPE html><p>", {}, "f.csv: named .csv but is a web page; log in and download again"),
    ("f.csv", "%PDF-1.7", {}, "f.csv: named .csv but is a PDF; ask for the file as CSV"),
    ("f.csv", gzip.compress(BE.encode()), {}, "f.csv: is named .csv but is a gzip archive"),
    ("f.csv", "", {}, "f.csv: this file is not recognised as that of a registry; name the registry"),
    (
        "f.csv",
        "number;listed\n01632 960101;yes\n",
        {},
        "f.csv: this file is not recognised as that of a registry; name the registry",
    ),
    # 6, decoys
    (
        "DNC_Complaint_Numbers_2026-08-01.csv",
        "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City\n2125550101,2026,2026,X\n",
        {"registry": "us-ndnc"},
        "DNC_Complaint_Numbers_2026-08-01.csv: holds complaints about callers, not people who must not be called; "
        "download the registry from telemarketing.donotcall.gov",
    ),
    (
        "Lista Robinson.csv",
        "telefono\n600000001\n",
        {},
        "Lista Robinson.csv: the Spanish list only answers queries, and a copy of it proves nothing; "
        "load your own answers in plain form",
    ),
    (
        "bel-me-niet-register.csv",
        "nummer\n0205550101\n",
        {},
        "bel-me-niet-register.csv: the Dutch register closed on 2021-07-01; calls to the Netherlands need consent instead",
    ),
    ("Pacitel_2015.csv", "tel\n0199000001\n", {}, "Pacitel_2015.csv: Pacitel closed on 2016-01-01"),
    (
        "Kontakt- og reservasjonsregisteret.csv",
        "telefon\n21555010\n",
        {},
        "Kontakt- og reservasjonsregisteret.csv: is a register for digital post, not for calls",
    ),
    (
        "Robinsonliste.csv",
        "tel\n0305550101\n",
        {},
        "Robinsonliste.csv: Germany and Austria have no registry of this name; calls there need consent instead",
    ),
]


@pytest.mark.parametrize(("name", "content", "words", "message"), REFUSED, ids=[f"{one[3][:60]}" for one in REFUSED])
def test_refused(name, content, words, message, tmp_path):
    """A file of the wrong shape is refused whole, in one line that says what to do and quotes no number."""
    said = load_error(tmp_path, name, content, **words)
    assert said.startswith(message)
    assert "\n" not in said
    assert not Store(tmp_path / "store").exists


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_file_in_no_format_of_a_registry_is_told_the_plain_form(registry, tmp_path):
    """Whoever has the answer in another form can always write it in one that every registry takes."""
    assert "plain form" in load_error(tmp_path, "list.csv", "Nom;Ville\nA;B\n", registry=registry)


def zipped(path: Path, *members: tuple[str, bytes], **flags: int) -> Path:
    """A zip of members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = flags.get("attributes", 0)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


FLAT = b"".join(b"818,555%04d\n" % number for number in range(100, 200))


def broken_crc(data: bytes) -> bytes:
    """A zip whose checksums are not those of its content."""
    good = zlib.crc32(FLAT).to_bytes(4, "little")
    return data.replace(good, b"\1\2\3\4")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("members", "change", "message"),
    [
        ([("a.txt", FLAT)], lambda data: data[:-30], "is truncated or damaged"),
        ([("a.txt", FLAT)], broken_crc, "is truncated or damaged"),
        ([("a.txt", FLAT)], lambda data: data + b"\0", "there are other bytes before or after the archive"),
        ([("a.txt", FLAT)], lambda data: data * 2, "there are other bytes before or after the archive"),
        ([("../a.txt", FLAT)], None, "paths outside of it"),
        ([("/a.txt", FLAT)], None, "paths outside of it"),
        ([("a.txt", FLAT), ("a.txt", FLAT)], None, "the same name twice"),
        ([("a.txt", b"0" * 10_000_000)], None, "unpacks to more than 20 GB or 200 times its size"),
        ([("a.zip", b"PK\3\4" + FLAT)], None, "an archive inside an archive; unpack the outer one"),
        ([("a.gz", gzip.compress(FLAT))], None, "an archive inside an archive; unpack the outer one"),
        ([], None, "the archive is empty"),
    ],
)
def test_archive_refused(members, change, message, tmp_path):
    """An archive that is damaged, leads out of its folder, swells or is nested is refused."""
    data = zipped(tmp_path / "x", *members).read_bytes()
    assert message in load_error(tmp_path, "f.zip", change(data) if change else data)


def test_an_area_code_without_numbers_refuses_all_that_is_packed_with_it(tmp_path):
    """A download that failed in one file would clear all numbers of its area code."""
    empty = b"<list type='full' level='ac' val='310'></list>"
    full = b"<list type='full' level='ac' val='818'><ac val='818'><ph val='5550101'/></ac></list>"
    data = zipped(tmp_path / "x", ("818.xml", full), ("310.xml", empty)).read_bytes()
    assert load_error(tmp_path, "f.zip", data) == "f.zip/310.xml: is empty; download it again"


def test_archive_with_link_or_password(tmp_path):
    """A link in an archive and an encrypted archive are refused."""
    linked = zipped(tmp_path / "x", ("a.txt", FLAT), attributes=0o120777 << 16).read_bytes()
    assert "contains a link" in load_error(tmp_path, "f.zip", linked)
    data = zipped(tmp_path / "y", ("a.txt", FLAT)).read_bytes()
    locked = data.replace(b"PK\3\4\x14\0\0\0", b"PK\3\4\x14\0\1\0").replace(
        b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0"
    )
    assert "encrypted" in load_error(tmp_path, "f.zip", locked)


def test_gzip(tmp_path):
    """A gzip is read to its end; a cut one is refused."""
    path = tmp_path / "us_818_.txt.gz"
    path.write_bytes(gzip.compress(FLAT))
    assert Store(tmp_path / "store").load(path, as_of=AS_OF).listed == 100
    assert "truncated or damaged" in load_error(tmp_path, "cut.txt.gz", gzip.compress(FLAT)[:-9])


def test_covers_what_it_holds(tmp_path):
    """A list by area code is complete for its codes; a British list for its country; an answer for nothing."""
    store = Store(tmp_path / "store")
    covers = {path.name: store.load(path, as_of=AS_OF, **words_for(path), **UNREAD).covers for path in FIXTURES}
    assert covers["us_ndnc_by_code.zip"] == covers["us_ndnc_all.xml"] == ("1310", "1818")
    assert covers["us_ndnc_818.xml"] == ("1818",)
    assert covers["ca_dncl.txt"] == ("1416", "1604")
    assert covers["tps.txt"] == covers["ctps.txt"] == ("44",)
    assert covers["be_dncm.txt"] == ("32",)
    assert covers["own.csv"] == ("",)
    silent = ("it_rpo", "au_dncr", "es_robinson", "us_rnd", "fr_", "ie_ndd", "ch_directory", "gb_plain")
    assert not [name for name, prefixes in covers.items() if name.startswith(silent) and prefixes]


def test_same_bytes_again(tmp_path):
    """The same file with the same words changes nothing, also where the file itself says what it covers."""
    store = Store(tmp_path / "store")
    first = store.load(FOLDER / "us_ndnc_all.txt", as_of=AS_OF)
    again = store.load(FOLDER / "us_ndnc_all.txt", as_of=AS_OF)
    assert (first.new, again.new, first.id) == (True, False, again.id)
    narrower = store.load(FOLDER / "us_ndnc_all.txt", as_of=AS_OF, covers=["1818"])
    assert narrower.new
    assert [one.covers for one in store.snapshots()] == [("1818",)]


# Integrity, whatever the damage


def damaged(content: bytes, damage: list[tuple[str, int, int]]) -> bytes:
    """Bytes with some of them flipped, taken out, put in or doubled."""
    data = bytearray(content)
    for kind, where, byte in damage:
        at = where % (len(data) + 1)
        if kind == "flip" and at < len(data):
            data[at] = byte
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + 1 + byte % 20]
        elif kind == "insert":
            data[at:at] = bytes([byte])
        elif kind == "double":
            data[at:at] = data[at : at + 1 + byte]
    return bytes(data)


DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "drop", "insert", "double"]),
        st.integers(0, 400),
        st.sampled_from([*b"\0\r\n\"';,\t <>*0159AaOK\xe9\xff"]),
    ),
    min_size=1,
    max_size=4,
)


def lines_of(content: bytes) -> int:
    """Lines that hold anything."""
    return sum(bool(line.strip()) for line in content.replace(b"\r", b"\n").split(b"\n"))


@settings(
    max_examples=size(200, 800),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(path=st.sampled_from(FIXTURES), damage=DAMAGE)
def test_row_accounting(path, damage, tmp_path):
    """Whatever happens to a file, it is refused in one line, or each row is listed, clear, unknown or unread."""
    content = damaged(path.read_bytes(), damage)
    hurt = tmp_path / path.name
    hurt.write_bytes(content)
    question = words_for(path).get("asked")
    try:
        loader, extract = loader_for(
            hurt, registry_of(path), means=TOLD.get(path.name, {}).get("means"), asked=question, as_of=AS_OF
        )
        frames = [*readings(loader, extract)]
    except InputError as error:
        assert "\n" not in str(error)
        return
    nothing = {"number": pl.UInt64, "unread": pl.String, "doubt": pl.String}
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=nothing)
    assert (rows["number"].is_not_null() | rows["unread"].is_not_null()).all()
    assert rows.filter(pl.col("number").is_not_null() & pl.col("unread").is_not_null())["doubt"].null_count() == 0
    exact = {"us_ndnc_818_flat.txt": 12, "us_ndnc_all.txt": 12, "ca_dncl.txt": 12}
    exact |= dict.fromkeys(("tps.txt", "tps_ns.txt", "ctps.txt", "ctps_ns.txt"), 14)
    if path.name in exact:
        assert rows.height * exact[path.name] == len(content)
    elif path.name.startswith("be_"):
        assert rows.height == lines_of(content)


@settings(max_examples=size(60, 300), deadline=None)
@given(
    st.sampled_from(["1{code}{local:07d}", "44{british}"]),
    st.sampled_from(["212", "310", "416", "604", "787", "999"]),
    st.integers(0, 9_999_999),
    st.integers(1_00_000_000, 99_99_999_999),
)
def test_proved_numbers_agree(form, code, local, british):
    """Numbers that a fixed layout proves itself are those that the reference reading gives."""
    text = form.format(code=code, local=local, british=british)
    assert read_number(f"+{text}", None).number == int(text)


@settings(max_examples=size(30, 100), deadline=None)
@given(st.lists(st.from_regex(r"\A0[1-9][0-9]{8,9}\Z"), min_size=1, max_size=20), st.booleans())
def test_british_records_agree(numbers, spaced):
    """Both variants of the British record give what the reference reading gives of the same digits."""
    records = [f"{n[:5]}{n[5:]:>7}" if spaced else f"{n:<12}" for n in numbers if not spaced or len(n) < 12]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tps.txt"
        path.write_bytes("".join(f"{record}\r\n" for record in records if not spaced or " " in record).encode())
        kept = [n for n, record in zip(numbers, records, strict=True) if not spaced or " " in record]
        if not kept:
            return
        loader, extract = loader_for(path)
        found = pl.concat([*readings(loader, extract)])["number"].to_list()
    assert found == [read_number(n, "GB").number for n in kept]


@pytest.mark.parametrize("name", ["be_dncm.txt", "it_rpo.txt", "it_rpo_commas.txt", "au_dncr.txt"])
def test_proved_text_agrees(name):
    """Where a loader of lines proves a number itself, reading it in E.164 gives the same."""
    loader, extract = opened(FOLDER / name)
    for frame in loader.read(extract):
        proved = frame.filter(pl.col("e164").is_not_null())
        assert proved.height
        for number in proved["e164"]:
            assert read_number(f"+{number}", None).number == number


def test_area_codes():
    """The numbering plan tells the country of an area code; shared and unknown codes have none."""
    wanted = {
        "212": "US",
        "787": "US",
        "416": "CA",
        "867": "CA",
        "876": "other",
        "809": "other",
        "800": None,
        "999": None,
    }
    assert {code: country_of_area_code(code) for code in wanted} == wanted
    places = pl.read_csv(files("dnc.numbers") / "plan.csv", infer_schema=False)
    assert places["prefix"].n_unique() == places.height > 480


def test_unsorted_lists_are_sorted(tmp_path):
    """A list out of order, with repetitions, is stored sorted, one listing a number."""
    path = tmp_path / "us.txt"
    path.write_text("818,5550102\n310,5550100\n818,5550102\n818,5550101\n")
    store = Store(tmp_path / "store")
    one = store.load(path, as_of=AS_OF)
    kept = pl.read_parquet(tmp_path / "store" / "snapshots" / one.file)["number"].to_list()
    assert kept == [13105550100, 18185550101, 18185550102]
    assert (one.listed, "rows that repeat a number: 1") == (4, one.notes[0])


# Questions and answers


def test_asked_is_answered_and_missing(tmp_path):
    """With the question, numbers without an answer get the opposite word; a stranger refuses the file."""
    store = Store(tmp_path / "store")
    one = store.load(FOLDER / "it_rpo.txt", as_of=AS_OF, **words_for(FOLDER / "it_rpo.txt"))
    assert (one.listed, one.clear) == (1, 2)
    assert "numbers asked: 3, answered: 2, not answered: 1" in one.notes
    purged = store.load(FOLDER / "fr_bloctel_purged.csv", as_of=AS_OF, **words_for(FOLDER / "fr_bloctel_purged.csv"))
    assert (purged.listed, purged.clear) == (1, 1)
    said = load_error(
        tmp_path, "rpo.txt", "0655509999\n", means="listed", asked=FOLDER / "it_rpo.asked.txt", registry="it-rpo"
    )
    assert "1 numbers of the answer are not in" in said
    said = load_error(tmp_path, "wash.txt", "0255501234\n{COMMA}\n", means="listed", asked=FOLDER / "au_dncr.asked.txt")
    assert said.startswith("wash.txt:2: cannot be read"), "an unread hit would clear the number that was asked"


@pytest.mark.parametrize(
    ("name", "content", "registry"),
    [("rpo.txt", "", "it-rpo"), ("rpo.txt", " \n\n", "it-rpo"), ("b.csv", "Telephone;Identifiant\n", "fr-bloctel")],
)
def test_an_empty_answer_clears_nobody(name, content, registry, tmp_path):
    """A download that failed looks like an answer that names no number; the way out for an honest one is told."""
    asked = tmp_path / "asked.txt"
    asked.write_text("0655501234\n" if registry == "it-rpo" else "0199000001\n")
    said = load_error(tmp_path, name, content, means="listed", asked=asked, registry=registry)
    assert said.startswith(f"{name}: is empty, and would clear every number that was sent in")
    one = Store(tmp_path / "store").load(asked, as_of=AS_OF, means="callable", asked=asked, registry=registry)
    assert (one.listed, one.clear) == (0, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_last_line_may_have_no_ending(end, tmp_path):
    """It ends no differently from those before it."""
    path = tmp_path / "own.csv"
    path.write_bytes(f"number,since{end}+33199000001,2026-01-05{end}+33199000002,2026-01-05".encode())
    assert Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF).listed == 2


@pytest.mark.parametrize(("number", "is_refused"), [("070000000{}", False), ("test {}", True)])
def test_an_answer_with_many_mistyped_numbers_is_read(number, is_refused, tmp_path):
    """They come from the list that was sent in; where numbers are not written as such, it may be another file."""
    numbers = [*(f"01990000{at:02}" for at in range(95)), *(number.format(at) for at in range(5))]
    answer = "\n".join(["Telephone;Identifiant;Réponse", *(f"{one};a;OK" for one in numbers)])
    if is_refused:
        assert "5 of 100 rows are not understood" in load_error(tmp_path, "answer.csv", answer)
    else:
        (tmp_path / "answer.csv").write_text(answer)
        one = Store(tmp_path / "store").load(tmp_path / "answer.csv", as_of=AS_OF)
        assert (one.clear, one.unread) == (95, 5)


@pytest.mark.parametrize("end", ["\n", "\n;;", "\n \n"])
@pytest.mark.parametrize(
    ("registry", "header", "row", "mark"),
    [
        ("ch-directory", "number;name;star", "044 555 01 0{};Muster;", "*"),
        ("ch-directory", "number;star", "044 555 01 0{};", "★"),
        ("ie-ndd", "number;listing;marketing", "01 234 500{};listed;", "opt_out"),
        ("fr-bloctel", "Telephone;Réponse;Opposition", "019900000{};OK;", "oui"),
        ("es-robinson", "number;listed;Oposición el", "+3491555000{};no;", "2026-03-05"),
    ],
)
def test_a_mark_that_came_off_its_row_stops_the_file(registry, header, row, mark, end, tmp_path):
    """It stands alone in the next row, and the number above would count as one without a mark."""
    first, *rows = [row.format(at) for at in range(8)]
    text = "\n".join([header, first + end + mark, *rows]) + "\n"
    said = load_error(tmp_path, "a.csv", text, registry=registry)
    assert "without its row the list could clear somebody" in said and "--accept unread=REASON" in said
    one = Store(tmp_path / "store").load(tmp_path / "a.csv", as_of=AS_OF, registry=registry, **UNREAD)
    assert (one.clear, one.unread) == (8, 1)


def test_files_packed_together_do_not_all_mean_what_one_does(tmp_path):
    """A wash may come back as two files, of the registered numbers and of the others."""
    path, files = tmp_path / "wash.zip", {"registered.txt": "0255501234\n", "others.txt": "0255501235\n"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    said = load_error(tmp_path, "wash.zip", path.read_bytes(), registry="au-dncr", means="callable")
    assert said == "wash.zip: contains 2 files; unpack it and choose one"


@pytest.mark.parametrize(
    ("registry", "text"),
    [
        ("fr-bloctel", "Telephone;Identifiant;Réponse\n0199000001;a;OK\nTelephone;Réponse;Identifiant\n0199000002;non;OK\n"),
        ("gb-tps", "number,listed,since\n01632960101,no,\nnumber,since,listed\n01632960102,,yes\n"),
        ("gb-tps", "number,listed\n01632960101,no\nPhone,Stopped\n01632960102,no\n"),
    ],
)  # fmt: skip
def test_another_header_among_the_rows_refuses_the_file(registry, text, tmp_path):
    """Two exports were joined, and the columns of the second have another order; the same header again is harmless."""
    assert load_error(tmp_path, "a.csv", text, registry=registry).startswith("a.csv:3: this looks like a second header")
    header, *rows = text.splitlines()
    (tmp_path / "a.csv").write_text("\n".join([header, rows[0], header, rows[2]]) + "\n", encoding="utf-8")
    one = Store(tmp_path / "store").load(tmp_path / "a.csv", as_of=AS_OF, registry=registry)
    assert one.unread == 1


def test_silence_of_flagged_answers(tmp_path):
    """Where each row says what it is, an asked number without a row stays unknown, and a stranger refuses the file."""
    store, path, asked = Store(tmp_path / "store"), tmp_path / "b.csv", tmp_path / "asked.txt"
    path.write_text(BLOCTEL, encoding="utf-8")
    asked.write_text("0199000001\n0199000002\n0199000003\n")
    one = store.load(path, as_of=AS_OF, asked=asked)
    assert (one.listed, one.clear, one.unknown) == (1, 1, 0)
    assert one.notes == ("numbers asked: 3, answered: 2, not answered: 1",)
    assert state_of(store, "fr-bloctel", 33199000003, AS_OF)["fr_bloctel"] == "uncovered"
    asked.write_text("0199000001\n")
    assert "1 numbers of the answer are not in" in load_error(tmp_path, "b.csv", BLOCTEL, asked=asked)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("path", [path for path in FIXTURES if path.name.startswith(("be_", "it_", "au_"))], ids=str)
def test_texts_are_recognised_in_every_encoding(path, encoding, tmp_path):
    """A text of one column is recognised, and read alike, in each encoding that is read."""
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes().decode().encode(encoding))
    words = words_for(path)
    read = [pl.concat([*readings(*loader_for(one, **words))]) for one in (path, copy)]
    assert read[0].equals(read[1])


@pytest.mark.parametrize("registry", some(["it-rpo", "au-dncr", "us-ndnc", "ca-dncl", "gb-tps", "be-dncm"], 3))
@pytest.mark.parametrize("name", ["answer.xlsx", "answer.parquet"])
def test_texts_are_no_spreadsheets(registry, name, tmp_path):
    """A registry that writes text is not taken for silent where its file was made a spreadsheet."""
    frame = pl.DataFrame({"column": ["0655501234", "0255501234"]})
    (frame.write_excel if name.endswith("xlsx") else frame.write_parquet)(tmp_path / name)
    bare = {"means": "listed", "asked": FOLDER / "it_rpo.asked.txt"} if registry in ("it-rpo", "au-dncr") else {}
    said = load_error(tmp_path, name, (tmp_path / name).read_bytes(), registry=registry, **bare)
    assert "this registry delivers text" in said


def test_lost_italian_zero(tmp_path):
    """Nine digits that begin with 6 in an Italian answer refuse it."""
    question = FOLDER / "it_rpo.asked.txt"
    said = load_error(tmp_path, "rpo.txt", "0655501234\n655501234\n", means="listed", asked=question)
    assert said.startswith("rpo.txt:2: a number with nine digits that begin with 6 has lost its zero")


@pytest.mark.parametrize(
    "name",
    ["* Muster", "Muster *", "\uff0aMuster", "Muster Eva\ufe61", "Muster ∗", "★ Muster", "Muster ✻", "Muster &#42;"],
)
def test_swiss_star_stands_anywhere_in_a_name(name, tmp_path):
    """A name with a star of any width, before or behind it, is that of somebody who refuses advertising."""
    path = tmp_path / "d.csv"
    path.write_text(f"number;name;star\n044 555 01 01;{name};\n044 555 01 02;Probe;\n", encoding="utf-8")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF)
    assert (one.listed, one.clear) == (1, 1)


@pytest.mark.parametrize("row", ["044 555 01 01;* Muster;", "044 555 01 01 *;Muster;", "*044 555 01 01;Muster;"])
def test_swiss_star_stands_in_any_column(row, tmp_path):
    """Whatever the column beside the star is called, and whether the star of a printed directory came with the number."""
    path = tmp_path / "d.csv"
    path.write_text(f"number;firma;star\n{row}\n044 555 01 02;Probe;\n", encoding="utf-8")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF, ignore=["firma"])
    assert (one.listed, one.clear) == (1, 1)


@pytest.mark.parametrize("title", ["* Muster", "Muster Eva&#42;", "&#x2605; Muster"])
def test_swiss_star_in_a_text_of_an_entry(title, tmp_path):
    """A page that was put together from a printed directory may have the star beside the name only."""
    path = tmp_path / "page.xml"
    entries = [
        f"<entry><title>{name}</title><phone>+4144555010{n}</phone></entry>" for n, name in enumerate((title, "B"))
    ]
    path.write_text(f"<feed>{''.join(entries)}</feed>")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF)
    assert (one.listed, one.clear) == (1, 1)


@pytest.mark.parametrize(
    "inside",
    [
        "<entry><phone>+41445550101</phone></entry><nopromo>*</nopromo>",
        "<entry><phone>+41445550101</phone></entry><phone>+41445550102</phone>",
        "<entry><phone>+41445550101</phone><nopromo/><entry><phone>+41445550102</phone></entry></entry>",
    ],
)
def test_swiss_elements_out_of_place_refuse_the_page(inside, tmp_path):
    """Whose mark or number it is cannot be known."""
    said = load_error(tmp_path, "page.xml", f"<feed>{inside}</feed>")
    assert said == "page.xml: unexpected element near number 2; load the registry's own file"


def test_swiss_mark_of_a_query_service_in_any_case(tmp_path):
    """Names of elements in small letters or not: an entry whose mark is not seen could be called."""
    path = tmp_path / "page.xml"
    entries = [
        f"<entry><tel:phone>+4144555010{n}</tel:phone><{mark}/></entry>"
        for n, mark in enumerate(["tel:nopromo", "tel:NoPromo", "tel:org"])
    ]
    path.write_text(f'<feed xmlns:tel="x">{"".join(entries)}</feed>')
    one = Store(tmp_path / "store").load(path, as_of=AS_OF)
    assert (one.listed, one.clear) == (2, 1)


def test_swiss_number_without_an_entry(tmp_path):
    """A number that was asked for and has no entry is like a starred one."""
    page = tmp_path / "page.xml"
    page.write_text("<feed></feed>")
    asked = tmp_path / "asked.txt"
    asked.write_text("+41445550109\n")
    one = Store(tmp_path / "store").load(page, as_of=AS_OF, asked=asked)
    assert (one.registry, one.listed, one.clear, one.absent) == ("ch-directory", 1, 0, "listed")


def test_swiss_list_without_a_star_warns(tmp_path):
    """A Swiss file in which nobody has a star is loaded with a warning."""
    path = tmp_path / "d.csv"
    path.write_text("number;star\n044 555 01 01;\n")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF, covers=["41"])
    assert "no entry has a star" in one.notes[0]
    assert (one.covers, one.absent) == (("41",), "listed")


@pytest.mark.parametrize("header", ["number;name;stra", "number;name;"])
def test_swiss_list_that_lost_its_stars_is_refused(tmp_path, header):
    """Without a column star, and without a star before any name, nothing says who may be called."""
    path = tmp_path / "d.csv"
    path.write_text(f"{header}\n044 555 01 01;Muster;*\n")
    with pytest.raises(InputError, match="has no column star, and no column name with stars in it"):
        Store(tmp_path / "store").load(path, as_of=AS_OF, registry="ch-directory", ignore=["stra"])


def test_swiss_list_with_stars_before_names_only(tmp_path):
    """A directory that was printed or scraped has no column for them."""
    path = tmp_path / "d.csv"
    path.write_text("number;name\n044 555 01 01;* Muster\n044 555 01 02;Probe\n")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF, registry="ch-directory")
    assert (one.listed, one.clear) == (1, 1)


# The own list


def test_own_is_a_ledger(tmp_path):
    """A newer file says how many earlier numbers it lacks; they stay, and an empty file is fine."""
    store = Store(tmp_path / "store")
    store.load(FOLDER / "own_bare.txt", registry="own", as_of=date(2026, 8, 1))
    shorter = tmp_path / "own.csv"
    shorter.write_text("number,since\n+33199000001,2026-08-01\n")
    notes = store.load(shorter, as_of=AS_OF).notes
    assert notes == (
        "newest entry: 2026-08-01",
        "earlier numbers that are not in it, and stay until they are lifted: 1",
    )
    empty = tmp_path / "empty.csv"
    empty.touch()
    notes = store.load(empty, registry="own", as_of=AS_OF).notes
    assert notes == ("no objections in it", "earlier numbers that are not in it, and stay until they are lifted: 2")


@pytest.mark.parametrize("name", ["own.xlsx", "own.zip", "own.parquet"])
def test_nothing_is_no_spreadsheet(tmp_path, name):
    """A spreadsheet or an archive of no bytes was cut off: it does not say that nobody objected."""
    (tmp_path / name).touch()
    with pytest.raises(LoaderError, match="the file is empty; export it again"):
        Store(tmp_path / "store").load(tmp_path / name, registry="own", as_of=AS_OF)


def test_the_country_of_national_numbers_is_said_where_it_was_assumed(tmp_path):
    """The own list has numbers of every country: one in national form may be of another than France."""
    path = tmp_path / "own.csv"
    path.write_text("number,since\n044 555 00 00,\n+41445550001,\n0041445550002,\n+41 (0)445550003,\n")
    said = "numbers without a country code: 1; no country was given, so they were read as numbers of FR"
    assert said in Store(tmp_path / "assumed").load(path, as_of=AS_OF).notes
    assert said not in Store(tmp_path / "given").load(path, as_of=AS_OF, region="CH").notes


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Nom;Téléphone;Ville\nUne;0199000001;Ici\n", 1),
        ("Phone,Country\n0199000001,FR\n", 1),
        ("DNC\n0199000001\n", 1),
        ("Liste d'opposition\n0199000001\n0199000002\n", 2),
        ("\ufeff", 0),
    ],
)
def test_own_under_other_names(text, numbers, tmp_path):
    """The own list may call its one column of numbers anything."""
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    assert Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF).listed == numbers


@pytest.mark.parametrize(
    ("text", "more", "since"),
    [
        ("Téléphone;Date d'opposition;Motif d'opposition\n01 99 00 00 01;2026-01-05;par courrier\n", {}, "2026-01-05"),
        ("phone;Opted out on;Do not call since\n+33199000001;2026-01-05;2026-02-06\n", {}, "2026-02-06"),
        ("Téléphone;Opposition le\n01 99 00 00 01;05/01/2026\n", {}, None),  # in an order that nobody told
        ("Téléphone;Opposition le\n01 99 00 00 01;05/01/2026\n", {"dates": "dmy"}, "2026-01-05"),
        ("number,on\n+33199000001,2026-01-05\n", {}, "2026-01-05"),
        ("Téléphone;Opposition\n01 99 00 00 01;oui\n", {}, None),
        ("Téléphone;Opposition mail le\n01 99 00 00 01;2026-01-05\n", {}, None),
        ("Téléphone;since;Opposition le\n01 99 00 00 01;;2026-01-05\n", {}, None),  # says so itself
    ],
)
def test_own_with_the_day_in_a_column_named_like_objections(text, more, since, tmp_path):
    """The day of the objection is kept if it is understood; a row counts without it, too."""
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    loaded = Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF, **more)
    newest = f"newest entry: {since or 'no date was read (column since)'}"
    assert (loaded.listed, loaded.notes[-1]) == (1, newest)


def test_why_a_copy_of_the_spanish_list_is_refused(tmp_path):
    """It is no registry of an unknown layout: there is nothing but answers to queries."""
    path = tmp_path / "lista.csv"
    path.write_text("hash\nabc\n", encoding="utf-8")
    with pytest.raises(LoaderError, match="only answers queries, and a copy of it proves nothing"):
        Store(tmp_path / "store").load(path, registry="es-robinson", as_of=AS_OF)


@pytest.mark.parametrize(
    "text",
    [
        "Bonjour\n",
        "Bonjour, \n",
        "no\n",
        "Please phone us before you call\n",
        "Dear Sir, please phone\n",
        "hotel\n",
        "Merci de ne plus appeler ; le mobile ; le fixe\n",
    ],
)
def test_own_that_is_no_list(text, tmp_path):
    """One word, or a line of prose, is no opposition list of nobody."""
    said = load_error(tmp_path, "own.csv", text, registry="own")
    assert said.startswith("own.csv")
    assert not Store(tmp_path / "store").exists


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeff\n",
        "number\n",
        "Phone Number\n",
        "N° de téléphone;Motif\n",
        "number,since,until,reason\n",
        "number,listed\n",
        "Phone Number,Contact Group Id,Days To Expiry\n",
        "Tél. portable\n",
        "Nom;Tel 1;\n",
        "telephones\n\n",
    ],
)
def test_own_that_is_empty(text, tmp_path):
    """Nothing, or a header and nothing below it, says that nobody objected."""
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    one = Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF)
    assert (one.rows, "no objections in it" in one.notes) == (0, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dupont;tel: 01 99 00 00 01\nDurand;01 99 00 00 02\n", {"registry": "own"}),
        ("Dupont;tel: 01 99 00 00 01;x\nDurand;01 99 00 00 02;y\n", {"registry": "fr-bloctel", "means": "listed"}),
        ("number;listed;01 99 00 00 01\n01 99 00 00 02;yes;x\n", {"registry": "gb-tps"}),
        ("number,since,+33 1 99 00 00 01\n0199000002,,x\n", {}),
    ],
)
def test_a_header_holds_no_number(text, words, tmp_path):
    """A first row with a number in it is a row: it is not lost as a header."""
    said = load_error(tmp_path, "a.csv", text, **words)
    assert said.startswith("a.csv:1: the first row holds numbers, not names")


@pytest.mark.parametrize("first", ["#NAME?", "1.99E+08", "0199OOOOO1", "?"])
def test_own_first_line_that_is_no_name(first, tmp_path):
    """A first line that is neither a number nor a name could be an objection: the list is not read without it."""
    said = load_error(tmp_path, "own.txt", f"{first}\n+33199000002\n", registry="own")
    assert said == f"own.txt:1: no column of telephone numbers found; name one column 'number'{PLAIN_FORM}"


def test_second_numbers_are_named(tmp_path):
    """A further column that is named like a telephone number is not read, and the load says so."""
    path = tmp_path / "a.csv"
    path.write_text("number;mobile;listed\n01632 960101;07700 900001;no\n")
    notes = Store(tmp_path / "store").load(path, as_of=AS_OF, registry="gb-tps").notes
    assert "columns named like telephone numbers but not read, except for numbers in listed rows: 'mobile'" in notes


def test_all_numbers_of_a_listed_row_count(tmp_path):
    """A complete list would clear the second number of somebody who is listed; other figures in the column are none.

    Nor does it clear those of a row that lost its line end.
    """
    rows = "01632 960101;07700 900001;yes\n01632 960102;07700 900002;no\n01632 960103;07;yes\n01632 960104;;yes\n"
    rows += "01632 960105;;no;01632 960106;;yes\n"
    path = tmp_path / "a.csv"
    path.write_text(f"number;mobile;listed\n{rows}")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF, registry="gb-tps", covers=["44"])
    kept = pl.read_parquet(tmp_path / "store" / "snapshots" / one.file)
    listed = [441632960101, *range(441632960103, 441632960107), 447700900001]
    assert kept.filter("listed")["number"].to_list() == listed
    assert kept.filter(~pl.col("listed"))["number"].to_list() == [441632960102]
    assert (one.listed, one.clear, one.unread) == (4, 1, 0)


@pytest.mark.parametrize(
    ("registry", "header", "row", "name"),
    [
        ("fr-bloctel", "Telephone;Réponse;Réponse.1", "0199000001;OK;inscrit", "reponse"),
        ("gb-tps", "number;listed;listed_1", "01632960101;no;yes", "listed"),
        ("ie-ndd", "number;listing;marketing;marketing_duplicated_0", "01 555 0101;listed;opt_in;opt_out", "marketing"),
        ("ch-directory", "number;star_right;star", "044 555 01 01;*;no", "star"),
    ],
)
def test_a_second_answer_under_a_name_made_unique_refuses_the_file(registry, header, row, name, tmp_path):
    """Programs that join tables rename the second of two equal columns, and only the first one was read."""
    said = load_error(tmp_path, "a.csv", f"{header}\n{row}\n", registry=registry)
    assert said == f"a.csv:1: several columns are called {name}; keep only the one that counts"


def test_a_missing_column_can_be_named(tmp_path):
    """The error says how, and doing so helps."""
    rows = "Tél;Liste;number;Orange\nx;listed;0199000001;allowed\n"
    said = load_error(tmp_path, "a.csv", rows, registry="fr-directory")
    assert said.startswith("a.csv:1: no column listing, prospecting; is this the right file and registry?")
    assert said.endswith(f"say which of its columns is listing (--map listing=…){PLAIN_FORM}")
    given = {"registry": "fr-directory", "columns": {"listing": "Liste", "prospecting": "Orange"}, "ignore": ["Tél"]}
    assert Store(tmp_path / "store").load(tmp_path / "a.csv", as_of=AS_OF, **given).clear == 1


@pytest.mark.parametrize("name", ["Inscrit Bloctel", "INSCRIT", "Registered", "Ne pas appeler", "On TPS"])
def test_yes_and_no_are_read_under_a_name_that_says_who_is_listed(name, tmp_path):
    """In any of the languages of the countries that ship, or because it says that people object."""
    (path := tmp_path / "f.csv").write_text(f"number;{name}\n0199000001;OUI\n0199000002;non\n", encoding="utf-8")
    snapshot = Store(tmp_path / "store").load(path, registry="fr-bloctel", as_of=AS_OF, columns={"listed": name})
    assert (snapshot.listed, snapshot.clear) == (1, 1)


def test_a_yes_in_a_column_about_objections_is_a_listing(tmp_path):
    """Whatever the registry's own columns say, in its own layout and in plain form."""
    store, path = Store(tmp_path / "store"), tmp_path / "a.csv"
    for registry, columns, says in (
        ("fr-directory", "listing,prospecting", "listed,allowed"),
        ("gb-tps", "listed", "no"),
    ):
        code = "3319900001" if registry == "fr-directory" else "44163296010"
        rows = "".join(f"+{code}{at},{says},{said}\n" for at, said in enumerate(("non", "", "Oui", "Y", "N")))
        path.write_text(f"number,{columns},Ne pas appeler\n{rows}")
        one = store.load(path, as_of=AS_OF, registry=registry)
        assert (one.listed, one.clear) == (2, 3)
        assert any("another column says not to call" in note for note in one.notes)


def test_all_numbers_of_the_own_list_count(tmp_path):
    """Who objected did so with every number that stands in the row; a word in the second column is none."""
    path = tmp_path / "own.csv"
    rows = "0199000001;0639980001;x\n;0639980002;x\n0199000003;yes;x\n0199000004;;x\n"
    path.write_text(f"number;mobile;reason\n{rows}")
    one = Store(tmp_path / "store").load(path, as_of=AS_OF)
    numbers = pl.read_parquet(tmp_path / "store" / "records" / one.file)["number"].to_list()
    assert numbers == [33199000001, 33199000003, 33199000004, 33639980001, 33639980002]
    assert not [note for note in one.notes if "not read" in note]
    headers = ("Tél fixe;Portable;Motif", "Telefon;Handy;Grund", "Teléfono;Móvil;Motivo", "Tel.;Cell.;Note")
    for at, header in enumerate(headers):
        path.write_text(f"{header}\n{rows}")
        other = Store(tmp_path / f"other-{at}").load(path, registry="own", as_of=AS_OF)
        assert pl.read_parquet(tmp_path / f"other-{at}/records" / other.file)["number"].to_list() == numbers
    said = load_error(tmp_path, "cut.csv", "number;mobile;reason\n0199000001;06 39;x\n0199000002;;\n")
    assert said.startswith("cut.csv:2: a number cannot be read")
    said = load_error(tmp_path, "bare.csv", "0199000001;0639980001\n", registry="own")
    assert said == f"bare.csv:1: no column of numbers; name the columns number, since, until, reason{PLAIN_FORM}"


@pytest.mark.parametrize(
    ("text", "options", "numbers", "named"),
    [
        (
            "Phone;Alternate;Work;Home;Birth;Asked on;SIRET;SIREN;Postcode;Id;Amount\n"
            "0639980001;0639980002;+33 6 39 98 00 03;;20000805;05.03.2026;73282932000074;732829320;75001;0012345678;12.5\n"
            "0639980011;n/a;;06 39 98 00 14;19991231;12.03.2026;83282932000074;832829320;13001;0012345679;1234.5\n",
            {},
            [33639980001, 33639980002, 33639980003, 33639980011, 33639980014],
            "'Alternate', 'Work', 'Home'",
        ),
        (
            "phone,alternate,customer,created\n2025550101,2025550102,4839201837,20260301\n2025550103,,9839201837,20260302\n",
            {"region": "US"},
            [12025550101, 12025550102, 12025550103],
            "'alternate'",
        ),
        (
            "number,listed,Fax\n+33199000001,yes,+33199000002\n",
            {},
            [33199000001, 33199000002],
            "'Fax'",
        ),
        (
            "number;Zweit;Am\n030 23125001;030 23125002;02/03/2026\n",
            {"region": "DE"},
            [493023125001, 493023125002],
            "'Zweit'",
        ),
    ],
)
def test_columns_of_the_own_list_that_hold_numbers_count_by_any_name(text, options, numbers, named, tmp_path):
    """Who objected would be called on these; ids, days and amounts are no numbers."""
    path = tmp_path / "own.csv"
    path.write_text(text)
    one = Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF, **options)
    kept = pl.read_parquet(tmp_path / "store" / "records" / one.file)
    assert kept["number"].to_list() == numbers
    assert next(note for note in one.notes if "these count too" in note).endswith(f"too: {named}")


def test_a_file_of_a_day_after_the_end_of_its_registry_is_told(tmp_path):
    """With the name of the registry for people."""
    path = tmp_path / "answer.csv"
    path.write_text("Telephone;Identifiant;Réponse\n0199000001;1;OK\n")
    one = Store(tmp_path / "store").load(path, as_of=date(2026, 8, 11))
    assert any(note.startswith("Bloctel ended on ") for note in one.notes)


def test_sheets_of_an_own_list_with_numbers_are_not_passed_over(tmp_path):
    """A call to a number in the sheet of another year would be clear; notes and an empty sheet do no harm."""
    path = tmp_path / "own.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, cells in {
            "2026": ["Tel", "0199000001"],
            "Notes": ["Mise à jour", "2026-11-02"],
            "Feuil3": [],
        }.items():
            book.add_worksheet(name).write_column(0, 0, cells)
    assert Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF).listed == 1
    with xlsxwriter.Workbook(path) as book:
        for name, cells in {
            "2026": ["Tel", "0199000001"],
            "Anciennes": ["Nom, tél.", "M. Petit, 01 99 00 00 02"],
        }.items():
            book.add_worksheet(name).write_column(0, 0, cells)
    said = load_error(tmp_path, "own.xlsx", path.read_bytes(), registry="own")
    assert said.startswith("own.xlsx: there are numbers in sheets that are not read: 'Anciennes'; load each sheet")
    assert Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF, sheet="2026").listed == 1


def test_numbers_in_texts_of_the_own_list_count(tmp_path):
    """Somebody wrote down the mobile beside the landline; days, amounts and ids are no numbers."""
    rows = ["0199000001;mobile 06 39 98 00 01, refus le 06/03/2026", "0199000002;dossier 123456789 du 2026-03-06 10:00"]
    (tmp_path / "own.csv").write_text("\n".join(["Téléphone;Commentaire", *rows]), encoding="utf-8")
    store = Store(tmp_path / "store")
    assert store.load(tmp_path / "own.csv", as_of=AS_OF, registry="own").numbers == 3


def test_a_column_of_numbers_is_named_once_however_many_batches_there_are(tmp_path, monkeypatch):
    """And is not looked at again once it is known."""
    monkeypatch.setattr(table, "FIRST_ROWS", 2)
    monkeypatch.setattr(table, "BATCH_ROWS", 2)
    rows = "".join(f"01990000{at:02};06399800{at:02}\n" for at in range(8))
    (tmp_path / "own.csv").write_text(f"Téléphone;Autre\n{rows}", encoding="utf-8")
    one = Store(tmp_path / "store").load(tmp_path / "own.csv", as_of=AS_OF, registry="own", region="FR")
    assert one.numbers == 16 and len([note for note in one.notes if "these count too" in note]) == 1


def test_own_names_unread_rows(tmp_path):
    """An unread row of the own list is an objection lost: it stops the load, and where it is accepted it is named."""
    text = "number,since\n+33199000001,\n" + "nobody,\n" * 30
    said = load_error(tmp_path, "own.csv", text)
    assert said.startswith("own.csv:3: a number cannot be read (not written as a number)")
    assert "Rows like this: 30 (lines 3, 4, 5," in said
    one = Store(tmp_path / "store").load(tmp_path / "own.csv", as_of=AS_OF, accept={"unread": "a test"})
    assert [note for note in one.notes if note.startswith("line 32 could")]


def state_of(store: Store, registry: str, number: int, day: date) -> dict[str, object]:
    """What a registry says of one number on one day."""
    calls = pl.DataFrame(
        {"number": [number], "day": [day], "campaign": [None]},
        schema={"number": pl.UInt64, "day": pl.Date, "campaign": pl.String},
    )
    with Screen(store.standing(), [registry]) as screen:
        return screen.decoded(screen.codes(calls)).row(0, named=True)


def test_own_entry_with_an_end(tmp_path):
    """An entry that was loaded with a last day holds up to that day."""
    path = tmp_path / "own.csv"
    path.write_text("number,since,until\n+33199000001,2026-01-01,2026-08-10\n")
    store = Store(tmp_path / "store")
    store.load(path, as_of=AS_OF)
    assert state_of(store, "own", 33199000001, date(2026, 8, 10))["own"] == "listed"
    assert state_of(store, "own", 33199000001, date(2026, 8, 11))["own"] == "clear"


@pytest.mark.parametrize("cut", ["26-01-10", "10/01/20"])
def test_own_entry_whose_end_may_be_cut(cut, tmp_path):
    """What may be left of 2026-10-26 or 10/01/2027 does not end an entry; a whole date does."""
    states = []
    for at, until in enumerate((cut, "10/01/2020")):
        path = tmp_path / f"{at}.csv"
        path.write_text(f"number,until\n+33199000001,{until}\n")
        store = Store(tmp_path / f"store-{at}")
        store.load(path, as_of=AS_OF, registry="own", dates="dmy")
        states.append(state_of(store, "own", 33199000001, date(2026, 8, 11))["own"])
    assert states == ["listed", "clear"]


def test_calls_of_one_day_meet_the_own_list(tmp_path):
    """Calls that all fall on one day are looked up in the own list like any others."""
    path, store = tmp_path / "own.csv", Store(tmp_path / "store")
    path.write_text("number,reason\n0199000001,x\n0261910002,y\n")
    store.load(path, as_of=AS_OF)
    told = {"caller": "commercial", "voice": "human", "recipient": "consumer"}
    brief = Brief(ignore=["reason"])
    assert check(path, store, region="FR", brief=brief, at="2026-08-10T10:30", given=told).counts["blocked"] == 2


@pytest.mark.parametrize(
    "text",
    [
        "020 7946 0123\n07700 900123\n",
        "number,country,since\n020 7946 0123,,\n07700900123,gb,\n",
        "number,listed\n02079460123,yes\n07700900123,yes\n",
        '[{"number": "02079460123", "reason": "x"}, {"number": "07700900123"}]',
    ],
)
def test_own_in_another_plan(text, tmp_path):
    """National forms of the own list are read by the plan that is told; the other reading stays beside it."""
    path = tmp_path / "own.txt"
    path.write_text(text)
    store = Store(tmp_path / "store")
    words = {"registry": "own", "as_of": AS_OF, "region": "gb"}
    one = store.load(path, **words)
    assert pl.read_parquet(tmp_path / "store" / "records" / one.file)["number"].to_list() == [
        442079460123,
        447700900123,
    ]
    assert (one.region, store.load(path, **words).new) == ("GB", False)


def test_own_country_wins(tmp_path):
    """A column `country` wins over the plan that is told for the file, and a file that is read by another plan is another file."""
    path = tmp_path / "own.csv"
    path.write_text("number,country\n0199000001,\n0199000001,FR\n020 7946 0123,GB\n")
    store = Store(tmp_path / "store")
    french, italian = (store.load(path, as_of=AS_OF, region=region) for region in (None, "IT"))
    assert italian.new
    numbers = [
        pl.read_parquet(tmp_path / "store" / "records" / one.file)["number"].to_list() for one in (french, italian)
    ]
    assert numbers == [[33199000001, 442079460123], [33199000001, 390199000001, 442079460123]]


@pytest.mark.parametrize("preview", [False, True])
def test_region_that_cannot_be(preview, tmp_path):
    """A region that is no plan, or not that of the registry, is wrong usage and said in one line."""
    words = ["--preview"] if preview else ["--as-of", "2026-08-03", "--store", tmp_path / "store"]
    code, rows, said = run("load", FOLDER / "own.csv", "--region", "XX", *words)
    assert (code, rows, said) == (2, "", "dnc: region 'XX' has no numbering plan; use two letters such as FR\n")
    code, rows, said = run("load", FOLDER / "tps.txt", "--region", "FR", *words)
    assert (code, rows) == (2, "")
    assert said == "dnc: gb-tps always has the numbering plan of GB; omit --region\n"
    assert run("load", FOLDER / "tps.txt", "--region", "gb", *words)[0] == 0


@pytest.mark.parametrize("text", ["07700 900123\n", "0199000001 / 0261910002\n", "0199000001 ne pas appeler\n"])
def test_first_line_of_a_bare_list_is_data(text, tmp_path):
    """A first line that holds a number is data, also in a plan that was not told, with two numbers, or a note."""
    path = tmp_path / "own.txt"
    path.write_text(text + "+33199000009\n")
    one = Store(tmp_path / "store").load(path, registry="own", as_of=AS_OF, **UNREAD)
    assert (one.listed + one.unread, one.unread) == (2, int(text.startswith("077")))


# Snapshots beside each other


def tps(store: Store, folder: Path, day: date, *numbers: str) -> int:
    """Load a British list; returns its id."""
    path = folder / "tps_ns.txt"
    path.write_bytes("".join(f"{number:<12}\r\n" for number in numbers).encode())
    return store.load(path, as_of=day).id


def test_day_of_listing_from_earlier_lists(tmp_path):
    """A number that an earlier full list did not hold was listed on the day after at the earliest; else unknown."""
    store = Store(tmp_path / "store")
    old, new = "02079460123", "01632960123"
    tps(store, tmp_path, date(2026, 6, 1), old)
    tps(store, tmp_path, date(2026, 7, 1), old, new)
    tps(store, tmp_path, date(2026, 8, 1), old, new, "01914980123")
    on = date(2026, 8, 3)
    assert state_of(store, "gb-tps", 441632960123, on)["gb_tps_since"] == date(2026, 6, 2)
    assert state_of(store, "gb-tps", 441914980123, on)["gb_tps_since"] == date(2026, 7, 2)
    assert state_of(store, "gb-tps", 442079460123, on)["gb_tps_since"] is None
    assert state_of(store, "gb-tps", 441632960999, on)["gb_tps"] == "clear"


@pytest.mark.parametrize(("before", "since"), [(900, date(2026, 7, 2)), (899, None)])
def test_no_day_of_listing_from_a_list_that_may_be_cut(before, since, tmp_path):
    """Else numbers that were listed for years have days of grace once the list is loaded whole."""
    store, numbers = Store(tmp_path / "store"), [f"0163296{n:04}" for n in range(1000)]
    tps(store, tmp_path, date(2026, 7, 1), *numbers[:before])
    tps(store, tmp_path, date(2026, 8, 1), *numbers)
    assert state_of(store, "gb-tps", 441632960999, date(2026, 8, 3)).get("gb_tps_since") == since


def run(*arguments: object) -> tuple[int, str, str]:
    """A command: exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "dnc", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stdout, done.stderr


def test_difference_of_snapshots(tmp_path):
    """Two snapshots of a registry: how many numbers were added and removed, and which."""
    store = Store(tmp_path / "store")
    first = tps(store, tmp_path, date(2026, 6, 1), "02079460123", "01632960123")
    second = tps(store, tmp_path, date(2026, 7, 1), "01632960123", "01914980123")
    words = ["status", "--store", store.path, "--compare", first, second]
    assert run(*words)[1].splitlines() == [
        "registry,before,after,added,removed,unknown",
        "gb-tps,2026-06-01,2026-07-01,1,1,0",
    ]
    assert run(*words, "--numbers")[1].splitlines() == ["number,change", "+441914980123,added", "+442079460123,removed"]
    assert run("status", "--store", store.path, "--compare", first, 9)[0] == 4
    assert run("status", "--files", "--store", store.path, "--numbers")[0] == 2


def test_difference_of_answers(tmp_path):
    """A number that the other answer does not speak of is neither added nor removed."""
    store = Store(tmp_path / "store")
    ids = []
    for day, rows in ((1, "0199000001;a;OK\n0199000002;b;OK\n"), (2, "0199000001;a;no\n0199000003;c;no\n")):
        path = tmp_path / f"{day}.csv"
        path.write_text(f"Telephone;Identifiant;Réponse\n{rows}", encoding="utf-8")
        ids.append(store.load(path, as_of=date(2026, 7, day)).id)
    assert store.diff(*ids).row(0)[-3:] == (1, 0, 1)


# The command line


def test_several_files_or_none(tmp_path):
    """Files are taken together: one that is wrong keeps the others out."""
    bad = tmp_path / "bad.txt"
    bad.write_text("818,5550101\n818,5")
    store = tmp_path / "store"
    good = [FOLDER / "us_ndnc_all.txt", FOLDER / "ca_dncl.txt"]
    code, _, said = run("load", *good, bad, "--as-of", "2026-08-03", "--store", store)
    assert (code, Store(store).exists) == (4, False)
    assert "12-byte records expected" in said
    assert run("load", *good, "--as-of", "2026-08-03", "--store", store)[0] == 0
    assert [one.registry for one in Store(store).snapshots()] == ["us-ndnc", "ca-dncl"]
    parts = run("load", *good, "--as-of", "2026-08-03", "--store", store, "--asked", good[0], "--means", "listed")
    assert parts[0] == 4


MINE = """
from dnc.registries import Loader, listings
import polars as pl

def read(extract):
    [mark] = extract.need("mark")
    return listings(extract, lambda cells: cells.with_columns((pl.col(str(mark)) == "X").alias("listed")))

LOADER = Loader("xx-mine", "FR", lambda extract: extract.header[:1] == ["mynumber"], read)
"""


def test_loader_outside_the_package(tmp_path):
    """A loader of one's own is named by its file, on load and read."""
    mine = tmp_path / "mine.py"
    mine.write_text(MINE)
    extract = tmp_path / "x.csv"
    extract.write_text("my number,mark\n0199000001,X\n0199000002,\n")
    code, rows, said = run("load", "--preview", extract, "--loader", mine)
    assert (code, rows.splitlines()) == (0, ["number,listed,since", "+33199000001,yes,", "+33199000002,no,"]), said
    assert (
        "xx-mine as of" in run("load", extract, "--loader", mine, "--as-of", "2026-08-03", "--store", tmp_path / "s")[2]
    )
    mine.write_text("LOADER = 1")
    assert "does not define LOADER" in run("load", "--preview", extract, "--loader", mine)[2]
    mine.write_text("what ? this")
    assert "fails when it is imported (SyntaxError)" in run("load", "--preview", extract, "--loader", mine)[2]


def test_a_registry_is_one_module(tmp_path, monkeypatch):
    """Adding a registry is one module, one fixture and its expected listings; nothing else changes."""
    (tmp_path / "xx_mine.py").write_text(MINE)
    (tmp_path / "xx_mine.csv").write_text("my number,mark\n0199000001,X\n")
    (tmp_path / "xx_mine.csv.expected.csv").write_text(
        "line,number,listed,since,until,unread,odd\n2,+33199000001,yes,,,,\n"
    )
    monkeypatch.setattr(registry_loaders, "__path__", [*registry_loaders.__path__, str(tmp_path)])
    assert "xx-mine" in loaders()
    assert claimants(tmp_path / "xx_mine.csv") == ["xx-mine"]
    test_fixture(tmp_path / "xx_mine.csv")


def test_read_says_what_it_cannot_read(tmp_path):
    """`dnc load --preview` prints listings, says refused rows with their reason, and what the file is complete for."""
    code, rows, said = run("load", "--preview", FOLDER / "us_rnd.csv")
    assert (code, len(rows.splitlines())) == (0, 7)
    assert "us_rnd.csv:7: not ten digits without the leading 1" in said
    assert "us_rnd.csv:6: counts as listed: answer is not yes, no or no data" in said
    assert "us_rnd.csv:8: counts without its date: dateasked is not a date written like 2026-12-31" in said
    assert "complete for 1310 1818" in run("load", "--preview", FOLDER / "us_ndnc_all.txt")[2]
    rows = run(
        "load", "--preview", FOLDER / "it_rpo.txt", "--means", "callable", "--asked", FOLDER / "it_rpo.asked.txt"
    )[1]
    assert rows.splitlines()[1:] == ["+390255501234,yes,", "+390655501234,no,", "+393335550101,no,"]
