from . import account_credit_note_reason
from . import account_move
from . import account_move_line
from . import lock
