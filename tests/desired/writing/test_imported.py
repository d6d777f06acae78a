"""An imported account as files: a small company that used Entra until today. `--update-cases` rewrites them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from reconciler.core.adoption.importing import Imported, import_account
from reconciler.core.declarations.tenant import SecretDeclaration, Tenant
from reconciler.desired.writing.imported import ImportOrigin, write_import
from reconciler.desired.yaml.load import load_declarations
from reconciler.live.snapshot import load_snapshot

HERE = Path(__file__).parent / "imported"
TODAY = date(2026, 11, 23)
ACCOUNT = Tenant(url="https://api.xurrent.com/scim/v2", token=SecretDeclaration(env="FOURME_TOKEN"), scope="all")


def origin(*, declared: bool = False, tenant: Tenant = ACCOUNT) -> ImportOrigin:
    return ImportOrigin("production", tenant, TODAY, declared=declared)


def people(count: int) -> Imported:
    return Imported({f"user{number:03}": {"userName": f"u{number}@x.example"} for number in range(count)}, {}, {}, ())


def files(imported: Imported, by: Literal["department", "hundred"] = "department") -> list[str]:
    return list(write_import(imported, origin(declared=True), by))


def test_a_small_company_reads_as_if_a_person_had_written_it(*, update_cases: bool) -> None:
    """`left-out.txt` lists what was left out."""
    imported = import_account(load_snapshot(HERE / "live.json"), ACCOUNT)
    written = {f"desired-state/{name}": text for name, text in write_import(imported, origin(), "department").items()}
    written["left-out.txt"] = "".join(f"{one}\n" for one in imported.left_out)
    if update_cases:
        for name, text in written.items():
            (HERE / name).parent.mkdir(parents=True, exist_ok=True)
            (HERE / name).write_text(text, encoding="utf-8")

    golden = {path.relative_to(HERE).as_posix() for path in HERE.rglob("*") if path.is_file()} - {"live.json"}
    assert golden == written.keys()
    assert written == {name: (HERE / name).read_text(encoding="utf-8") for name in golden}


def test_what_was_written_is_read_without_a_problem() -> None:
    """The reader is the one of every command."""
    imported = import_account(load_snapshot(HERE / "live.json"), ACCOUNT)
    loaded = load_declarations(
        {name: text.encode() for name, text in write_import(imported, origin(), "department").items()}
    )

    assert () == loaded.problems
    assert list(imported.users) == sorted(loaded.declarations.users)


def test_a_tenant_that_is_declared_is_not_written_again() -> None:
    """Groups and roles are not written if the account has none."""
    assert ["users/no-department.yaml"] == files(people(1))


def test_by_hundred_there_is_a_file_for_each_hundred() -> None:
    """The file names sort in the order of the keys."""
    assert ["users/001-100.yaml", "users/101-200.yaml", "users/201-201.yaml"] == files(people(201), "hundred")


def test_departments_that_are_alike_share_a_file() -> None:
    """The head of the file names both."""
    imported = Imported(
        {"ann": {"userName": "a@x", "department": "R&D"}, "bob": {"userName": "b@x", "department": "r d\n"}}, {}, {}, ()
    )
    written = write_import(imported, origin(declared=True), "department")

    assert ["users/r-d.yaml"] == list(written)
    assert written["users/r-d.yaml"].startswith(
        "# The people of R&D and r d?.\n# Imported from production (https://api."
    )


def test_another_dialect_is_declared() -> None:
    """The address of the embedded 4me is written as its name."""
    tenant = Tenant(url="sandbox", dialect="rfc7644", scope="all")
    text = write_import(people(0), origin(tenant=tenant), "department")["tenants.yaml"]

    assert "    dialect: rfc7644  # how changes are written on the wire\n" in text
    assert "the embedded 4me" in text
    assert "token" not in text
