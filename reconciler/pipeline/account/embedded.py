"""The embedded 4me of a workspace: one private SQLite file for each tenant."""

from __future__ import annotations

from reconciler.pipeline.private_files import make_private_folder
from reconciler.pipeline.workspace import Workspace
from reconciler.sandbox.app import BASE_PATH, REST_PATH, TOKEN_PATH
from reconciler.sandbox.store import Store

# Never resolved: the transport answers in this process.
EMBEDDED_URL = f"http://sandbox.invalid{BASE_PATH}"
EMBEDDED_REST_URL = f"http://sandbox.invalid{REST_PATH}"
EMBEDDED_TOKEN_URL = f"http://sandbox.invalid{TOKEN_PATH}"


def open_store(workspace: Workspace, tenant: str) -> Store:
    """Opens the account of a `url: sandbox` tenant, which is created if it is missing."""
    make_private_folder(workspace.private_folder)
    return Store(workspace.private_folder / f"{tenant}.sqlite")
