"""The way to Snowflake: the connections there are, the demo, a new one."""

from tui.screens.connect.link import Link
from tui.screens.connect.screen import ConnectScreen

__all__ = ["ConnectScreen", "Link"]
