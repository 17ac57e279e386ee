"""The SQL that Vault runs to make and to end a session's read-only database role."""

from __future__ import annotations

import json
import re

from ...core.errors import Invalid
from ...credentials.model import DatabaseGrant

__all__ = ["creation_statements", "revocation_statements"]

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def creation_statements(grant: DatabaseGrant) -> list[str]:
    """Make a role that may log in and read the granted views, and nothing else."""
    schema = _quoted(grant.schema, "schema")
    role = '"{{name}}"'
    if not grant.views:
        raise Invalid("A database dataset needs at least one view.", field="views")
    views = ", ".join(f"{schema}.{_quoted(view, 'views')}" for view in grant.views)
    return [
        f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 16 "
        "PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'",
        f"ALTER ROLE {role} SET default_transaction_read_only = on",
        f"ALTER ROLE {role} SET search_path = {schema}",
        _connect("GRANT CONNECT", "TO"),
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT ON {views} TO {role}",
    ]


def revocation_statements(grant: DatabaseGrant) -> list[str]:
    """Close the door, end every open back-end (with it every cursor and running query), drop the role. Repeatable."""
    schema = _quoted(grant.schema, "schema")
    body = f"""DO $$ BEGIN
      IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{{{{name}}}}') THEN
        ALTER ROLE "{{{{name}}}}" NOLOGIN;
        PERFORM pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = '{{{{name}}}}';
        REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM "{{{{name}}}}";
        REVOKE ALL ON SCHEMA {schema} FROM "{{{{name}}}}";
        EXECUTE pg_catalog.format('REVOKE ALL ON DATABASE %I FROM %I', pg_catalog.current_database(), '{{{{name}}}}');
        DROP ROLE "{{{{name}}}}";
      END IF;
    END $$"""  # noqa: S608 (the schema is checked and quoted)
    return [_whole(body)]


def _connect(verb: str, preposition: str) -> str:
    name = "'{{name}}'"
    statement = f"'{verb} ON DATABASE %I {preposition} %I', pg_catalog.current_database(), {name}"
    return _whole(f"DO $$ BEGIN EXECUTE pg_catalog.format({statement}); END $$")


def _whole(statement: str) -> str:
    # Vault cuts statements at every semicolon, except when a statement is given as a JSON list.
    return json.dumps([" ".join(statement.split())])


def _quoted(name: str, field: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"“{name[:63]}” cannot name a schema or view here: use small letters, digits and underscores.", field=field
        )
    return f'"{name}"'
