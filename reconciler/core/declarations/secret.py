"""References to secrets: git has only the name of the environment variable, never the value."""

from __future__ import annotations

from pydantic import Field

from reconciler.core.declarations.strict import Declaration


class SecretName(Declaration):
    """The name of the environment variable that holds a secret."""

    env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
