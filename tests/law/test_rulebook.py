"""The grammar of the law: what breaks it is refused with file, regime and key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from importlib.resources import files

import pytest

from dnc import Rulebook, RuleError
from dnc.law import rule_file
from dnc.law.demands import DEMANDS, TESTS
from dnc.law.rule_file import read_pack
from tests import size

FRANCE = Rulebook.load().packs["fr"]
TEXT = """
jurisdiction = "xx"
regions = ["FR"]
read_from = 2020-01-01
read_until = 2029-12-31
[cites]
C = { text = "a text", url = "", read = 2026-11-24 }
[[regime]]
id = "xx-one"
says = "one"
cites = ["C"]
from = 2020-01-01
until = 2021-01-01
when = { purpose = ["sale"] }
except = [{ caller = ["press"] }]
unlisted = { registry = "fr-bloctel", max_age = { months = 1 } }
[[regime]]
id = "xx-two"
says = "two"
cites = ["C"]
from = 2021-01-01
follows = "xx-one"
when = { purpose = ["sale"] }
forbidden = {}
"""


def test_the_sample_is_read():
    """What the refusals below start from is sound."""
    pack = read_pack("xx.toml", TEXT)
    assert [one.id for one in pack.on(date(2020, 12, 31))] == ["xx-one"]
    assert [one.id for one in pack.on(date(2021, 1, 1))] == ["xx-two"]
    assert pack.changes == [date(2020, 1, 1), date(2021, 1, 1), date(2030, 1, 1)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('says = "two"', 'says = "two"\ncolour = 1', "xx.toml:xx-two: unknown key 'colour'; expected one of id"),
        ('says = "two"', f'says = "two"\ntitle_fr = "{"x" * 61}"', "xx.toml:xx-two.title_fr: has more than 60 characters"),
        ('says = "two"\n', "", "xx.toml:xx-two: missing key 'says'"),
        ("forbidden = {}", "", "xx.toml:xx-two: has 0 demands"),
        ("forbidden = {}", 'forbidden = {}\nduty = "x"', "xx.toml:xx-two: has 2 demands (forbidden, duty)"),
        ('caller = ["press"]', 'caller = ["shop"]', "xx.toml:xx-one.except.caller: 'shop' is not one of"),
        ('caller = ["press"]', 'colour = ["red"]', "xx.toml:xx-one.except.colour: unknown axis; expected one of"),
        ('caller = ["press"]', 'caller = "press"', "xx.toml:xx-one.except.caller: must be a list"),
        ('caller = ["press"]', "forbidden = {}", "xx.toml:xx-one.except.forbidden: unknown test; expected one of"),
        ('caller = ["press"]', 'within = { column = "day", days = 1 }', "xx-one.except.within.column: 'day' is not one of"),
        ('caller = ["press"]', 'within = { column = "consent_on" }', "xx-one.except.within.column: must come with exactly one of"),
        ('[{ caller = ["press"] }]', "[{}]", "xx.toml:xx-one.except: must be a table with at least one condition"),
        ("until = 2021-01-01", "until = 2020-01-01", "xx.toml:xx-one.from: `from` (2020-01-01) must be before `until` (2020-01-01)"),
        ("until = 2021-01-01", "until = 2020-12-31", "xx.toml:xx-two.from: a gap: xx-one ends on 2020-12-31"),
        ("until = 2021-01-01", "until = 2021-01-02", "xx.toml:xx-two.from: an overlap"),
        ('follows = "xx-one"', 'follows = "xx-zero"', "xx.toml:xx-two.follows: 'xx-zero' is not a regime"),
        ('id = "xx-two"', 'id = "xx-one"', "xx.toml:xx-one: duplicate regime id"),
        ('id = "xx-two"', 'id = "XX two"', "an id must be lower-case words"),
        ('cites = ["C"]\nfrom = 2021', 'cites = ["D"]\nfrom = 2021', "xx.toml:xx-two.cites: 'D' is not in [cites]"),
        ('cites = ["C"]\nfrom = 2021', "cites = []\nfrom = 2021", "xx.toml:xx-two.cites: must name at least one citation"),
        ("[[regime]]", 'D = { text = "", url = "", read = 2026-01-01 }\n[[regime]]', "xx.toml:cites.D: no regime uses"),
        ("read = 2026-11-24", 'read = "lately"', "xx.toml:cites.C.read: must be a date such as"),
        ("months = 1", "months = 0", "xx.toml:xx-one.unlisted.max_age.months: must be a whole number, at least 1"),
        ("months = 1", "weeks = 1", "xx.toml:xx-one.unlisted.max_age: unknown key 'weeks'"),
        ("max_age = { months = 1 }", "max_age = { months = 1 }, if_answered = true", "xx.toml:xx-one.unlisted.if_answered: can only be used with"),
        ('"fr-bloctel"', "\"x'; drop table\"", "xx.toml:xx-one.unlisted.registry: \"x'; drop table\" is not a registry id"),
        ("unlisted = { registry", "unlisted = { register", "xx.toml:xx-one.unlisted: unknown key 'register'"),
        ('says = "two"', 'says = "two"\nforce = "custom"', "xx.toml:xx-two.force: 'custom' is not one of law, guidance, policy"),
        ('says = "two"', 'says = "two"\nconfidence = "A"', "xx.toml:xx-two.confidence: 'A' is not one of low"),
        ("forbidden = {}", 'hours = { mon-fri = "9-17" }', "xx.toml:xx-two.hours.mon-fri: must be spans"),
        ("forbidden = {}", "hours = { ends = 'included' }", "xx.toml:xx-two.hours: must name at least one weekday"),
        ("forbidden = {}", 'hours = { mon-fri = "09:00-17:00", holidays = "zz" }', "xx-two.hours.holidays: 'zz' is not one of"),
        ("forbidden = {}", 'cli = { allowed = ["0162"] }', "xx.toml:xx-two.cli.allowed: '0162' is not an E.164 prefix"),
        ("forbidden = {}", "cli = { allowed = [] }", "xx.toml:xx-two.cli.allowed: must be a list"),
        ("forbidden = {}", 'consent = { scope = "all" }', "xx.toml:xx-two.consent.scope: 'all' is not one of"),
        ("forbidden = {}", "duty = {}", "xx.toml:xx-two.duty: must be a string"),
        ("read_from", "read_form", "xx.toml: unknown key 'read_form'"),
        ("[[regime]]", "[regime]]", "xx.toml: is not valid TOML"),
        ('jurisdiction = "xx"', 'jurisdiction = "x() as 1; --"', "xx.toml:jurisdiction: must be at most 30 lower-case letters"),
        ('jurisdiction = "xx"', 'jurisdiction = "xx\\n"', "xx.toml:jurisdiction: must be at most 30 lower-case letters"),
        ('regions = ["FR"]', "regions = [\"FR') or ('\"]", "xx.toml:regions: \"FR') or ('\" is not an ISO 3166-1 code"),
        ("read_from = 2020-01-01", "read_from = 2020-01-01T00:00:00", "xx.toml:read_from: must be a date"),
        ("read_until = 2029-12-31", "read_until = 9999-12-31", "xx.toml:read_until: must not lie before `read_from`, and both from 1900 to 2199"),
        ("[cites]", "[holidays]\n\"f() as 1; --\" = {}\n[cites]", "xx.toml:holidays: 'f() as 1; --' is not a name"),
        ("[cites]", '[holidays.xx]\ncountry = "../../FR"\ncites = ["C"]\n[cites]', "xx.toml:holidays.xx.country: must be an ISO"),
        ("[cites]", '[holidays.xx]\ncountry = "QQ"\ncites = ["C"]\n[cites]', "xx.toml:holidays.xx: the library `holidays` has no such"),
        ("[cites]", '[holidays.xx]\ncountry = "FR"\nwithout = "day"\ncites = ["C"]\n[cites]', "xx.toml:holidays.xx.without: must be a list"),
        ("[cites]", "[polls]\nearly = [\"FR') or ('\"]\ncites = [\"C\"]\n[cites]", "xx.toml:polls.early: \"FR') or ('\" is not an ISO"),
        ("[cites]", 'not_held = [{ says = "x" }]\n[cites]', "xx.toml:not_held: unknown key 'says'"),
        ("[cites]", "not_held = [{ text = 1 }]\n[cites]", "xx.toml:not_held.text: must be a string"),
        ("[cites]", '[polls]\ndays = [{ name = "a", day = "1", early = true, confidence = "low" }]\ncites = ["C"]\n[cites]', "xx.toml:polls.days.day: must be a date"),
        ('url = ""', 'url = "javascript:alert()"', "xx.toml:cites.C.url: must be a URL"),
        ('says = "two"', "says = 2", "xx.toml:xx-two.says: must be a string"),
        ('says = "two"', 'says = "\\u001b[2J"', "xx.toml:regime.says: has a character that cannot be printed"),
        ('"fr-bloctel"', '"own\\n"', "xx.toml:xx-one.unlisted.registry: 'own\\n' is not a registry id"),
        ("months = 1", "months = 999999999999", "xx.toml:xx-one.unlisted.max_age.months: must be a whole number, at least 1 and at most"),
        ("forbidden = {}", 'cli = { allowed = ["+\u0663\u0663"] }', "xx.toml:xx-two.cli.allowed: '+٣٣' is not an E.164 prefix"),
        ("forbidden = {}", 'hours = { mon = "1\u0660:00-12:00" }', "xx.toml:xx-two.hours.mon: must be spans"),
        ('cites = ["C"]\nfrom = 2021', "cites = 1\nfrom = 2021", "xx.toml: does not have the form of a rules file"),
        ("[cites]", f"x = {'[' * 5000}\n[cites]", "xx.toml: is not valid TOML: lists or tables nested too deeply"),
    ],
)  # fmt: skip
def test_what_breaks_the_grammar_is_refused(old, new, says):
    """Each error names the file, the regime and the key."""
    assert old in TEXT
    with pytest.raises(RuleError) as error:
        read_pack("xx.toml", TEXT.replace(old, new, 1) if old != 'id = "xx-two"' else TEXT.replace(old, new))
    assert says in str(error.value)


OTHER_KEYS = {  # those that a demand or test requires beside the one that is wrong
    "registry": '"fr-bloctel"', "scope": '"named"', "n": "1", "days": "30", "after": '"refused_on"',
    "column": '"consent_on"', "than": '"refused_on"',
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, kind in (DEMANDS | TESTS).items() for key in kind.keys]
)
def test_every_key_of_a_demand_is_checked(name, key):
    """A text that is on no closed list is refused as the value of each key, so that it never becomes SQL."""
    others = [other for other, needed in (DEMANDS | TESTS)[name].keys.items() if needed and other != key]
    values = [f'{key} = "1) or (true"', *(f"{other} = {OTHER_KEYS[other]}" for other in others if other in OTHER_KEYS)]
    if name == "hours":
        values.append('mon = "10:00-12:00"')
    table = f"{name} = {{ {', '.join(values)} }}"
    old = "forbidden = {}" if name in DEMANDS else 'caller = ["press"]'
    with pytest.raises(RuleError) as error:
        read_pack("xx.toml", TEXT.replace(old, table))
    assert "missing key" not in str(error.value)


HOSTILE = "x') or true; --"


def changed(data: object, at: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], object]]:
    """Copies of a table or list with one key or value that is hostile text, and where; once for each kind of place."""
    items = list(data.items()) if isinstance(data, dict) else list(enumerate(data))
    for key, value in items:
        here = (*at, key if isinstance(data, dict) else "")
        for kind, hostile in (("", HOSTILE), ("listed", [HOSTILE])):
            copy = dict(data) if isinstance(data, dict) else list(data)
            copy[key] = hostile
            yield (*here, kind), copy
        if isinstance(data, dict):
            yield (*here, "key"), {(HOSTILE if name == key else name): one for name, one in items}
        if isinstance(value, dict | list):
            for place, inner in changed(value, here):
                copy = dict(data) if isinstance(data, dict) else list(data)
                copy[key] = inner
                yield place, copy


@pytest.mark.parametrize("name", ["fr", "us", "au"])
def test_nothing_of_a_rules_file_becomes_sql_as_it_is(name, monkeypatch):
    """Any key or value of a file that is replaced by hostile text is refused, or is only said to people."""
    text = (files("dnc.law") / "rules" / f"{name}.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    kept = {kind: one for one in data["regime"] for kind in one}  # a regime of each kind is enough
    scope = [one for one in data["regime"] if one["id"] == f"{name}-scope"]
    data["regime"] = list({one["id"]: one for one in [*scope, *kept.values()]}.values())
    for one in data["regime"]:
        one.pop("follows", None)
    used = {
        cite
        for one in [
            *data["regime"],
            data.get("polls", {}),
            *data.get("polls", {}).get("days", ()),
            *data.get("holidays", {}).values(),
        ]
        for cite in one.get("cites", ())
    }
    data["cites"] = {key: cite for key, cite in data["cites"].items() if key in used}
    tried = dict(list(changed(data))[:: size(5, 1)])
    refused = 0
    monkeypatch.setattr(rule_file, "toml_of", lambda _: data)
    assert read_pack(name, "").regimes
    for place, mutant in tried.items():
        monkeypatch.setattr(rule_file, "toml_of", lambda _, mutant=mutant: mutant)
        try:
            pack = read_pack(name, "")
        except RuleError:
            refused += 1
            continue
        sql = [
            part
            for regime in pack.regimes
            for part in (regime.sql, *(str(end) for one in regime.parts for end in one.ends))
        ]
        sql += [text for macro in pack.macros.items() for text in macro]
        sql += [registry for regime in pack.regimes for one in regime.parts for registry in one.registries]
        assert not any("or true" in one for one in sql), place
        assert not any("or true" in zone for zones in pack.territories.values() for zone in zones), place
    assert len(tried) > refused > size(12, 60)


SCOPE = """
[[regime]]
id = "xx-scope"
says = "all"
cites = ["C"]
when = {}
except = [{ purpose = ["sale"] }]
missing = "jurisdiction"
"""
HOURS = """
jurisdiction = "fr"
[cites]
LATER = { text = "a decree that is made up", url = "", read = 2026-11-24 }
[[regime]]
id = "fr-hours-2027"
follows = "fr-hours-2026"
from = 2027-03-01
says = "Fewer hours."
cites = ["LATER"]
when = { purpose = ["sale"], recipient = ["consumer"] }
hours = { mon-fri = "10:00-12:00", holidays = "fr" }
"""
FORBIDDEN = HOURS.replace("fr-hours-2027", "fr-house").replace('follows = "fr-hours-2026"\nfrom = 2027-03-01\n', "")


def test_a_folder_adds_the_law_of_a_jurisdiction(tmp_path):
    """That of one which ships is changed only by what is named, and calls need a rule for those that are not read."""
    (tmp_path / "xx.toml").write_text(TEXT + SCOPE)
    book = Rulebook.load(tmp_path)
    assert {"fr", "xx"} <= set(book.packs) and book.change.added == ("xx-one", "xx-two", "xx-scope")
    (tmp_path / "xx.toml").write_text(TEXT)
    with pytest.raises(RuleError, match=r"xx\.toml: has no regime xx-scope"):
        Rulebook.load(tmp_path)
    (tmp_path / "xx.toml").write_text(TEXT.replace('regions = ["FR"]', ""))
    with pytest.raises(RuleError, match="there are no rules of xx to change"):
        Rulebook.load(tmp_path)


def test_a_rule_that_follows_ends_the_one_before_and_changes_those_that_share_its_demand(tmp_path):
    """A change of the hours is one rule: the exception of call-backs has the hours of each day, and nothing is lost."""
    (tmp_path / "hours.toml").write_text(HOURS)
    book, before = Rulebook.load(tmp_path), FRANCE
    assert book.change == (("fr-hours-2027",), (), ("fr-hours-2026",))
    after = book.packs["fr"]
    for day, hours in ((date(2027, 2, 26), "from 14:00 to 20:00"), (date(2027, 3, 1), "from 10:00 to 12:00")):
        rules = {regime.id.partition("-2")[0]: regime for regime in after.on(day)}
        assert hours in str(rules["fr-hours"].demanded.says), day
        assert hours in str(rules["fr-hours-callback"].exceptions[0][0].says), day
        assert len(after.on(day)) == len(before.on(day))
    names = [
        regime.id for regime in after.regimes if regime.id not in ("fr-hours-2027", "fr-hours-callback-2026-2027-03-01")
    ]
    assert names == [regime.id for regime in before.regimes]


def test_a_rule_takes_the_place_of_the_one_that_it_replaces(tmp_path):
    """By its id; the rest of the law stays, with its scope."""
    text = FORBIDDEN.replace('says = "Fewer', 'replaces = "fr-frequency-2023"\nsays = "Fewer')
    (tmp_path / "mine.toml").write_text(text)
    book = Rulebook.load(tmp_path)
    assert book.change == ((), ("fr-frequency-2023",), ())
    ids, before = {one.id for one in book.packs["fr"].regimes}, {one.id for one in FRANCE.regimes}
    assert (ids - before, before - ids) == ({"fr-house"}, {"fr-frequency-2023"})
    (tmp_path / "mine.toml").write_text(text.replace("fr-frequency-2023", "fr-scope").replace("fr-house", "fr-scope"))
    with pytest.raises(RuleError, match="has no regime fr-scope"):
        Rulebook.load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"fr-hours-2027"', '"fr-hours-2026"', r"mine\.toml:fr-hours-2026: is there; `replaces` puts"),
        ("says =", 'replaces = "fr-none"\nsays =', r"replaces: 'fr-none' is not a regime of fr"),
        ("follows", "replaces", r"fr-hours-2027\.replaces: is in force for less time than 'fr-hours-2026'"),
        ("LATER", "CONSO-R223-2026", r"cites\.CONSO-R223-2026: is also in the file that this one changes"),
        ('"fr"\n', '"fr"\nread_until = 2030-01-01\n', r"read_until: cannot be changed; expected one of jurisdiction"),
        ("from = 2027-03-01", "from = 2026-08-01", r"fr-hours-2026\.from: `from` .* must be before `until`"),
        ("hours =", "hour =", r"mine\.toml:fr-hours-callback-.*\.except: must be a table with at least one condition"),
        (
            'regime]]\nid = "fr-hours-2027"',
            'regime]]\nid = "fr-scope"\nreplaces = "fr-scope"',
            r"fr-scope\.replaces: is in force for less time",
        ),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(tmp_path, old, new, says):
    """With the file, the rule and the key; nothing is decided by half of it."""
    (tmp_path / "mine.toml").write_text(HOURS.replace(old, new))
    with pytest.raises(RuleError, match=says):
        Rulebook.load(tmp_path)


def test_two_files_do_not_change_one_rule(tmp_path):
    """Which of them counts would depend on their names."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text(HOURS.replace("LATER", f"LATER-{name}"))
    with pytest.raises(RuleError, match=r"b\.toml:fr-hours-2027: is there"):
        Rulebook.load(tmp_path)


def test_an_id_stands_in_one_file(tmp_path):
    """Two files may not define one regime, one calendar, nor one jurisdiction."""
    text = TEXT + SCOPE
    (tmp_path / "yy.toml").write_text(
        text.replace("xx", "yy").replace("[cites]", '[holidays.fr]\ncountry = "FR"\ncites = ["C"]\n[cites]')
    )
    with pytest.raises(RuleError, match=r"yy\.toml: its calendar fr_holidays is also in fr\.toml$"):
        Rulebook.load(tmp_path)
    (tmp_path / "yy.toml").write_text(text.replace("xx-one", "fr-optin-2026"))
    with pytest.raises(RuleError, match=r"fr-optin-2026: this regime id is also in .*\.toml$"):
        Rulebook.load(tmp_path)
    (tmp_path / "yy.toml").write_text(text.replace('"xx"', '"fr"').replace("xx-scope", "fr-scope"))
    with pytest.raises(RuleError, match="jurisdiction 'fr' is defined twice"):
        Rulebook.load(tmp_path)


def test_no_rules_folder_is_refused(tmp_path):
    """A folder that is not there is an error, not an empty addition."""
    with pytest.raises(RuleError, match="is not a folder of rules files"):
        Rulebook.load(tmp_path / "none")


@pytest.mark.parametrize("regime", list(FRANCE.regimes), ids=lambda one: one.id)
def test_each_french_regime_speaks_both_languages_and_cites(regime):
    """Every regime has its sentence in English and French, a citation with the day it was read, and a grade."""
    assert regime.says["en"] != regime.says["fr"]
    assert regime.cites
    assert all(date(2026, 11, 24) <= cite.read <= date(2026, 12, 3) for cite in regime.cites)


def test_days_on_which_french_law_changes():
    """The table of days in the law's own account is the table of the file."""
    law = (
        "1996-01-01 1996-07-27 2001-07-28 2003-08-02 2003-08-06 2004-06-22 2011-04-20 2011-12-01 2012-01-26 2014-06-14 "
    )
    law += "2016-01-01 2016-06-01 2016-07-01 2016-07-21 2018-05-25 2019-01-01 2020-06-30 2020-07-26 2022-01-26 2022-04-01 2022-12-21 "
    law += "2023-01-01 2023-03-01 2025-07-02 2025-10-10 2026-06-19 2026-08-02 2026-08-11 2028-01-01"
    assert FRANCE.changes == [date(1978, 1, 7), *map(date.fromisoformat, law.split())]
