"""The entry point: the group of commands, its options, and the border where errors become messages and exit codes.

Start-up imports click and nothing heavier: the module of a command is imported when the command is used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click

from reconciler.cli.streams import Unprintable, guard_streams, silence_stdout
from reconciler.errors import InvalidInput, ReconcilerError, Refused
from reconciler.interrupts import raise_when_interrupted
from reconciler.version import __version__

COMMANDS = {
    "validate": ("reconciler.cli.validate", "Report all problems in the YAML; no network, no credentials."),
    "check": ("reconciler.cli.check", "Test the connection, and report what the service supports."),
    "plan": ("reconciler.cli.plan", "Show what an apply would change in the account."),
    "show": ("reconciler.cli.plan", "Render a saved plan or outcome."),
    "apply": ("reconciler.cli.apply", "Plan again, and send the changes."),
    "drift": ("reconciler.cli.plan", "Show what was changed in the account, and what is not applied yet."),
    "fleet": ("reconciler.cli.fleet", "Run plan or drift for all tenants on a Dask cluster, in one report."),
    "explain": ("reconciler.cli.explain", "Show why a user has access or not, and which edit would change that."),
    "import": ("reconciler.cli.import_", "Write a live account as YAML; the next plan is empty."),
    "fmt": ("reconciler.cli.fmt", "Write the YAML in canonical form; `--check` only lists the files."),
    "log": ("reconciler.cli.log", "Show what was applied, and when: the provisioning log, or the record in git."),
    "ownership": (
        "reconciler.cli.ownership",
        "Show, recover or erase the record of applies; show the evidence about a user or group.",
    ),
    "tenants": ("reconciler.cli.check", "List the tenants and their settings, without secrets."),
    "init": ("reconciler.cli.init", "Create a repository to start from: a desired state, and the workflows."),
    "github": ("reconciler.cli.github.commands", "Work with GitHub: comments, the drift issue, what was approved."),
    "schema": ("reconciler.cli.schema", "Print the JSON Schema of the YAML, for editors."),
    "sandbox": ("reconciler.cli.sandbox", "Run the embedded 4me: serve, seed, reset."),
    "demo": ("reconciler.cli.demo", "Run the whole story on the embedded 4me, in seconds."),
}


class LazyCommands(click.Group):
    """A group that lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's interface
        """Returns the names in the order of a day's work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Imports and returns the command; None if its name is unknown."""
        if cmd_name not in COMMANDS:
            return None
        function = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(COMMANDS[cmd_name][0]), function)
        raise_when_interrupted()
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Writes the list in `--help`, from the table above."""
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
@click.option("--tenant", help="The tenant. Not needed if the folder declares only one.")
@click.option("-v", "--verbose", count=True, expose_value=False, help="Print notes on stderr, which is the default.")
@click.option("-q", "--quiet", is_flag=True, help="Print only warnings and errors on stderr.")
@click.version_option(__version__, prog_name="reconciler")
@click.pass_context
def cli(ctx: click.Context, folder: Path, tenant: str | None, *, quiet: bool) -> None:
    """Manage a 4me account from git: plan and apply its desired state, and detect drift. Nothing is ever deleted.

    The options below go before the command, as in `reconciler --tenant qa plan`.
    """
    from reconciler.cli.output import make_workspace

    ctx.obj = make_workspace(folder, tenant, quiet=quiet)


def main() -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 usage, 3 differences, 4 refused, 5 unreachable."""
    guard_streams()
    try:
        code = cli.main(prog_name="reconciler", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Interrupted: nothing was done.", err=True)
        sys.exit(ReconcilerError.exit_code)
    except InvalidInput as error:
        _report_invalid(error)
        sys.exit(error.exit_code)
    except Unprintable as error:
        _print_error(str(error))
        silence_stdout()
        sys.exit(error.exit_code)
    except Refused as error:
        _report_refused(error)
        sys.exit(error.exit_code)
    except ReconcilerError as error:
        _print_error(str(error))
        sys.exit(error.exit_code)
    except BrokenPipeError:
        silence_stdout()  # the reader has closed the pipe
        sys.exit(ReconcilerError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _report_invalid(error: InvalidInput) -> None:
    from reconciler.core.model.amounts import count
    from reconciler.report.problems import render_problems

    click.echo(render_problems(error.problems, "text"), nl=False, err=True)
    errors = sum(problem.severity == "error" for problem in error.problems)
    _print_error(f"{count(errors, 'problem')} in the desired state: nothing was done")


def _report_refused(error: Refused) -> None:
    """Prints each reason of a refusal on a line of its own, if the sentence only joins them."""
    reasons = list(dict.fromkeys(map(str, error.problems)))
    joined = len(reasons) > 1 and str(error) == "; ".join(map(str, error.problems))
    for line in reasons if joined else [str(error)]:
        _print_error(line)


def _print_error(text: str) -> None:
    from reconciler.report.format.quote import plain_line

    click.echo(f"Error: {plain_line(text)}", err=True)
