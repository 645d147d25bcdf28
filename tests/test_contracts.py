"""The import contracts of pyproject.toml leave no package out, and each says why it is there."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import core
import tui

PROJECT = Path(core.__file__).parents[1] / "pyproject.toml"
HEADER = "[[tool.importlinter.contracts]]"


def contracts() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(PROJECT.read_text())["tool"]["importlinter"][
        "contracts"
    ]
    return found


def named(contract: dict[str, Any]) -> set[str]:
    lists = ("layers", "source_modules", "forbidden_modules", "protected_modules")
    given = [each for name in lists for each in contract.get(name, ())]
    return {module.strip() for each in given for module in each.split("|")}


def children(package: Any) -> set[str]:
    """The packages and modules right below a package."""
    directory = Path(package.__file__).parent
    found = {path.stem for path in directory.glob("*.py")} - {"__init__"}
    found |= {path.parent.name for path in directory.glob("*/__init__.py")}
    return {f"{package.__name__}.{name}" for name in found}


@pytest.mark.parametrize("package", [core, tui])
def test_every_package_is_in_a_contract(package: Any) -> None:
    modules = set().union(*map(named, contracts()))
    left_out = {
        child
        for child in children(package)
        if not any(each == child or each.startswith(f"{child}.") for each in modules)
    }
    assert left_out == set()


def test_what_tui_may_not_import_is_all_of_core_but_its_facade_and_the_sandbox() -> None:
    (contract,) = (each for each in contracts() if each.get("source_modules") == ["tui"])
    assert set(contract["forbidden_modules"]) == children(core) - {"core.facade", "core.sandbox"}


def test_every_contract_has_its_reason_above_it() -> None:
    before = PROJECT.read_text().split(HEADER)[:-1]
    assert len(before) == len(contracts())
    assert all(text.rstrip("\n").rpartition("\n")[2].startswith("# ") for text in before)
