"""Zip archives and XML of strangers, opened within limits.

Word, PowerPoint, Excel and EPUB files are zip archives of XML. An archive may declare terabytes in a few kilobytes, and
XML may define entities that multiply or that name files and addresses. Sizes are checked by the directory of the
archive, beyond which `zipfile` reads nothing; a document type declaration with a subset of its own, which none of
these formats needs in its parts, is refused before any parser of a library sees it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from typing import IO
from xml.etree import ElementTree
from xml.parsers import expat

from fathom.server.files.errors import UnreadableFileError

MAX_MEMBERS = 20_000
MAX_XML_BYTES = 256 * 2**20
"""Of all XML parts together, unpacked."""
MAX_TOTAL_BYTES = 2**30
_XML = (".xml", ".rels", ".opf", ".ncx", ".xhtml", ".html", ".htm", ".vml")


def open_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """The archive in ``file``. Raises UnreadableFileError where it is damaged, encrypted, or a bomb."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableFileError(
            f"the file is damaged: {_reason(error)}", "save it again and attach the copy"
        ) from error
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise _too_large(f"{len(members):,} parts", f"{MAX_MEMBERS:,} are read at most")
    total = sum(member.file_size for member in members)
    xml = sum(member.file_size for member in members if member.filename.lower().endswith(_XML))
    if total > MAX_TOTAL_BYTES or xml > MAX_XML_BYTES:
        size, limit = (xml, MAX_XML_BYTES) if xml > MAX_XML_BYTES else (total, MAX_TOTAL_BYTES)
        raise _too_large(f"{size / 2**20:,.0f} MB", f"{limit // 2**20:,} MB are read at most")
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableFileError("the file is protected by a password", "remove the password and attach the copy")
    return archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One part of an archive. Raises UnreadableFileError where it is missing or damaged."""
    try:
        return archive.read(name)
    except (KeyError, zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise UnreadableFileError(
            f"the file is damaged: its part {name!r} cannot be read", "save it again and attach the copy"
        ) from error
    except Exception as error:  # zlib, bz2 and lzma have errors of their own
        if type(error).__module__ in ("zlib", "_lzma", "lzma"):
            raise UnreadableFileError(
                f"the file is damaged: its part {name!r} cannot be unpacked", "save it again and attach the copy"
            ) from error
        raise


def refuse_declarations(archive: zipfile.ZipFile, names: Iterable[str] | None = None) -> None:
    """Raise UnreadableFileError where an XML part has a document type declaration, with which entities come."""
    for name in archive.namelist() if names is None else names:
        if not name.lower().endswith(_XML):
            continue
        try:
            with archive.open(name) as part:
                _check_prolog(part)
        except expat.ExpatError:  # the reader that needs this part says so
            continue
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
            raise UnreadableFileError(
                f"the file is damaged: its part {name!r} cannot be read", "save it again and attach the copy"
            ) from error


def parse_xml(data: bytes, name: str) -> ElementTree.Element:
    """The root of an XML document. Raises UnreadableFileError where it is broken or declares entities."""
    try:
        _check_prolog(io.BytesIO(data))
        return ElementTree.fromstring(data)
    except (expat.ExpatError, ElementTree.ParseError) as error:
        raise UnreadableFileError(
            f"the file is damaged: its part {name!r} is not valid XML", "save it again and attach the copy"
        ) from error


def _check_prolog(part: IO[bytes]) -> None:
    """Parse up to the first element, and refuse a declaration with entities before it."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _check_doctype
    parser.StartElementHandler = _stop
    with suppress(_StartError):
        while piece := part.read(2048):
            parser.Parse(piece)


class _StartError(Exception):
    """The first element was reached."""


def _stop(*_: object) -> None:
    raise _StartError


def _check_doctype(_name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
    if not has_subset:  # a name alone, as of XHTML: no parser here follows it
        return
    raise UnreadableFileError(
        "the XML in this file declares entities, with which a file can grow without bound or read other files",
        "save it again with the program that it is for",
    )


def _too_large(size: str, limit: str) -> UnreadableFileError:
    return UnreadableFileError(f"the file unpacks to {size}, and {limit}", "attach a part of it")


def _reason(error: BaseException) -> str:
    return str(error).lower() or type(error).__name__
