"""From rows to months: Arrow types, blank rows, sums, order, and the reconciliation of totals."""
