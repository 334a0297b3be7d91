"""Many credit notes later: the scheduler issues them piece by piece."""

from . import account_credit_note_batch
from . import account_credit_note_batch_line
from . import account_credit_note_batch_progress
from . import account_move
from . import ir_cron
