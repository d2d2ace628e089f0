"""EPUB: the chapters in the order of the spine, each named as the table of contents or its own heading names it."""

from __future__ import annotations

import posixpath
import re
from typing import IO
from urllib.parse import unquote
from xml.etree import ElementTree
from zipfile import ZipFile

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction.containers import open_archive, parse_xml, read_member
from fathom.server.files.extraction.encodings import decode_text
from fathom.server.files.extraction.passages import PassageWriter
from fathom.server.files.extraction.readers.html import HtmlText

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_HEADING = re.compile(r"^#{1,6} (.+)$", re.M)
_FONTS = ("embedding", "RC")  # obfuscated fonts: http://www.idpf.org/2008/embedding, http://ns.adobe.com/pdf/enc#RC


def read(file: IO[bytes], writer: PassageWriter) -> None:
    """Add every chapter. Raises UnreadableFileError where the book is broken or its text is encrypted."""
    with open_archive(file) as archive:
        if _ENCRYPTION in archive.namelist():
            _refuse_protection(parse_xml(read_member(archive, _ENCRYPTION), _ENCRYPTION))
        package = _package_path(archive)
        root = parse_xml(read_member(archive, package), package)
        writer.title = next((_text(node) for node in root.iter() if _name(node) == "title"), None) or None
        missing = 0
        paths = _spine(root, posixpath.dirname(package))
        for number, path in enumerate(paths, 1):
            if path not in archive.namelist():
                missing += 1
                continue
            page = HtmlText()
            page.feed(decode_text(read_member(archive, path))[0])
            page.close()
            text = page.text()
            heading = _HEADING.search(text)
            chapter = heading[1].strip() if heading else (page.title or f"part {number}")
            writer.add(text + "\n", chapter=chapter[:200])
        writer.facts["chapters"] = len(paths) - missing
        if missing:
            writer.warn(f"{missing} chapters are missing in the file")


def _package_path(archive: ZipFile) -> str:
    root = parse_xml(read_member(archive, _CONTAINER), _CONTAINER)
    for node in root.iter():
        if _name(node) == "rootfile" and (path := node.get("full-path")):
            return path
    raise UnreadableFileError("the book is damaged: it names no contents", "save it again and attach the copy")


def _spine(package: ElementTree.Element, folder: str) -> list[str]:
    """The paths of the chapters in reading order."""
    items = {node.get("id"): node.get("href", "") for node in package.iter() if _name(node) == "item"}
    order = [node.get("idref") for node in package.iter() if _name(node) == "itemref"]
    hrefs = [items[name].partition("#")[0] for name in order if name in items]
    return [posixpath.normpath(posixpath.join(folder, unquote(href))) for href in hrefs]


def _refuse_protection(encryption: ElementTree.Element) -> None:
    methods = [node.get("Algorithm", "") for node in encryption.iter() if _name(node) == "EncryptionMethod"]
    if any(not method.endswith(_FONTS) for method in methods):
        raise UnreadableFileError("the book is protected against copying", "attach a copy without protection")


def _name(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2]


def _text(node: ElementTree.Element) -> str:
    return " ".join("".join(node.itertext()).split())[:300]
