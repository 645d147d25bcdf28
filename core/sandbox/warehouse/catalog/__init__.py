"""Databases, schemas, tables, views and roles, and the statements that list them."""
