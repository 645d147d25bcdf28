"""Which tests are about a module: those of its folder, and wider ones."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# Also the tests of adversity, which the usual run leaves out.
MARKED: Final = "not (browser or large or lengthy or slow or thorough)"
LONG: Final = "not (browser or large or slow or thorough)"
# Tests of other folders that ask a package for its promises, the quickest first.
_WIDER: Final = {
    "core/aggregation": ["tests/test_values.py", "tests/parity/test_shapes.py"],
    "core/bucket": ["tests/engines/test_bucket_options.py", "tests/trust/hostile/test_s3.py"],
    "core/connections": ["tests/trust/attacks/secrets", "tests/trust/attacks/users"],
    "core/engines": [
        "tests/preview/test_widths.py",
        "tests/preview/test_cost.py",
        "tests/test_transfer.py",
        "tests/faults/test_warehouse_unload.py",
    ],
    "core/output": ["tests/test_values.py", "tests/parity/test_formats.py"],
    "core/planning": ["tests/parity/test_date_texts.py", "tests/test_bad_input.py"],
    "core/query": ["tests/preview", "tests/test_windows.py", "tests/parity"],
    "core/records": [
        "tests/engines/test_manifest.py",
        "tests/verify/test_verify.py",
        "tests/test_transfer.py",
    ],
    "core/verify": ["tests/engines/test_encrypted.py", "tests/trust/hostile/test_warehouse.py"],
    "core/warehouse": [
        "tests/trust/attacks/test_addresses.py",
        "tests/trust/attacks/test_bombs.py",
        "tests/trust/attacks/test_idle.py",
        "tests/preview/test_browser.py",
        "tests/checking/test_check.py",
        "tests/test_windows.py",
    ],
    "tui/cli": ["tests/test_signals.py", "tests/trust/attacks/test_terminal.py"],
}


def find_related(root: Path, module: str) -> tuple[list[str], list[str]]:
    """Return the tests of a module's folder, and wider ones.

    Args:
        root: the repository.
        module: the path of the module in it, such as `core/bucket/upload.py`.
    """
    path = Path(module)
    tests = root / "tests"
    mirror = tests.joinpath(*path.parent.parts[1 if path.parts[0] == "core" else 0 :])
    folders = [folder for folder in (mirror, *mirror.parents) if folder.is_relative_to(tests)]
    nearest = [folder for folder in folders[:-1] if folder.is_dir()]
    if path.parts[0] == "tui":
        nearest = nearest[:1]  # those of the whole app take minutes
    own = _test_files(nearest or [tests / "test_transfer.py"])
    wider = [path for key, paths in _WIDER.items() if module.startswith(key) for path in paths]
    others = [each for each in _test_files([root / each for each in wider]) if each not in own]
    near, wide = ([str(each.relative_to(root)) for each in group] for group in (own, others))
    return near, wide


def _test_files(paths: list[Path]) -> list[Path]:
    """Return the modules of tests at or below some paths, each once, in order."""
    found = [each for p in paths for each in ([p] if p.is_file() else sorted(p.rglob("test_*.py")))]
    return list(dict.fromkeys(found))
