"""Bytes as documents, and documents as bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.http_body import read_json
from reconciler.live.body import describe_body, write_body


def test_what_is_written_is_read_again_and_letters_stay_letters() -> None:
    document = {"displayName": "Zoë \U0001f600", "active": True, "emails": [{"value": "a@b.example"}], "title": None}

    written = write_body(document, "application/scim+json")

    assert document == read_json(written)
    assert "Zoë \U0001f600".encode() in written


def test_a_form_is_written_as_browsers_do() -> None:
    """RFC 6749 appendix B."""
    assert b"scope=a+b&name=Zo%C3%AB" == write_body(
        {"scope": "a b", "name": "Zoë"}, "application/x-www-form-urlencoded"
    )


@pytest.mark.parametrize("content", [b"", b" \r\n"])
def test_nothing_is_no_document(content: bytes) -> None:
    assert read_json(content) is None


@pytest.mark.parametrize(
    "content", [b"<html>", b"{", b"\xff\xfe\x00", b"NaN", b'{"a": -Infinity}', b"[" * 100_000, b'{"a": 1} 2']
)
def test_what_is_not_json_has_one_error(content: bytes) -> None:
    """Numbers that only Python knows, and brackets without end, too."""
    with pytest.raises(ValueError, match=r"."):
        read_json(content)


def test_half_a_letter_is_replaced_wherever_it_is() -> None:
    """A lone surrogate can be said in JSON, and written down nowhere; a pair of them is a letter."""
    content = b'{"\\ud83d": [{"a": "Zo\\u00eb \\ud83d"}, "\\ud83d\\ude00", 1, null, true]}'

    assert {"\ufffd": [{"a": "Zoë \ufffd"}, "\U0001f600", 1, None, True]} == read_json(content)


@given(st.binary())
def test_whatever_comes_is_a_document_that_can_be_written_or_an_error(content: bytes) -> None:
    try:
        document = read_json(content)
    except ValueError:
        return
    str(document).encode()


def test_what_is_not_json_is_called_what_it_looks_like() -> None:
    assert ["HTML", "HTML", "3 bytes that are not JSON"] == [
        describe_body(content, json.JSONDecodeError("x", "x", 0))
        for content in (b"<!DOCTYPE html>", b"\n <html>", b"abc")
    ]
    assert "JSON that is nested too deeply" == describe_body(b"[", ValueError("is nested too deeply"))
