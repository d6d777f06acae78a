"""Language tags, and what to write for a text that is none."""

from __future__ import annotations

import pytest

from reconciler.core.model.locales import (
    EXAMPLE,
    LANGUAGES,
    MEANT,
    REGION_MEANT,
    REGIONS,
    suggest_languages,
    suggest_locale,
)


@pytest.mark.parametrize(
    "tag",
    ["en", "en-GB", "EN-gb", "zh-Hant-TW", "sr-Latn", "es-419", "de-1996", "tlh", "de-DE-u-co-phonebk", "en-x-a"],
)
def test_a_language_tag_is_one(tag: str) -> None:
    """Language, script, region, variant, extension and private parts (RFC 5646)."""
    assert suggest_locale(tag) is None
    assert suggest_languages(tag) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("klingon", EXAMPLE),
        ("English", EXAMPLE),
        ("xx", EXAMPLE),
        ("", EXAMPLE),
        ("en-QQ", EXAMPLE),
        ("en_GB", 'write "en-GB"'),
        ("en_GB.UTF-8", 'write "en-GB"'),
        ("en-UK", 'write "en-GB"'),
        ("jp", 'write "ja"'),
        ("cz_CZ", 'write "cs-CZ"'),
        (" en ", 'write "en"'),
    ],
)
def test_a_text_that_is_none_has_the_tag_that_is_meant(text: str, hint: str) -> None:
    """Underscores, countries in place of languages, and the United Kingdom."""
    assert hint == suggest_locale(text)


def test_languages_may_be_a_list_with_weights() -> None:
    """As in HTTP's Accept-Language (RFC 7643 section 4.1.1)."""
    assert suggest_languages("da, en-gb;q=0.8, en;q=0.7") is None
    assert 'write "en-GB"' == suggest_languages("da, en_GB;q=0.8")


def test_the_codes_that_are_meant_are_codes() -> None:
    """And those that they replace are none, else they would never be replaced."""
    assert LANGUAGES.issuperset(MEANT.values())
    assert LANGUAGES.isdisjoint(MEANT)
    assert REGIONS.issuperset(REGION_MEANT.values())
    assert REGIONS.isdisjoint(REGION_MEANT)
