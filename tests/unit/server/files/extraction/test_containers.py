"""Archives and XML that are damaged, locked or bombs are refused by a clear error."""

from __future__ import annotations

import io
import zipfile

import pytest
from made_files import zip_of

from fathom.server.files.errors import UnreadableFileError
from fathom.server.files.extraction import containers
from fathom.server.files.extraction.containers import open_archive, parse_xml, read_member, refuse_declarations

LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def test_members_are_read():
    with open_archive(io.BytesIO(zip_of({"a.xml": "<a/>"}))) as archive:
        refuse_declarations(archive)
        assert read_member(archive, "a.xml") == b"<a/>"
        with pytest.raises(UnreadableFileError, match=r"its part 'b.xml' cannot be read"):
            read_member(archive, "b.xml")


def test_no_archive():
    with pytest.raises(UnreadableFileError, match="the file is damaged"):
        open_archive(io.BytesIO(b"PK\x03\x04 and nothing more"))


@pytest.mark.parametrize(("name", "limit"), [("part.xml", "MAX_XML_BYTES"), ("part.bin", "MAX_TOTAL_BYTES")])
def test_what_unpacks_to_too_much(monkeypatch, name, limit):
    monkeypatch.setattr(containers, limit, 2**20)
    with pytest.raises(UnreadableFileError, match="the file unpacks to 2 MB, and 1 MB are read at most"):
        open_archive(io.BytesIO(zip_of({name: bytes(2 * 2**20)})))


def test_too_many_members(monkeypatch):
    monkeypatch.setattr(containers, "MAX_MEMBERS", 2)
    with pytest.raises(UnreadableFileError, match="3 parts"):
        open_archive(io.BytesIO(zip_of({"a": "", "b": "", "c": ""})))


def test_a_member_that_lies_about_its_size_is_not_read_beyond_it():
    data = bytearray(zip_of({"a": b"x" * 1000}))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (10).to_bytes(4, "little")
    with open_archive(io.BytesIO(bytes(data))) as archive, pytest.raises(UnreadableFileError, match="damaged"):
        read_member(archive, "a")


def test_damage_inside_a_member():
    data = bytearray(zip_of({"a": b"some text that is packed, and then broken" * 9}))
    data[40:60] = bytes(20)
    with open_archive(io.BytesIO(bytes(data))) as archive, pytest.raises(UnreadableFileError, match="damaged"):
        read_member(archive, "a")


def test_an_encrypted_archive():
    data = bytearray(zip_of({"a": "x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    with pytest.raises(UnreadableFileError, match="protected by a password"):
        open_archive(io.BytesIO(bytes(data)))


@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE])
def test_entities_are_refused_before_a_parser_expands_them(document):
    with pytest.raises(UnreadableFileError, match="declares entities"):
        parse_xml(document.encode(), "a.xml")
    with (
        zipfile.ZipFile(io.BytesIO(zip_of({"word/document.xml": document}))) as archive,
        pytest.raises(UnreadableFileError, match="declares entities"),
    ):
        refuse_declarations(archive)


def test_a_document_type_without_declarations_is_harmless():
    assert parse_xml(b'<!DOCTYPE html PUBLIC "a" "b"><html/>', "a.xml").tag == "html"


def test_broken_xml():
    with pytest.raises(UnreadableFileError, match=r"'a\.xml' is not valid XML"):
        parse_xml(b"<a><b></a>", "a.xml")
