"""COPY INTO <location>: which files there are, by what right, and what a failure leaves."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from snowflake.connector.errors import ProgrammingError

from core.sandbox.launcher import Sandbox
from core.sandbox.warehouse.unload.clauses import redact
from core.sandbox.warehouse.unload.s3 import client
from tests.sandbox.warehouse.queries import engine_in, failing, session_in
from tests.sandbox.warehouse.unload.unloads import PARQUET, PLAIN_CSV, Unloads, rows_of
from tests.support.waiting import wait_for


def test_without_rows_there_is_no_file(unloads: Unloads) -> None:
    assert unloads.copy("x", "SELECT 1 AS A WHERE 1 = 0", PARQUET) == [(0, 0, 0)]
    assert unloads.copy("y", "SELECT 1 AS A WHERE 1 = 0", f"{PARQUET} DETAILED_OUTPUT = TRUE") == []
    assert unloads.copy("c/", "SELECT 1 AS A WHERE 1 = 0", "HEADER = TRUE") == [(0, 0, 0)]
    assert unloads.names() == []


def test_large_results_become_numbered_files_that_are_told_one_by_one(unloads: Unloads) -> None:
    query = rows_of(50_000, "SEQ4() AS N, MD5(SEQ4()::VARCHAR) AS H") + " ORDER BY N"
    options = "FILE_FORMAT = (TYPE = PARQUET) MAX_FILE_SIZE = 250000 DETAILED_OUTPUT = TRUE"
    told = unloads.copy("p/", query, f"{options} HEADER = TRUE")
    assert [d.name for d in unloads.cursor.description] == ["FILE_NAME", "FILE_SIZE", "ROW_COUNT"]
    assert len(told) > 8
    assert {"data_0_0_0.snappy.parquet", "data_0_7_0.snappy.parquet"} < {row[0] for row in told}
    assert "data_0_0_1.snappy.parquet" in {row[0] for row in told}
    assert sorted(unloads.names()) == sorted(f"p/{row[0]}" for row in told)
    numbers = []
    for name, size, rows in told:
        assert len(unloads.read(f"p/{name}")) == size < 350_000
        part = unloads.parquet(f"p/{name}")
        assert part.num_rows == rows
        numbers += part["N"].to_pylist()
    assert numbers == list(range(50_000))


def test_files_are_named_as_snowflake_names_them(unloads: Unloads) -> None:
    for path, options in (
        ("a/", ""),
        ("b/part", "FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE)"),
        ("c/part_", "FILE_FORMAT = (TYPE = CSV COMPRESSION = ZSTD)"),
        ("d/", "FILE_FORMAT = (TYPE = CSV FILE_EXTENSION = 'tsv')"),
        ("e/", "SINGLE = TRUE"),
        ("f/one.csv", "SINGLE = TRUE"),
        ("g/", "FILE_FORMAT = (TYPE = PARQUET COMPRESSION = NONE)"),
    ):
        unloads.copy(path, "SELECT 1 AS A", options)
    unloads.copy("h/", "SELECT 1 AS A", "INCLUDE_QUERY_ID = TRUE")
    query_id = unloads.cursor.sfqid
    assert unloads.names() == [
        "a/data_0_0_0.csv.gz",
        "b/part_0_0_0.csv",
        "c/part_0_0_0.csv.zst",
        "d/data_0_0_0.tsv",
        "e/data",
        "f/one.csv",
        "g/data_0_0_0.parquet",
        f"h/data_{query_id}_0_0_0.csv.gz",
    ]
    assert gzip.decompress(unloads.read("f/one.csv")) == b"1\n"  # whatever the name says


def test_existing_files_stay_unless_told_otherwise(unloads: Unloads) -> None:
    one = "FILE_FORMAT = (TYPE = CSV COMPRESSION = NONE) SINGLE = TRUE"
    unloads.copy("f", "SELECT 1", one)
    unloads.copy("f1", "SELECT 1", one)  # f is no prefix where there is but one file
    for path, options in (("f", one), ("f", "")):
        with pytest.raises(
            ProgrammingError, match="Files already existing at the unload dest"
        ) as e:
            unloads.copy(path, "SELECT 2", options)
        assert e.value.errno == 1030
    assert unloads.text("f") == "1\n"
    unloads.copy("f", "SELECT 2", f"{one} OVERWRITE = TRUE")
    assert unloads.text("f") == "2\n"


def test_a_single_file_has_a_largest_size_and_leaves_nothing_beyond(unloads: Unloads) -> None:
    sql = unloads.statement(
        "x",
        rows_of(400_000, "MD5(SEQ4()::VARCHAR) AS H"),
        f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE MAX_FILE_SIZE = 9000000",
    )
    unloads.refuses(sql, 100145, "Max file size (9000000) exceeded for unload single file mode.")
    assert unloads.uploads() == []


def test_a_large_file_goes_up_in_parts(unloads: Unloads) -> None:
    options = f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE MAX_FILE_SIZE = 100000000"
    encryption = "ENCRYPTION = (TYPE = 'AWS_SSE_S3')"
    query = rows_of(400_000, "MD5(SEQ4()::VARCHAR) AS H")
    assert unloads.copy("x", query, f"{options} {encryption}") == [
        (400_000, 400_000 * 33, 400_000 * 33)
    ]
    found = unloads.s3.head_object(Bucket=unloads.bucket, Key=unloads.prefix + "x")
    assert (found["ContentLength"], found["ServerSideEncryption"]) == (400_000 * 33, "AES256")
    assert found["ETag"].endswith('-2"')


def test_abort_leaves_no_single_object_and_keeps_files_that_are_whole(unloads: Unloads) -> None:
    endless = rows_of(2_000_000_000, "MD5(SEQ4()::VARCHAR) AS H")
    big = f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE MAX_FILE_SIZE = 5000000000"
    unloads.cursor.execute_async(unloads.statement("one", endless, big))
    assert wait_for(unloads.uploads)
    assert unloads.cursor.abort_query(unloads.cursor.sfqid)
    with pytest.raises(ProgrammingError) as caught:
        unloads.connection.cursor().query_result(unloads.cursor.sfqid)
    assert caught.value.errno == 604
    assert (unloads.names(), unloads.uploads()) == ([], [])
    small = f"FILE_FORMAT = ({PLAIN_CSV}) MAX_FILE_SIZE = 1000000"
    unloads.cursor.execute_async(unloads.statement("many/", endless, small))
    assert wait_for(unloads.names)
    assert unloads.cursor.abort_query(unloads.cursor.sfqid)
    assert "many/data_0_0_0.csv" in unloads.names()
    assert unloads.uploads() == []


def test_an_abort_during_the_last_request_withdraws_the_object(
    unloads: Unloads, sandbox: Sandbox, tmp_path: Path
) -> None:
    interrupts: list[Callable[[], None]] = []
    access = tuple((name, value) for name, value in sandbox.s3.items() if name != "bucket")
    client(access).meta.events.register("after-call.s3.PutObject", lambda **_: interrupts[0]())
    with engine_in(tmp_path) as engine:
        engine.storage.connect(sandbox.s3)
        sql = unloads.statement("x", "SELECT 1", "SINGLE = TRUE")
        with failing(604):
            session_in(engine).run(sql, on_start=interrupts.append)
    assert unloads.names() == []


def test_a_timeout_ends_an_unload(unloads: Unloads) -> None:
    unloads.run("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    query = rows_of(2_000_000_000, "MD5(SEQ4()::VARCHAR) AS H")
    sql = unloads.statement("x", query, "SINGLE = TRUE MAX_FILE_SIZE = 5000000000")
    unloads.refuses(sql, 630, "Statement reached its statement or warehouse timeout of 1 second(s)")
    unloads.run("ALTER SESSION UNSET STATEMENT_TIMEOUT_IN_SECONDS")
    assert unloads.uploads() == []


def test_a_kms_key_encrypts_the_object(unloads: Unloads) -> None:
    kms = "ENCRYPTION = (TYPE = 'AWS_SSE_KMS' KMS_KEY_ID = 'alias/ours')"
    unloads.copy("x", "SELECT 1 AS A", f"{PARQUET} {kms}")
    found = unloads.s3.head_object(Bucket=unloads.bucket, Key=unloads.prefix + "x")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "alias/ours")
    with pytest.raises(ProgrammingError, match="ENCRYPTION cannot be specified with a stage"):
        unloads.run(f"COPY INTO @{unloads.stage}/x FROM (SELECT 1) {kms}")


def test_stages_and_inline_keys_are_other_ways_to_the_bucket(
    unloads: Unloads, sandbox: Sandbox
) -> None:
    one = f"FILE_FORMAT = ({PLAIN_CSV}) SINGLE = TRUE"
    unloads.run(f"COPY INTO @{unloads.stage}/{unloads.prefix}a FROM (SELECT 1) {one}")
    keys = (
        f"CREDENTIALS = (AWS_KEY_ID = '{sandbox.s3['aws_access_key_id']}'"
        f" AWS_SECRET_KEY = '{sandbox.s3['aws_secret_access_key']}')"
    )
    unloads.run(f"COPY INTO '{unloads.url('b')}' FROM (SELECT 2) {keys} {one}")
    unloads.run(
        f"CREATE OR REPLACE STAGE DEMO.PUBLIC.\"my Stage\" URL = '{unloads.url('deep/')}' {keys}"
        " ENCRYPTION = (TYPE = 'AWS_SSE_S3') COMMENT = 'here'"
    )
    unloads.run(f"COPY INTO '@DEMO.PUBLIC.\"my Stage\"/c' {one} FROM (SELECT 3)")
    assert [unloads.text(each) for each in ("a", "b", "deep/c")] == ["1\n", "2\n", "3\n"]
    found = unloads.s3.head_object(Bucket=unloads.bucket, Key=f"{unloads.prefix}deep/c")
    assert found["ServerSideEncryption"] == "AES256"
    shown = unloads.run("SHOW STAGES LIKE 'my%' IN SCHEMA DEMO.PUBLIC")
    assert [row[1:6] for row in shown] == [
        ("my Stage", "DEMO", "PUBLIC", unloads.url("deep/"), "Y")
    ]
    described = unloads.run('DESC STAGE DEMO.PUBLIC."my Stage"')
    assert ("STAGE_LOCATION", "URL", "String", f'["{unloads.url("deep/")}"]', "") in described
    assert sandbox.s3["aws_secret_access_key"] not in str(described)
    unloads.run('DROP STAGE DEMO.PUBLIC."my Stage"')
    with pytest.raises(ProgrammingError, match="does not exist or not authorized"):
        unloads.run('COPY INTO @DEMO.PUBLIC."my Stage"/c FROM (SELECT 3)')


def test_an_integration_is_for_its_locations_only(unloads: Unloads) -> None:
    allowed, blocked = unloads.url(""), unloads.url("secret/")
    unloads.run(
        "CREATE OR REPLACE STORAGE INTEGRATION NARROW TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3'"
        " ENABLED = TRUE STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::1:role/x'"
        f" STORAGE_ALLOWED_LOCATIONS = ('{allowed}') STORAGE_BLOCKED_LOCATIONS = ('{blocked}')"
    )
    described = {row[0]: row[2] for row in unloads.run("DESC INTEGRATION NARROW")}
    assert described["STORAGE_ALLOWED_LOCATIONS"] == allowed
    refused = "is not allowed by integration NARROW. Please use DESC INTEGRATION"
    for url in (blocked + "x", allowed.rstrip("/") + "er/x", "s3://other-bucket/x"):
        unloads.refuses(
            f"COPY INTO '{url}' FROM (SELECT 1) STORAGE_INTEGRATION = NARROW", 3127, refused
        )
    unloads.run(
        f"COPY INTO '{allowed}x' FROM (SELECT 1) STORAGE_INTEGRATION = NARROW SINGLE = TRUE"
    )
    assert unloads.names() == ["x"]
    assert "NARROW" in [row[0] for row in unloads.run("SHOW INTEGRATIONS")]
    unloads.run("DROP INTEGRATION NARROW")


def test_a_limited_role_needs_usage_of_the_integration(unloads: Unloads) -> None:
    unloads.run("CREATE ROLE UNLOADER")
    unloads.run("USE ROLE UNLOADER")
    sql = unloads.statement("x", "SELECT 1", "SINGLE = TRUE")
    with pytest.raises(ProgrammingError, match="Integration 'SANDBOX_S3' does not exist or not"):
        unloads.run(sql)
    unloads.run("USE ROLE SYSADMIN")
    unloads.run(f"GRANT USAGE ON INTEGRATION {unloads.integration} TO ROLE UNLOADER")
    unloads.run("USE ROLE UNLOADER")
    assert unloads.run(sql)[0][0] == 1
    unloads.run("USE ROLE SYSADMIN")


@pytest.mark.parametrize(
    ("clause", "code", "message"),
    [
        ("STORAGE_INTEGRATION = NOWHERE", 2003, "Integration 'NOWHERE' does not exist or not auth"),
        ("CREDENTIALS = (AWS_KEY_ID = 'AKIAWRONG' AWS_SECRET_KEY = 'very secret')", 91003,
         "Failure using stage area. Cause: [The AWS Access Key Id you provided does not exist in"
         " our records (Status Code: 403; Error Code: InvalidAccessKeyId)]"),
        ("", 1008, "invalid credentials"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 BOGUS = 1", 1420, "invalid property 'BOGUS' for 'COPY'"),
        ("PARTITION BY ('x') STORAGE_INTEGRATION = SANDBOX_S3", 2, "PARTITION BY"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 SINGLE", 1003, "unexpected '<EOF>'"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 MAX_FILE_SIZE = 5368709121", 1008, "MAX_FILE_SIZE"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 SINGLE = TRUE INCLUDE_QUERY_ID = TRUE", 1008,
         "INCLUDE_QUERY_ID"),
        ("STORAGE_INTEGRATION = SANDBOX_S3 FILE_FORMAT = (TYPE = PARQUET COMPRESSION = ZSTD)", 1008,
         "COMPRESSION"),
    ],
)  # fmt: skip
def test_mistakes_are_told_as_snowflake_tells_them(
    unloads: Unloads, clause: str, code: int, message: str
) -> None:
    unloads.refuses(f"COPY INTO '{unloads.url('x')}' FROM (SELECT 1) {clause}", code, message)


def test_an_earlier_result_can_be_unloaded(unloads: Unloads) -> None:
    unloads.run("SELECT column1 AS A, column2 AS \"b\" FROM VALUES (2, 'y'), (1, 'x'), (0, 'z')")
    scan = f"TABLE(RESULT_SCAN('{unloads.cursor.sfqid}'))"
    query = f'SELECT "b", A FROM {scan} WHERE A > 0 ORDER BY A'
    assert unloads.copy("x", query, PARQUET)[0][0] == 2
    assert unloads.parquet("x").to_pylist() == [{"b": "x", "A": 1}, {"b": "y", "A": 2}]


def test_validation_returns_the_rows_and_writes_nothing(unloads: Unloads) -> None:
    assert unloads.copy("x", "SELECT 7 AS A", "VALIDATION_MODE = RETURN_ROWS") == [(7,)]
    assert unloads.names() == []


def test_keys_are_not_told_to_others() -> None:
    sql = "COPY INTO 's3://b' CREDENTIALS=(AWS_KEY_ID='1' aws_secret_key = '2''3' AWS_TOKEN=$$4$$)"
    assert redact(sql) == (
        "COPY INTO 's3://b' CREDENTIALS=(AWS_KEY_ID='****' aws_secret_key = '****'"
        " AWS_TOKEN='****')"
    )
