"""What is read: the table and the connection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.request.options.option import Option
from core.request.options.values import TEXT

SOURCE: Final = {
    "table": Option(
        help="The table or view to read: TABLE, SCHEMA.TABLE or DATABASE.SCHEMA.TABLE.",
        type=str,
        required=True,
        placeholder="NAME",
        examples=("SALES.PUBLIC.ORDERS",),
    ),
    "connection": Option(
        help="The name of a connection in Snowflake's connections.toml or config.toml.",
        type=str | Mapping[str, Any] | None,
        absent="the one named by `default_connection_name`",
        placeholder="NAME",
        examples=("prod",),
        library="A mapping holds the connector's arguments instead. For a secret among them, such "
        "as `password`, it may hold `password_file`, a file that only its owner can read, or "
        "`password_arn`, a secret of AWS Secrets Manager or a parameter of SSM Parameter Store.",
    ),
    "warehouse": Option(
        help="The Snowflake warehouse that runs the query.",
        type=TEXT,
        absent="the connection's",
        placeholder="NAME",
        examples=("TRANSFER_WH",),
    ),
    "role": Option(
        help="The Snowflake role that reads the table.",
        type=TEXT,
        absent="the connection's",
        placeholder="NAME",
        examples=("TRANSFER",),
    ),
}
