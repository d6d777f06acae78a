"""The entry: the group of commands, its options, and the one border where errors become sentences and exit codes.

Start-up imports click and nothing heavier: each command's module is imported when it is asked for.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click

from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.version import __version__

COMMANDS = {
    "validate": ("reconciler.cli.validate", "All problems in the YAML; no network, no credentials."),
    "check": ("reconciler.cli.check", "Test the connection, and say what the service supports."),
    "plan": ("reconciler.cli.plan", "What applying would change in the live account."),
    "show": ("reconciler.cli.plan", "Render a saved plan or outcome."),
    "apply": ("reconciler.cli.apply", "Plan again, and carry it out."),
    "drift": ("reconciler.cli.plan", "What was changed in the account, and what is not applied yet."),
    "fleet": ("reconciler.cli.fleet", "Plan or drift of all tenants on a Dask cluster, in one report."),
    "explain": ("reconciler.cli.explain", "Why somebody has access or not, and what would turn it around."),
    "import": ("reconciler.cli.import_", "A live account as YAML, after which nothing is left to plan."),
    "fmt": ("reconciler.cli.fmt", "Write the YAML in canonical form; `--check` only names the files."),
    "log": ("reconciler.cli.log", "What was applied, and when: the provisioning log, or the record in git."),
    "ownership": (
        "reconciler.cli.ownership",
        "Which users and groups are ours, and how that is known; recover and erase the record.",
    ),
    "tenants": ("reconciler.cli.check", "The tenants and their settings, without secrets."),
    "init": ("reconciler.cli.init", "A repository to begin with: a desired state, and the workflows."),
    "github": ("reconciler.cli.github", "The pull-request side: comment, drift-issue, approved-plan."),
    "schema": ("reconciler.cli.schema", "The JSON Schema of the YAML, for editors."),
    "sandbox": ("reconciler.cli.sandbox", "The embedded 4me: serve, seed, reset."),
    "demo": ("reconciler.cli.demo", "The whole story on the embedded 4me, in one go."),
}


class LazyCommands(click.Group):
    """Commands that are listed without being imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        """In the order of a day's work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        function = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(COMMANDS[cmd_name][0]), function)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in `--help`, from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_module, summary) in COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("desired-state"),
    show_default=True,
    help="The folder that holds the desired state.",
)
@click.option("--tenant", help="Which tenant; the only one, where there is one.")
@click.option("-v", "--verbose", count=True, expose_value=False, help="Say more on stderr.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but errors.")
@click.version_option(__version__, prog_name="reconciler")
@click.pass_context
def cli(ctx: click.Context, folder: Path, tenant: str | None, *, quiet: bool) -> None:
    """Desired state of a 4me account in git: plan it, apply it, watch it drift. Nothing is ever deleted."""
    from reconciler.cli.output import make_workspace

    ctx.obj = make_workspace(folder, tenant, quiet=quiet)


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 usage, 3 differences, 4 refused, 5 unreachable."""
    try:
        code = cli.main(prog_name="reconciler", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Interrupted: nothing was done.", err=True)
        sys.exit(ReconcilerError.exit_code)
    except InvalidInput as error:
        _report_invalid(error)
        sys.exit(error.exit_code)
    except ReconcilerError as error:
        _print_error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read us has gone; nothing to say
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _report_invalid(error: InvalidInput) -> None:
    from reconciler.core.model.amounts import count
    from reconciler.report.problems import render_problems

    click.echo(render_problems(error.problems, "text"), nl=False, err=True)
    errors = sum(problem.severity == "error" for problem in error.problems)
    _print_error(f"{count(errors, 'problem')} in the desired state: nothing was done")


def _print_error(text: str) -> None:
    from reconciler.report.format.quote import plain_line

    click.echo(f"Error: {plain_line(text)}", err=True)
