"""`fleet`: the same plan or drift of many tenants, on the workers of a Dask cluster; one report of all of them.

Each tenant is a shard: this program, run for it alone in a process of its own, where its worker has the desired state
and the tenant's secrets. Which worker, and that the shard of a lost one runs again, is Dask's business. Nothing here
writes to an account, so running a shard twice is safe; apply has no place here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.main import Options
from reconciler.errors import Failed, InvalidInput, Unreachable, UsageError

if TYPE_CHECKING:
    from distributed import Client

WORST_FIRST = (1, 2, 5, 4, 3, 0)  # exit codes: what failed, what could not be asked, what was refused, what differs
SAID = {0: "nothing to do", 3: "differs", 4: "refused", 5: "unreachable", 2: "usage", 1: "failed"}
SECONDS_TO_CONNECT = 30


@dataclass(frozen=True, slots=True)
class Shard:
    """What one tenant's run came to: its exit code, the JSON that it printed (None where none), and what it said."""

    tenant: str
    code: int
    result: Mapping[str, object] | None
    said: str


@click.command()
@click.argument("what", type=click.Choice(["plan", "drift"]))
@click.option("--cluster", required=True, metavar="URL", help="The scheduler, as in tcp://scheduler:8786.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def fleet(options: Options, what: str, *, cluster: str, form: str) -> int:
    """Plan, or look for drift, of all tenants on the workers of a Dask cluster. Needs `reconciler[dask]`.

    Each worker needs the desired state at the same path, and the tenants' secrets in its environment. The exit code is
    the worst of all: 1 failed, 2 usage, 5 unreachable, 4 refused, 3 differs, 0 nothing to do.
    """
    from reconciler.cli.line import load_folder
    from reconciler.desired.git import find_repository

    loaded = load_folder(options, find_repository(options.folder))
    if any(problem.severity == "error" for problem in loaded.problems):
        raise InvalidInput(loaded.problems)
    folder = str(options.folder.resolve())
    with _connect(cluster) as client:
        shards = gather_shards(client, folder, what, sorted(loaded.declarations.tenants))

    click.echo(render_shards(shards, form))
    return worst_of(shard.code for shard in shards)


def gather_shards(client: Client, folder: str, what: str, tenants: Sequence[str]) -> list[Shard]:
    """Every tenant's shard, in their order. One that no worker survives is failed, and no reason to lose the rest."""
    futures = {tenant: client.submit(run_shard, folder, what, tenant, pure=False) for tenant in tenants}
    shards = []
    for tenant, future in futures.items():
        error = future.exception()
        shards.append(Shard(tenant, Failed.exit_code, None, _reason(error)) if error else Shard(**future.result()))
    return shards


def run_shard(folder: str, what: str, tenant: str) -> dict[str, object]:
    """On a worker: this program for one tenant. Plain values, for a scheduler knows nothing of ours."""
    import subprocess
    import sys

    words = [sys.executable, "-m", "reconciler", "--dir", folder, "--tenant", tenant, what, "--format", "json"]
    done = subprocess.run([*words, "--exit-code"], capture_output=True, text=True, check=False)  # noqa: S603  # our own
    result = json.loads(done.stdout) if done.stdout.startswith("{") else None
    return {"tenant": tenant, "code": done.returncode, "result": result, "said": done.stderr.strip()}


def render_shards(shards: Sequence[Shard], form: str) -> str:
    """One report of all: a line for each tenant, what is wrong with it below; or all that each printed, as JSON."""
    if form == "json":
        return json.dumps({"tenants": {one.tenant: asdict(one) for one in shards}}, indent=2, ensure_ascii=False)
    counts = {code: sum(one.code == code for one in shards) for code in WORST_FIRST}
    total = ", ".join(f"{count} {SAID[code]}" for code, count in counts.items() if count)
    return "\n".join([f"{len(shards)} tenants: {total}", *(line for one in shards for line in _tell(one))])


def worst_of(codes: Iterable[int]) -> int:
    """The exit code of a fleet."""
    return min(codes, key=lambda code: WORST_FIRST.index(code) if code in WORST_FIRST else 0, default=0)


def _tell(shard: Shard) -> Iterable[str]:
    from reconciler.report.quote import plain_line

    summary = shard.result.get("summary") if shard.result else None
    counted = ", ".join(f"{count} {action}" for action, count in summary.items()) if isinstance(summary, dict) else ""
    yield f"  {shard.tenant}: {SAID.get(shard.code, f'exit code {shard.code}')}{counted and f' ({counted})'}"
    if shard.code not in (0, 3):
        yield from (f"    {plain_line(line)}" for line in shard.said.splitlines())


def _reason(error: BaseException) -> str:
    return f"every worker that ran it was lost: {type(error).__name__}"


def _connect(cluster: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("a cluster needs Dask: pip install 'reconciler[dask]'") from error
    try:
        return Client(cluster, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unreachable(f"no Dask scheduler answers at {cluster}: {error}") from error
