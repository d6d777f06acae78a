"""The embedded 4me as the command line finds it: one private SQLite file for each tenant."""

from __future__ import annotations

from reconciler.pipeline.workspace import Options
from reconciler.sandbox.app import BASE_PATH, REST_PATH, TOKEN_PATH
from reconciler.sandbox.store import Store
from reconciler.settings import Settings

# Never resolved: the transport answers in this process.
EMBEDDED_URL = f"http://sandbox.invalid{BASE_PATH}"
EMBEDDED_REST_URL = f"http://sandbox.invalid{REST_PATH}"
EMBEDDED_TOKEN_URL = f"http://sandbox.invalid{TOKEN_PATH}"


def open_store(options: Options, tenant: str, settings: Settings) -> Store:
    """The account of a `url: sandbox` tenant, made if it is new."""
    return Store(settings.private_folder(options.folder) / f"{tenant}.sqlite")
