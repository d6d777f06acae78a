"""Expressions of attribute mappings: their functions, and the constructs that they refuse."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.core.expressions.expression import Expression
from reconciler.core.expressions.wrong_expression import WrongExpression

ANN: dict[str, object] = {
    "name": {"givenName": "Zoë", "familyName": "Łęcka"},
    "userName": "zoe.lecka@example.com",
    "site": "Lyon",
    "started": date(2024, 2, 29),
    "left": "2026-12-31",
    "level": 3,
    "tags": ["a", "b"],
    "own": {"items": 1, "keys": 2, "inner": {"deep": "deep"}},
    "nothing": None,
    "flag": True,
    "off": False,
    "half": 2.5,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ name.givenName }} {{ name.familyName }}", "Zoë Łęcka"),
        ("{{ userName | upper }}", "ZOE.LECKA@EXAMPLE.COM"),
        ("{{ site | lower }}", "lyon"),
        ("{{ 'vAN de mEER' | proper }}", "Van De Meer"),
        ("  {{ ' a b ' | strip }} ", "a b"),
        ("{{ ' a b ' | strip_spaces }}", "ab"),
        ("{{ userName | replace('@example.com', '') }}", "zoe.lecka"),
        ("{{ (userName | split('@'))[0] }}", "zoe.lecka"),
        ("{{ tags | join('; ') }}", "a; b"),
        ("{{ tags | join }}", "ab"),
        ("{{ ([site] + tags) | join('/') }} {{ [site] | join }} {{ coalesce(['x'], site) | join }}", "Lyon/a/b Lyon x"),
        ("{{ site | mid(2, 2) }}", "yo"),
        ("{{ site | mid(0, 2) }}", "Ly"),
        ("{{ site | mid(2, -1) }}", ""),
        ("{{ (name.givenName ~ ' ' ~ name.familyName) | normalize_diacritics }}", "Zoe Lecka"),
        ("{{ 'Øster Straße Ærø' | normalize_diacritics }}", "Oster Strasse AEro"),
        ("{{ started | format_date('%d.%m.%Y') }}", "29.02.2024"),
        ("{{ left | format_date('%Y') }}", "2026"),
        ("{{ switch(site, 'en', 'Lyon', 'fr', 'Bonn', 'de') }}", "fr"),
        ("{{ switch(level, 'en', '3', 'three') }}", "three"),
        ("{{ switch(site, 'en') }}", "en"),
        ("{{ switch(site, 'en', 'Bonn', 'de', 'Lyon', 'fr') }}", "fr"),
        ("{{ coalesce(missing, nothing, site) }}", "Lyon"),
        ("{{ coalesce(missing, nothing) }}", ""),
        ("{{ 'senior' if level > 2 and not nothing else 'junior' }}", "senior"),
        ("{{ 'x' if level == 1 or site == 'Lyon' else 'y' }}", "x"),
        ("{{ level + 1 }} {{ level - 1 }} {{ -level }}", "4 2 -3"),
        ("{{ userName[:3] }}", "zoe"),
        ("{{ own.items ~ own['keys'] }}", "12"),
        ("{{ 'is ' ~ (level == 3) ~ level }}", "is true3"),
        ("{{ coalesce(boss.name.givenName, boss['name'][0], own.other, nothing.deep, none, [], site) }}", "Lyon"),
        ("{{ coalesce(site.no.such, site) }}", "Lyon"),
        ("{{ own.inner.deep }} {{ coalesce(own.inner.other, 'x') }}", "deep x"),
        ("{{ switch(flag, 'd', 'true', 'T') }} {{ switch(off, 'd', 'false', 'F') }}", "T F"),
        ("{{ switch(flag, 'd', true, 'T') }} {{ switch('true', 'd', flag, 'T') }}", "T T"),
        ("{{ switch(started, 'd', '2024-02-29', 'leap') }} {{ switch(half, 'd', '2.5', 'half') }}", "leap half"),
        ("{{ switch(nothing, 'd', '', 'none') }}", "none"),
        ("{{ flag }} {{ off }} {{ level }} {{ half }} {{ started }}", "true false 3 2.5 2024-02-29"),
        ("{{ flag | upper }} {{ [flag, level, started] | join('/') }}", "TRUE true/3/2024-02-29"),
        ("{{ flag == 'true' }} {{ flag == true }} {{ flag == 1 }} {{ flag != 'false' }}", "true true false true"),
        ("{{ level == '3' }} {{ level == 3.0 }} {{ level in ['3'] }} {{ '3' not in [level] }}", "true true true false"),
        ("{{ started == '2024-02-29' }} {{ started < '2024-03-01' }} {{ left >= started }}", "true true true"),
        (
            "{{ 1 < level <= 3 }} {{ 'yo' in site }} {{ 3 in 'a3' }} {{ tags == tags }} {{ tags == 'a' }}",
            "true " * 4 + "false",
        ),
        ("{{ 'items' in own }} {{ nothing == '' }}", "true true"),
    ],
)
def test_an_expression_makes_text_of_values(text: str, expected: str) -> None:
    """The filters do the same as Entra's common expression functions."""
    assert expected == Expression(text).evaluate(ANN)


def test_an_expression_knows_which_attributes_it_reads() -> None:
    """Names of functions are not among them."""
    assert ("name.givenName", "site", "emails.value", "own.items", "custom", "tags") == Expression(
        "{{ coalesce(name.givenName, site, emails[0].value, own['items'], custom['a.b'], site) }}{{ tags[:1] }}"
    ).paths


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ boss }}", "^boss is missing$"),
        ("{{ boss.name[0].first }}", r"^boss\.name\[0\]\.first is missing$"),
        ("{{ nothing.deep }}", "^deep is missing$"),
        ("{{ own.deeper.still }}", "^own.deeper.still is missing$"),
        ("{{ 'x' if boss else 'y' }}", "^boss is missing$"),
        ("{{ boss == 'x' }}", "^boss is missing$"),
        ("{{ switch(boss, 'x') }}{{ switch(boss, 'x', 'y', 'z') }}", "^boss is missing$"),
        ("{{ 'x' in boss }}", "^boss is missing$"),
        ("{{ boss < 3 }}", "^boss is missing$"),
        ("{{ 'x' if level > 5 }}", "has an `if` without an `else`"),
        ("{{ level > 'high' }}", "^compares a number with a text$"),
        ("{{ site > level }}", "^compares a text with a number$"),
        ("{{ started < level }}", "^compares a date with a number$"),
        ("{{ tags > 3 }}", "^makes a list, not a text$"),
        ("{{ 'x' in level }}{{ name | upper }}", "^makes a mapping, not a text$"),
        ("{{ name.middleName }}", "^name.middleName is missing$"),
        ("{{ site | format_date('%Y') }}", r"^format_date needs a date such as 2027-03-31$"),
        ("{{ site | mid('x', 1) }}", "unsupported operand"),
        ("{{ -site }}", "bad operand type"),
        ("{{ site | replace('', 'x') }}", "replace needs a text to search for"),
        ("{{ switch(site, 'en', 'Lyon') }}", "switch takes a value, a default, and then pairs"),
        ("{{ (site | split('x'))[3] }}", "has no element 3"),
        ("{{ site.__class__ }}", "'str object' has no attribute '__class__'"),
        ("{{ site['__class__'] }}", "'str object' has no attribute '__class__'"),
        ("{{ [].__class__.__mro__ }}", "'list object' has no attribute '__class__'"),
        ("{{ name.__init__.__globals__ }}", "^name.__init__.__globals__ is missing$"),
        ("{{ 'x' ~ site.upper }}", "'str object' has no attribute 'upper'"),
        ("{{ site.format | lower }}", "'str object' has no attribute 'format'"),
        ("{{ 'x' ~ nothing }}", "makes null, not a text"),
        ("{{ nothing | upper }}", "makes null, not a text"),
        ("{{ 'x' ~ tags }}", "makes a list, not a text"),
        ("{{ site | split('') }}", "empty separator"),
    ],
)
def test_a_value_that_is_missing_or_unfit_is_said_and_not_guessed(text: str, said: str) -> None:
    """Never an empty text."""
    with pytest.raises(WrongExpression, match=said):
        Expression(text).evaluate(ANN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ site", "is not an expression"),
        ("{{ }}", "is not an expression"),
        ("{{ " + "(" * 4_000 + "1" + ")" * 4_000 + " }}", "is not an expression: it is nested too deeply"),
        ("{{ " + "9" * 5_000 + " }}", "is not an expression: Exceeds the limit"),
        ("{% if site %}x{% endif %}", "uses If, which an expression may not use"),
        ("{% for x in tags %}x{% endfor %}", "uses For, which an expression may not use"),
        ("{% set x = 1 %}", "uses Assign, which an expression may not use"),
        ("{% include 'x' %}", "uses Include, which an expression may not use"),
        ("{{ 'x' * 999999999 }}", "uses Mul, which an expression may not use"),
        ("{{ 9 ** 9 ** 9 }}", "uses Pow, which an expression may not use"),
        ("{{ '%9999999s' % site }}", "uses Mod, which an expression may not use"),
        ("{{ site is defined }}", "uses Test, which an expression may not use"),
        ("{{ site.upper() }}", "calls an unknown function: the functions are coalesce, switch"),
        ("{{ range(9) }}", "calls an unknown function: the functions are coalesce, switch"),
        ("{{ 'x' ~ coalesce }}", 'uses "coalesce" as a value, but it is a function'),
        ("{{ coalesce.__globals__ }}", 'uses "coalesce" as a value'),
        ("{{ 'x' ~ self }}", 'uses "self" as a value'),
        ("{{ '{0.__class__}'.format(site) }}", "calls an unknown function"),
        ("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "calls an unknown function"),
        ("{{ tags | map(attribute='__class__') }}", 'uses the unknown filter "map": '),
        ("{{ 'x' }}" * 2_000, "is longer than 10000 letters"),
        ("{{ coalesce(site)(site) }}", "calls an unknown function: the functions are coalesce, switch"),
        ("{{ site | uper }}", 'uses the unknown filter "uper": did you mean "upper"\\?'),
        ("{{ site | attr('x') }}", 'uses the unknown filter "attr": the filters are lower, upper'),
        ("{{ site | IIF('x') }}", r'unknown filter "IIF": write {{ .one. if attribute == .value. else .other. }}'),
        ("{{ site | eq('x') }}", 'unknown filter "eq"'),
        ("{{ ToUpper([site]) }}", r'calls "ToUpper", a function of Entra: write {{ site \| upper }}$'),
        ("{{ toupper(name.givenName) }}", r"a function of Entra: write {{ name.givenName \| upper }}$"),
        ("{{ Trim() }}", r"write {{ attribute \| strip }}$"),
        ("{{ Switch(site, 'x') }}", r'calls "Switch", a function of Entra: write {{ switch\(site, '),
        ("{{ SelectUniqueValue(site) }}", "nothing replaces it here, because a value that differs in each run"),
        ("{{ SingleAppRoleAssignment([site]) }}", "a function of Entra: assign roles under `role_assignments`$"),
        ("{{ lower(site) }}", r'calls "lower", which is a filter: write {{ site \| lower }}'),
        ("{{ [site] }}", r"has Entra's spelling of an attribute, \[site\]: write site$"),
        ("{{ coalesce([name.givenName], site) }}", r"\[name.givenName\]: write name.givenName$"),
    ],
)
def test_an_expression_that_does_more_is_refused_before_it_runs(text: str, said: str) -> None:
    """No statements, products, powers, methods, and no unknown filters or functions."""
    with pytest.raises(WrongExpression, match=said):
        Expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a'" + " | replace('a', 'aaaaaaaaaa')" * 20 + " }}",
        "{{ a | split('a') | join(a) }}",
        "{{ " + " ~ ".join("a" * 2_000) + " }}",
        "{{ " + " + ".join("a" * 20) + " }}",
        "{{ a }}" * 1_000,
        "{{ '2026-01-01' | format_date('" + "%c" * 1_000 + "') }}",
    ],
    ids=["replace", "split and joined again", "~", "+", "side by side", "a format"],
)
def test_nothing_grows_without_end(text: str) -> None:
    """Each step would make the next one larger; a line of YAML could fill the memory."""
    with pytest.raises(WrongExpression, match=r"at most 100 letters|makes more than 10000 letters"):
        Expression(text).evaluate({"a": "a" * 3_000})


@pytest.mark.parametrize("text", ["{{ site.upper }}", "{{ name.items }}", "{{ name }}", "{{ tags }}"])
def test_what_is_no_text_is_not_made_into_one(text: str) -> None:
    """A method's address differs from run to run, and so would the plan."""
    with pytest.raises(WrongExpression):
        Expression(text).evaluate(ANN)
