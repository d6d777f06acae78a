"""`schema`: the JSON Schema of the YAML, for editors."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """The JSON Schema of the desired state's files, by which an editor completes and marks while you type.

    Save it, and name it at the top of a file: `# yaml-language-server: $schema=desired-state.schema.json`.
    """
    from reconciler.core.declarations.contract import make_schema

    click.echo(json.dumps(make_schema(), indent=2))
