"""The only reader of the environment: secrets by the name of their variable, and where private files go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.tenant import SecretDeclaration
from reconciler.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, as one value that a test can make."""

    environment: Mapping[str, str]

    def secret(self, declared: SecretDeclaration) -> str:
        """The secret that a declaration names; raises Unreachable, without its value, where it is unset or no token."""
        value = self.environment.get(declared.env, "").strip()
        if not value:
            raise Unreachable(f"the environment variable {declared.env} is not set: put the tenant's token there")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise Unreachable(f"the environment variable {declared.env} holds something that is no token")
        return value

    def private_folder(self, desired_state: Path) -> Path:
        """Where the embedded 4me is kept: beside the desired-state folder, unless RECONCILER_PRIVATE says otherwise."""
        told = self.environment.get("RECONCILER_PRIVATE")
        return Path(told) if told else desired_state.resolve().parent / ".reconciler"


def wants_colour() -> bool:
    """Whether nobody asked for plain output (no-color.org)."""
    return not os.environ.get("NO_COLOR")


def environment_without(*names: str) -> dict[str, str]:
    """This process's environment for a child process, less some variables."""
    return {name: value for name, value in os.environ.items() if name not in names}


def read_settings() -> Settings:
    """The settings of this process."""
    return Settings(dict(os.environ))
