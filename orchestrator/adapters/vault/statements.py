"""The SQL that Vault runs to make and to end a session's read-only database role."""

from __future__ import annotations

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
    """Close the door, end every open back-end (with it every cursor and running query), drop the role. Repeatable.

    Access ends even where the role itself cannot be dropped (something else was granted to it by hand): it then stays
    without the right to log in.
    """
    schema = _quoted(grant.schema, "schema")
    views = ", ".join(f"'{schema}.{_quoted(view, 'views')}'" for view in grant.views)
    body = f"""DO $$ DECLARE granted text; BEGIN
      IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{{{{name}}}}') THEN RETURN; END IF;
      ALTER ROLE "{{{{name}}}}" NOLOGIN;
      PERFORM pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = '{{{{name}}}}';
      BEGIN
        FOREACH granted IN ARRAY ARRAY[{views}] LOOP
          IF pg_catalog.to_regclass(granted) IS NOT NULL THEN
            EXECUTE 'REVOKE ALL ON ' || granted || ' FROM "{{{{name}}}}"';
          END IF;
        END LOOP;
        IF pg_catalog.to_regnamespace('{schema}') IS NOT NULL THEN
          REVOKE ALL ON SCHEMA {schema} FROM "{{{{name}}}}";
        END IF;
        EXECUTE pg_catalog.format('REVOKE ALL ON DATABASE %I FROM %I', pg_catalog.current_database(), '{{{{name}}}}');
        DROP ROLE "{{{{name}}}}";
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'a role could not be dropped and stays without login: %', SQLERRM;
      END;
    END $$"""  # noqa: S608 (schema and views are checked and quoted)
    return [_whole(body)]


def _connect(verb: str, preposition: str) -> str:
    name = "'{{name}}'"
    statement = f"'{verb} ON DATABASE %I {preposition} %I', pg_catalog.current_database(), {name}"
    return _whole(f"DO $$ BEGIN EXECUTE pg_catalog.format({statement}); END $$")


def _whole(statement: str) -> str:
    # Vault cuts statements at every semicolon, except within dollar quotes; the quotes have to be closed by one.
    return " ".join(statement.split()) + ";"


def _quoted(name: str, field: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"“{name[:63]}” cannot name a schema or view here: use small letters, digits and underscores.", field=field
        )
    return f'"{name}"'
