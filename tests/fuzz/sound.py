"""Valid texts, and the words that edits insert into them."""

from __future__ import annotations

import json
from datetime import date

from tests.faults.flows import FLOWS

YAML = [
    *(flow.after for flow in FLOWS.values()),
    """\
guardrails:
  max_deactivations: {count: 5, percent: 2.5}
  protected: [user/ann]
  never_without: []
  separation_of_duties: [{roles: [auditor, specialist], reason: "SOX 4.2"}]
scoping_filters:
  users:
    - title: Staff
      clauses:
        - {attribute: contractType, operator: EQUALS, value: permanent}
        - {attribute: userName, operator: REGEX MATCH, value: '.*@example\\.com', quantifier: all}
        - {attribute: level, operator: IN, value: [1, 0x1F, 0o7, 1.5e3, ~, 2026-01-02]}
  groups: []
attribute_mappings:
  users:
    - {target: displayName, expression: "{{ name.givenName }} {{ name.familyName }}"}
    - {target: locale, constant: en-GB, apply: on_create}
notifications:
  - {on: [failure], webhook: {url: {env: CHAT}}}
role_assignments:
  - {role: specialist, users: [ann], groups: [staff], expires: 2027-03-31, reason: CHG-1}
""",
    "users:\n  a: &a {userName: a@x, displayName: >-\n     folded\n     text\n   }\n  b: {<<: *a, title: |+\n  }\n",
]
YAML_WORDS = (
    "---", "...", "&a ", "*a", "*b", "<<: *a", "!!python/object/apply:os.system [x]", "!!binary ", "!<tag:x> ", "? ",
    ": ", "- ", "[", "]", "{", "}", "|\n", ">\n ", "\t", "\x00", "\x85", "\u2028", "\ufeff", "\u202e", "\ud800",
    "%YAML 1.1\n", "0x", "0123", "1_000", ".inf", ".nan", "-0", "1e999", "9" * 30, "null", "~", "yes", "NO",
    "2026-02-30", "e\u0301", "users:\n", "groups:\n", "tenants: {t: {url: sandbox}}\n", "members_where: ", "user/",
    "group/", "(a+)+$", "\\", "#", "@",
)  # fmt: skip

USER = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "id": "u1",
    "externalId": "ann",
    "userName": "ann@example.com",
    "displayName": "Ann",
    "active": True,
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"value": "ann@example.com", "type": "work", "primary": True}],
    "roles": [{"value": "specialist"}],
    "groups": [{"value": "g1"}],
    "meta": {"lastModified": "2026-01-02T03:04:05Z", "location": "https://x/Users/u1"},
    "customFields": [{"id": "badge", "value": "A-113"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "F", "manager": {"value": "u1"}},
}
GROUP = {"id": "g1", "displayName": "Staff", "externalId": "staff", "members": [{"value": "u1", "type": "User"}]}


def _listed(*resources: object, total: int = 1) -> str:
    return json.dumps({"totalResults": total, "startIndex": 1, "itemsPerPage": 25, "Resources": resources})


ANSWERS = [_listed(USER), _listed(GROUP), _listed(USER, GROUP, total=2), _listed(total=0), json.dumps(USER)]
OTHER_ANSWERS = [
    json.dumps({"access_token": "abc", "token_type": "Bearer", "expires_in": 3600}),
    json.dumps([{"id": 7, "name": "Ann", "primary_email": "ann@example.com", "permissions": []}]),
    json.dumps({"message": "Bad credentials", "errors": [{"message": "x"}], "items": [{"id": 1}]}),
    json.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "detail": "x"}),
]
HEADERS = (
    "retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "date", "content-encoding", "content-type", "link",
    "location", "x-pagination-total-entries", "x-accepted-github-permissions", "etag",
)  # fmt: skip
HEADER_VALUES = (
    "0", "-1", "1.5", "9" * 12, "9" * 20, "9" * 400, "9" * 5_000, "1e999", "NaN", "Infinity", "0x10", "\u00b2", "",
    "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 30 Feb 2026 00:00:00 GMT", "Mon, 30 Nov 2026 06:00:00 GMT",
    "Mon, 30 Nov 2026 06:00:00 +9999", "30 Nov 26 99:99:99", "gzip", "gzip, gzip", "deflate", "br", "identity",
    '<https://api.example/x?page=2>; rel="next"', '<https://evil.example/>; rel="next"', "<", '<>; rel="next"', "; ; =",
    "https://[::1", "https://evil.example/x", "http://evil.example", "//x", "issues=write; x", "\u202e",
)  # fmt: skip
JSON_WORDS = (
    "{", "}", "[", "]", ",", ":", '"', "null", "true", "-0", "1e999", "NaN", "Infinity", "9" * 400, "0.1", "{}", "[]",
    '""', "\\u0000", "\\ud800", "\\u202e", "\x00", "\ufeff", '"id"', '"id": 7', '"totalResults": -1',
    '"totalResults": 1000000000', '"Resources": null', '"members": [null]', '"active": "False"', '"roles": "x"',
    '"emails": {}', '"delete_user"', '"action"', '"digest"', '"format": 1', '"changes": []', '"outcomes": []',
    "<html>", "'", "//",
)  # fmt: skip

VALUES = {
    "userName": "ann@example.com",
    "name": {"givenName": "Ann", "familyName": "O'Lée"},
    "emails": [{"value": "ann@example.com", "type": "work"}],
    "started": date(2026, 1, 2),
    "level": 3,
    "active": True,
    "title": None,
    "tags": ["a", "b"],
}
EXPRESSIONS = [
    "{{ name.givenName }} {{ name.familyName | upper }}",
    "{{ coalesce(title, name.givenName ~ '.' ~ level) | lower | strip }}",
    "{{ switch(level, 'x', 3, 'three') if active else tags | join(',') }}",
    "{{ userName.split('@') }}",
    "{{ userName | split('@') | join('-') | replace('a', 'b') | mid(1, 3) | proper | normalize_diacritics }}",
    "{{ started | format_date('%d.%m.%Y') }}",
    "{{ emails[0].value }}{{ tags[::-1] | join }}{{ -level + 1 }}",
]
JINJA_WORDS = (
    "{{", "}}", "{%", "%}", "{#", "#}", "(", ")", "[", "]", "{", "}", "|", "~", "+", "-", "*", "**", "%", "//", ".",
    ",", "'", '"', "\\", "__class__", ".__mro__[1].__subclasses__()", "['__globals__']", "self", "cycler", "lipsum",
    "range(9**9)", "namespace()", "joiner()", "|attr('x')", "|map('upper')", "|format_date('%9999999999d')",
    "|format_date('%')", "|replace('a', 'aaaaaaaa')", "|join(tags)", "|split('')", "|mid(-9, 99999999999)",
    "|mid('1', 2)", "not ", " if ", " else ", " and ", " in ", " is defined", "coalesce()", "switch(1)", "loop",
    "caller()", "\x00", "\ud800", "9" * 5_000, "1e999", "name.items", "level.real", "''.format", "level.__add__",
    "tags.append(1)", "for x in tags", "set x = 1", "\n", "-%}",
)  # fmt: skip

MARKUP = ["word", "Ann Lee", "@acme/everyone", "https://evil.example", "`code`", "<b>x</b>", "a | b", "user/ann", ""]
MARKUP_WORDS = (
    "`", "``", "```\n", "~~~", "<", ">", "</code>", "</details>", "</td>", "<!--", "-->", "<![CDATA[", "]]>", "<?",
    "?>", "&", "&lt;", "&#64;", "&commat;acme", "@", "@acme/everyone", "#1", "GH-1", "acme/access#1", "https://",
    "www.evil.example", "mailto:a@b.c", "a@b.c", "[x](y)", "![", "](", "[^1]", "|", "|---|", "\n", "\r\n", "\n\n",
    "\n    ", "\t", "\\", "\\`", "*", "**", "_", "~~", "$", "$$", ":tada:", "<script>alert(1)</script>", '\'"',
    '" onload="', "{{ 7*7 }}", "{% x %}", "\x00", "\x1b[2J", "\u202e", "\u2028", "\u200b", "\ufeff", "\ud800",
    "\U000e0001", "1a2b3c4d5e6f", "- [ ] ", "> ", "# ", "1. ", "---",
)  # fmt: skip
