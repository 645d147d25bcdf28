"""Plant small faults and see whether a test notices: `python -m tests.mutation core/bucket`.

The tests that are about the modules (`related.py`) run once in a copy of the repository, and it is
recorded which lines each of them runs (`recording.py`). Then each fault (`mutants.py`) is planted
by itself, and the tests that run its line are run, up to the first that fails (`trial.py`). A fault
that no test notices is printed with its place. With `--sample` a few are chosen at random, the same
for the same seed.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.mutation.in_place import NOT_PLANTED, InPlace, try_in_place
from tests.mutation.mutants import Mutant, make_mutants
from tests.mutation.trial import Trial

ROOT = Path(__file__).parents[2]


def choose(
    root: Path, packages: list[str], sample: int | None, seed: int, lines: range | None = None
) -> list[Mutant]:
    """Return mutants of packages or modules: all, or a random sample of them.

    Args:
        root: the repository.
        packages: folders or modules in it, such as `core/bucket`.
        sample: how many of each; None for all.
        seed: of the sample.
        lines: only those of faults in these lines.
    """
    chosen: list[Mutant] = []
    for package in packages:
        path = root / package
        modules = [path] if path.is_file() else sorted(path.rglob("*.py"))
        if not modules:
            raise SystemExit(f"{package} has no modules")
        of_package = [
            mutant
            for module in modules
            for mutant in make_mutants(str(module.relative_to(root)), module.read_text())
            if lines is None or mutant.line in lines
        ]
        if sample is not None and sample < len(of_package):
            of_package = random.Random(seed).sample(of_package, sample)
        chosen += of_package
    return chosen


def main() -> int:
    """Try mutants; return 1 if one survives."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the copy is removed
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("packages", nargs="+", help="such as core/bucket, or core/bucket/upload.py")
    parser.add_argument(
        "--sample", type=int, help="how many faults of each package; all if left out"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--lines", help="only faults in these lines, such as 10-20")
    parser.add_argument(
        "--budget", type=float, default=60, help="most seconds of the tests that a fault meets"
    )
    parser.add_argument("--near", action="store_true", help="only tests of the package's folder")
    parser.add_argument(
        "--in-place", action="store_true", help="in one run of pytest (in_place.py): much quicker"
    )
    options = parser.parse_args()
    lines = None
    if options.lines:
        first, _, last = options.lines.partition("-")
        lines = range(int(first), int(last or first) + 1)
    chosen = choose(ROOT, options.packages, options.sample, options.seed, lines)
    began, survivors = time.monotonic(), list[Mutant]()
    output = os.fdopen(os.dup(1), "w")  # pytest has the other in its hands

    def say(mutant: Mutant, noticed: str) -> None:
        seconds = time.monotonic() - began
        place = f"{mutant.path}:{mutant.line}  {mutant.kind}"
        print(f"{seconds:6.0f} s  {place}: {noticed or 'SURVIVED'}", file=output)
        if noticed in ("", NOT_PLANTED):
            survivors.append(mutant)
            print(mutant.diff((ROOT / mutant.path).read_text()), file=output)
        output.flush()

    modules = list(dict.fromkeys(mutant.path for mutant in chosen))
    if options.in_place:
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("stopped", 143))  # ends the servers
        try_in_place(ROOT, modules, InPlace(ROOT, chosen, options.budget, say), options.near)
    else:
        with Trial.of(ROOT, modules, options.budget, options.near) as trial:
            for mutant in chosen:
                say(mutant, trial.notice(mutant))
    noticed_of_all = len(chosen) - len(survivors)
    share = noticed_of_all / max(len(chosen), 1)
    print(f"{noticed_of_all} of {len(chosen)} noticed ({share:.0%})")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
