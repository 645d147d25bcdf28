"""Answers recorded from the real services, where they are kept beside the project.

They are not ours to publish, so the repository does not contain them. Tests that replay them are
defined only where they are present: in the folder `shared/real` beside the checkout, or in
AMPLIFY_RECORDINGS.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

_BESIDE = Path(__file__).parents[3] / "shared" / "real"
RECORDINGS = Path(os.environ.get("AMPLIFY_RECORDINGS", _BESIDE))
ARROW = sorted(RECORDINGS.glob("snowflake/arrow/*"))
ANSWERS = sorted(RECORDINGS.glob("snowflake/answers/*/*.json"))


def read_arrow(path: Path) -> bytes:
    """Return the Arrow stream of a file, which may hold it in base64."""
    data = path.read_bytes()
    return base64.b64decode(data) if path.suffix == ".b64" else data
