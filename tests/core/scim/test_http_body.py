"""Bodies of answers: compressed ones unfold within bounds, and JSON is read within bounds."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.scim.http_body import DEEPEST, MOST_DIGITS, MOST_VALUES, Unfolding, UnreadableBody, read_json

MOST = 1024 * 1024


def unfold(content: bytes, coding: str, size: int = 4096, most: int = MOST) -> bytes:
    """Unfolds a body that arrives in pieces of a size."""
    unfolding = Unfolding(coding, most)
    for start in range(0, len(content), size):
        unfolding.add(content[start : start + size])
    return unfolding.end()


@given(st.lists(st.binary(max_size=300), max_size=3), st.integers(1, 50))
def test_a_body_unfolds_to_what_was_folded_in_pieces_of_any_size(members: list[bytes], size: int) -> None:
    """Gzip may have several members (RFC 1952), and no body at all is an empty one."""
    whole = b"".join(members)

    assert whole == unfold(b"".join(map(gzip.compress, members)), "gzip", size)
    assert whole == unfold(zlib.compress(whole), " Deflate", size)
    assert whole == unfold(whole, "", size)
    assert whole == unfold(whole, "identity", size)


@pytest.mark.parametrize("coding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "x", "identity, gzip", "gzip;q=1"])
def test_another_coding_and_two_of_them_are_refused(coding: str) -> None:
    """`gzip, gzip` unfolds a million times."""
    with pytest.raises(UnreadableBody, match="in a coding that was not asked for: only gzip, once, is read"):
        Unfolding(coding)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip"])
def test_what_unfolds_too_far_ends_at_the_limit(coding: str) -> None:
    bomb = gzip.compress(bytes(300 * MOST))
    unfolding = Unfolding(coding, MOST)

    with pytest.raises(UnreadableBody, match="more than 1 MiB to one request"):
        unfolding.add(bomb)
    assert MOST + 1 == len(unfolding.body)


def test_members_that_unfold_to_nothing_are_limited_too() -> None:
    with pytest.raises(UnreadableBody, match="more than 1 MiB"):
        unfold(gzip.compress(b"") * 60_000, "gzip", 65_536)


def test_a_plain_body_ends_at_the_limit() -> None:
    assert bytes(MOST) == unfold(bytes(MOST), "")
    with pytest.raises(UnreadableBody, match="more than 1 MiB"):
        unfold(bytes(MOST + 1), "")


def test_a_compressed_body_that_is_cut_or_damaged_is_no_body() -> None:
    whole = gzip.compress(b'{"totalResults": 0}')

    for end in range(1, len(whole)):
        with pytest.raises(UnreadableBody, match="cut off"):
            unfold(whole[:end], "gzip")
    for content in (b"plain", whole[:-8] + bytes(8), whole + b"more"):
        with pytest.raises(UnreadableBody, match="damaged"):
            unfold(content, "gzip")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"9" * (MOST_DIGITS + 1), "holds a number of 41 digits"),
        (b"-" + b"9" * 5_000, "holds a number of 5,001 digits"),
        (b"[1e999]", "holds a number that is too large"),
        (b'{"a": NaN}', "holds NaN, which is not JSON"),
        (b"[-Infinity]", "holds -Infinity, which is not JSON"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" * 2 * DEEPEST + b"]" * 2 * DEEPEST, "is nested too deeply"),
        (b'{"a":' * 2 * DEEPEST + b"1" + b"}" * 2 * DEEPEST, "is nested too deeply"),
        (b"[" + b"{}," * MOST_VALUES + b"{}]", "holds more than 2,000,000 values"),
    ],
)
def test_what_no_service_means_is_refused_in_words(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_json(content)


@pytest.mark.parametrize(
    "document",
    [
        {"a": ["]" * 500, "[" * 500, '"' * 500, "\\" * 501, '\\"[' * 300]},
        [[[], {}, [{}]]] * 1_000,
        {"number": int("9" * MOST_DIGITS), "small": 1e-999, "large": 1e300, "": None},
        "[" * 1_000,
    ],
)
def test_what_services_mean_is_read_as_it_is(document: object) -> None:
    """Brackets and quotes in texts do not count."""
    assert document == read_json(json.dumps(document).encode())


def test_brackets_as_deep_as_is_read_are_read() -> None:
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST)


@given(st.text(alphabet='"\\[]{}a', min_size=1, max_size=200))
def test_a_text_of_brackets_is_json_or_is_not_as_python_finds(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            assert read_json(text.encode()) is not None
        return
    assert expected == read_json(text.encode())


def test_half_of_a_letter_is_replaced_wherever_it_is() -> None:
    """No file or terminal can hold an unpaired surrogate, which JSON may spell (RFC 8259 section 8.2)."""
    body = rb'{"\udc00": ["\ud83d", {"a": "\ud83d\ude00"}, 1, null]}'

    assert read_json(b" ") is None
    assert read_json(body) == {"\ufffd": ["\ufffd", {"a": "\U0001f600"}, 1, None]}
