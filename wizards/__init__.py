from . import account_credit_dialog
from . import account_credit_numbers
from . import account_credit_application
from . import account_credit_note_approval
from . import account_credit_note_without_invoice
from . import account_credit_note_without_invoice_approval
from . import account_credit_refund
from . import account_move_reversal
from . import account_move_reversal_background
from . import account_move_reversal_checks
from . import account_move_reversal_deliver
from . import account_move_reversal_dialog
from . import account_move_reversal_issue
from . import account_move_reversal_law
from . import account_move_reversal_line
from . import account_move_reversal_plan
from . import account_move_reversal_settle
from . import account_move_reversal_several

# What was approved goes before what is planned.
from . import account_move_reversal_approval

# Last: asked first, whatever else a button does.
from . import account_move_reversal_request
