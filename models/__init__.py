# First: the others extend its hook.
from . import account_move_wrappers
from . import account_credit_note_batch
from . import account_credit_note_batch_line
from . import account_credit_note_reason
from . import account_move
from . import account_move_background
from . import account_move_archive
from . import account_move_cash_rounding
from . import account_move_document
from . import account_move_down_payment
from . import account_move_discount
from . import account_move_line
from . import account_move_line_down_payment
from . import account_move_line_reconcile
from . import account_move_cost_of_goods
from . import account_move_over_credit
from . import account_move_send
from . import edi_credit_note
from . import ir_actions_report
from . import account_move_reversals

# After it: what is paired right here is reconciled at once there.
from . import account_move_reconcile
from . import account_tax_repartition_line
from . import lock
from . import mail_followers
from . import res_company
from . import res_company_letterhead
from . import res_config_settings
