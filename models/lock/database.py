"""The last layer of the lock: triggers of the database.

Triggers on the tables of what was issued refuse to change or delete it, whoever asks:
raw SQL, server actions, relations, another addon's low-level writes. They are made when
the registry is loaded, if their definition is not the one that the database has.

A document is sealed when the transaction ends in which it was posted: until then Odoo
goes on writing it. Where the lock of a company is off, or its part in the database,
nothing is refused. Where Odoo or an accepted cancellation has to pass, the barrier
gives leave for a block of code.
"""

import hashlib
import logging
from contextlib import contextmanager
from typing import NamedTuple

import psycopg2

from odoo.tools import SQL

from .columns import get_closed_columns
from .evidence import get_evidence_definition, note_earlier
from .policy import CUSTOMER_TYPES
from .transaction import lock_transaction

_logger = logging.getLogger(__name__)

LEAVE = "account_partner_credit_note.leave"
# Minutes by which the date of a new message may differ from now.
PATIENCE = 10
# What a message says. Columns that Odoo itself goes on writing are left to the barrier.
MESSAGE_COLUMNS = (
    "author_guest_id",
    "author_id",
    "body",
    "create_date",
    "create_uid",
    "date",
    "email_from",
    "message_type",
    "model",
    "reply_to",
    "res_id",
    "subtype_id",
)
FILE_COLUMNS = (
    "checksum",
    "company_id",
    "db_datas",
    "description",
    "file_size",
    "index_content",
    "mimetype",
    "name",
    "res_field",
    "res_id",
    "res_model",
    "store_fname",
    "type",
    "url",
)


@contextmanager
def database_leave(env):
    """Let the code of the block pass the triggers. RPC cannot call this."""
    transaction = lock_transaction(env)
    transaction.leave_depth += 1
    if transaction.leave_depth == 1:
        _set_leave(env, "on")
    try:
        yield
    finally:
        transaction.leave_depth -= 1
        if not transaction.leave_depth:
            try:
                _set_leave(env, "off")
            except psycopg2.errors.InFailedSqlTransaction:
                # It is rolled back, and the leave with it.
                _logger.debug("The leave ends with the transaction")


def _set_leave(env, value):
    env.cr.execute(
        SQL("SELECT set_config(%s, %s, true)", LEAVE, value), log_exceptions=False
    )


# -----------------------------------------------------------------------------
# DEFINITION
# -----------------------------------------------------------------------------


def update_triggers(env):
    """Make the triggers, if the database has not these very ones, and seal what was
    issued before.
    """
    script = _get_definition(env)
    digest = hashlib.sha256(script.encode()).hexdigest()
    env.cr.execute(
        "SELECT obj_description(oid, 'pg_proc') FROM pg_proc"
        " WHERE proname = 'account_document_is_sealed'"
    )
    if (digest,) in env.cr.fetchall():
        return
    # One worker makes them. The others go on: they began before it and do not see them.
    env.cr.execute(
        "SELECT pg_try_advisory_xact_lock(hashtext('account_document_seal'))"
    )
    if not env.cr.fetchone()[0]:
        return
    try:
        with env.cr.savepoint(flush=False):
            # Do not wait long for a table that another transaction reads.
            env.cr.execute("SET LOCAL lock_timeout = '30s'", log_exceptions=False)
            env.cr.execute(_REMOVE, log_exceptions=False)
            env.cr.execute(
                f"{script}COMMENT ON FUNCTION account_document_is_sealed(integer)"
                f" IS '{digest}'",
                log_exceptions=False,
            )
            seal_documents(env)
            with database_leave(env):
                note_earlier(env)
            env.cr.execute("SET LOCAL lock_timeout TO DEFAULT")
    except psycopg2.Error as error:
        # Odoo starts without them; its next start makes them.
        _logger.warning(
            "The triggers of the lock of issued documents could not be made now: %s",
            error,
        )
        return
    _logger.info("The triggers of the lock of issued documents are made")


def remove_triggers(env):
    """Remove triggers and functions: this addon is being uninstalled."""
    env.cr.execute(_REMOVE)


def seal_documents(env, companies=None):
    """Seal what was issued before, of these companies or of all with the lock on."""
    with database_leave(env):
        env.cr.execute(
            SQL(
                """
                INSERT INTO account_document_seal (move_id, company_id, sealed_at)
                     SELECT move.id, move.company_id, now() AT TIME ZONE 'UTC'
                       FROM account_move move
                       JOIN res_company company ON company.id = move.company_id
                      WHERE move.move_type IN %s
                        AND (move.state = 'posted'
                             OR move.state = 'cancel' AND move.posted_before)
                        AND company.lock_posted_invoices
                        AND %s
                ON CONFLICT (move_id) DO NOTHING
                """,
                CUSTOMER_TYPES,
                SQL("company.id IN %s", tuple(companies.ids))
                if companies
                else SQL("TRUE"),
            )
        )


def _quote(text):
    return "'" + text.replace("'", "''") + "'"


_ANY = "INSERT OR UPDATE OR DELETE"


class Trigger(NamedTuple):
    """A trigger: when the database calls a function that refuses a change."""

    table: str
    operations: str
    function: str
    when: str = "TRUE"
    arguments: tuple = ()

    def get_sql(self):
        name = f"{self.function}_{self.operations.split()[0].lower()}"
        return (
            f'CREATE TRIGGER {name} BEFORE {self.operations} ON "{self.table}"'
            f" FOR EACH ROW WHEN ({self.when})"
            f" EXECUTE FUNCTION {self.function}({_quote_all(self.arguments)});"
        )


def _get_triggers(env):
    """:return: list of all triggers that refuse something"""
    fields = _quote_all(sorted(env["account.move"]._get_lock_file_fields()))
    is_archive = (
        "NEW.res_model = 'account.move' AND NEW.res_id > 0"
        f" AND NEW.res_field IN ({fields})"
    )
    was_archive = is_archive.replace("NEW.", "OLD.")
    history = (_get_note_id(env), *MESSAGE_COLUMNS)
    prefix = "account_document_refuse_"
    return [
        Trigger(
            "account_move",
            "UPDATE",
            prefix + "document",
            "OLD.state IN ('posted', 'cancel')",
            tuple(sorted(get_closed_columns(env["account.move"]))),
        ),
        Trigger("account_move", "DELETE", prefix + "document"),
        Trigger(
            "account_move_line",
            "UPDATE",
            prefix + "line",
            "OLD.parent_state IN ('posted', 'cancel')"
            " OR NEW.move_id IS DISTINCT FROM OLD.move_id",
            tuple(sorted(get_closed_columns(env["account.move.line"]))),
        ),
        Trigger("account_move_line", "INSERT OR DELETE", prefix + "line"),
        Trigger(
            "ir_attachment",
            "UPDATE",
            prefix + "file",
            was_archive,
            (*FILE_COLUMNS, "public"),
        ),
        Trigger("ir_attachment", "DELETE", prefix + "file", was_archive),
        Trigger("ir_attachment", "INSERT", prefix + "other_file", is_archive),
        Trigger(
            "ir_attachment",
            "UPDATE",
            prefix + "other_file",
            f"{is_archive} AND (OLD.res_model, OLD.res_id, OLD.res_field)"
            " IS DISTINCT FROM (NEW.res_model, NEW.res_id, NEW.res_field)",
        ),
        Trigger(
            "ir_attachment",
            "UPDATE",
            prefix + "sent_file",
            "OLD.res_model IN ('account.move', 'mail.message')"
            " AND OLD.res_field IS NULL",
            (history[0], *FILE_COLUMNS),
        ),
        Trigger("message_attachment_rel", _ANY, prefix + "enclosure", "TRUE", history),
        *(
            Trigger("mail_message", operations, prefix + "message", when, history)
            for operations, when in (
                ("INSERT", "NEW.model = 'account.move'"),
                ("UPDATE", "'account.move' IN (OLD.model, NEW.model)"),
                ("DELETE", "OLD.model = 'account.move'"),
            )
        ),
        Trigger("mail_tracking_value", _ANY, prefix + "tracking"),
        Trigger("account_document_seal", _ANY, prefix + "seal"),
        Trigger("account_document_lock_log", _ANY, prefix + "log"),
        Trigger(
            "res_company",
            "UPDATE",
            prefix + "switch",
            "OLD.lock_posted_invoices AND NEW.lock_posted_invoices IS NOT TRUE"
            " OR OLD.lock_in_database AND NEW.lock_in_database IS NOT TRUE",
        ),
        *(
            Trigger(
                table,
                _ANY,
                prefix + "link",
                arguments=(column,),
            )
            for table, column in _get_line_relations(env)
        ),
    ]


def _get_definition(env):
    """:return: SQL script of all functions and triggers"""
    types = _quote_all(CUSTOMER_TYPES)
    triggers = _get_triggers(env)
    functions = _FUNCTIONS.replace("%CUSTOMER_TYPES%", types).replace(
        "%PATIENCE%", f"{PATIENCE} minutes"
    )
    for name, model in (("DOCUMENT", "account.move"), ("LINE", "account.move.line")):
        # The hash comes with sending.
        columns = sorted(get_closed_columns(env[model]) - {"inalterable_hash"})
        functions = functions.replace(
            f"%UNLESS_SAME_{name}%", _get_unless_same(env[model])
        ).replace(f"%{name}_COLUMNS%", _quote_all(columns))
    return "\n".join(
        [
            functions,
            *(trigger.get_sql() for trigger in triggers),
            *(
                "CREATE TRIGGER account_document_refuse_truncate BEFORE TRUNCATE"
                f" ON {table} EXECUTE FUNCTION account_document_refuse_truncate();"
                for table in sorted({trigger.table for trigger in triggers})
            ),
            _SEALING.replace("%CUSTOMER_TYPES%", types),
            get_evidence_definition(env, _quote_all).replace("%CUSTOMER_TYPES%", types),
        ]
    )


def _get_unless_same(model):
    """:return: statements that leave the function if no closed column changes"""
    columns = sorted(get_closed_columns(model))
    return _UNLESS_SAME.replace(
        "%OLD%", ", ".join(f'OLD."{column}"' for column in columns)
    ).replace("%NEW%", ", ".join(f'NEW."{column}"' for column in columns))


def _quote_all(texts):
    return ", ".join(map(_quote, texts))


def _get_note_id(env):
    note = env.ref("mail.mt_note", raise_if_not_found=False)
    return str(note.id if note else 0)


def _get_line_relations(env):
    """:return: sorted pairs of the tables of what the lines refer to, and the column
    of the line
    """
    line = env["account.move.line"]
    return sorted(
        {
            (field.relation, field.column1)
            for name in line._get_lock_closed_fields()
            if (field := line._fields[name]).type == "many2many"
            and field.store
            and field.relation
        }
    )


# All triggers go with the functions that they call.
_REMOVE = """
DO $$
DECLARE f regprocedure;
BEGIN
    FOR f IN SELECT oid FROM pg_proc WHERE proname LIKE 'account\\_document\\_%'
                AND pronamespace = current_schema()::regnamespace
    LOOP
        EXECUTE 'DROP FUNCTION ' || f || ' CASCADE';
    END LOOP;
END $$
"""

_FUNCTIONS = """
CREATE FUNCTION account_document_has_leave() RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(
        current_setting('account_partner_credit_note.leave', true), ''
    ) = 'on'
$$;

CREATE FUNCTION account_document_is_on(company integer) RETURNS boolean
STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM res_company
         WHERE id = company AND lock_posted_invoices AND lock_in_database
    ) AND NOT account_document_has_leave();
END $$;

CREATE FUNCTION account_document_is_sealed(document integer) RETURNS boolean
STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM account_document_seal seal
          JOIN account_move move ON move.id = seal.move_id
         WHERE seal.move_id = document
           AND move.state <> 'draft'
           AND account_document_is_on(seal.company_id)
    );
END $$;

CREATE FUNCTION account_document_refuse(message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = message;
END $$;

-- The end of all triggers: nothing changed, or not in what was issued.
CREATE FUNCTION account_document_keep(
    document integer, what text, instead text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF what IS NOT NULL AND account_document_is_sealed(document) THEN
        PERFORM account_document_refuse(format(
            '%s: issued documents cannot be changed (%s). %s',
            coalesce(name, id::text), what,
            coalesce(instead, CASE
                WHEN state = 'posted' AND move_type <> 'out_refund'
                    THEN 'Create a credit note instead.'
                ELSE 'Create a new document instead.'
            END)
        )) FROM account_move WHERE id = document;
    END IF;
END $$;

CREATE FUNCTION account_document_changed(old jsonb, new jsonb, columns text[])
RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
    name text;
    names text[] := '{}';
BEGIN
    IF old = new THEN
        RETURN NULL;
    END IF;
    FOREACH name IN ARRAY columns LOOP
        IF old -> name IS DISTINCT FROM new -> name THEN
            names := names || name;
        END IF;
    END LOOP;
    RETURN nullif(array_to_string(names, ', '), '');
END $$;

CREATE FUNCTION account_document_refuse_document() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    columns text[] := TG_ARGV;
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM account_document_keep(OLD.id, 'deleted');
        RETURN OLD;
    END IF;
    %UNLESS_SAME_DOCUMENT%
    IF OLD.inalterable_hash IS NULL THEN
        columns := array_remove(columns, 'inalterable_hash');
    END IF;
    PERFORM account_document_keep(
        OLD.id, account_document_changed(to_jsonb(OLD), to_jsonb(NEW), columns));
    RETURN NEW;
END $$;

CREATE FUNCTION account_document_refuse_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM account_document_keep(NEW.move_id, 'new line');
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM account_document_keep(OLD.move_id, 'deleted line');
        RETURN OLD;
    END IF;
    IF NEW.move_id IS DISTINCT FROM OLD.move_id THEN
        PERFORM account_document_keep(NEW.move_id, 'new line');
    END IF;
    -- By it, the trigger is called.
    IF NEW.parent_state NOT IN ('posted', 'cancel') THEN
        PERFORM account_document_keep(OLD.move_id, 'parent_state');
    END IF;
    %UNLESS_SAME_LINE%
    PERFORM account_document_keep(
        OLD.move_id, account_document_changed(to_jsonb(OLD), to_jsonb(NEW), TG_ARGV));
    RETURN NEW;
END $$;

CREATE FUNCTION account_document_refuse_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_keep(move_id, TG_TABLE_NAME)
       FROM account_move_line
      WHERE id IN (
        (to_jsonb(OLD) ->> TG_ARGV[0])::integer, (to_jsonb(NEW) ->> TG_ARGV[0])::integer
      );
    RETURN coalesce(NEW, OLD);
END $$;

CREATE FUNCTION account_document_refuse_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_keep(OLD.res_id, CASE TG_OP
        WHEN 'DELETE' THEN 'deleted file'
        ELSE account_document_changed(to_jsonb(OLD), to_jsonb(NEW), TG_ARGV)
    END, 'Attach other files to a message.');
    RETURN coalesce(NEW, OLD);
END $$;

CREATE FUNCTION account_document_refuse_other_file() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_keep(
        NEW.res_id, 'file ' || NEW.res_field, 'Attach other files to a message.');
    RETURN NEW;
END $$;

-- The time of this transaction. The clocks of Odoo and of the database may differ.
CREATE FUNCTION account_document_is_now(moment timestamp) RETURNS boolean
STABLE LANGUAGE sql AS $$
    SELECT coalesce(
        moment >= (now() AT TIME ZONE 'UTC') - interval '%PATIENCE%'
        AND moment <= (clock_timestamp() AT TIME ZONE 'UTC') + interval '%PATIENCE%',
        false)
$$;

-- Notes are their writers'.
CREATE FUNCTION account_document_is_history(
    message integer, type text, subtype integer, note text
) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT type IS DISTINCT FROM 'comment'
        OR subtype IS DISTINCT FROM note::integer
        OR EXISTS (SELECT FROM mail_tracking_value WHERE mail_message_id = message)
$$;

-- What this transaction wrote, Odoo may still complete.
CREATE FUNCTION account_document_is_from_before(created timestamp) RETURNS boolean
STABLE LANGUAGE sql AS $$
    SELECT created < now() AT TIME ZONE 'UTC' OR NOT account_document_is_now(created)
$$;

CREATE FUNCTION account_document_keep_message(message integer, what text, note text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_keep(res_id, what, 'Write another message instead.')
       FROM mail_message
      WHERE id = message AND model = 'account.move'
        AND account_document_is_from_before(create_date)
        AND account_document_is_history(id, message_type, subtype_id, note);
END $$;

CREATE FUNCTION account_document_refuse_message() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    instead text := 'Write another message instead.';
    was_history boolean := false;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF account_document_is_from_before(NEW.create_date)
            OR NOT account_document_is_now(NEW.date)
        THEN
            PERFORM account_document_keep(
                NEW.res_id, 'message of another time', instead);
        END IF;
        RETURN NEW;
    ELSIF NOT account_document_is_from_before(OLD.create_date) THEN
        RETURN coalesce(NEW, OLD);
    END IF;
    IF OLD.model = 'account.move' AND account_document_is_history(
        OLD.id, OLD.message_type, OLD.subtype_id, TG_ARGV[0]
    ) THEN
        was_history := true;
        PERFORM account_document_keep(OLD.res_id, CASE TG_OP
            WHEN 'DELETE' THEN 'deleted message'
            ELSE account_document_changed(to_jsonb(OLD), to_jsonb(NEW), TG_ARGV[1:])
        END, instead);
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.model = 'account.move'
        AND (NOT was_history OR NEW.res_id IS DISTINCT FROM OLD.res_id)
        AND account_document_is_history(
            NEW.id, NEW.message_type, NEW.subtype_id, TG_ARGV[0])
    THEN
        PERFORM account_document_keep(NEW.res_id, 'message of another time', instead);
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

CREATE FUNCTION account_document_refuse_tracking() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW) THEN
        PERFORM account_document_keep(
                    res_id, 'history', 'Write another message instead.')
           FROM mail_message
          WHERE id IN (OLD.mail_message_id, NEW.mail_message_id)
            AND model = 'account.move'
            AND account_document_is_from_before(create_date);
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

-- A file that went out with a message.
CREATE FUNCTION account_document_refuse_sent_file() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    changed text := account_document_changed(
        to_jsonb(OLD), to_jsonb(NEW), TG_ARGV[1:]);
BEGIN
    IF changed IS NOT NULL THEN
        PERFORM account_document_keep_message(message_id, changed, TG_ARGV[0])
           FROM message_attachment_rel WHERE attachment_id = OLD.id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION account_document_refuse_enclosure() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_keep_message(OLD.message_id, 'sent file', TG_ARGV[0]);
    PERFORM account_document_keep_message(NEW.message_id, 'sent file', TG_ARGV[0]);
    RETURN coalesce(NEW, OLD);
END $$;

CREATE FUNCTION account_document_refuse_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- By the function that seals, which another trigger calls.
        IF pg_trigger_depth() = 1 AND account_document_is_on(NEW.company_id) THEN
            PERFORM account_document_refuse(format(
                '%s is sealed by the database, when it is posted. '
                'Confirm it instead.',
                coalesce((SELECT name FROM account_move WHERE id = NEW.move_id),
                    NEW.move_id::text)));
        END IF;
        RETURN NEW;
    END IF;
    -- Only what is still to be noted is written, once.
    IF TG_OP = 'UPDATE' AND OLD.chain IS NULL AND NEW.move_id = OLD.move_id
        AND NEW.company_id = OLD.company_id AND NEW.sealed_at = OLD.sealed_at
        AND (OLD.record IS NULL OR NEW.record IS NOT DISTINCT FROM OLD.record) THEN
        RETURN NEW;
    END IF;
    PERFORM account_document_keep(OLD.move_id, 'seal');
    RETURN coalesce(NEW, OLD);
END $$;

CREATE FUNCTION account_document_refuse_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' OR NOT account_document_has_leave() THEN
        PERFORM account_document_refuse(
            'The log of the lock is written by the setting itself. '
            'Nobody can add, change or delete an entry.');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION account_document_refuse_switch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT account_document_has_leave() THEN
        PERFORM account_document_refuse(format(
            '%s: switch the lock of issued documents in the settings.', NEW.name));
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION account_document_refuse_truncate() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_refuse(format(
            '%s: issued documents cannot be deleted. '
            'Create a credit note for each instead.', TG_TABLE_NAME))
       FROM res_company WHERE account_document_is_on(id) LIMIT 1;
    RETURN NULL;
END $$;

CREATE FUNCTION account_document_pick(old jsonb, columns text[]) RETURNS jsonb
IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(old) WHERE key = ANY(columns)
$$;

CREATE FUNCTION account_document_party(partner integer) RETURNS jsonb
STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN account_document_pick(to_jsonb(party), ARRAY[
        'id', 'name', 'street', 'street2', 'zip', 'city', 'state_id', 'country_id',
        'vat', 'company_registry'
    ]) FROM res_partner party WHERE party.id = partner;
END $$;

-- What was issued: the closed columns of document and lines, and whose it is.
CREATE FUNCTION account_document_record(document integer) RETURNS jsonb
STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN jsonb_build_object(
        'document', account_document_pick(
            to_jsonb(move), ARRAY[%DOCUMENT_COLUMNS%]::text[]),
        'lines', (
            SELECT jsonb_object_agg(line.id, account_document_pick(
                    to_jsonb(line), ARRAY[%LINE_COLUMNS%]::text[]))
              FROM account_move_line line WHERE line.move_id = move.id),
        'taxes', (
            SELECT jsonb_object_agg(line_id, tax_ids) FROM (
                SELECT line.id AS line_id,
                       jsonb_agg(rel.account_tax_id ORDER BY rel.account_tax_id)
                       AS tax_ids
                  FROM account_move_line line
                  JOIN account_move_line_account_tax_rel rel
                    ON rel.account_move_line_id = line.id
                 WHERE line.move_id = move.id
              GROUP BY line.id
            ) taxes),
        'customer', account_document_party(move.partner_id),
        'company', account_document_party(
            (SELECT partner_id FROM res_company WHERE id = move.company_id))
    ) FROM account_move move WHERE move.id = document;
END $$;

CREATE FUNCTION account_document_seal_document() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- As it is at the end of the transaction.
    INSERT INTO account_document_seal (move_id, company_id, sealed_at, record)
         SELECT move.id, move.company_id, now() AT TIME ZONE 'UTC',
                account_document_record(move.id)
           FROM account_move move
           JOIN res_company company ON company.id = move.company_id
          WHERE move.id = NEW.id
            AND move.state = 'posted'
            AND move.move_type IN (%CUSTOMER_TYPES%)
            AND company.lock_posted_invoices
    ON CONFLICT (move_id) DO NOTHING;
    -- Its files are made in the background.
    INSERT INTO account_document_archiving (move_id, company_id)
         SELECT seal.move_id, seal.company_id
           FROM account_document_seal seal
           JOIN res_company company ON company.id = seal.company_id
          WHERE seal.move_id = NEW.id AND company.archive_after_posting
    ON CONFLICT (move_id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE FUNCTION account_document_unseal_document() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- With the lock off: it is written anew before it is posted again.
    IF NOT account_document_has_leave() THEN
        DELETE FROM account_document_seal WHERE move_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
"""

# Quicker than by names. A column that went or changed its type since is found by those.
_UNLESS_SAME = """
    BEGIN
        IF (%OLD%) IS NOT DISTINCT FROM (%NEW%) THEN
            RETURN NEW;
        END IF;
    EXCEPTION WHEN undefined_column OR undefined_function OR datatype_mismatch THEN
        NULL;
    END;
"""

_SEALING = """
CREATE CONSTRAINT TRIGGER account_document_seal_document
    AFTER INSERT OR UPDATE OF state ON account_move
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'posted' AND NEW.move_type IN (%CUSTOMER_TYPES%))
    EXECUTE FUNCTION account_document_seal_document();
CREATE TRIGGER account_document_unseal_document
    AFTER UPDATE OF state ON account_move FOR EACH ROW
    WHEN (OLD.state <> 'draft' AND NEW.state = 'draft')
    EXECUTE FUNCTION account_document_unseal_document();
"""
