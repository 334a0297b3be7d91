"""What a database is made of, for dev/check install and dev/check upgrade."""


def read_schema(cr):
    """:return: all columns, constraints, indexes and triggers of the database, but for
    a constraint of Odoo that two of its fields make differently: either may win
    """
    cr.execute(
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' '"
        " || is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public'"
        " UNION SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
        " UNION SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        " UNION SELECT conrelid::regclass || ' ' || conname || ' '"
        " || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conname != 'rule_group_rel_group_id_fkey' ORDER BY 1"
    )
    return [row[0] for row in cr.fetchall()]
