"""Recognise files that are not tables, by their first bytes or by what they contain.

The kind of a file is a key below `kind` in the error messages, which also say what to do.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection

_BYTES = {
    b"%PDF": "pdf",
    b"%!PS": "postscript",
    b"\x89PNG": "picture",
    b"\xff\xd8\xff": "picture",
    b"II*\0": "picture",
    b"MM\0*": "picture",
    b"7z\xbc\xaf\x27\x1c": "seven_zip",
    b"Rar!\x1a\x07": "rar",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"SQLite format 3\0": "sqlite",
    b"\0\1\0\0Standard ": "access",
    b"Obj\1": "avro",
    b"\x89HDF": "hdf5",
    b"Salted__": "encrypted",
    b"-----BEGIN PGP": "pgp",
    b"{\\rtf": "rtf",
    b"ID;PWXL": "sylk",
    b"\x09\0\4\0": "old_excel",
    b"\x09\2\6\0": "old_excel",
    b"\x09\4\6\0": "old_excel",
    b"\xd0\xcf\x11\xe0": "office_97",
    b"\x7fELF": "program",
    b"version https://git-lfs": "lfs",
}
_BINARY = {  # by offset; a text could begin like this too, so they need a NUL byte in the first 512
    0: {b"GIF8": "picture", b"MSCF": "cabinet", b"ARROW1": "arrow", b"FEA1": "arrow", b"PARE": "encrypted_parquet"},
    4: {b"ftyp": "media", b"1AY&SY": "bzip2"},
    8: {b"DUCK": "duckdb", b"WEBP": "picture"},
    257: {b"ustar": "tar"},
}
_TEXTS = dict.fromkeys(
    ("<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<style", "<script", "<div", "<!--"), "web_page"
) | {
    "begin:vcalendar": "calendar",
    "begin:vcard": "cards",
    "mime-version:": "web_archive",
    "return-path:": "mail",
    "<svg": "picture",
}
_XML_KINDS = {
    "urn:schemas-microsoft-com:office:spreadsheet": "xml_2003",
    "excel.sheet": "xml_2003",
    "<html": "web_page",
    "<svg": "picture",
}
_PARTS = {
    "xl/workbook.bin": "xlsb",
    "word/": "word",
    "ppt/": "powerpoint",
    "visio/": "visio",
    "index/document.iwa": "iwork",
    "index.zip": "iwork",
    "meta-inf/manifest.mf": "java",
    "meta-inf/manifest.xml": "open_document",
}


def other_kind(head: bytes, xml: bool = True) -> str | None:
    """The kind of a file that is not a table, by its first bytes; None if it may be a table.

    xml: whether XML is refused; some registries publish XML, which their loaders read.
    """
    if kind := next((kind for magic, kind in _BYTES.items() if head.startswith(magic)), None):
        return kind
    for at, magics in _BINARY.items() if b"\0" in head[:512] else ():
        if kind := next((kind for magic, kind in magics.items() if head.startswith(magic, at)), None):
            return kind
    if head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5":
        return "pickle"
    text = _lowered(head[:8192])
    if kind := next((kind for magic, kind in _TEXTS.items() if text.startswith(magic)), None):
        return kind
    if text.startswith("<?xml"):
        return next((kind for word, kind in _XML_KINDS.items() if word in text), "xml" if xml else None)
    return None


def _lowered(head: bytes) -> str:
    """The beginning of a text in lower case, as far as it can be decoded."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = head.decode("utf-16" if marked else "utf-8", "ignore")
    return text.lstrip("\ufeff \t\r\n").lower()


def package_kind(names: Collection[str]) -> str | None:
    """The kind of a zip, by the names in it; None if it may be a spreadsheet or an archive of lists."""
    plain = [name.replace("\\", "/").lower() for name in names]
    return next((kind for part, kind in _PARTS.items() if any(name.startswith(part) for name in plain)), None)
