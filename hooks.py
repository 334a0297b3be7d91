from .models.lock.database import remove_triggers


def uninstall_hook(env):
    """Take the reasons off the credit notes, since the database keeps those in use.

    Documents, their links and files stay. The history of each credit note goes on
    naming its reason.

    :param env: environment of the superuser
    """
    remove_triggers(env)
    # Not by `write`: the lock refuses it, and the column is dropped next.
    env.cr.execute(
        "UPDATE account_move SET credit_note_reason_id = NULL"
        " WHERE credit_note_reason_id IS NOT NULL"
    )
    env.invalidate_all()
