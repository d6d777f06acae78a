"""Plan and apply the desired state of a 4me account, declared as YAML in git, over SCIM.

The Python API, in the order of a script:

    state = reconciler.load_desired_state("desired-state", tenant="production")
    live = reconciler.read_live_state(state)
    plan = reconciler.make_plan(state, live)
    print(reconciler.render_plan(plan, "markdown"))
    result = reconciler.apply_plan(plan, state)

Every error is a ReconcilerError. A name is imported at its first use, so that the command line starts quickly.
"""

from importlib import import_module

from reconciler.version import __version__

TYPE_CHECKING = False  # `typing` takes five milliseconds to load
if TYPE_CHECKING:
    from reconciler.api import (
        ApplyResult,
        Change,
        CurrentState,
        DesiredState,
        Failed,
        IncompleteInput,
        InvalidInput,
        Key,
        LiveState,
        Outcome,
        Plan,
        Problem,
        ReconcilerError,
        Refused,
        Run,
        Source,
        Unreachable,
        UsageError,
        apply_plan,
        check_desired_state,
        find_drift,
        load_desired_state,
        load_live_state,
        load_plan,
        make_plan,
        read_live_state,
        render_plan,
        render_run,
    )

__all__ = [
    "ApplyResult",
    "Change",
    "CurrentState",
    "DesiredState",
    "Failed",
    "IncompleteInput",
    "InvalidInput",
    "Key",
    "LiveState",
    "Outcome",
    "Plan",
    "Problem",
    "ReconcilerError",
    "Refused",
    "Run",
    "Source",
    "Unreachable",
    "UsageError",
    "__version__",
    "apply_plan",
    "check_desired_state",
    "find_drift",
    "load_desired_state",
    "load_live_state",
    "load_plan",
    "make_plan",
    "read_live_state",
    "render_plan",
    "render_run",
]

if not TYPE_CHECKING:  # a type checker knows the names above, and no others

    def __getattr__(name: str) -> object:
        """Imports and returns a name of the API."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("reconciler.api"), name)

    def __dir__() -> list[str]:
        """Returns the names of the API."""
        return __all__
