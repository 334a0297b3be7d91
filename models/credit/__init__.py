"""What a credit note is: its fields, what is left to credit, the guard, matching."""

from . import account_credit_note_reason
from . import account_credit_note_request
from . import account_former_invoice
from . import account_move
from . import account_move_analysis
from . import account_move_applied_credit
from . import account_move_cash_rounding
from . import account_move_discount
from . import account_move_due
from . import account_move_guard
from . import account_move_items
from . import account_move_invoice_again
from . import account_move_line
from . import account_move_line_matching
from . import account_move_line_tax_data
from . import account_move_matching
from . import account_move_replacement
from . import account_move_several
from . import account_move_table
from . import account_move_without_invoice
from . import account_tax
from . import account_tax_repartition_line
from . import res_company
from . import res_config_settings
from . import res_partner
