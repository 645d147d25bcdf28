"""Where every package can be had, what would be skipped is a failure: the hooks of conftest.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

@pytest.mark.skipif(True, reason="a tool is not installed")
def test_tool(): pass

def test_within(): pytest.skip("a tool is not installed")

def test_kernel(): pytest.skip("the kernel does not let us")

@pytest.mark.xfail
def test_expected(): raise AssertionError
"""


@pytest.mark.lengthy
def test_a_skip_is_a_failure_where_it_is_forbidden(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_whole.py").write_text("import pytest\npytest.importorskip('no_such')\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(tmp_path)),
            *("-c", os.devnull, "--continue-on-collection-errors", str(tmp_path)),
        ],
        env={**os.environ, "AMPLIFY_NO_SKIPS": "1", "PYTHONPATH": str(Path(__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 skipped, 1 xfailed, 2 errors" in done.stdout
    assert done.stdout.count("AMPLIFY_NO_SKIPS=1 forbids: a tool is not installed") >= 2
