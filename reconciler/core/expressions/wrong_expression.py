"""The error of a mapping's expression, and what replaces the spellings of Entra's expressions here.

In a module of its own, so that catching the error and checking a literal do not import Jinja.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ATTRIBUTE: Final = "attribute"
UNSTEADY: Final = "nothing replaces it here, because a value that differs in each run never converges"
BY_ROLES: Final = "assign roles under `role_assignments`"
BY_SCOPE: Final = "write the condition as a clause of `scoping_filters`"
NOT_HERE: Final = "nothing replaces it here: declare the value as an attribute of your own, under `attributes`"

# Entra's function → the expression to write here, in which `attribute` stands for the operand; or a sentence.
ENTRA_FUNCTIONS: Final[Mapping[str, str]] = {
    "Append": "{{ attribute }}{{ other }}",
    "AppRoleAssignments": BY_ROLES,
    "AppRoleAssignmentsComplex": BY_ROLES,
    "AssertiveAppRoleAssignmentsComplex": BY_ROLES,
    "BitAnd": NOT_HERE,
    "CBool": "{{ attribute == 'true' }}",
    "CDate": "{{ attribute | format_date('%Y-%m-%d') }}",
    "Coalesce": "{{ coalesce(attribute, other) }}",
    "ConvertToBase64": NOT_HERE,
    "ConvertToUTF8Hex": NOT_HERE,
    "Count": NOT_HERE,
    "CStr": "{{ attribute }}",
    "DateAdd": NOT_HERE,
    "DateDiff": NOT_HERE,
    "DateFromNum": NOT_HERE,
    "FormatDateTime": "{{ attribute | format_date('%d.%m.%Y') }}",
    "Guid": UNSTEADY,
    "IgnoreFlowIfNullOrEmpty": "map it with `source: attribute`: an absent value is not written",
    "IIF": "{{ 'one' if attribute == 'value' else 'other' }}",
    "InStr": NOT_HERE,
    "IsNull": BY_SCOPE,
    "IsNullOrEmpty": BY_SCOPE,
    "IsPresent": BY_SCOPE,
    "IsString": BY_SCOPE,
    "Item": "{{ attribute[0] }}",
    "Join": "{{ [attribute, other] | join(', ') }}",
    "Left": "{{ attribute | mid(1, 3) }}",
    "Len": NOT_HERE,
    "Mid": "{{ attribute | mid(1, 3) }}",
    "NormalizeDiacritics": "{{ attribute | normalize_diacritics }}",
    "Not": "{{ not attribute }}",
    "Now": UNSTEADY,
    "NumFromDate": NOT_HERE,
    "PCase": "{{ attribute | proper }}",
    "RandomString": UNSTEADY,
    "Redact": "list the attribute under `redact`",
    "RemoveDuplicates": NOT_HERE,
    "Replace": "{{ attribute | replace('old', 'new') }}",
    "SelectUniqueValue": UNSTEADY,
    "SingleAppRoleAssignment": BY_ROLES,
    "Split": "{{ (attribute | split('@'))[0] }}",
    "StripSpaces": "{{ attribute | strip_spaces }}",
    "Switch": "{{ switch(attribute, 'default', 'key', 'value') }}",
    "ToLower": "{{ attribute | lower }}",
    "ToUpper": "{{ attribute | upper }}",
    "Trim": "{{ attribute | strip }}",
    "Word": "{{ (attribute | split(' '))[0] }}",
}
BY_FOLDED_NAME: Final = {name.casefold(): name for name in ENTRA_FUNCTIONS}
CALL: Final = re.compile(rf"({'|'.join(ENTRA_FUNCTIONS)})\(.*\)", re.IGNORECASE | re.DOTALL)
CALL_BEGINS: Final = re.compile(rf"\b({'|'.join(ENTRA_FUNCTIONS)})\(")
BRACKETS: Final = re.compile(r"\[([A-Za-z_][\w.]*)\]")


class WrongExpression(ValueError):
    """An expression, or a value that it reads, is wrong; the text says why, as the end of a sentence.

    `missing` is the path of the attribute that has no value, if that is the reason.
    """

    def __init__(self, reason: str, missing: str | None = None) -> None:
        super().__init__(reason)
        self.missing = missing


def explain_function(name: str, operand: str = ATTRIBUTE) -> str | None:
    """Returns what replaces a function of Entra here, for an operand; None if Entra has no such function."""
    known = BY_FOLDED_NAME.get(name.casefold())
    if known is None:
        return None
    instead = re.sub(rf"\b{ATTRIBUTE}\b", operand, ENTRA_FUNCTIONS[known])
    return f"write {instead}" if instead.startswith("{{") else instead


def explain_entra(text: str) -> str | None:
    """Returns what to write for a text in Entra's syntax, `ToUpper([title])` or `[title]`; None for another text."""
    text = text.strip()
    bracketed = BRACKETS.search(text)
    if called := CALL.fullmatch(text):
        return explain_function(called[1], bracketed[1] if bracketed else ATTRIBUTE)
    return f"write {{{{ {bracketed[1]} }}}}" if bracketed and bracketed[0] == text else None
