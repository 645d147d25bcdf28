"""Python imports this when it starts, in the processes of a test, whose PYTHONPATH leads here.

It records which lines the process runs (`recording.py`), or has one module be that of a mutant
(`in_place.py`), as the environment says.
"""

import importlib.abc
import importlib.machinery
import os
import sys
from contextlib import suppress
from pathlib import Path


def record(test, folder, root):
    """Record the lines of the program that this process runs as those of a test."""
    import atexit

    from coverage import Coverage

    own = [str(Path(root, name, "*")) for name in ("core", "tui")]
    coverage = Coverage(str(Path(folder, "process")), True, include=own, context=test)
    coverage.start()
    leave = os._exit

    def save():
        with suppress(Exception):  # another user may not write there
            coverage.stop()
            coverage.save()

    def save_and_leave(code):
        save()
        leave(code)

    atexit.register(save)
    os._exit = save_and_leave


class Planted(importlib.machinery.SourceFileLoader):
    """Loads a module with the text of a mutant."""

    def get_code(self, name):
        return compile(Path(os.environ["MUTANT"]).read_bytes(), self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    """Finds the module of a mutant."""

    def find_spec(self, name, path, target=None):
        if name != os.environ["MUTANT_OF"]:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        spec.loader = Planted(name, spec.origin)
        return spec


if "MUTATION_TEST" in os.environ:
    record(*(os.environ[f"MUTATION_{name}"] for name in ("TEST", "FOLDER", "ROOT")))
if "MUTANT" in os.environ:
    sys.meta_path.insert(0, Finder())
