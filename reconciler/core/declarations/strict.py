"""The base of all types of the YAML contract: strict, frozen, without unknown keys."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

Text: TypeAlias = str | None
Scalar: TypeAlias = str | bool | int | float | date | None


class Declaration(BaseModel):
    """The base of every model of the contract: strict, frozen, without unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, frozen=True)
