"""Cards of contacts are rows: no number is lost, whatever the version of the format that a telephone writes."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from dnc import InputError
from dnc.files.open_table import open_table
from dnc.files.table import LINE

CARDS = """BEGIN:VCARD
VERSION:3.0
PRODID:-//Example//EN
FN:Une Personne
TEL;TYPE=CELL;TYPE=pref;TYPE=VOICE:01 99 00 00 01
TEL;type="work,voice":+33 2 61 91 00 02
TEL;TYPE=WORK:0353010003
TEL;TYPE=WORK,FAX:0353010004
item1.TEL:0465710005
item1.X-ABLabel:_$!<School>!$_
EMAIL:a@example.org
EMAIL:b@example.org
NOTE:first\\, second\\nthird\\; a
 nd more
PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQ
 AAAQABAAD/
X-PHONETIC-FIRST-NAME:yn
END:VCARD

BEGIN:VCARD
VERSION:4.0
TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+33-1-99-00-00-06
FN:Deux
END:VCARD
begin:vcard
version:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=89t=
=C3=A9;Trois
TEL;CELL;VOICE:0199000007
PHOTO;JPEG;ENCODING=BASE64:
/9j/4AAQSkZJRg
end:vcard
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_cards(encoding, end, write_file):
    """Versions 2.1, 3.0 and 4.0: one row a card, one column for each type of number, a second number of it too."""
    table = open_table(write_file("a.vcf", CARDS.replace("\n", end).encode(encoding)))
    rows = pl.concat(table.batches)
    assert table.header == [
        "FN",
        "TEL CELL",
        "TEL WORK",
        "TEL WORK 2",
        "FAX WORK",
        "TEL SCHOOL",
        "EMAIL",
        "NOTE",
        "TEL HOME",
        "N",
    ]
    assert rows["TEL CELL"].to_list() == ["01 99 00 00 01", None, "0199000007"]
    assert rows.row(0)[2:8] == (
        "+33 2 61 91 00 02",
        "0353010003",
        "0353010004",
        "0465710005",
        "a@example.org; b@example.org",
        "first, second\nthird; and more",
    )
    assert rows["TEL HOME"].to_list() == [None, "+33-1-99-00-00-06", None]
    assert rows["N"].to_list() == [None, None, "Été;Trois"]
    assert rows[LINE].to_list() == [1, 20, 25]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("BEGIN:VCARD\nTEL:1\n", r"a\.vcf:1: ends inside a card; it is truncated"),
        ("BEGIN:VCARD\nBEGIN:VCARD\nEND:VCARD\n", r"a\.vcf:2: a card begins inside another one"),
        ("BEGIN:VCARD\nEND:VCARD\nTEL:1\n", r"a\.vcf:3: text outside of a card"),
        ("BEGIN:VCARD\nTEL 1\nEND:VCARD\n", r"a\.vcf:2: is not a line of a vCard"),
        ("BEGIN:VCARD\nN;CHARSET=x;ENCODING=QUOTED-PRINTABLE:=E9\nEND:VCARD\n", r"a\.vcf:2: is in an encoding"),
        ("BEGIN:VCARD\nNOTE:" + "\n x" * (1 << 20) + "\n xx\nEND:VCARD\n", r"a\.vcf:2: a property of more than"),
        ("BEGIN:VCARD\n" + "".join(f"X-{n}:\n" for n in range(2_049)) + "END:VCARD\n", r"a\.vcf:1: a card of more than 2,048"),
    ],
)  # fmt: skip
def test_refused(text, says, write_file):
    """What is no card, or would need much memory, is refused with its line."""
    with pytest.raises(InputError, match=says):
        open_table(write_file("a.vcf", text))


def test_the_label_of_a_number_names_its_column(write_file):
    """Beside its types: a person may have written there what they think of it."""
    number = "item1.TEL;TYPE=CELL:0199000001\nitem1.X-ABLabel:Ne plus appeler\n"
    table = open_table(write_file("a.vcf", f"BEGIN:VCARD\n{number}END:VCARD\n"))
    assert table.header == ["TEL CELL NE PLUS APPELER"]


def test_what_is_said_of_a_property_is_a_column(write_file):
    """A program may say there that the number is not to be called; what the formats say of a property is none."""
    number = "TEL;TYPE=CELL;PREF=1;X-STATUS=Stop,old:0199000001\nNOTE;LANGUAGE=fr;X-BY=a:b\nNOTE;X-BY=c:d\n"
    table = open_table(write_file("a.vcf", f"BEGIN:VCARD\n{number}END:VCARD\n"))
    assert table.header == ["TEL CELL", "TEL CELL X-STATUS", "NOTE", "NOTE X-BY"]
    assert pl.concat(table.batches).row(0)[:4] == ("0199000001", "stop; old", "b; d", "a; c")


def test_contacts_are_checked_and_loaded(dnc, store, write_file):
    """Contacts are a list like any other, and so is a list of those who objected."""
    path = write_file("contacts.vcf", CARDS)
    told = ("--region", "FR", "--map", "number=TEL CELL", "--ignore", "*")
    assert dnc("check", path, *told)[1].count("+33199000001") == 1
    assert "the telephone numbers may be in 'TEL CELL'" in dnc("check", path)[2]
    cards = "".join(f"BEGIN:VCARD\nTEL:{number}\nEND:VCARD\n" for number in ("0199000001", "0261910002"))
    assert store.load(write_file("own.vcf", cards), registry="own", region="FR", as_of=date(2026, 8, 3)).listed == 2
