"""Fuzz the parsers, guided by coverage: `python -m tests.trust.fuzz --seconds 60 [TARGET...]`.

Each target runs in a process of its own, until its time is over or something is found. What is
found is told with its traceback and the bytes that bring it about, which belong among the target's
seeds once it is mended.

Source: github.com/google/atheris; llvm.org/docs/LibFuzzer.html, "Options".
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = "--here"  # how a child is told that it is one
_LONGEST = 400  # bytes: no parser has more to understand
_SLOWEST = 10  # seconds for one input
_SPEED = re.compile(r"stat::average_exec_per_sec:\s+(\d+)")
_EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s+(\d+)")


def run(name: str, seconds: int) -> tuple[bool, str]:
    """Fuzz one target in a child process.

    Args:
        name: of the target.
        seconds: how long.

    Returns:
        Whether nothing was found; and how much was tried, or what was found.
    """
    from tests.trust.fuzz.targets import TARGETS

    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, seed in enumerate(TARGETS[name].seeds):
            Path(corpus, str(number)).write_bytes(seed)
        done = subprocess.run(
            [sys.executable, "-m", __package__, HERE, name, str(seconds), corpus],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    speed, tried = _SPEED.search(done.stderr), _EXECUTIONS.search(done.stderr)
    if done.returncode or not (speed and tried):
        return False, f"{done.stdout}\n{done.stderr[-6_000:]}"
    return True, f"{tried[1]} inputs, {speed[1]} a second"


def fuzz(name: str, seconds: str, corpus: str) -> None:
    """Fuzz one target in this process, which ends with it.

    Args:
        name: of the target.
        seconds: how long.
        corpus: a directory of inputs to begin with, where what leads further is kept.
    """
    import atheris

    with atheris.instrument_imports(include=["core", "tomllib"]):
        from tests.trust.fuzz.targets import TARGETS

    own = (f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-timeout={_SLOWEST}")
    shown = ("-print_final_stats=1", "-print_funcs=0", f"-artifact_prefix={corpus}/")
    atheris.Setup([sys.argv[0], *own, *shown, corpus], TARGETS[name].run)
    atheris.Fuzz()


def main() -> int:
    """Fuzz the targets that the command line names."""
    from tests.trust.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog=f"python -m {__package__}", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"all: {' '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    given = parser.parse_args()
    found = False
    for name in given.targets or TARGETS:
        quiet, told = run(name, given.seconds)
        found |= not quiet
        print(f"{name}: {'' if quiet else 'FOUND '}{told}", flush=True)
    return int(found)


if __name__ == "__main__":
    if sys.argv[1:2] == [HERE]:  # before anything is imported that is to be watched
        fuzz(*sys.argv[2:])
    else:
        sys.exit(main())
