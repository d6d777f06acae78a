"""Gathers the evidence about live users and groups that need it: the states of commits, their places and records.

What git says comes from the pass over its lines; which states count is decided in `core/ownership`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_

from reconciler.core.ownership.candidates import Candidate
from reconciler.core.ownership.evidence import Evidence, StateAt
from reconciler.core.record.applied import AppliedCommits, find_applied
from reconciler.core.record.history import ApplyHistory
from reconciler.desired.evidence.choose import Chooser
from reconciler.desired.evidence.compiled import CompileAt, CompiledCommit, CompiledCommits
from reconciler.desired.evidence.graph import CommitGraph
from reconciler.desired.evidence.line_pass import LinePass, Lines
from reconciler.desired.evidence.mentions import Mentions, find_mentions
from reconciler.desired.evidence.place import CommitPlaces, find_places
from reconciler.desired.evidence.present import PresentNames
from reconciler.desired.git.repository import Repository

MOST_TREES = 100
MOST_ROUNDS = 3
MOST_NAMED = 10


def start_pass(repository: Repository, history: ApplyHistory) -> LinePass:
    """Starts the pass over all that leads to HEAD or to an applied commit; use it in a `with`, around the read."""
    applied = find_applied(history)
    return LinePass.start(repository, tuple(applied.records), applied.start_of_front())


def gather_evidence(  # noqa: PLR0913  # what is known, how to compile, and whom it is about
    work: LinePass,
    history: ApplyHistory,
    compile_at: CompileAt,
    candidates: Sequence[Candidate],
    *,
    also: Iterable[str] = (),
    is_clean: bool = True,
) -> Evidence:
    """Returns what git knows about the candidates; asks it nothing where there are none and no commit is asked for.

    `also` are commits that lead to HEAD or are on record, and whose states belong to the evidence in any case. Where
    the folder is not as HEAD has it (`is_clean` false), HEAD itself is a commit that came before. Raises Refused where
    history is cut off or lost.
    """
    asked = tuple(dict.fromkeys(also))
    if not candidates and not asked:
        return describe_history(history)
    lines = work.join_recent()
    applied = find_applied(history)
    known = AppliedCommits({one: found for one, found in applied.records.items() if one in lines.graph.parents})
    compiled = CompiledCommits(lines.graph, compile_at, MOST_TREES)
    whereabouts = find_places(lines.repository, lines.graph, [*known.records, *asked])
    chooser = _make_chooser(lines, compiled, known, whereabouts)
    for commit in asked:
        if (found := compiled.at(commit)) is not None:
            chooser.chosen.states[commit] = found
    numbered = dict(enumerate(candidates))
    waiting = _choose_recent(lines, chooser, numbered, is_clean=is_clean)
    if waiting:
        _choose(work.join(), chooser, waiting, is_clean=is_clean)
    states = _make_states(lines, known, chooser.chosen.states)
    doubtful = frozenset(numbered[number].id for number in chooser.chosen.doubtful)
    return replace(
        describe_history(history),
        states=states,
        incomplete=tuple(_describe_incomplete(lines.graph, applied, chooser, numbered)),
        doubtful=doubtful,
    )


def describe_history(history: ApplyHistory) -> Evidence:
    """Returns what the record alone says: the last full apply, and how many users it and later ones left alone."""
    full = history.last_full()
    return Evidence(since=full.record.serial if full else None, unsettled=history.unsettled, ignored=history.ignored)


def _make_chooser(
    lines: Lines, compiled: CompiledCommits, applied: AppliedCommits, whereabouts: CommitPlaces
) -> Chooser:
    marks = {commit: 1 << position for position, commit in enumerate(applied.records)}
    before = lines.graph.marks_before(marks)
    here = frozenset(commit for commit in applied.records if whereabouts.places[commit] == "here")
    leads_to = {commit: bits | marks.get(commit, 0) for commit, bits in before.items()}
    return Chooser(lines.graph, compiled, applied, here, leads_to)


def _choose_recent(
    lines: Lines, chooser: Chooser, candidates: dict[int, Candidate], *, is_clean: bool
) -> dict[int, Candidate]:
    """Looks at what changed since the last whole apply, and returns the candidates that this does not decide.

    Where a commit since then is the last word, no older line changes it: what is older came before they were declared.
    """
    if not lines.since:
        return candidates
    _choose(lines, chooser, candidates, is_clean=is_clean)
    after = lines.graph.marks_before(dict.fromkeys(lines.since, 1))
    last = chooser.chosen.last
    return {
        number: one
        for number, one in candidates.items()
        if number not in last or not (last[number] in lines.since or after[last[number]])
    }


def _choose(lines: Lines, chooser: Chooser, candidates: dict[int, Candidate], *, is_clean: bool) -> None:
    """Looks for all by their words, and again for those that git knew by keys that the account does not have."""
    waiting = dict(candidates)
    for _round in range(MOST_ROUNDS):
        if not waiting:
            break
        mentions = find_mentions(lines, waiting)
        if not is_clean:
            # HEAD's declaration of any candidate may have ended in the working tree
            mentions.rules[lines.graph.head] = None
        present = PresentNames(lines.repository, mentions)
        for number in sorted(waiting, key=lambda one: _age(lines.graph, mentions, one), reverse=True):
            chooser.choose(number, waiting[number], mentions, present)
        known = {number: one.known_as(chooser.chosen.keys.get(number, ())) for number, one in waiting.items()}
        waiting = {number: one for number, one in known.items() if one.words != waiting[number].words}


def _age(graph: CommitGraph, mentions: Mentions, number: int) -> int:
    """How long ago a line that names a candidate went: a state with an early leaver has later ones too."""
    return graph.order[next(iter(mentions.ended[number]))] if mentions.ended.get(number) else 0


def _make_states(lines: Lines, applied: AppliedCommits, chosen: Mapping[str, CompiledCommit]) -> tuple[StateAt, ...]:
    graph = lines.graph
    places = find_places(lines.repository, graph, list(chosen))
    commits = sorted(chosen, key=graph.order.__getitem__)
    marks: dict[str, int] = {}
    for position, commit in enumerate(commits):
        for node in places.nodes(commit):
            marks[node] = marks.get(node, 0) | 1 << position
    before = graph.marks_before(marks)
    return tuple(
        StateAt(
            commit=commit,
            desired=chosen[commit].desired,
            place=places.places[commit],
            records=applied.records.get(commit, ()),
            earlier=_earlier(commits, position, [before[node] for node in places.nodes(commit)]),
        )
        for position, commit in enumerate(commits)
    )


def _earlier(commits: Sequence[str], own: int, marks: Iterable[int]) -> frozenset[str]:
    bits = reduce(or_, marks, 0)
    return frozenset(one for position, one in enumerate(commits) if bits >> position & 1 and position != own)


def _describe_incomplete(
    graph: CommitGraph, applied: AppliedCommits, chooser: Chooser, candidates: Mapping[int, Candidate]
) -> Iterable[str]:
    yield from chooser.compiled.refused
    for commit in sorted(graph.missing):
        serial = applied.records[commit][0].serial
        yield f"{commit[:12]}, which apply #{serial} applied, is not in this clone: fetch the branch of the record"
    for number in list(chooser.chosen.cut)[:MOST_NAMED]:
        one = candidates[number]
        yield f"{one.kind} {one.name} ({one.id}) is named by more commits than were compiled: the oldest were left out"
    if len(chooser.chosen.cut) > MOST_NAMED:
        yield f"so are {len(chooser.chosen.cut) - MOST_NAMED} others"
    if chooser.compiled.spent:
        yield f"more than {chooser.compiled.most} states of git would have had to be compiled: the others were left out"
