"""What every type of the YAML contract has in common: strict, frozen, and nothing that it doesn't know."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

Text: TypeAlias = str | None
Scalar: TypeAlias = str | bool | int | float | date | None


class Declaration(BaseModel):
    """The base of every model of the contract: strict, frozen, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)
