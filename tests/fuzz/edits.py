"""Text that is nearly valid: a valid text, cut, repeated and mixed with words that break readers."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

MOST_EDITS = 6
LONGEST = 65_536  # of a value in YAML
letters = st.text(st.characters() | st.sampled_from("`<>[](){}\"'!@#*_~\\|&%\n\r\t -+=.:,/$"), max_size=8)


@st.composite
def edited(draw: st.DrawFn, sound: Sequence[str], words: Sequence[str]) -> str:
    """Draws a valid text, and edits it: a piece is removed or kept, and a word or some letters are inserted."""
    text = draw(st.sampled_from(sound))
    for _ in range(draw(st.integers(0, MOST_EDITS))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12) | st.integers(0, len(text))))
        piece = text[start:end] if draw(st.booleans()) else ""
        times = draw(st.sampled_from((1, 1, 1, 2, 40, 1_000)))
        text = text[:start] + draw(st.sampled_from(words) | letters) * times + piece + text[end:]
    return text[:LONGEST]


@st.composite
def edited_bytes(draw: st.DrawFn, sound: Sequence[str], words: Sequence[str]) -> bytes:
    """Draws an edited text as bytes, some of which may not decode."""
    content = draw(edited(sound, words)).encode("utf-8", "surrogatepass")
    if not draw(st.booleans()):
        return content
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.binary(max_size=4)) + content[at:]
