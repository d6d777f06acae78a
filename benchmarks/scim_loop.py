"""A simple script with a SCIM library: it looks up each resource, and creates or corrects it.

`scim_loop.py URL TOKEN COMPANY.json`, with scim2-client. Runs in the environment of the peers, so it can't import the
program.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, TypeAlias

import httpx2
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import EnterpriseUser, Group, PatchOp, PatchOperation, ResourceType, ScimProvider, User

Person = User[EnterpriseUser]
Model: TypeAlias = type[User[EnterpriseUser]] | type[Group]


def main(url: str, token: str, company: str) -> None:
    """Makes the account equal to the company; it does not look for leavers."""
    wanted = json.loads(Path(company).read_text(encoding="utf-8"))
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as line:
        client = SyncSCIMClient(line, provider=known(), check_response_content_type=False)
        ids = {one["userName"]: keep(client, Person, "userName", one) for one in wanted["users"]}
        for group in wanted["groups"]:
            members = [{"value": ids[name]} for name in group["members"]]
            keep(client, Group, "displayName", {**group, "members": members})


def known() -> ScimProvider:
    """Returns the schemas of users with the enterprise extension, and of groups, without a request (RFC 7643)."""
    types = [ResourceType.from_resource(model) for model in (Person, Group)]
    return ScimProvider(models=[User, EnterpriseUser, Group], resource_types=types)


def keep(client: SyncSCIMClient, model: Model, by: str, wanted: dict[str, Any]) -> str:
    """Creates a resource, or corrects its title. Returns its id."""
    found = client.query(model, query_parameters={"filter": f'{by} eq "{wanted[by]}"'}).resources or []
    if not found:
        return str(client.create(model.model_validate(wanted)).id)
    if wanted.get("title") != getattr(found[0], "title", None):
        correction = PatchOperation(op="replace", path="title", value=wanted["title"])
        client.modify(model, found[0].id, PatchOp[model](operations=[correction]))
    return str(found[0].id)


if __name__ == "__main__":
    main(*sys.argv[1:])
