"""Text that is nearly right: something that works, cut, doubled and sewn up with what breaks readers."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

MOST_EDITS = 6
LONGEST = 65_536  # of a value in YAML
letters = st.text(st.characters() | st.sampled_from("`<>[](){}\"'!@#*_~\\|&%\n\r\t -+=.:,/$"), max_size=8)


@st.composite
def edited(draw: st.DrawFn, sound: Sequence[str], words: Sequence[str]) -> str:
    """One of the sound texts, after some edits: a piece is taken out, and a word or some letters are put in."""
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
    """The same as bytes, some of which may be no text at all."""
    content = draw(edited(sound, words)).encode("utf-8", "surrogatepass")
    if not draw(st.booleans()):
        return content
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.binary(max_size=4)) + content[at:]
