"""What proves what happened to issued documents, beside their seals.

The database notes, by triggers: which file was archived, with its checksum; which seal
was taken off, because its document was reset or deleted while the lock was off; and
what was written in the log. Nothing of it is changed or deleted, and it outlives the
documents.
"""

from odoo.tools import SQL

# In this file, since it is the other half of the triggers on files.
_IS_ARCHIVE = (
    "{row}.res_model = 'account.move' AND {row}.res_id > 0"
    " AND {row}.res_field IN ({fields})"
)


def get_evidence_definition(env, quote_all):
    """:return: SQL script of functions and triggers"""
    fields = quote_all(sorted(env["account.move"]._get_lock_file_fields()))
    was, is_ = (_IS_ARCHIVE.format(row=row, fields=fields) for row in ("OLD", "NEW"))
    return (
        _FUNCTIONS.replace("%WAS_ARCHIVE%", was).replace("%IS_ARCHIVE%", is_)
        + f"""
CREATE TRIGGER account_document_note_new_file AFTER INSERT ON ir_attachment
    FOR EACH ROW WHEN ({is_}) EXECUTE FUNCTION account_document_note_file();
CREATE TRIGGER account_document_note_other_file AFTER UPDATE ON ir_attachment
    FOR EACH ROW WHEN (
        (OLD.res_model, OLD.res_id, OLD.res_field, OLD.checksum)
            IS DISTINCT FROM (NEW.res_model, NEW.res_id, NEW.res_field, NEW.checksum)
        AND ({was} OR {is_})
    ) EXECUTE FUNCTION account_document_note_file();
CREATE TRIGGER account_document_note_lost_file AFTER DELETE ON ir_attachment
    FOR EACH ROW WHEN ({was}) EXECUTE FUNCTION account_document_note_file();
CREATE TRIGGER account_document_note_seal AFTER DELETE ON account_document_seal
    FOR EACH ROW EXECUTE FUNCTION account_document_note_seal();
CREATE TRIGGER account_document_note_log AFTER INSERT ON account_document_lock_log
    FOR EACH ROW EXECUTE FUNCTION account_document_note_log();
CREATE TRIGGER account_document_refuse_evidence
    BEFORE INSERT OR UPDATE OR DELETE ON account_document_evidence
    FOR EACH ROW EXECUTE FUNCTION account_document_refuse_evidence();
CREATE TRIGGER account_document_refuse_truncate
    BEFORE TRUNCATE ON account_document_evidence
    EXECUTE FUNCTION account_document_refuse_truncate();
"""
    )


def note_earlier(env):
    """Note what there was before the triggers: archived files and the log."""
    fields = tuple(env["account.move"]._get_lock_file_fields())
    env.cr.execute(
        SQL(
            """
            INSERT INTO account_document_evidence
                        (kind, document_id, company_id, name, noted_at, record)
                 SELECT 'file', move.id, move.company_id, move.name,
                        now() AT TIME ZONE 'UTC', account_document_file(file, false)
                   FROM ir_attachment file
                   JOIN account_document_seal seal ON seal.move_id = file.res_id
                   JOIN account_move move ON move.id = file.res_id
                  WHERE file.res_model = 'account.move' AND file.res_field IN %s
                    AND NOT EXISTS (
                        SELECT FROM account_document_evidence noted
                         WHERE noted.kind IN ('file', 'file_gone')
                           AND noted.document_id = move.id)
               ORDER BY file.id
            """,
            fields,
        )
    )
    env.cr.execute(
        """
        INSERT INTO account_document_evidence
                    (kind, company_id, name, noted_at, record)
             SELECT 'log', log.company_id, 'log', now() AT TIME ZONE 'UTC',
                    to_jsonb(log)
               FROM account_document_lock_log log
              WHERE NOT EXISTS (
                    SELECT FROM account_document_evidence noted
                     WHERE noted.kind = 'log'
                       AND (noted.record ->> 'id')::integer = log.id)
           ORDER BY log.id
        """
    )


_FUNCTIONS = """
CREATE FUNCTION account_document_file(file ir_attachment, is_replaced boolean)
RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_build_object(
        'field', file.res_field, 'name', file.name, 'checksum', file.checksum,
        'file_size', file.file_size, 'mimetype', file.mimetype,
        'replaced', is_replaced)
$$;

CREATE FUNCTION account_document_note(
    what text, document integer, company integer, number text, noted jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Not of a company that is being deleted.
    INSERT INTO account_document_evidence
                (kind, document_id, company_id, name, noted_at, record)
         SELECT what, document, id, number, now() AT TIME ZONE 'UTC', noted
           FROM res_company WHERE id = company;
END $$;

CREATE FUNCTION account_document_note_file() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    document record;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF %WAS_ARCHIVE% THEN
            SELECT move.name, move.company_id INTO document
              FROM account_document_seal seal
              JOIN account_move move ON move.id = seal.move_id
             WHERE seal.move_id = OLD.res_id;
            IF FOUND THEN
                PERFORM account_document_note(
                    'file_gone', OLD.res_id, document.company_id, document.name,
                    account_document_file(OLD, account_document_has_leave()));
            END IF;
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF %IS_ARCHIVE% THEN
            SELECT move.name, move.company_id INTO document FROM account_move move
              JOIN res_company company ON company.id = move.company_id
             WHERE move.id = NEW.res_id AND move.state <> 'draft'
               AND move.move_type IN (%CUSTOMER_TYPES%)
               AND company.lock_posted_invoices;
            IF FOUND THEN
                PERFORM account_document_note(
                    'file', NEW.res_id, document.company_id, document.name,
                    account_document_file(NEW, false));
            END IF;
        END IF;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION account_document_note_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_note(
        'seal_gone', OLD.move_id, OLD.company_id,
        coalesce(OLD.record #>> '{document,name}',
            (SELECT name FROM account_move WHERE id = OLD.move_id)),
        jsonb_build_object('position', OLD.position, 'chain', OLD.chain,
            'sealed_at', OLD.sealed_at, 'record', OLD.record));
    RETURN NULL;
END $$;

CREATE FUNCTION account_document_note_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM account_document_note(
        'log', NULL, NEW.company_id, 'log', to_jsonb(NEW));
    RETURN NULL;
END $$;

CREATE FUNCTION account_document_refuse_evidence() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- The functions above write it, and the chain is added once.
    IF TG_OP = 'INSERT' AND (pg_trigger_depth() > 1 OR account_document_has_leave())
        OR TG_OP = 'UPDATE' AND OLD.chain IS NULL
            AND to_jsonb(OLD) - 'chain' - 'position'
                = to_jsonb(NEW) - 'chain' - 'position'
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        MESSAGE = 'What proves what was issued is noted by the database. '
            'Nobody can add, change or delete it.';
END $$;
"""
