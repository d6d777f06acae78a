"""`init` creates a repository that validates, plans and passes the checkers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.project import Project

ACTION = "acme/reconciler@" + "a1" * 20
STARTER = ["README.md", "groups.yaml", "guardrails.yaml", "roles.yaml", "tenants.yaml", "users.yaml"]
WORKFLOWS = [".github/workflows/apply.yml", ".github/workflows/drift.yml", ".github/workflows/plan.yml"]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path / "new", monkeypatch)


def test_what_it_writes_can_be_planned_and_applied(empty: Project) -> None:
    """In the sandbox, with nothing else."""
    ran = empty.run("init")

    assert 0 == ran.code
    assert [".gitignore", *(f"desired-state/{name}" for name in STARTER)] == empty.written()
    assert "Next: read desired-state/README.md, commit the files, and run `reconciler plan`." in ran.err
    assert [0, 0, 0] == [empty.run(*words).code for words in (("validate",), ("plan",), ("apply", "--yes"))]
    assert {"ada.byron", "alan.mathison"} == set(empty.users())


def test_the_workflows_run_the_program_from_the_action(empty: Project) -> None:
    """By its commit, in every job."""
    assert 0 == empty.run("init", "--action", ACTION).code

    assert WORKFLOWS == [name for name in empty.written() if name.startswith(".github/")]
    for name in WORKFLOWS:
        text = (empty.root / name).read_text()
        assert f"uses: {ACTION}\n" in text
        assert "uses: ./" not in text


def test_the_checkers_find_nothing_in_what_it_writes(empty: Project) -> None:
    """As they find nothing in our own."""
    empty.run("init", "--action", ACTION, "--parts", "2")
    tools = Path(sys.executable).parent
    schema = ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)

    for command in (("zizmor", "--offline", "--persona", "auditor", "."), ("actionlint", *WORKFLOWS), schema):
        done = subprocess.run(  # noqa: S603
            [tools / command[0], *command[1:]], cwd=empty.root, capture_output=True, text=True, check=False
        )
        assert 0 == done.returncode, done.stdout + done.stderr


def test_tenants_in_two_parts_have_workflows_of_their_own(empty: Project) -> None:
    """The first are named as ever; the second have another name and another group, and are told which part they are."""
    assert 0 == empty.run("init", "--action", ACTION, "--parts", "2").code

    seconds = [name.replace(".yml", "-2.yml") for name in WORKFLOWS]
    assert sorted([*WORKFLOWS, *seconds]) == [name for name in empty.written() if name.startswith(".github/")]
    for first, second in zip(WORKFLOWS, seconds, strict=True):
        texts = (empty.root / first).read_text().splitlines(), (empty.root / second).read_text().splitlines()
        apart = [pair for pair in zip(*texts, strict=True) if pair[0] != pair[1]]
        assert f"{apart[0][0]} 2" == apart[0][1]
        assert apart[1][0].replace("group: ", "") in apart[1][1].replace("group: ", "").replace("-2", "", 1)
        check = {("name: reconciler", "name: reconciler 2")} if first.endswith("plan.yml") else set()
        assert {("part: 1/2", "part: 2/2"), *check} == {(one.strip(), other.strip()) for one, other in apart[2:]}


def test_workflows_can_be_added_to_a_desired_state_that_is_there(empty: Project) -> None:
    """It is left as it is; what it should ignore and does not is said."""
    empty.run("init")
    (empty.root / ".gitignore").write_text("/.reconciler\n")
    before = {name: (empty.root / name).read_text() for name in empty.written()}

    ran = empty.run("init", "--action", ACTION)

    assert 0 == ran.code
    assert sorted([*before, *WORKFLOWS]) == empty.written()
    assert before == {name: (empty.root / name).read_text() for name in before}
    assert "Next: commit the files, and run `reconciler plan`.\nAdd these lines to your .gitignore: plans/\n" in ran.err
    assert "Add these lines" not in empty.run("init", "sub").err, "it has a .gitignore of its own"


@pytest.mark.parametrize("arguments", [(), ("--action", ACTION)])
def test_nothing_is_overwritten(arguments: tuple[str, ...], empty: Project) -> None:
    """All or nothing; what is there is named."""
    empty.run("init", *arguments)
    before = empty.written()

    ran = empty.run("init", *arguments)

    assert 2 == ran.code
    assert "nothing was written, because these exist already: " in ran.err
    assert (".github/workflows/plan.yml" in ran.err) is bool(arguments)
    assert before == empty.written()


@pytest.mark.parametrize("action", ["acme/reconciler", "acme/reconciler@v1", "acme/reconciler@main", "x@" + "a" * 40])
def test_an_action_that_can_be_moved_is_refused(action: str, empty: Project) -> None:
    """A tag or a branch is whatever its owner says tomorrow."""
    ran = empty.run("init", "--action", action)

    assert 2 == ran.code
    assert "is not OWNER/NAME@COMMIT" in ran.err
    assert [] == empty.written()


def test_a_folder_that_can_not_be_written_is_said(empty: Project) -> None:
    """A file where a folder should be."""
    empty.write("in the way", "taken")

    ran = empty.run("init", "taken")

    assert (2, True) == (ran.code, "can't be written" in ran.err)


def test_the_workflows_are_of_the_branch_that_git_has(empty: Project) -> None:
    """In an empty repository, of the branch that its first commit will be on. The branch and the reason are said."""
    empty.git("symbolic-ref", "HEAD", "refs/heads/trunk")

    ran = empty.run("init", "--action", ACTION, "--parts", "2")

    assert 0 == ran.code
    assert (
        "The workflows apply what is pushed to `trunk`: the branch that is checked out; there is no remote. "
        "For another one, remove the workflows, and run `init` again with --branch NAME.\n"
    ) in ran.err
    assert {"[trunk]"} == filters(empty)
    texts = {name: (empty.root / name).read_text() for name in empty.written()}
    assert [] == [name for name, text in texts.items() if re.search(r"\bmain\b", text)]
    assert "deployment branches `trunk` only" in texts["desired-state/README.md"]
    assert "Then protect `trunk`: " in texts["desired-state/README.md"]


def filters(project: Project) -> set[str]:
    """Returns every branch filter of the workflows, as written."""
    folder = project.root / ".github" / "workflows"
    return {one for file in folder.iterdir() for one in re.findall(r"branches: (.*)", file.read_text())}


@pytest.mark.parametrize(
    ("branch", "written"),
    [
        ("main", "[main]"),
        ("trunk", "[trunk]"),
        ("release/1.0", '["release/1.0"]'),
        ("feature#1", '["feature#1"]'),
        ("on", '["on"]'),
        ("Null", '["Null"]'),
        ("1.0", '["1.0"]'),
        ("0x10", '["0x10"]'),
        ("c++", r'["c\\+\\+"]'),
        ("!wip", r'["\\!wip"]'),
        ("&a", '["&a"]'),
        ("it's", '["it\'s"]'),
        ('a"b', r'["a\"b"]'),
        ("a,b", '["a,b"]'),
        ("größe/ö", '["größe/ö"]'),
        ("`x`", '["`x`"]'),
    ],
)
def test_an_odd_branch_is_written_as_one_text_that_stands_for_itself(branch: str, written: str, empty: Project) -> None:
    """As YAML it is the branch, with a backslash before the two signs that a pattern of GitHub reads."""
    ran = empty.run("init", "--action", ACTION, "--branch", branch)

    assert 0 == ran.code, ran.err
    assert {written} == filters(empty)
    document = yaml.safe_load((empty.root / ".github/workflows/apply.yml").read_text())
    [pattern] = document[True]["push"]["branches"]
    assert branch == re.sub(r"\\([+!])", r"\1", pattern)
    assert "named by --branch" in ran.err


@pytest.mark.parametrize("branch", ["", "a b", "a..b", "a*", "-x", "HEAD", "@", "a\u0085b", "x.lock", "a[b", "refs\\x"])
def test_a_branch_that_git_does_not_allow_is_refused(branch: str, empty: Project) -> None:
    """Before anything is written."""
    ran = empty.run("init", "--action", ACTION, f"--branch={branch}")

    assert (2, True) == (ran.code, "can't be the branch, because it" in ran.err), ran.err
    assert "name the branch whose pushes are applied with --branch NAME" in ran.err
    assert [] == empty.written()


def test_a_detached_head_needs_the_name(empty: Project) -> None:
    """With two branches and no remote, none of them is the default one."""
    empty.git("commit", "--quiet", "--allow-empty", "--message", "first")
    empty.git("branch", "trunk")
    empty.git("switch", "--quiet", "--detach")

    ran = empty.run("init", "--action", ACTION)

    assert 2 == ran.code
    assert (
        "the default branch is unknown, because HEAD is detached, and there is no remote: "
        "name the branch whose pushes are applied with --branch NAME"
    ) in ran.err
    assert [] == empty.written()
    assert 0 == empty.run("init", "--action", ACTION, "--branch", "trunk").code


TENANTS = """\
tenants:
  here: {url: sandbox}
  qa: {url: 'https://qa.example/scim/v2', token: {env: FOURME_QA_TOKEN}}
  production:
    url: https://api.example/scim/v2
    token: {env: FOURME_TOKEN}
    roles_via: permissions
    permissions:
      url: https://api.example/v1
      account: acme
      oauth: {token_url: 'https://oauth.example', client_id: {env: FOURME_ID}, client_secret: {env: FOURME_SECRET}}
redact: [phoneNumbers]
"""


def test_what_to_set_up_is_named_for_the_tenants_that_are_declared(empty: Project) -> None:
    """In order: environments with their secrets, the check and the rules, the doctor, the first apply."""
    empty.write(TENANTS, "desired-state/tenants.yaml")

    ran = empty.run("init", "--action", ACTION)

    assert 0 == ran.code
    secrets = "SCIM_TOKEN, CLIENT_ID, CLIENT_SECRET, FINGERPRINT_KEY"
    assert (
        "Set up at GitHub, in this order:\n"
        "1. Settings → Environments: two for each tenant, with these secrets.\n"
        "     plan-qa           SCIM_TOKEN, FINGERPRINT_KEY   no protection; a read-only token if you have one\n"
        "     qa                SCIM_TOKEN, FINGERPRINT_KEY   deployment branches: `main` only\n"
        f"     plan-production   {secrets}   no protection; a read-only token if you have one\n"
        f"     production        {secrets}   deployment branches: `main` only\n"
        "2. Push the commit with these files.\n"
        "3. Settings → Rules, for `main`: pull requests only, a review by code owners, and the required\n"
        "   check `reconciler`. Rules for all branches must exclude `reconciler/*`.\n"
        "   In .github/CODEOWNERS, name the owners of .github/, approvals/ and the desired state: "
    ) in ran.err
    assert "\n4. Run `reconciler github doctor`: " in ran.err
    assert ran.err.endswith(
        "5. For the first apply, Actions → Apply → Run workflow: it plans, and its plan needs a review. Without\n"
        "   reviewers of the environment, it prints the file that approves the plan, to be merged.\n"
    )


def test_for_the_starter_no_environment_is_needed_yet(empty: Project) -> None:
    """What the first account will need is named."""
    ran = empty.run("init", "--action", ACTION)

    assert (
        "1. Environments: none yet; sandbox is an embedded 4me and needs none.\n"
        "   With the first account in tenants.yaml, such as qa, make two, each with the secret SCIM_TOKEN:\n"
        "     plan-qa   no protection; a read-only token if you have one\n"
        "     qa        deployment branches: `main` only\n"
        "2. "
    ) in ran.err
    assert "Run workflow" not in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tenants: {qa: {url: sandbox}, b: {url: 3}}\n", "The desired state has 1 problem, so tenants may be missing"),
        ("users: {ann: {userName: a@example.com}}\n", "1. Environments: none yet.\n"),
    ],
)
def test_a_desired_state_with_problems_gets_its_workflows(text: str, said: str, empty: Project) -> None:
    """They don't depend on it. That the list may lack a tenant is said."""
    empty.write(text)

    ran = empty.run("init", "--action", ACTION)

    assert (0, True) == (ran.code, said in ran.err), ran.err
    assert WORKFLOWS == [name for name in empty.written() if name.startswith(".github/")]


def test_a_desired_state_that_can_not_be_read_is_said(empty: Project) -> None:
    """A link out of the repository."""
    empty.write("users: {}\n")
    (empty.root / "desired-state" / "lost.yaml").symlink_to("nowhere.yaml")

    ran = empty.run("init", "--action", ACTION)

    assert 0 == ran.code
    assert "The environments can't be listed, because the desired state can't be read: " in ran.err
    assert WORKFLOWS == [name for name in empty.written() if name.startswith(".github/")]
