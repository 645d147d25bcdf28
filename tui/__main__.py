"""`python -m tui` is `amplify-transfer`."""

from tui.cli.main import main

main()
