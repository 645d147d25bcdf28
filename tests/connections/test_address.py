"""Accounts and hosts as people write them."""

from __future__ import annotations

import pytest

from core.connections.address import normalize_address
from core.errors import UsageError

COM = "myorg-myaccount.snowflakecomputing.com"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("myorg-myaccount", {"account": "myorg-myaccount"}),
        (" MyOrg-MyAccount \n", {"account": "MyOrg-MyAccount"}),
        ("xy12345.eu-central-1", {"account": "xy12345.eu-central-1"}),
        ("myorg-my_account", {"account": "myorg-my_account"}),
        (COM, {"account": "myorg-myaccount", "host": COM}),
        (COM + ".", {"account": "myorg-myaccount", "host": COM}),
        (f"https://{COM}", {"account": "myorg-myaccount", "host": COM}),
        (f"HTTPS://{COM}/", {"account": "myorg-myaccount", "host": COM}),
        (f"https://{COM}/console#/data", {"account": "myorg-myaccount", "host": COM}),
        (
            "xy12345.cn-northwest-1.snowflakecomputing.cn",
            {
                "account": "xy12345.cn-northwest-1",
                "host": "xy12345.cn-northwest-1.snowflakecomputing.cn",
            },
        ),
        (
            "xy12345.cn-northwest-1",
            {
                "account": "xy12345.cn-northwest-1",
                "host": "xy12345.cn-northwest-1.snowflakecomputing.cn",
            },
        ),
        (
            "MyOrg-my_account.privatelink",
            {
                "account": "MyOrg-my_account.privatelink",
                "host": "myorg-my_account.privatelink.snowflakecomputing.com",
                "preserve_underscores_in_hostname": True,
            },
        ),
        ("https://app.snowflake.com/myorg/myaccount/", {"account": "myorg-myaccount"}),
        ("app.snowflake.com/myorg/my_account/#/data", {"account": "myorg-my_account"}),
    ],
)
def test_an_account(written: str, read: dict[str, object]) -> None:
    assert normalize_address({"account": written, "user": "me"}) == {**read, "user": "me"}


@pytest.mark.parametrize(
    "written",
    [
        *("my org", "myorg/myaccount", "https://", "https://app.snowflake.com/", "-", "a..b"),
        *("https://example.com/x", "ä-b", "a" * 64, ".snowflakecomputing.com", "   "),
    ],
)
def test_no_account(written: str) -> None:
    with pytest.raises(UsageError, match="is not a Snowflake account") as caught:
        normalize_address({"account": written})
    assert repr(written) in caught.value.message
    assert "myorg-myaccount" in caught.value.hint


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"host": f" https://{COM}/ "}, {"host": COM}),
        ({"host": f"{COM}:8443"}, {"host": COM, "port": 8443}),
        ({"host": f"{COM}:8443", "port": 443}, {"host": COM, "port": 443}),
        ({"host": "127.0.0.1", "port": 8080}, {"host": "127.0.0.1", "port": 8080}),
        ({"host": "[::1]:8080"}, {"host": "[::1]", "port": 8080}),
        ({"host": "::1"}, {"host": "::1"}),
        (
            {"host": "a_b.example"},
            {"host": "a_b.example", "preserve_underscores_in_hostname": True},
        ),
    ],
)
def test_a_host(given: dict[str, object], read: dict[str, object]) -> None:
    assert normalize_address(given) == read


def test_a_host_wins_over_that_of_the_account() -> None:
    given = {"account": COM, "host": "proxy.example.com"}
    assert normalize_address(given) == {"account": "myorg-myaccount", "host": "proxy.example.com"}


@pytest.mark.parametrize("host", [f"{COM}/path", "a b", "https://"])
def test_no_host(host: str) -> None:
    with pytest.raises(UsageError, match="is not a host name"):
        normalize_address({"host": host})
