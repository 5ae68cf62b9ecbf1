"""Recognise files that are not tables, by their first bytes or by what is packed in them, and say what to do."""

from __future__ import annotations

import codecs
from collections.abc import Collection

_AS_CSV = "ask for the file as CSV"
_UNPACK = "unpack it, or pack it as zip or gzip"
_SAVE = "open it, and save the table as CSV or as a spreadsheet"
_EXPORT = "export the table as CSV"

_BYTES = {
    b"%PDF": f"a PDF; {_AS_CSV}",
    b"%!PS": f"a PostScript file; {_AS_CSV}",
    b"\x89PNG": f"a picture; {_AS_CSV}",
    b"\xff\xd8\xff": f"a picture; {_AS_CSV}",
    b"II*\0": f"a picture; {_AS_CSV}",
    b"MM\0*": f"a picture; {_AS_CSV}",
    b"7z\xbc\xaf\x27\x1c": f"a 7-Zip archive; {_UNPACK}",
    b"Rar!\x1a\x07": f"a RAR archive; {_UNPACK}",
    b"\xfd7zXZ\0": f"an xz archive; {_UNPACK}",
    b"\x28\xb5\x2f\xfd": f"a Zstandard archive; {_UNPACK}",
    b"SQLite format 3\0": f"an SQLite database; {_EXPORT}",
    b"\0\1\0\0Standard ": f"an Access database; {_EXPORT}",
    b"Obj\1": "an Avro file; export it as Parquet or CSV",
    b"\x89HDF": "an HDF5 file; export it as Parquet or CSV",
    b"Salted__": "an encrypted file; decrypt it first",
    b"-----BEGIN PGP": "an encrypted message (PGP); decrypt it first",
    b"{\\rtf": f"a text document (RTF); {_SAVE}",
    b"ID;PWXL": f"a SYLK spreadsheet; {_SAVE}",
    b"\x09\0\4\0": f"a spreadsheet older than Excel 97; {_SAVE}",
    b"\x09\2\6\0": f"a spreadsheet older than Excel 97; {_SAVE}",
    b"\x09\4\6\0": f"a spreadsheet older than Excel 97; {_SAVE}",
    b"\x7fELF": "a program, not a list",
    b"version https://git-lfs": "a Git LFS pointer, not the file; fetch the file itself (git lfs pull)",
}
_BINARY = {  # by offset; a text could begin like this too, so they need a NUL byte in the first 512
    0: {
        b"GIF8": f"a picture; {_AS_CSV}",
        b"MSCF": f"a cabinet archive; {_UNPACK}",
        b"ARROW1": "an Arrow (Feather) file; export it as Parquet or CSV",
        b"FEA1": "an Arrow (Feather) file; export it as Parquet or CSV",
        b"PARE": "an encrypted Parquet file; decrypt it first",
    },
    4: {b"ftyp": "a picture or a video, not a list", b"1AY&SY": f"a bzip2 archive; {_UNPACK}"},
    8: {b"DUCK": f"a DuckDB database; {_EXPORT}", b"WEBP": f"a picture; {_AS_CSV}"},
    257: {b"ustar": f"a tar archive; {_UNPACK}"},
}
_PAGE = "a web page; log in and download again"
_TEXTS = dict.fromkeys(
    ("<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<style", "<script", "<div", "<!--"), _PAGE
) | {
    "begin:vcalendar": "a calendar (iCalendar), not a list of calls",
    "mime-version:": f"a web archive or an e-mail; {_SAVE}",
    "return-path:": "an e-mail; save its attachment",
    "<svg": f"a picture; {_AS_CSV}",
}
_XML = f"XML; {_AS_CSV}"
_XML_KINDS = {
    "urn:schemas-microsoft-com:office:spreadsheet": "an XML spreadsheet of 2003; open it, and save it as .xlsx or CSV",
    "excel.sheet": "an XML spreadsheet of 2003; open it, and save it as .xlsx or CSV",
    "<html": _PAGE,
    "<svg": f"a picture; {_AS_CSV}",
}
_STREAMS = {
    "EncryptedPackage": "asks for a password; open it, save it without one, and try again",
    "WordDocument": f"is a Word document; {_SAVE}",
    "PowerPoint Document": f"is a PowerPoint document; {_AS_CSV}",
    "__properties_version1.0": "is an Outlook message; save its attachment",
    "VisioDocument": f"is a Visio drawing; {_AS_CSV}",
}
_PARTS = {
    "word/": f"is a Word document; {_SAVE}",
    "ppt/": f"is a PowerPoint document; {_AS_CSV}",
    "visio/": f"is a Visio drawing; {_AS_CSV}",
    "index/document.iwa": "is an Apple Numbers or Pages document; export it as CSV or Excel",
    "index.zip": "is an Apple Numbers or Pages document; export it as CSV or Excel",
    "meta-inf/manifest.mf": "is a Java archive, not a list",
}
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


def other_kind(head: bytes, xml: bool = True) -> str | None:
    """What a file is instead of a table, and what to do, by its first bytes; None where it may be a table.

    xml: whether XML is refused; some registries publish XML, which their loaders read.
    """
    if found := next((what for magic, what in _BYTES.items() if head.startswith(magic)), None):
        return found
    for at, magics in _BINARY.items() if b"\0" in head[:512] else ():
        if found := next((what for magic, what in magics.items() if head.startswith(magic, at)), None):
            return found
    if head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5":
        return "a Python pickle; export the table as CSV"
    text = _lowered(head[:8192])
    if found := next((what for magic, what in _TEXTS.items() if text.startswith(magic)), None):
        return found
    if text.startswith("<?xml"):
        return next((what for word, what in _XML_KINDS.items() if word in text), _XML if xml else None)
    return None


def _lowered(head: bytes) -> str:
    """The beginning of a text in lower case, as far as it can be decoded."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if marked else "utf-8", "ignore")
    return text.lstrip("\ufeff \t\r\n").lower()


def compound_kind(streams: Collection[str]) -> str | None:
    """What an OLE file (Office up to 2003) is, by the names of its streams; None where it may be a spreadsheet."""
    return next((what for name, what in _STREAMS.items() if name in streams), None)


def package_kind(names: Collection[str], mimetype: bytes) -> str | None:
    """What a zip is, by the names in it; None where it may be a spreadsheet or an archive of lists.

    mimetype: the content of the member `mimetype`, which OpenDocument files have; else empty.
    """
    if mimetype.startswith(_OPEN_DOCUMENT) and not mimetype.startswith(_OPEN_DOCUMENT + b"spreadsheet"):
        return f"is an OpenDocument file, but not a spreadsheet; {_SAVE}"
    plain = [name.replace("\\", "/").lower() for name in names]
    if any(name.startswith("xl/") for name in plain):
        return None
    return next((what for part, what in _PARTS.items() if any(name.startswith(part) for name in plain)), None)
