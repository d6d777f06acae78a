"""Who was ours, as git knows it: each shape of history, in a real repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.core.model.resources import Key, LiveGroup
from reconciler.core.ownership.candidates import Candidate
from reconciler.core.record.record import Covers, salted
from reconciler.desired.evidence.gather import gather_evidence, start_pass
from reconciler.desired.evidence.mentions import find_mentions
from reconciler.desired.git.repository import find_repository
from reconciler.errors import Refused
from tests.desired.evidence.histories import (
    Project,
    candidate_of,
    commits,
    compile_commit,
    declaring,
    history_of,
    live,
    make_project,
    user,
    users,
)

KAI = live("kai")
KEY = Key("user", "kai")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository whose first commit declares nobody."""
    return make_project(tmp_path / "clone")


def test_a_person_who_left_after_an_apply_has_the_state_that_was_applied(project: Project) -> None:
    """On one line, with commits between."""
    project.people("ann", "kai")
    applied = project.apply()
    project.people("ann", "kai", "bob")
    project.people("ann", "bob")
    project.people("ann", "bob", "cid")

    evidence = project.evidence(KAI)

    (state,) = declaring(evidence, "kai")
    assert ("here", (applied,)) == (state.place, state.records)
    assert applied == state.covering(KEY)
    assert () == evidence.incomplete


def test_a_stranger_costs_no_compiled_state(project: Project) -> None:
    """No line that went names them."""
    project.people("ann", "kai")
    project.apply()
    project.people("ann")

    assert () == project.evidence(live("zoe")).states
    assert [] == project.compiled


def test_without_candidates_git_is_not_waited_for(project: Project) -> None:
    """The pass is stopped."""
    project.apply()

    assert (1, ()) == (project.evidence().since, project.evidence().states)


def test_the_record_says_since_when_and_how_many_are_unsettled(project: Project) -> None:
    """The last full apply, and the counts of the newest that ended."""
    project.apply()
    project.apply(mode="targeted", unsettled=3, ignored=2)
    project.apply(state="begun", whole=False, mode=None)

    evidence = project.evidence()

    assert (1, 3, 2) == (evidence.since, evidence.unsettled, evidence.ignored)


def test_only_the_newest_applied_state_that_has_them_is_compiled(project: Project) -> None:
    """Many applies before and after: what does not name them is not compiled."""
    for number in range(5):
        project.people("kai", f"n{number}")
        project.apply()
    last = project.applied[-1].commit
    project.people("n5")
    for number in range(5):
        project.people(f"m{number}")
        project.apply()

    assert [last] == commits(project.evidence(KAI).states)
    assert [last] == project.compiled


@pytest.mark.parametrize("first", ["main", "side"])
def test_a_merge_of_a_removal_counts_in_both_directions(project: Project, first: str) -> None:
    """The line was applied; the removal came by a merge, as the first parent or as the second."""
    project.people("ann", "kai")
    project.clone.git("checkout", "--quiet", "-b", "side")
    project.people("ann")
    project.clone.git("checkout", "--quiet", "main")
    project.commit({"groups.yaml": "groups: {staff: {displayName: Staff}}\n"})
    applied = project.apply()
    if first == "side":
        project.clone.git("checkout", "--quiet", "side")
    project.clone.git("merge", "--quiet", "--no-edit", "side" if first == "main" else "main")

    evidence = project.evidence(KAI)

    assert applied in [record for state in declaring(evidence, "kai") for record in state.records]
    assert {"here"} == {state.place for state in declaring(evidence, "kai")}


def test_a_merge_that_drops_a_person_itself_is_seen(project: Project) -> None:
    """Both parents have them; the merge's own content does not."""
    project.people("ann", "kai")
    project.clone.git("checkout", "--quiet", "-b", "side")
    project.commit({"groups.yaml": "groups: {staff: {displayName: Staff}}\n"})
    project.clone.git("checkout", "--quiet", "main")
    project.commit({"more.yaml": users("bob")})
    applied = project.apply()
    project.clone.git("merge", "--quiet", "--no-commit", "--no-ff", "side")
    project.clone.write({"desired-state/users.yaml": users("ann")})
    project.clone.commit()

    (state,) = declaring(project.evidence(KAI), "kai")

    assert (applied.commit, "here") == (state.commit, state.place)


def test_an_octopus_merge_has_an_edge_to_each_parent(project: Project) -> None:
    """A person of the third parent is dropped by the merge."""
    for branch in ("one", "two"):
        project.clone.git("checkout", "--quiet", "-b", branch, "main")
        project.commit({f"{branch}.yaml": users(branch)})
    applied = project.apply(project.clone.git("rev-parse", "two"))
    project.clone.git("checkout", "--quiet", "main")
    project.commit({"three.yaml": users("ann")})
    project.clone.git("merge", "--quiet", "--no-commit", "--no-ff", "one", "two")
    (project.clone.root / "desired-state/two.yaml").unlink()
    project.clone.commit()

    (state,) = declaring(project.evidence(live("two")), "two")

    assert (applied.commit, "here") == (state.commit, state.place)


def squash(project: Project) -> None:
    """HEAD's content as one commit without a past; the branch goes there."""
    tree = project.clone.git("rev-parse", "HEAD^{tree}")
    project.clone.git("reset", "--quiet", "--hard", project.clone.git("commit-tree", tree, "-m", "all"))
    project.clone.git("reflog", "expire", "--expire=now", "--all")


def test_an_applied_commit_that_was_squashed_counts_as_here_by_its_tree(project: Project) -> None:
    """The same folder leads here under another commit."""
    project.people("ann", "kai")
    applied = project.apply()
    squash(project)
    later = project.people("ann")

    (state,) = declaring(project.evidence(KAI), "kai")

    assert (applied.commit, "here", (applied,)) == (state.commit, state.place, state.records)
    assert later not in state.earlier


def test_an_applied_commit_that_was_squashed_away_with_its_person_is_gone(project: Project) -> None:
    """No commit here has that tree."""
    project.people("ann", "kai")
    project.apply()
    project.people("ann")
    squash(project)

    (state,) = declaring(project.evidence(KAI), "kai")

    assert "gone" == state.place


def test_a_filtered_history_has_other_trees_and_leads_nowhere(project: Project) -> None:
    """Each commit was written again with a file more."""
    project.people("ann", "kai")
    project.apply()
    project.people("ann")
    project.clone.git("checkout", "--quiet", "--orphan", "filtered")
    project.commit({"more.yaml": "# filtered\n", "users.yaml": users("ann", "kai")})
    project.people("ann")
    project.clone.git("branch", "--delete", "--force", "main")

    states = declaring(project.evidence(KAI), "kai")

    assert ["gone"] == [state.place for state in states if state.records]


def test_a_rebased_commit_counts_as_here_where_its_folder_is_the_same(project: Project) -> None:
    """The commit changed, what it says did not."""
    start = project.clone.git("rev-parse", "HEAD")
    project.people("ann", "kai")
    applied = project.apply()
    project.clone.git("checkout", "--quiet", "-b", "new", start)
    project.clone.commit({"README.md": "new"})
    project.people("ann", "kai")
    project.people("ann")
    project.clone.git("branch", "--delete", "--force", "main")

    states = {state.commit: state for state in declaring(project.evidence(KAI), "kai")}

    assert "here" == states[applied.commit].place


@pytest.mark.parametrize(
    ("ref", "place"),
    [
        ("refs/heads/other", "elsewhere"),
        ("refs/tags/v1", "elsewhere"),
        ("refs/remotes/origin/main", "elsewhere"),
        ("refs/heads/reconciler/sandbox", "gone"),
        ("refs/remotes/origin/reconciler/sandbox", "gone"),
    ],
)
def test_an_applied_commit_of_another_line_is_elsewhere_unless_only_the_record_has_it(
    project: Project, ref: str, place: str
) -> None:
    """The record's branch leads to every commit that was ever applied."""
    start = project.clone.git("rev-parse", "HEAD")
    project.people("ann", "kai")
    project.apply()
    project.clone.git("update-ref", ref, "HEAD")
    project.clone.git("reset", "--quiet", "--hard", start)
    project.people("ann")

    (state,) = declaring(project.evidence(KAI), "kai")

    assert place == state.place


def test_a_revert_of_a_revert_brings_back_and_takes_away(project: Project) -> None:
    """The newest state that declares them is there, and older ones lead to it."""
    project.people("ann", "kai")
    first = project.apply()
    project.people("ann")
    project.people("ann", "kai")
    second = project.apply()
    project.people("ann")

    evidence = project.evidence(KAI)

    assert second.commit == evidence.states[0].commit
    assert first.commit not in project.compiled


def test_a_person_who_came_and_went_between_two_applies_is_found(project: Project) -> None:
    """No applied commit declares them: an unapplied one does."""
    project.people("ann")
    project.apply()
    between = project.people("ann", "kai")
    project.people("ann")
    project.apply()

    (state,) = declaring(project.evidence(KAI), "kai")

    assert (between, (), "here") == (state.commit, state.records, state.place)


def test_a_renamed_folder_loses_nobody(project: Project) -> None:
    """The states before are read where they stood, and their trees are the same."""
    project.people("ann", "kai")
    applied = project.apply()
    project.clone.git("mv", "desired-state", "company")
    project.clone.commit()
    moved = Project(type(project.clone)(project.clone.root, "company"), project.applied)
    moved.people("ann")

    (state, *_others) = declaring(moved.evidence(KAI), "kai")

    assert applied.commit in commits(declaring(moved.evidence(KAI), "kai"))
    assert "here" == state.place


def test_a_folder_that_is_the_whole_repository_is_read(tmp_path: Path) -> None:
    """Its tree is the commit's."""
    project = make_project(tmp_path / "clone", ".")
    project.people("ann", "kai")
    applied = project.apply()
    project.people("ann")

    assert [applied.commit] == commits(declaring(project.evidence(KAI), "kai"))


ONE_LINE = "users: {{ann: {{userName: ann@example.com}}{}}}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ONE_LINE.format(", kai: {userName: kai@example.com}"), ONE_LINE.format("")),
        ('users:\n  "kai": {userName: "kai@example.com"}\n', "users: {}\n"),
        ("users:\n  'kai':\n    userName: 'kai@example.com'\n", "users: {}\n"),
        ('users:\n  "k\\u0061i": {userName: "k\\x61i@example.com"}\n', "users: {}\n"),
        (users("kai").replace("\n", "\r\n"), "users: {}\r\n"),
        (users("kai"), "# users:\n" + users("kai").partition("\n")[2].replace("  ", "# ") + "users: {}\n"),
        ("users:\n  ann: &a {userName: ann@example.com}\n  kai: {<<: *a, userName: kai@example.com}\n", users("ann")),
        ("users:\n  kai: {userName: kai@example.com}\n", "groups:\n  kai: {displayName: kai}\n"),
    ],
    ids=["one line", "quoted", "single quotes", "escaped", "CRLF", "comment", "merge key", "section"],
)
def test_however_yaml_spells_it_the_state_before_is_found(project: Project, before: str, after: str) -> None:
    """A header that changes makes all lines below it something else, which no line of theirs shows."""
    project.commit({"users.yaml": before})
    applied = project.apply()
    project.commit({"users.yaml": after})

    assert applied.commit in commits(declaring(project.evidence(KAI), "kai"))


def test_an_anchor_that_holds_the_name_stays_and_the_alias_goes(project: Project) -> None:
    """The line that went names nobody whom the account knows."""
    anchor = "users:\n  ann: {userName: ann@example.com, title: &n kai@example.com}\n"
    project.commit({"users.yaml": anchor + "  x1: {userName: *n}\n"})
    applied = project.apply()
    project.commit({"users.yaml": anchor})

    evidence = project.evidence(live("kai", externalId="other"))

    assert [applied.commit] == commits(declaring(evidence, "x1"))


def test_diacritics_are_the_same_however_they_are_written(project: Project) -> None:
    """The account has them composed, git decomposed."""
    project.commit({"users.yaml": "users:\n  x1: {userName: zoe\u0308@example.com}\n"})
    applied = project.apply()
    project.people("ann")

    project.evidence(live("kai", externalId="other", userName="zo\u00eb@example.com"))

    assert [applied.commit] == project.compiled


def test_many_files_name_a_person_in_some(project: Project) -> None:
    """One file a person."""
    project.commit({f"users/n{number}.yaml": users(f"n{number}") for number in range(30)})
    applied = project.apply()
    (project.clone.root / "desired-state/users/n7.yaml").unlink()
    project.clone.commit()

    assert [applied.commit] == commits(declaring(project.evidence(live("n7")), "n7"))


def test_a_key_that_is_given_to_somebody_else_leaves_the_first(project: Project) -> None:
    """The key is still declared; the name that the account has is not."""
    project.commit({"users.yaml": "users:\n" + user("kai", userName="kai.one@example.com")})
    applied = project.apply()
    project.commit({"users.yaml": "users:\n" + user("kai", userName="kai.two@example.com")})

    first = live("kai", externalId="", userName="kai.one@example.com")

    assert [applied.commit] == commits(declaring(project.evidence(first), "kai"))


MAPPED = """\
attribute_mappings:
  users:
    - {target: userName, expression: "{{ name.givenName | lower }}.{{ name.familyName | lower }}@x.com", matching: 1}
"""


def test_a_person_whom_an_expression_named_is_found_by_given_and_family_name(project: Project) -> None:
    """No line of YAML ever held what the account has."""
    project.commit(
        {
            "mapping.yaml": MAPPED,
            "users.yaml": "users:\n  p4711: {userName: p4711, name: {givenName: Kai, familyName: Brand}}\n",
        }
    )
    applied = project.apply()
    project.commit({"users.yaml": "users: {}\n"})
    attributes = {"userName": "kai.brand@x.com", "name.givenName": "Kai", "name.familyName": "Brand"}

    evidence = project.evidence(live("kai", externalId="", **attributes))

    assert [applied.commit] == commits(declaring(evidence, "p4711"))


def test_a_mapping_that_changed_counts_for_all_whom_its_state_names(project: Project) -> None:
    """No line about the person changed, and HEAD's mapping makes another name of it."""
    rule = "attribute_mappings: {users: [{target: userName, source: %s, matching: 1}]}\n"
    person = "users:\n  x1: {userName: kai@example.com, title: other@example.com}\n"
    project.commit({"users.yaml": person, "mapping.yaml": rule % "userName"})
    applied = project.apply()
    project.commit({"mapping.yaml": rule % "title"})

    assert [applied.commit] == commits(declaring(project.evidence(live("kai", externalId="")), "x1"))


def test_a_release_that_was_tidied_away_is_among_the_states(project: Project) -> None:
    """It came after the last commit that declares them, and says so."""
    project.people("ann", "kai")
    applied = project.apply()
    released = project.commit({"users.yaml": users("ann"), "released.yaml": "released:\n  - {key: user/kai}\n"})
    (project.clone.root / "desired-state/released.yaml").unlink()
    project.clone.commit()

    states = {state.commit: state for state in project.evidence(KAI).states}

    assert {applied.commit, released} == set(states)
    assert {applied.commit} == states[released].earlier
    assert [KEY] == [one.key for one in states[released].desired.released]


def test_a_release_by_id_that_was_tidied_away_is_among_the_states(project: Project) -> None:
    """The id is a word as well."""
    project.people("kai")
    project.apply()
    released = project.commit({"users.yaml": users(), "released.yaml": "released:\n  - id: id-kai\n    reason: any\n"})
    project.commit({"released.yaml": "released: []\n"})

    assert released in commits(project.evidence(KAI).states)


def test_a_key_that_the_account_does_not_have_is_looked_for_once_it_is_known(project: Project) -> None:
    """The account knows the name alone; git released by key."""
    project.commit({"users.yaml": "users:\n  x1: {userName: kai@example.com}\n"})
    applied = project.apply()
    released = project.commit({"users.yaml": users(), "released.yaml": "released:\n  - {key: user/x1}\n"})
    project.commit({"released.yaml": "released: []\n"})

    evidence = project.evidence(live("kai", externalId=""))

    assert {applied.commit, released} == set(commits(evidence.states))


def test_broken_yaml_in_the_middle_is_named_and_the_state_before_it_taken(project: Project) -> None:
    """The commit before the line went does not compile."""
    project.people("ann", "kai")
    applied = project.apply()
    broken = project.commit({"bad.yaml": "users: [\n"})
    project.commit({"users.yaml": users("ann")})
    (project.clone.root / "desired-state/bad.yaml").unlink()
    project.clone.commit()

    assert [applied.commit] == commits(project.evidence(KAI).states)

    project.applied.clear()
    evidence = project.evidence(KAI)

    assert [applied.commit] == commits(evidence.states)
    assert broken[:12] in evidence.incomplete[0]
    assert frozenset() == evidence.doubtful


def test_a_broken_commit_that_may_have_released_somebody_makes_them_doubtful(project: Project) -> None:
    """What it says can't be read."""
    project.people("ann", "kai")
    project.apply()
    project.commit(
        {"users.yaml": users("ann"), "bad.yaml": "users: [\n", "released.yaml": "released: [{key: user/kai}]\n"}
    )
    project.commit({"released.yaml": "", "bad.yaml": ""})

    assert {"id-kai"} == project.evidence(KAI).doubtful


def test_out_of_scope_asks_the_newest_applied_commits(project: Project) -> None:
    """No line about the person changed: a filter did."""
    project.commit({"users.yaml": users("kai"), "tenants.yaml": "tenants: {sandbox: {url: sandbox, scope: all}}\n"})
    applied = project.apply()
    project.commit({"tenants.yaml": "tenants: {sandbox: {url: sandbox}}\n"})
    out = candidate_of(KAI)
    linked = Candidate(out.kind, out.id, out.name, out.attributes, out.words, linked=KEY)

    (state,) = project.evidence(candidates=[linked]).states

    assert (applied.commit, True) == (state.commit, state.desired.users[KEY].in_scope)


def test_out_of_scope_is_given_up_after_ten_trees(project: Project) -> None:
    """They were never provisioned from here, as far as was looked."""
    out = candidate_of(KAI)
    linked = Candidate(out.kind, out.id, out.name, out.attributes, out.words, linked=KEY)
    for number in range(13):
        project.people(f"n{number}")
        project.apply()

    evidence = project.evidence(candidates=[linked])

    assert () == evidence.states
    assert 10 == len(project.compiled)
    assert "id-kai" in evidence.incomplete[0]


def test_a_group_that_left_has_its_last_covered_state(project: Project) -> None:
    """Found by its name."""
    project.commit({"groups.yaml": "groups:\n  staff: {displayName: Our Staff}\n"})
    applied = project.apply()
    project.commit({"groups.yaml": "groups: {}\n"})
    group = LiveGroup("g1", {"displayName": "Our Staff"}, frozenset())

    assert [applied.commit] == commits(declaring(project.evidence(group), "staff", "group"))


def test_an_apply_that_did_not_cover_them_is_no_last_word(project: Project) -> None:
    """The one before did."""
    project.people("kai")
    first = project.apply()
    project.people("kai", "ann")
    second = project.apply(whole=False, covers=Covers(kind="all_but", keys=(salted("salt", "user/kai"),)))
    project.people("ann")

    states = {state.commit: state.covering(KEY) for state in project.evidence(KAI).states}

    assert {first.commit: first, second.commit: None} == states


def test_a_begin_counts_until_its_end(project: Project) -> None:
    """The end says whom the apply covered."""
    project.people("kai")
    begun = project.apply(state="begun", whole=False, mode=None)
    project.people("ann")

    (state,) = project.evidence(KAI).states
    assert (begun,) == state.records

    ended = begun.model_copy(update={"state": "ended", "covers": Covers(kind="only")})
    project.applied.append(ended)
    (state,) = project.evidence(KAI).states
    assert (ended,) == state.records


def test_what_is_not_committed_counts_as_gone_since_head(project: Project) -> None:
    """The working tree no longer has them."""
    project.people("ann", "kai")
    applied = project.apply()

    assert [] == declaring(project.evidence(KAI), "kai")
    assert [applied.commit] == commits(declaring(project.evidence(KAI, is_clean=False), "kai"))


def test_commits_that_are_asked_for_belong_to_the_evidence(project: Project) -> None:
    """Whoever they declare."""
    asked = project.people("ann")
    project.people("ann", "bob")

    assert [asked] == commits(project.evidence(also=[asked]).states)


def test_a_commit_on_record_that_is_not_here_is_named(project: Project) -> None:
    """The record's branch would have brought it."""
    project.people("kai")
    project.apply("1" * 40)
    project.people("ann")

    evidence = project.evidence(KAI)

    assert ["commit 111111111111, applied by apply #1"] == [
        text.partition(", is not")[0] for text in evidence.incomplete
    ]


def test_what_names_somebody_too_often_is_cut_and_said(project: Project) -> None:
    """Twenty trees are compiled for one person."""
    project.people("ann")
    for number in range(25):
        project.commit({"users.yaml": users("ann") + f"# kai {number}\n"})
        project.apply()
    project.people("ann")

    evidence = project.evidence(KAI)

    assert 20 == len(project.compiled)
    assert "user Kai (id-kai)" in evidence.incomplete[0]


def clone_of(project: Project, target: Path, *arguments: str) -> Project:
    """A clone by some arguments, with the applies of the first."""
    project.clone.git("config", "uploadpack.allowFilter", "true")
    project.clone.git("clone", "--quiet", *arguments, f"file://{project.clone.root}", str(target))
    return Project(type(project.clone)(target), project.applied)


def test_a_shallow_clone_is_refused_with_the_way_out(project: Project, tmp_path: Path) -> None:
    """Whoever left before its first commit would be unknown."""
    project.people("kai")
    project.apply()
    project.people("ann")
    shallow = clone_of(project, tmp_path / "shallow", "--depth=1")

    with pytest.raises(Refused, match="git fetch --unshallow"):
        shallow.evidence(KAI)


def test_a_clone_without_blobs_fetches_them_or_is_refused(project: Project, tmp_path: Path) -> None:
    """Where its remote is gone, what they say can't be known."""
    project.people("kai")
    applied = project.apply()
    project.people("ann")
    fetches = clone_of(project, tmp_path / "fetches", "--filter=blob:none")
    refused = clone_of(project, tmp_path / "refused", "--filter=blob:none")
    assert [applied.commit] == commits(fetches.evidence(KAI).states)
    refused.clone.git("remote", "set-url", "origin", str(tmp_path / "gone"))

    with pytest.raises(Refused, match="git fetch --refetch"):
        refused.evidence(KAI)


def test_a_fixed_number_of_processes_reads_however_many_commits(project: Project, tmp_path: Path) -> None:
    """Twenty commits cost no process more than two."""
    counted: list[int] = []
    trace = tmp_path / "trace"
    for _time in range(2):
        project.people("kai")
        project.apply()
        for number in range(10):
            project.people(f"n{number}")
        project.clone.git("config", "trace2.eventTarget", str(trace))
        repository = find_repository(project.clone.root / "desired-state")
        assert repository is not None
        with start_pass(repository, history_of(*project.applied)) as work:
            work.join()
        counted.append(trace.read_text().count('"event":"start"') if trace.exists() else 0)
        trace.unlink(missing_ok=True)

    assert counted[0] == counted[1]


def test_a_pass_that_is_stopped_ends(project: Project) -> None:
    """It may be stopped at any moment, and twice."""
    project.people("kai")
    history = history_of()
    with start_pass(project.clone.found(), history) as work:
        work.stop()

        assert () == gather_evidence(work, history, lambda one: compile_commit(project.clone.found(), one), []).states


def test_what_changed_since_the_last_whole_apply_is_enough_for_who_left_since(project: Project) -> None:
    """The older history is not waited for; for who left before, it is."""
    project.people("ann", "kai", "bob")
    older = project.apply()
    project.people("ann", "kai")
    whole = project.apply()
    project.people("ann")
    history = history_of(*project.applied)
    with start_pass(project.clone.found(), history) as work:
        recent = find_mentions(work.join_recent(), {0: candidate_of(KAI), 1: candidate_of(live("bob"))})

    assert [0] == list(recent.ended)
    assert {whole.commit} == set(commits(declaring(project.evidence(KAI), "kai")))
    assert {older.commit} == set(commits(project.evidence(live("bob")).states))


def test_a_release_before_a_later_whole_apply_is_found_again(project: Project) -> None:
    """Nobody has declared them since, so that all of history is looked at."""
    project.people("ann", "kai")
    project.apply()
    released = project.commit({"users.yaml": users("ann"), "released.yaml": "released:\n  - {key: user/kai}\n"})
    project.apply()
    project.commit({"released.yaml": "released: []\n"})
    project.apply()
    project.people("ann", "bob")

    assert released in commits(project.evidence(KAI).states)
