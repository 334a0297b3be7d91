"""A credit note that needs a second person is issued once somebody has approved it."""

# First: the others bring the lock, and posting asks it before this.
from . import account_move
from . import account_credit_note_batch
from . import account_credit_note_batch_line
from . import account_credit_note_reason
from . import res_company
from . import res_config_settings
