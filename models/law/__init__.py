"""What the law of a country asks of a credit note: codes of reasons, and deadlines."""

from . import account_credit_note_deadline
from . import account_credit_note_reason
from . import account_credit_note_reason_code
from . import account_move
