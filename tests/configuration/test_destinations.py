"""Destinations with names: what fills a request, what wins, and what is wrong in the file."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core import ConfigurationError, Request, UsageError, check, transfer_data
from core.configuration.destinations import fill_options, list_destinations, list_known_options
from core.request.options import OPTIONS
from tests.support.deliveries import download, options
from tests.support.programs.batch_runs import LOCATIONS, place, run
from tui.cli.destinations import as_json, as_text

if TYPE_CHECKING:
    from core.sandbox.launcher import Sandbox

Write = Callable[[str], Path]
PARTNER = """
[destinations.partner]
bucket = "partner-inbox"
prefix = "from-us"
format = "csv"
gzip = true
storage_integration = "PARTNER_S3"
tags = {project = "sales"}

[destinations.partner.s3_options]
region_name = "eu-central-1"
"""


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write `amplify.toml` in a configuration directory of the test's own."""
    directory = tmp_path / "configuration"
    directory.mkdir(mode=0o700)
    monkeypatch.setenv("AMPLIFY_CONFIG_DIR", str(directory))

    def write(text: str) -> Path:
        path = directory / "amplify.toml"
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return path

    return write


def make_request(**given: Any) -> Request:
    return Request.of(table="T", **fill_options(given))


def mistakes(configure: Write, text: str) -> list[str]:
    """What is wrong in a file, without its path."""
    path = configure(text)
    with pytest.raises(ConfigurationError) as caught:
        list_destinations()
    assert caught.value.exit_code == 2
    assert all(each.startswith(f"{path}, line ") for each in caught.value.mistakes)
    assert all(
        each.removeprefix(f"{path}, ") in str(caught.value) for each in caught.value.mistakes
    )
    return [each.removeprefix(f"{path}, ") for each in caught.value.mistakes]


class TestFilling:
    @pytest.mark.parametrize(
        "written", ['"keys/partner.asc,/k/a.asc"', '["keys/partner.asc", "/k/a.asc"]']
    )
    def test_keys_are_beside_the_file(self, configure: Write, written: str) -> None:
        text = '[destinations.partner]\nbucket = "partner-inbox"\nencrypt_to = '
        path = configure(f"{text}{written}\n")
        made = make_request(bucket="partner")
        assert made.encrypt_to == (str(path.parent / "keys" / "partner.asc"), "/k/a.asc")
        assert make_request(bucket="partner", encrypt_to="x.asc").encrypt_to == ("x.asc",)

    def test_a_destination_fills_what_is_not_given(self, configure: Write) -> None:
        configure(PARTNER)
        made = make_request(bucket="partner", file_name="x.{ext}")
        assert made.destination == "partner"
        assert made.bucket == "s3://partner-inbox/from-us/"
        assert (made.format, made.gzip, made.file_name) == ("csv", True, "x.{ext}")
        assert made.tags == {"project": "sales"}
        assert made.s3_options == {"region_name": "eu-central-1"}

    def test_what_is_given_wins_the_default_too(self, configure: Write) -> None:
        configure(PARTNER)
        assert make_request(bucket="partner", format="ndjson", tags=None).format == "ndjson"
        assert make_request(bucket="partner", tags=None).tags is None
        made = make_request(bucket="partner", format="parquet")  # excludes gzip
        assert (made.format, made.gzip) == ("parquet", False)
        staged = make_request(bucket="partner", stage="@S", engine="unload")  # one way only
        assert (staged.stage, staged.storage_integration) == ("@S", None)

    def test_a_url_is_always_the_bucket_and_an_unknown_name_one_too(self, configure: Write) -> None:
        configure('[destinations.partner-inbox]\nbucket = "theirs"\n')
        assert make_request(bucket="partner-inbox").bucket == "s3://theirs/"
        for plain in ("s3://partner-inbox", "others"):
            made = make_request(bucket=plain)
            assert (made.bucket, made.destination) == (plain, None)

    @pytest.mark.parametrize(
        ("bucket", "prefix", "url"),
        [
            ("inbox", "", "s3://inbox/"),
            ("s3://inbox", "a/b/", "s3://inbox/a/b/"),
            ("s3://inbox/a", "/b", "s3://inbox/a/b/"),
            (
                "arn:aws:s3:eu-west-1:123456789012:accesspoint/inbox",
                "a",
                "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/inbox/a/",
            ),
        ],
    )
    def test_bucket_and_prefix(self, configure: Write, bucket: str, prefix: str, url: str) -> None:
        configure(f'[destinations.p]\nbucket = "{bucket}"\nprefix = "{prefix}"\n')
        assert list_destinations()["p"].url == url

    def test_without_a_file_there_are_none(self, configure: Write) -> None:
        assert list_destinations() == {}
        configure("\ufeff# nothing yet\n")
        assert list_destinations() == {}

    def test_a_destination_may_have_every_option_of_the_file_and_the_bucket(self) -> None:
        known = set(list_known_options())
        assert {"format", "gzip", "file_name", "acl", "role_arn", "stage", "s3_options"} <= known
        assert not known & {"table", "connection", "since", "engine", "memory_limit"}
        assert known <= OPTIONS.keys()


class TestMistakes:
    def test_all_at_once_each_with_its_line_and_the_nearest_name(self, configure: Write) -> None:
        assert mistakes(
            configure,
            "[destination.x]\n[destinations.partner]\nbuckett = 'inbox'\nformat = 'cvs'\n"
            "region = 7\n\n[destinations.other]\nbucket = 'UPPER'\nkms-key-id = 'k'\n"
            "last_months = 1\n",
        ) == [
            "line 1: there is no key 'destination' here; did you mean destinations?",
            "line 2: bucket is missing",
            "line 3: there is no key 'buckett' here; did you mean bucket?",
            "line 4: format: must be parquet, json, ndjson, csv or xlsx; did you mean csv?",
            "line 5: region: must be text",
            "line 8: bucket: 'UPPER' is not an S3 destination",
            "line 9: there is no key 'kms-key-id' here; did you mean kms_key_id?",
            "line 10: there is no key 'last_months' here",
        ]

    def test_options_that_exclude_each_other_have_the_line_of_their_table(
        self, configure: Write
    ) -> None:
        text = "\n[destinations.p]\nbucket = 'inbox'\nkms_key_id = 'k'\nsse = 'AES256'\n"
        assert mistakes(configure, text) == ['line 2: kms_key_id needs sse="aws:kms", not AES256']

    def test_secrets_are_refused_and_not_repeated(self, configure: Write) -> None:
        found = mistakes(
            configure,
            "[destinations.p]\nbucket = 'inbox'\nendpoint_url = 'https://u:canary@x'\n"
            "[destinations.p.s3_options]\naws_secret_access_key = 'canary'\nregionname = 'x'\n",
        )
        assert [each.partition(":")[0] for each in found] == ["line 3", "line 5", "line 6"]
        assert "name an AWS profile or a role" in found[1]
        assert "did you mean region_name?" in found[2]
        assert "canary" not in " ".join(found)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("destinations = 1", "line 1: destinations must be a table"),
            ("[destinations]\np = 's3://x'", "line 2: destinations.p must be a table"),
            ("[destinations.'a b']\nbucket = 'inbox'", "line 1: the name 'a b'"),
            ("[destinations.p]\nbucket = 'inbox'\nprefix = '../x'", "line 3: prefix: "),
            ("[destinations.p]\nbucket = 'inbox'\nprefix = 1", "line 3: prefix: must be text"),
            ("[destinations.p]\nbucket = ['inbox']", "line 2: bucket: must be text"),
        ],
    )
    def test_shapes(self, configure: Write, text: str, message: str) -> None:
        assert any(each.startswith(message) for each in mistakes(configure, text))

    def test_files_that_cannot_be_read(self, configure: Write) -> None:
        path = configure("[destinations.p]\nbucket = \n")
        with pytest.raises(UsageError, match=r"not valid TOML \(at line 2, column 10\)"):
            fill_options({"bucket": "p"})
        path.write_bytes("[destinations]".encode("utf-16"))
        with pytest.raises(UsageError, match="is UTF-16"):
            fill_options({"bucket": "p"})
        path.write_text("[destinations]")
        path.chmod(0o666)
        with pytest.raises(UsageError, match="Other users can write"):
            fill_options({"bucket": "p"})
        path.unlink()
        path.mkdir()
        with pytest.raises(UsageError, match="cannot be read: Is a directory"):
            fill_options({"bucket": "p"})
        assert fill_options({"bucket": "s3://p"}) == {"bucket": "s3://p"}  # the file is not read


class TestRuns:
    def test_the_library_delivers_to_it(self, sandbox: Sandbox, configure: Write) -> None:
        prefix = uuid.uuid4().hex
        configure(
            f'[destinations.partner]\nbucket = "{sandbox.s3["bucket"]}"\nprefix = "{prefix}"\n'
            'format = "csv"\nfile_name = "{table}.{ext}"\nif_exists = "overwrite"\n'
        )
        way = options(sandbox, key_columns="none", date_column="DOB")
        result = transfer_data("LOCATIONS_595", "partner", **way)
        assert result["file_name"] == f"{prefix}/LOCATIONS_595.csv"
        assert download(sandbox, result).partition(b"\r\n")[0].endswith(b",DOB")
        # A value that is given wins, also if it is the default.
        result = transfer_data("LOCATIONS_595", "partner", format="parquet", **way)
        assert result["file_name"] == f"{prefix}/LOCATIONS_595.parquet"

    def test_a_check_and_a_call_refuse_a_file_with_mistakes(self, configure: Write) -> None:
        configure("[destinations.partner]\nbuckett = 'x'\n")
        with pytest.raises(ConfigurationError, match="did you mean bucket"):
            check(bucket="partner")
        with pytest.raises(ConfigurationError, match="did you mean bucket"):
            transfer_data("T", "partner")

    def test_the_command_line_delivers_to_it_and_reports_its_name(
        self, sandbox: Sandbox, configure: Write, tmp_path: Path
    ) -> None:
        prefix, report = uuid.uuid4().hex, tmp_path / "report.json"
        configure(f'[destinations.partner]\nbucket = "{sandbox.s3["bucket"]}"\nprefix = "{prefix}"')
        env = {**place(sandbox), "AMPLIFY_BUCKET": "", "AMPLIFY_STATE_DIR": str(tmp_path / "state")}
        (tmp_path / "state").mkdir(mode=0o700)
        ended = run(*LOCATIONS, "--to", "partner", "--report", str(report), env=env)
        assert ended.code == 0, ended.err
        assert ended.result["file_name"].startswith(f"{prefix}/LOCATIONS_595")
        assert f"Destination partner is s3://{sandbox.s3['bucket']}/{prefix}/" in ended.err
        assert json.loads(report.read_text())["destination"] == "partner"


class TestListing:
    def test_destinations_are_listed(self, configure: Write) -> None:
        configure(PARTNER + '[destinations.b]\nbucket = "other"\n')
        assert as_text(list_destinations()) == [
            "partner  s3://partner-inbox/from-us/",
            "         format = csv  gzip = true  s3_options = region_name=eu-central-1  "
            "tags = project=sales  storage_integration = PARTNER_S3",
            "b        s3://other/",
        ]
        (line,) = as_json(list_destinations())
        listed = json.loads(line)["destinations"]
        assert [each["name"] for each in listed] == ["partner", "b"]
        assert listed[0]["options"]["gzip"] is True

    def test_each_mistake_has_a_line_of_its_own(self, configure: Write) -> None:
        path = configure("[destinations.p]\nbuckett = 'x'\nacl = 1\n")
        ended = run("--destinations")
        assert (ended.code, ended.out) == (2, "")
        lines = ended.err.splitlines()
        assert lines[0] == f"Error (usage): {path}, line 1: bucket is missing"
        assert lines[1:3] == [
            f"  {path}, line 2: there is no key 'buckett' here; did you mean bucket?",
            f"  {path}, line 3: acl: must be bucket-owner-full-control",
        ]
