"""Attacks on sealed results by a buyer, who writes the brief and reads the result, and by a seller."""

from __future__ import annotations

import hashlib
import json
import string
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from dnc import Rulebook, Store
from dnc.errors import InputError
from dnc.files.cell_texts import normal
from dnc.files.signing import Signer
from dnc.lists.brief import Brief
from dnc.lists.texts import TextMeanings
from dnc.store.audit_log import canonical
from dnc.vetting import sealed as sealed_module
from dnc.vetting.cells import MOST_CELLS
from dnc.vetting.sealed import read_sealed, write_sealed
from dnc.vetting.sealing import commitment
from dnc.vetting.vet import MOST_DAYS, vet
from tests import new_key, size, some

USE = {"at": "2026-12-01", "region": "FR"}
CALLER = {"caller": "commercial", "voice": "human", "dialler": "manual", "relationship": "none", "sector": "general"}


def numbers(count: int, first: int = 0) -> list[str]:
    """Numbers reserved for fiction."""
    return [f"01 99 00 {at // 100:02d} {at % 100:02d}" for at in range(first, first + count)]


def rows_of(people: list[str], **columns: list[str]) -> str:
    """A list with a row for each."""
    cells = zip(people, *columns.values(), strict=True)
    return "\n".join([";".join(["telephone", *columns]), *map(";".join, cells)]) + "\n"


@pytest.fixture
def sealed(tmp_path, write_file):
    """A function that vets a list by a brief for a sealed result, in a store of its own, and gives the content."""
    made = iter(range(100))

    def seal(text: str, brief: Brief, **more) -> dict:
        path = write_file("list.csv", text)
        store = Store(tmp_path / f"store{next(made)}")
        return json.loads(write_sealed(vet(path, store, seal=True, brief=brief, **USE | more)))

    return seal


def told(content: dict) -> dict:
    """What a result tells of a list: all but what is different at each sealing."""
    offer = {name: value for name, value in content["offer"].items() if name not in ("commitment", "check")}
    return {"offer": offer, "cells": content["cells"]}


# A brief that asks about one person


def test_number_columns_are_read_as_numbers_only(sealed):
    """A brief that maps the telephone column, or another column of numbers, to a fact is refused."""
    people = numbers(40)
    text = rows_of(people, mobile=numbers(40, 100), note=["x"] * 40)
    asks = {"values": {"source": {people[7].replace(" ", ""): "directory"}}, "facts": CALLER}
    for columns, rules in (
        ({"source": "telephone"}, {}),
        ({"source": "mobile"}, {}),
        ({"cli": "mobile"}, {}),
        ({}, {"when_filled": {"telephone": {"source": "directory"}}}),
        ({}, {"when_filled": {"mobile": {"consent": "named_caller"}}}),
        ({}, {"when_empty": {"mobile": {"consent": "none"}}}),
    ):
        brief = Brief(columns={"number": "telephone"} | columns, **asks, **rules)
        with pytest.raises(InputError, match="as numbers only") as refused:
            sealed(text, brief)
        assert people[7] not in str(refused.value)


def test_a_word_of_few_people_is_not_asked_about(sealed):
    """A brief that names one person, by any column, gets the same result whether they are on the list or not."""
    people, names = numbers(40), [f"Person {at}" for at in range(40)]
    other = [*names[:-1], "Somebody Else"]
    brief = Brief(
        columns={"number": "telephone", "source": "name"},
        values={"source": {"person39": "directory"}},
        facts=CALLER | {"consent": "none"},
    )
    assert told(sealed(rows_of(people, name=names), brief)) == told(sealed(rows_of(people, name=other), brief))


def test_nine_people_who_are_known_do_not_reveal_the_tenth(sealed):
    """Who names nine people who are certainly on the list, and one more, learns nothing: each name is had by one."""
    people, names = numbers(60), [f"Person {at}" for at in range(60)]
    without = [*names[:9], "Somebody Else", *names[10:]]
    brief = Brief(
        columns={"number": "telephone", "consent": "name"},
        values={"consent": {f"person{at}": "none" for at in range(10)}},
        facts=CALLER,
    )
    assert told(sealed(rows_of(people, name=names), brief)) == told(sealed(rows_of(people, name=without), brief))


@pytest.mark.parametrize("separator", [None, ","])
def test_people_who_are_named_in_texts_are_not_counted(sealed, separator):
    """Each of twenty by a text of their own, which the brief says is an objection; a text of ten persons counts."""
    people, names = numbers(50), [f"Person {letter}x" for letter in string.ascii_letters[:50]]
    meanings = dict.fromkeys(normal(pl.Series(names[:20])), "objected")

    def result(cells: list[str]) -> dict:
        texts = {"note": TextMeanings(meanings, rest="nothing", separator=separator)}
        return told(
            sealed(rows_of(people, note=cells), Brief(columns={"number": "telephone"}, facts=CALLER, texts=texts))
        )

    others = [f"Somebody {name}" for name in names]
    nobody = result(others)
    assert result(names) == nobody
    assert result([names[0]] * 9 + others[9:]) == nobody
    assert result([names[0]] * 10 + others[10:]) != nobody


def test_a_word_of_ten_rows_of_one_person_is_a_word_of_one(sealed):
    """Persons are counted, not rows; ten persons make a word that counts."""
    brief = Brief(
        columns={"number": "telephone", "recipient": "kind"}, values={"recipient": {"pro": "business"}}, facts=CALLER
    )
    people = numbers(40)
    one = sealed(rows_of(people + people[:1] * 9, kind=["pro", *["x"] * 39, *["pro"] * 9]), brief)
    none = sealed(rows_of(people + people[:1] * 9, kind=["x"] * 49), brief)
    assert told(one) == told(none)
    ten = sealed(rows_of(people, kind=["pro"] * 10 + ["x"] * 30), brief)
    assert told(ten) != told(sealed(rows_of(people, kind=["x"] * 40), brief))


def test_a_word_that_a_rule_about_filled_cells_reads_counts(sealed):
    """240 persons have it, in a column that is not mapped: their cells say that there is no objection."""
    brief = Brief(
        columns={"number": "telephone"},
        when_filled={"status": {"objected_on": "yes"}},
        values={"objected_on": {"client": "none"}},
        facts=CALLER | {"consent": "none"},
    )
    people = numbers(260)
    with_word = told(sealed(rows_of(people, status=["client"] * 240 + [""] * 20), brief))
    assert with_word == told(sealed(rows_of(people, status=[""] * 260), brief))
    few = told(sealed(rows_of(people, status=["client"] * 9 + [""] * 251), brief))
    assert few == told(sealed(rows_of(people, status=["x"] * 9 + [""] * 251), brief))


def test_the_seller_is_told_which_words_were_not_used(dnc, write_file):
    """By column and count, on stderr, without quoting them."""
    path = write_file("list.csv", rows_of(numbers(20), kind=["pro"] * 3 + ["part"] * 17))
    values = '[values.recipient]\npro = "business"\npart = "consumer"\n'
    brief = write_file("b.toml", f'region = "FR"\n[columns]\nnumber = "telephone"\nrecipient = "kind"\n{values}')
    code, _, err = dnc("vet", path, "--brief", brief, "--at", "2026-12-01", "--seal", "--lang", "en")
    assert (code, "were not used: Consumer or business (1);" in err) == (0, True)


def test_days_of_single_calls_are_not_published(sealed):
    """The first day of the period would be that of one row."""
    days = ["2026-12-05"] * 30 + ["2026-12-01"]
    with pytest.raises(InputError, match="of one day"):
        sealed(rows_of(numbers(31), call_at=days), Brief(columns={"number": "telephone"}))
    with pytest.raises(InputError, match="of one day"):
        sealed(
            rows_of(numbers(31), birth=days),
            Brief(columns={"number": "telephone"}, when_filled={"birth": {"call_at": "2026-12-02"}}),
        )


# Words that one person is behind


def test_whether_the_list_may_be_handed_over_is_not_told_of_few(sealed):
    """One person who may not be handed over forbids it, and a result that named the rule would tell of that person."""
    brief = Brief(columns={"number": "telephone"}, facts=CALLER)
    people = numbers(50)
    kinds = {
        few: sealed(rows_of(people, source=["scraped"] * few + ["members"] * (50 - few)), brief) for few in (0, 1, 9)
    }
    assert told(kinds[0]) == told(kinds[1]) == told(kinds[9])
    assert kinds[0]["offer"]["trade"]["outcome"] == "undecided"


@pytest.mark.parametrize("listed", some([9, 0, 10, 1], 2))
def test_whether_the_list_may_be_handed_over_is_told_of_ten(tmp_path, write_file, listed):
    """Ten persons who are on Bloctel, under the law on the trade of lists that held then, forbid it by name."""
    people = numbers(40)
    answers = [f"{one.replace(' ', '')};{at};{'Inscrit' if at < listed else 'OK'}" for at, one in enumerate(people)]
    store = Store(tmp_path / "store")
    text = "\n".join(["Telephone;Identifiant;Réponse", *answers]) + "\n"
    store.load(write_file("bloctel.csv", text), registry="fr-bloctel", as_of=date(2026, 8, 1))
    path = write_file("list.csv", rows_of(people, recipient=["consumer"] * 40))
    brief = Brief(columns={"number": "telephone"}, facts=CALLER | {"source": "members"})
    made = vet(path, store, seal=True, brief=brief, region="FR", at="2026-08-05")
    trade = json.loads(write_sealed(made))["offer"]["trade"]
    assert trade["outcome"] == ("blocked" if listed >= 10 else "undecided")
    assert ("fr-bloctel-list-trade" in trade["blocked_by"]) == (listed >= 10)
    assert vet(path, store, brief=brief, region="FR", at="2026-08-05").offer.trade.blocked_by == (
        {"fr-bloctel-list-trade": listed} if listed else {}
    )


# Two results about one list


@pytest.fixture
def offer(write_file) -> tuple[Path, tuple]:
    """A list, and the options for it."""
    path = write_file("offer.csv", rows_of(numbers(30), kind=["part"] * 30))
    told = ("--region", "FR", "--at", "2026-12-01", "--lang", "en")
    return path, ("--map", "number=telephone", "--ignore", "kind", *told)


def test_a_list_is_sealed_once(dnc, offer):
    """A second result, by whatever brief, needs a reason, which is logged; another list does not."""
    path, use = offer
    assert dnc("vet", path, *use, "--seal")[0] == 0
    renamed = path.rename(path.with_name("other.csv"))
    for more in ((), ("--set", "caller=political"), ("--until", "2026-12-31")):
        code, out, err = dnc("vet", renamed, *use, *more, "--seal")
        assert (code, out, "add --again REASON" in err) == (4, "", True)
    assert dnc("vet", renamed, *use, "--seal", "--again", " ")[0] == 2
    assert dnc("vet", renamed, *use, "--seal", "--again", "the first was lost")[0] == 0
    rows = [json.loads(row["detail"]) for row in Store("dnc-store").log().to_dicts() if row["verb"] == "seal"]
    assert [row["again"] for row in rows] == [None, "the first was lost"]
    assert rows[0]["commitment"] != rows[1]["commitment"]
    renamed.write_text(renamed.read_text() + numbers(1, 900)[0] + ";part\n")
    assert dnc("vet", renamed, *use, "--seal")[0] == 0
    assert dnc("vet", renamed, *use)[0] == 0  # for oneself, as often as one likes


# The list behind a result


def test_a_result_holds_no_checksum_that_can_be_searched(dnc, screened, offer, write_file):
    """Of the list, of a file of consents, and of registries' answers there is no SHA-256 in the result or on its page."""
    path, use = offer
    consents = write_file("consents.csv", "number;consent\n" + numbers(1)[0] + ";none\n")
    page = path.with_name("page.html")
    at = ("--consents", consents, "--store", screened.path, "--out", page)
    code, out, _ = dnc("vet", path, *use, *at, "--seal")
    assert code == 0
    found = out + page.read_text(encoding="utf-8")
    for file in (path, consents):
        assert hashlib.sha256(file.read_bytes()).hexdigest() not in found
    for one in screened.snapshots():
        assert one.registry in out
        assert one.sha256 not in found
        assert Path(one.file).stem not in found


def test_two_results_of_one_list_commit_to_it_by_other_salts(sealed):
    """Who guesses the list cannot confirm it without the salt."""
    text, brief = rows_of(numbers(30)), Brief(columns={"number": "telephone"})
    first, second = sealed(text, brief)["offer"], sealed(text, brief)["offer"]
    assert first["commitment"] != second["commitment"]
    guessed = hashlib.sha256(text.encode()).hexdigest()
    assert guessed not in json.dumps(first)
    assert first["commitment"] not in (guessed, commitment(guessed, "00" * 32))


def test_after_forget_any_list_may_be_one_that_was_sealed(dnc, offer):
    """Its salt is gone, so nothing tells which list it was; a reason is needed, which is logged."""
    path, use = offer
    assert dnc("vet", path, *use, "--seal")[0] == 0
    assert dnc("forget", "--number", "+33199000001")[0] == 0
    code, _, err = dnc("vet", path, *use, "--seal")
    assert (code, "this may be the list that was sealed on" in err) == (4, True)
    assert dnc("log", "--key", 2)[0] == 4
    assert dnc("vet", path, *use, "--seal", "--again", "another list")[0] == 0


def test_the_delivered_list_is_compared_with_the_commitment(dnc, offer, write_file):
    """With the salt: the same list, one with another row, one in another order."""
    path, use = offer
    target = path.with_name("offer.json")
    code, out, err = dnc("vet", path, *use, "--seal", target)
    assert (code, out) == (0, "")
    salt = err.strip().split()[-1]
    assert len(salt) == 64
    assert (salt in dnc("log")[1], dnc("log", "--key", 2)[1]) == (False, f"{salt}\n")
    for given in (salt, salt.upper()):
        code, out, _ = dnc("vet", path, "--against", target, "--salt", given, "--lang", "en", "--store", "none")
        assert (code, out) == (0, "The list is the one that was sealed.\n")
    delivered = path.read_text()
    header, first, *others = delivered.splitlines()
    for text in (delivered + numbers(1, 900)[0] + ";x\n", "\n".join([header, *others, first]), delivered[:-20]):
        other = write_file("delivered.csv", text)
        code, out, _ = dnc("vet", other, "--against", target, "--salt", salt, "--lang", "en", "--store", "none")
        assert (code, "NOT the one that was sealed" in out, "once another program has saved it" in out) == (
            1,
            True,
            True,
        )
    assert json.loads(dnc("vet", path, "--against", target, "--salt", salt, "--json")[1]) == {"same": True}
    assert dnc("vet", path, "--against", target, "--salt", "0" * 64, "--store", "none")[0] == 1
    assert not Path("none").exists()
    code, _, err = dnc("vet", path, "--against", target, "--salt", salt[:-1])
    assert (code, "is no salt, which has 64 hexadecimal digits" in err) == (4, True)
    assert dnc("vet", path, "--salt", salt)[0] == 2
    assert dnc("vet", path, "--against", path, "--salt", salt)[0] == 4


# Who made a result


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> dict[str, Path]:
    """Two private keys."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("seller", "other"):
        new_key(folder / name)
    return {name: folder / name for name in ("seller", "other")}


def test_a_result_is_signed(dnc, offer, keys):
    """The buyer is told by whose key, or that nobody signed; a key that is asked for has to be the one."""
    path, use = offer
    target = path.with_name("offer.json")
    seller, other = (Signer(keys[name]).fingerprint for name in ("seller", "other"))
    assert dnc("vet", path, *use, "--seal", target, "--key", keys["seller"])[0] == 0
    for reading in (("vet", "--sealed", target), ("vet", path, *use, "--against", target)):
        assert f"Signed by key {seller}" in dnc(*reading, "--lang", "en")[1]
        assert f"Signed by key {seller}" in dnc(*reading, "--lang", "en", "--signer", seller)[1]
        code, out, err = dnc(*reading, "--signer", other)
        assert (code, out, "is signed by another key" in err) == (4, "", True)
    assert json.loads(dnc("vet", "--sealed", target, "--json")[1])["signer"] == seller
    assert dnc("vet", path, "--against", target, "--salt", "0" * 64, "--signer", other)[0] == 4
    assert dnc("vet", path, *use, "--seal", target, "--again", "unsigned")[0] == 0
    assert "Not signed" in dnc("vet", "--sealed", target, "--lang", "en")[1]
    code, out, err = dnc("vet", "--sealed", target, "--signer", seller)
    assert (code, out, "is not signed" in err) == (4, "", True)


def test_a_broken_signature_is_refused(dnc, offer, keys, write_file):
    """A count that was changed, another key, a signature of another result: each with its checksum put right."""
    path, use = offer
    code, out, _ = dnc("vet", path, *use, "--seal", "--key", keys["seller"])
    assert code == 0
    for change in (
        lambda told: told["offer"].update(file="better.csv"),
        lambda told: told["signature"].update(key=Signer(keys["other"]).public.hex()),
        lambda told: told["signature"].update(signature="0" * 128),
    ):
        told = json.loads(out)
        change(told)
        data = canonical({name: told[name] for name in ("dnc_sealed", "offer", "cells")}).encode()
        told["checksum"] = hashlib.sha256(data).hexdigest()
        code, shown, err = dnc("vet", "--sealed", write_file("changed.json", json.dumps(told)))
        assert (code, shown, "its signature is not valid" in err) == (4, "", True)


@pytest.mark.parametrize(
    ("option", "value"),
    some([("--at", "2028-01-01"), ("--set", "caller=political"), ("--until", "2028-01-01"), ("--brief", "b.toml")], 2),
)
def test_a_sealed_result_is_not_assessed_again(dnc, offer, option, value):
    """An option that would change the outcome of a list is refused where no list is assessed."""
    path, use = offer
    target = path.with_name("offer.json")
    assert dnc("vet", path, *use, "--seal", target)[0] == 0
    for read in (("--sealed", target), (path, "--against", target, "--salt", "0" * 64)):
        code, out, err = dnc("vet", *read, option, value)
        assert (code, out, f"{option}: has no effect" in err) == (2, "", True)
    assert "--min-clear" in dnc("vet", path, "--against", target, "--salt", "0" * 64, "--min-clear", "0.9")[2]
    assert dnc("vet", "--sealed", target, "--price", "60", "--min-clear", "0", "--json", "--lang", "en")[0] == 0


def test_a_result_is_not_written_over_a_list(dnc, offer, write_file):
    """`--seal FILE` takes a name in .json, and no file that is something else."""
    path, use = offer
    assert dnc("vet", path, *use, "--seal", "result.csv")[0] == 2
    assert dnc("vet", *use, "--seal", path)[0] == 2
    lines = write_file("list.json", '{"number": "0199000001"}\n')
    code, _, err = dnc("vet", path, *use, "--seal", lines)
    assert (code, "is not a sealed result" in err) == (4, True)
    assert lines.read_text().startswith('{"number"')
    assert dnc("vet", path, *use, "--seal", path.with_name("offer.json"))[0] == 0
    assert dnc("vet", "--sealed", path.with_name("offer.json"), "--seal")[0] == 2
    for wrong in (("--key", "k"), ("--again", "x"), ("--signer", "0" * 64)):
        assert dnc("vet", path, *use, *wrong)[0] == 2


# Results that cost work to read


def test_the_largest_result_is_read(sealed, write_file):
    """As many cells and days as the program writes at most are read; more of them are not."""
    content = sealed(rows_of(numbers(30)), Brief(columns={"number": "telephone"}), until=date(size(2027, 2036), 12, 1))
    assert len(content["offer"]["points"]) > size(365, MOST_DAYS) // 7
    [cell, *_] = content["cells"]
    kinds = [
        cell | {"rows": 10, "consent": band, "territory": chr(65 + at // 26) + chr(65 + at % 26), "lasts": lasts}
        for lasts in range(13)
        for at in range(44)
        for band in sealed_module.BANDS[:7]
    ][:MOST_CELLS]
    assert len(kinds) == MOST_CELLS
    for cells in (kinds, [*kinds, kinds[0]]):
        content["cells"], content["offer"]["rows"] = cells, 10 * len(cells)
        data = canonical({name: content[name] for name in ("dnc_sealed", "offer", "cells")}).encode()
        content["checksum"] = hashlib.sha256(data).hexdigest()
        path = write_file("large.json", json.dumps(content))
        if cells is kinds:
            assert read_sealed(path, Rulebook.load()).offer.rows == 10 * MOST_CELLS
        else:
            with pytest.raises(InputError, match="cells is not valid"):
                read_sealed(path, Rulebook.load())


def test_a_period_that_is_too_long_is_refused(dnc, offer):
    """The curve has a point for each week, and a reader counts at each of them."""
    path, use = offer
    code, _, err = dnc("vet", path, *use, "--until", "2046-12-31", "--seal")
    assert (code, "days after the first call" in err) == (2, True)
