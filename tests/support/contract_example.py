"""The table of the example in the description of the behaviour: its columns, then its rows."""

EXAMPLE = (
    "D DATE, REGION VARCHAR, NOTE VARCHAR, QTY NUMBER(5,0), AMT NUMBER(12,2), F FLOAT",
    "('2024-01-03', 'eu', 'a', 1, 0.10, 0.5)",
    "('2024-01-31', 'eu', 'a', 2, 0.20, 0.25)",
    "('2024-02-01', 'eu', 'a', NULL, 0.30, NULL)",
    "(NULL, NULL, '  ', NULL, NULL, NULL)",
    "('2024-01-09', 'EU', 'a', 4, NULL, NULL)",
    "(NULL, 'us', NULL, 8, 1.00, 1.0)",
    "('2024-01-05', 'eu', NULL, 16, 0.05, 0)",
)
