"""The screens and dialogs that open above the workbench; each can be used in any app."""
