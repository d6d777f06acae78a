"""The command `schema`: prints the JSON Schema of the YAML, for editors."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of the desired state's files. With it, an editor completes and checks them as you type.

    Save it as a file, and name that at the top of each YAML file:
    `# yaml-language-server: $schema=desired-state.schema.json`.
    """
    from reconciler.core.declarations.contract import make_schema

    click.echo(json.dumps(make_schema(), indent=2))
