"""What all tests share: servers, golden files, default signals, no settings of this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.golden import compare_golden
from tests.support.waiting import AT_ONCE

if TYPE_CHECKING:
    import ssl

    from core.sandbox.launcher import Sandbox
    from tests.support.services.buckets import Inbox

# How fast examples are made depends on what else the machine does. They are the same in each run: a
# failure by a new one would look like one of the change that is tested.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=os.environ.get("AMPLIFY_NEW_EXAMPLES") != "1",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")

# Where every package can be had, as in CI, a test that is skipped is one that failed.
NO_SKIPS = os.environ.get("AMPLIFY_NO_SKIPS") == "1"
# How the reason of a skip begins that no package mends: a container may forbid what it tests.
OF_THE_KERNEL = "the kernel "


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Make a failure of what was skipped for want of anything but the kernel's leave."""
    if not NO_SKIPS or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(OF_THE_KERNEL):
        report.outcome = "failed"
        report.longrepr = f"skipped, which AMPLIFY_NO_SKIPS=1 forbids: {reason}"


# The tests of adversity, which take as long as all others together.
ADVERSE = tuple(
    Path(__file__).parent / name
    for name in (
        "faults",
        "trust",
        "bucket/test_faults.py",
        "runtime/process/test_forks.py",
        "tui/cli/test_batch_stopped.py",
        "tui/cli/test_foreign_system.py",
        "tui/cli/test_job_stopped.py",
        "tui/test_cancel.py",
        "tui/test_failures.py",
        "tui/test_hostile.py",
        "tui/test_leaving.py",
    )
)
# Tests of what stands for the services, of the documentation's recipes and of the tools; and those
# of the app that start many processes, or that go through several screens which others try singly.
LENGTHY = tuple(
    Path(__file__).parent / name
    for name in (
        "mutation",
        "sandbox",
        "schedules",
        "tui/cli/test_completion.py",
        "tui/cli/test_man.py",
        "tui/screens/jobs/test_screen.py",
        "tui/screens/run/test_queue.py",
        "tui/screens/test_locked_keyring.py",
        "tui/workbench/test_few_keys.py",
        "tui/web",
    )
)
RUN_APART = frozenset({"browser", "large", "lengthy", "slow", "thorough"})
# The files that take longest come first, so that no process still has one when the others are done.
FIRST = tuple(
    Path(__file__).parent / name
    for name in (
        "trust/hostile/test_warehouse.py",
        "faults",
        "tui/workbench",
        "parity/test_shapes.py",
        "test_bad_input.py",
        "parity",
        "engines",
        "tui",
        "verify",
        "test_transfer.py",
        "checking",
        "jobs",
        "preview",
        "records",
        "bucket",
    )
)


@cache
def find_place(path: Path) -> int:
    """Return how early a file starts: its place in `FIRST`, or after all of them."""
    return next((n for n, each in enumerate(FIRST) if path.is_relative_to(each)), len(FIRST))


def pytest_configure(config: pytest.Config) -> None:
    """Keep what is compiled, and have pytest-xdist hand out the files in their order.

    Where PYTHONDONTWRITEBYTECODE is set, as it often is in containers, each of hundreds of
    processes would compile the whole program. Without its option, xdist goes by numbers of tests.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)  # before -m selects by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files, and mark the tests of adversity and the long ones.

    Those with a marker of their own keep it.
    """
    items.sort(key=lambda item: find_place(item.path))
    for item in items:
        if RUN_APART.intersection(mark.name for mark in item.iter_markers()):
            continue
        for marker, paths in (("adversity", ADVERSE), ("lengthy", LENGTHY)):
            if any(map(item.path.is_relative_to, paths)):
                item.add_marker(marker)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at the outcome of each test."""
    report = yield
    forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at the outcome of each module, which may be skipped as a whole."""
    report = yield
    forbid_skip(report)
    return report


@pytest.fixture(scope="session", autouse=True)
def default_signals() -> Iterator[None]:
    """Start all processes with the signals that tests send to them at their defaults.

    A shell starts background jobs with SIGINT ignored, and `nohup` ignores SIGHUP. `exec` hands an
    ignored signal on to the new program, but sets a handled one back to its default. So each
    ignored signal gets a handler that does nothing: this process still ignores it.
    """
    sent = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)
    ignored = [number for number in sent if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def own_directories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests away from the user's settings, credentials and directories."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AMPLIFY_", "SNOWFLAKE_", "AWS_")):
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("AMPLIFY_SPILL_DIR", str(home / "spill"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", str(home / "aws-config"))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home / "aws-credentials"))
        yield home


@pytest.fixture(scope="session")
def patient_cleanups() -> Iterator[None]:
    """Give cancelled runs more time to clean up than a user would wait for.

    What they leave after that is reported, and is no fault; but on a busy machine a test would then
    fail that asserts that nothing is left. Nothing waits longer unless a request hangs.
    """
    from core.bucket import multipart, objects
    from core.engines import cleanup

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multipart, "_ABORT_SECONDS", (30.0, AT_ONCE / 3))
        for module in (objects, cleanup):
            patch.setattr(module, "_SHORT", AT_ONCE / 3)
        yield


@pytest.fixture(scope="session")
def sandbox(own_directories: Path, patient_cleanups: None) -> Iterator[Sandbox]:
    """The sandbox warehouse and bucket, cutting results into small batches."""
    from core.sandbox.launcher import Sandbox
    from tests.support.services import aws

    with Sandbox(chunk_rows=20_000, services=aws.SERVICES, proxied=True) as box:
        yield box


@pytest.fixture(scope="session")
def bucket_server(own_directories: Path, patient_cleanups: None) -> Iterator[dict[str, str]]:
    """A sandbox bucket without a warehouse: what `serve` passes to `on_ready`."""
    from tests.support.services.buckets import PARTNER, one_loader, running_server

    with one_loader(), running_server(partner=PARTNER) as ready:
        yield ready


@pytest.fixture(scope="session")
def bucket_client(bucket_server: dict[str, str]) -> Any:
    """An administrator's client of `bucket_server`."""
    import boto3

    from tests.support.services.buckets import client_options

    return boto3.client("s3", **client_options(bucket_server))


@pytest.fixture
def inbox(bucket_server: dict[str, str], bucket_client: Any) -> Iterator[Inbox]:
    """An empty bucket of `bucket_server`, behind a proxy that changes nothing by itself."""
    from tests.support.services.buckets import empty_inbox

    with empty_inbox(bucket_server, bucket_client) as made:
        yield made


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate that nobody vouches for, and the context of a server that shows it."""
    from tests.support.services.certificates import make_certificate

    return make_certificate(tmp_path)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare text with a file under tests/golden; UPDATE_GOLDEN=1 writes the file instead."""
    return compare_golden
