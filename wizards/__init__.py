from . import account_move_reversal
from . import account_move_reversal_background
from . import account_move_reversal_checks
from . import account_move_reversal_deliver
from . import account_move_reversal_issue
from . import account_move_reversal_line
from . import account_move_reversal_plan
from . import account_move_reversal_settle
