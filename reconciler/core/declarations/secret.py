"""A secret as git may know it: by the name of the variable that holds it. Knows no value."""

from __future__ import annotations

from pydantic import Field

from reconciler.core.declarations.strict import Declaration


class SecretName(Declaration):
    """A secret by the name of the environment variable that holds it."""

    env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
