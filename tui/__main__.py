"""`python -m tui` is `amplify-transfer`."""

from tui.cli import main

main()
