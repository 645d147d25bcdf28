"""A small table over a long way: seconds, requests by kind, and round trips in a row."""

from __future__ import annotations

import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from core.sandbox.launcher import Sandbox
from tests.benchmarks.distance import ROUND_TRIP, Distance, in_a_row, requests
from tests.benchmarks.measure import as_a_user
from tests.support.programs.batch_runs import place
from tests.support.services.certificates import make_certificate

TABLE = "ORDERS_100K"
RUNS = 5
_FEW = 3


def round_trips(*, quick: bool) -> None:
    """Transfer the table with every round trip delayed, plain and with TLS; print both."""
    # `proxied`: requests come through ports that are not the sandbox's own.
    with Sandbox(proxied=True) as box, tempfile.TemporaryDirectory() as directory:
        certificate, context = make_certificate(Path(directory))
        print(f"\n{TABLE}, {1000 * ROUND_TRIP:.0f} ms a round trip, whole command", flush=True)
        for name, tls in (("plain", None), ("TLS", context)):
            _run(box, name, tls, certificate, Path(directory, name), _FEW if quick else RUNS)


def _run(
    box: Sandbox,
    name: str,
    tls: ssl.SSLContext | None,
    certificate: Path,
    directory: Path,
    runs: int,
) -> None:
    warehouse = f"http://{box.snowflake['host']}:{box.snowflake['port']}"
    with Distance(warehouse, tls) as near, Distance(box.s3["endpoint_url"], tls) as store:
        environment = as_a_user(
            {
                **place(box),
                "SNOWFLAKE_PORT": near.url.rpartition(":")[2],
                "SNOWFLAKE_PROTOCOL": near.url.partition(":")[0],
                "SSL_CERT_FILE": str(certificate),
                "AWS_CA_BUNDLE": str(certificate),
                "AMPLIFY_ENDPOINT_URL": store.url,
                "AMPLIFY_STATE_DIR": str(directory),
            }
        )
        seconds, cpu = [], []
        for number in range(runs + 1):
            for distance in (near, store):
                distance.trips.clear()
                distance.connections = 0
            began, used = time.perf_counter(), _cpu()
            command = ["-m", "tui", "--batch", "--quiet", "--table", TABLE]
            command += ["--file-name", "round-trips-{run_id}.{ext}"]
            subprocess.run(
                [sys.executable, *command],
                env=environment,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            if number:  # the first one compiles
                seconds.append(time.perf_counter() - began)
                cpu.append(_cpu() - used)
        _show(name, near, store)
        median, best = statistics.median(seconds), min(seconds)
        print(f"{'':8}{median:.2f} s (best {best:.2f}), CPU {statistics.median(cpu):.2f} s")


def _show(name: str, near: Distance, store: Distance) -> None:
    for side, distance in (("warehouse", near), ("bucket", store)):
        kinds, opened = requests(distance.trips), distance.connections
        each = ", ".join(f"{kind} {count}" for kind, count in kinds.items())
        print(f"{name:8}{side}: {kinds.total()} requests on {opened} connections: {each}")
        name = ""
    print(f"{'':8}{in_a_row([*near.trips, *store.trips])} round trips in a row", flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
