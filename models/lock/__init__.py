"""The lock: an issued customer document is not changed or deleted in any way.

`policy` says what it covers and what it leaves to Odoo, `account_move` and
`account_move_line` refuse, `capability` says who passes. The other files close what
hangs on a document: its files, its messages, and what it refers to.
"""

from . import account_account
from . import account_document_chained
from . import account_document_check
from . import account_document_evidence
from . import account_document_seal
from . import account_lock_log
from . import account_move
from . import account_move_cancellation
from . import account_move_line
from . import account_move_numbering
from . import account_move_send
from . import account_payment
from . import base
from . import edi_cancellation
from . import frozen
from . import ir_attachment
from . import ir_model
from . import ir_module
from . import localized
from . import mail_message
from . import referenced
from . import res_company
