"""An account that drifted from a desired state, as tests spell it out: YAML, and what was done by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from reconciler.core.adoption.adopting import Adoption, adopt
from reconciler.core.adoption.adoption_context import AdoptionContext, make_adoption_context
from reconciler.core.adoption.drifted import Drifted, find_drift
from reconciler.core.adoption.edits import Edit
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.model.messages import JsonObject
from reconciler.core.model.states import Certificate, LiveState
from reconciler.core.planner.planner import decide_changes
from reconciler.core.scim.wire import read_group, read_user
from reconciler.core.simulator.machine import Simulator
from reconciler.desired.yaml.load import load_declarations
from tests.core.examples import evidence_of
from tests.properties.worlds import NOON, execute

FILE = "desired-state/all.yaml"
TODAY = date(2026, 3, 1)
TENANT = "tenants: {sandbox: {url: sandbox, scope: all}}\n"


def read_ground(text: str) -> AdoptionContext:
    """What the YAML says, which is sound."""
    loaded = load_declarations({FILE: text.encode()})
    context = make_adoption_context(loaded.declarations, "sandbox", TODAY)
    assert [] == [one for one in (*loaded.problems, *context.desired.problems) if one.severity == "error"]
    return context


@dataclass
class Company:
    """A desired state that was applied, and the account as it is since; `first` is what was applied before that."""

    context: AdoptionContext
    simulator: Simulator
    first: AdoptionContext

    def user(self, name: str, **changes: object) -> Company:
        """Somebody changes a person by hand; ids of managers and members are those of `id_of`."""
        self._answer("PATCH", f"/Users/{self.id_of(name)}", changes)
        return self

    def group(self, name: str, came: Iterable[str] = (), went: Iterable[str] = (), **changes: object) -> Company:
        """Somebody changes a group by hand; who is not declared comes by id."""
        members = [{"value": self.id_of(one)} for one in came]
        members += [{"value": self.id_of(one), "operation": "delete"} for one in went]
        [group] = [live_id for live_id, one in self.simulator.groups.items() if one["externalId"] == name]
        self._answer("PATCH", f"/Groups/{group}", {**changes, "members": members})
        return self

    def stranger(self, name: str) -> Company:
        """Somebody makes a person by hand."""
        self._answer("POST", "/Users", {"userName": f"{name}@example.com"})
        return self

    def gone(self, name: str) -> Company:
        """Somebody deletes a person by hand."""
        del self.simulator.users[self.id_of(name)]
        return self

    def id_of(self, name: str) -> str:
        return next(
            live_id for live_id, one in self.simulator.users.items() if str(one["userName"]).startswith(f"{name}@")
        )

    def _answer(self, method: str, target: str, body: JsonObject) -> None:
        assert self.simulator.answer(method, target, body, NOON).response.succeeded

    def live(self) -> LiveState:
        users, groups = map(read_user, self.simulator.users.values()), map(read_group, self.simulator.groups.values())
        return LiveState(tuple(users), tuple(groups), Certificate("full", 0, 0, requests=1))

    def drift(self, now: str | None = None, named: Collection[str] = ()) -> tuple[AdoptionContext, list[Drifted]]:
        """What drifted from what was applied, where git says something else by now, if it does."""
        context = read_ground(now) if now else self.context
        earlier = Earlier(base=self.context.desired)
        evidence = evidence_of(Earlier(base=self.first.desired))
        changes = decide_changes(context.desired, self.live(), context.tenant, earlier, evidence).changes
        return context, find_drift(changes, earlier, named)

    def adopt(self, now: str | None = None, named: Collection[str] = ()) -> Adoption:
        return adopt(*self.drift(now, named))


def applied(text: str) -> Company:
    """The YAML, applied to an empty account."""
    context = read_ground(TENANT + text if "tenants:" not in text else text)
    simulator = Simulator()
    decided = decide_changes(
        context.desired, LiveState((), (), Certificate("full", 0, 0, requests=1)), context.tenant, Earlier()
    )
    execute(decided.changes, decided.ids, simulator, context.tenant)
    return Company(context, simulator, context)


def edits(adoption: Adoption) -> list[Edit]:
    """The edits, where nothing was refused."""
    assert () == adoption.problems
    return list(adoption.edits)


def told(adoption: Adoption) -> list[str]:
    """What is not adopted, where nothing else is."""
    assert () == adoption.edits
    assert all(one.hint and one.severity == "warning" for one in adoption.problems)
    return [f"{one.source}: {one.message}" for one in adoption.problems]
