"""The line that every command is, cut at a different place: what git says, now and before, held against the account.

Gathers and hands over; what is decided is decided in `core`. The account's end of the line is in `account`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import click

from reconciler.collector import collector_off
from reconciler.core.access.compile import compile_state, guardrails_of
from reconciler.core.changes.plan_notes import RecordNote
from reconciler.core.comparison.earlier import Earlier
from reconciler.core.declarations.declared import Declarations
from reconciler.core.declarations.redaction import Redaction
from reconciler.core.declarations.tenant import Guardrails, Tenant
from reconciler.core.declarations.token_expiry import warn_of_token
from reconciler.core.model.states import DesiredState, LiveState
from reconciler.core.model.suggest import did_you_mean
from reconciler.core.ownership.evidence import NO_EVIDENCE, Evidence
from reconciler.core.safety.make_plan import PlanInput
from reconciler.core.targeting.selection import warn_of_selection
from reconciler.desired.git.checkout import DesiredFiles, read_desired_files
from reconciler.desired.git.repository import Repository, find_repository
from reconciler.desired.yaml.load import Loaded, ReadAll, load_declarations, read_all
from reconciler.errors import IncompleteInput, InvalidInput, Problem, UsageError
from reconciler.pipeline.desired.parse_cache import reader_for
from reconciler.pipeline.output import fingerprint_key
from reconciler.pipeline.workspace import Options
from reconciler.settings import read_settings


@dataclass(frozen=True, slots=True)
class Head:
    """What git says now for one tenant, and where it says so.

    `commit` is the commit that was read, and `from_commit` true, where the files are exactly that commit's. Of
    `files_known` files, `files_read` were read.
    """

    loaded: Loaded
    tenant_name: str
    tenant: Tenant
    desired: DesiredState
    today: date
    repository: Repository | None
    commit: str | None
    read: ReadAll = read_all  # how files are read, of now and of before
    redaction: Redaction = field(default_factory=Redaction)
    files_read: int = 0
    files_known: int = 0
    from_commit: bool = False
    files_said: str = ""  # the same as a sentence

    @property
    def guardrails(self) -> Guardrails:
        """Those in force for the tenant."""
        return guardrails_of(self.loaded.declarations, self.tenant_name)


def now_in_utc() -> datetime:
    """This moment; the only clock but the client's, and it never enters the core but as an argument."""
    return datetime.now(UTC)


def load_head(options: Options, as_of: date | None) -> Head:
    """The desired state that is checked out, compiled; raises InvalidInput with every problem there is.

    Raises IncompleteInput where not every file of it can be read.
    """
    today = as_of or now_in_utc().date()
    repository = find_repository(options.folder)
    files = read_desired_files(options.folder, repository)
    loaded = load_files(options, files)
    errors = tuple(problem for problem in loaded.problems if problem.severity == "error")
    if errors and not loaded.declarations.tenants:
        raise InvalidInput(loaded.problems)
    name = choose_tenant(loaded.declarations, options.tenant)
    with collector_off():
        desired = compile_state(loaded.declarations, name, today)
    problems = (*loaded.problems, *desired.problems)
    if any(problem.severity == "error" for problem in problems):
        raise InvalidInput(problems)
    return Head(
        loaded=loaded,
        tenant_name=name,
        tenant=loaded.declarations.tenants[name].tenant,
        desired=desired,
        today=today,
        repository=repository,
        commit=files.commit,
        read=reader_for(options),
        redaction=_redaction(options, loaded.declarations),
        files_read=len(files.contents),
        files_known=files.known,
        from_commit=files.commit is not None,
        files_said=files.sentence,
    )


def _redaction(options: Options, declarations: Declarations) -> Redaction:
    """What must not be read, and the key of fingerprints, which is made where one is first needed."""
    if not declarations.redact:
        return Redaction()
    return Redaction(declarations.redact, fingerprint_key(options.folder, read_settings()))


def load_folder(options: Options, repository: Repository | None) -> Loaded:
    """What git says now; files are called by their path in the repository, or below the folder's name.

    Raises IncompleteInput where not every file of it can be read.
    """
    return load_files(options, read_desired_files(options.folder, repository))


def load_files(options: Options, files: DesiredFiles) -> Loaded:
    """What files declare; raises IncompleteInput, with the problems of those that can be read, where some can't."""
    loaded = load_declarations(files.contents, read=reader_for(options))
    if files.problems:
        raise IncompleteInput((*files.problems, *loaded.problems), len(files.contents), files.known)
    return loaded


def choose_tenant(declarations: Declarations, name: str | None) -> str:
    """The tenant that was named, or the only one; raises UsageError otherwise."""
    names = list(declarations.tenants)
    if not names:
        raise UsageError(
            "no tenant is declared: add one under `tenants`, for a start `tenants: {sandbox: {url: sandbox}}`"
        )
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        raise UsageError(f"which tenant? Name one with --tenant: {', '.join(names)}")
    if name not in names:
        near = did_you_mean(name, names) or f"the tenants are: {', '.join(names)}"
        raise UsageError(f'no tenant "{name}" is declared ({near})')
    return name


@dataclass(frozen=True, slots=True)
class Base:
    """What git said before, and what there is to say about that; `history` finds it.

    `loaded` are the files of the earlier states by commit, that of the base first. `applied` says that a whole apply is
    on record, so that what waits to be applied is known. `record` and `refusals` are what the record of applies says
    for a plan and against its apply, `done` what recent applies did by the guardrail that limits it.
    """

    earlier: Earlier = field(default_factory=Earlier)
    commit: str | None = None
    population: int | None = None
    applied: bool = False
    problems: tuple[Problem, ...] = ()
    loaded: Mapping[str, Loaded] = field(default_factory=dict)
    record: RecordNote | None = None
    done: Mapping[str, int] = field(default_factory=dict)
    refusals: tuple[Problem, ...] = ()


def gather(head: Head, base: Base, live: LiveState, evidence: Evidence = NO_EVIDENCE) -> PlanInput:
    """All that a plan is made from."""
    return PlanInput(
        desired=head.desired,
        live=live,
        tenant=head.tenant,
        guardrails=head.guardrails,
        as_of=head.today,
        earlier=base.earlier,
        commit=head.commit,
        base=base.commit,
        population=base.population,
        problems=(
            *base.problems,
            *token_problems(head),
            *warn_of_selection(head.desired, base.earlier, everything_read=live.certificate.mode != "targeted"),
        ),
        redaction=head.redaction,
        evidence=evidence,
        record=base.record,
        done=base.done,
        first_apply=not base.applied,
        refusals=base.refusals,
    )


def token_problems(head: Head) -> tuple[Problem, ...]:
    """A warning from a week before the token's last day."""
    declared = head.loaded.declarations.tenants.get(head.tenant_name)
    return tuple(warn_of_token(head.tenant_name, declared, head.today)) if declared else ()


def say(options: Options, text: str) -> None:
    """A message for the person, on stderr."""
    if options.verbosity >= 0:
        click.echo(text, err=True)


def say_files(options: Options, head: Head) -> None:
    """On stderr, how many files of the desired state were read, and from where."""
    say(options, head.files_said)


def say_token(options: Options, head: Head) -> None:
    """On stderr, what there is to say of the token of a tenant."""
    for problem in token_problems(head):
        say(options, str(problem))
