"""The program that encrypts files; `core.output.encryption` runs it as a process of its own.

The library holds Python's global lock while it encrypts, for seconds per gigabyte: in the process
of a run, the app would not answer, and a cancellation would have to wait. It reads and writes in
pieces, within 30 MB of memory.

Standard input is JSON: `keys`, the public keys in base64; `files`, pairs of paths; `keep`, whether
the plain files are kept. The first line on standard error is the reason of a failure. No other
module of the project is imported, because this file is run by its path.
"""

import base64
import json
import sys
from pathlib import Path

from pysequoia import Cert, encrypt_file


def main() -> int:
    """Encrypt the files, one after the other; return the exit code."""
    order = json.load(sys.stdin)
    try:
        recipients = Cert.split_bytes(base64.b64decode(order["keys"]))
        for plain, encrypted in order["files"]:
            encrypt_file(plain, encrypted, recipients=recipients, armor=False)
            if not order["keep"]:
                Path(plain).unlink()
    except (RuntimeError, OSError) as error:
        sys.stderr.write(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
