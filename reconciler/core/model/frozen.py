"""The base class of models that are read and written as JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """The base of models in JSON: strict, frozen, without unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
