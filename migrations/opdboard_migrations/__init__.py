"""Alembic's environment and every revision of the schema, installed as a package so that a wheel can migrate."""
