"""Values that an expression reads and that are absent, with the path of the attribute that is missing."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import StrictUndefined, UndefinedError
from jinja2.exceptions import TemplateRuntimeError
from jinja2.utils import missing


class IsMissing(UndefinedError):
    """Is raised where an absent value is used; `path` is the attribute's."""

    def __init__(self, path: str | None = None) -> None:
        super().__init__(f"{path} is missing")
        self.path = path


class AbsentValue(StrictUndefined):
    """An absent value. Each part of it is absent too, so that `coalesce(name.givenName, key)` works."""

    __slots__ = ()

    def __init__(
        self,
        hint: str | None = None,
        obj: object = missing,
        name: str | None = None,
        exc: type[TemplateRuntimeError] = UndefinedError,
    ) -> None:
        super().__init__(hint, obj, name, exc if obj is not missing else IsMissing)

    @property
    def _undefined_message(self) -> str:
        """The path of the attribute, for `IsMissing`; else what the value lacks, which is there."""
        return super()._undefined_message if self._undefined_obj is not missing else str(self._undefined_name)

    def part(self, step: object) -> AbsentValue:
        """Returns a part of the absent value, which is absent too; of a part that a value can't have, itself."""
        if self._undefined_obj is not missing:
            return self
        return AbsentValue(name=dotted(str(self._undefined_name), step))


def dotted(path: str, step: object) -> str:
    """Returns the path of a part: `name.givenName`, `emails[0]`."""
    return f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}"


class PartOfValues(dict[str, object]):
    """A mapping inside the values of an expression, with its path: `name` has the part `name.givenName`."""

    __slots__ = ("path",)

    def __init__(self, path: str, values: Mapping[str, object]) -> None:
        super().__init__(values)
        self.path = path
