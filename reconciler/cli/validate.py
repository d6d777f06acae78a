"""`validate`: every problem in the YAML, for every tenant; no network and no credentials."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from reconciler.cli.plan import as_of_option
from reconciler.pipeline.workspace import Options

if TYPE_CHECKING:
    from reconciler.desired.git.checkout import DesiredFiles
    from reconciler.errors import Problem
    from reconciler.report.problems import ProblemFormat

FORMATS = click.Choice(["text", "json", "github", "sarif"])
VALID, INVALID, INCOMPLETE = 0, 1, 2


@click.command()
@as_of_option
@click.option("--format", "form", type=FORMATS, default="text", show_default=True)
@click.pass_obj
def validate(options: Options, as_of: date | None, form: ProblemFormat) -> int:
    """All problems in the YAML at once, each with its file, its line and what to do. Needs no network."""
    from reconciler.desired.git.checkout import read_desired_files
    from reconciler.desired.git.repository import find_repository
    from reconciler.errors import IncompleteInput
    from reconciler.pipeline.desired.current_state import say
    from reconciler.pipeline.output import print_result
    from reconciler.report.problems import render_problems

    files = read_desired_files(options.folder, find_repository(options.folder))
    try:
        problems, summary, code = *_check(options, as_of, files), INVALID
    except IncompleteInput as error:
        problems, summary, code = list(error.problems), "the desired state, which can't be read whole", INCOMPLETE
    print_result(render_problems(problems, form))
    errors = sum(problem.severity == "error" for problem in problems)
    verdict = f"{errors} {'problem' if errors == 1 else 'problems'} in {summary}" if errors else f"Valid: {summary}"
    told = f"{verdict}\n{files.sentence}"
    if form == "text":
        click.echo(told)
    else:
        say(options, told)
    return code if errors else VALID


def _check(options: Options, as_of: date | None, files: DesiredFiles) -> tuple[list[Problem], str]:
    """The problems of reading and of compiling for the tenant that was named, or for each."""
    from reconciler.core.access.compile import compile_state
    from reconciler.core.declarations.token_expiry import warn_of_token
    from reconciler.core.safety.duties import warn_of_breaches
    from reconciler.pipeline.desired.current_state import choose_tenant, load_files, now_in_utc
    from reconciler.report.format.words import count

    loaded = load_files(options, files)
    declarations = loaded.declarations
    tenants = [choose_tenant(declarations, options.tenant)] if options.tenant else list(declarations.tenants)
    today = as_of or now_in_utc().date()
    states = [compile_state(declarations, tenant, today) for tenant in tenants]
    told = [problem for state in states for problem in (*state.problems, *warn_of_breaches(state.breaches))]
    ending = [problem for name in tenants for problem in warn_of_token(name, declarations.tenants[name], today)]
    found = dict.fromkeys([*loaded.problems, *told, *ending])
    counted = {"user": declarations.users, "group": declarations.groups, "tenant": tenants, "file": loaded.files}
    users, groups, accounts, those = (count(len(some), noun) for noun, some in counted.items())
    return list(found), f"{users}, {groups}, {accounts} in {those}"
