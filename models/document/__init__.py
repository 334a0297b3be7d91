"""The credit note on paper and in the e-mail, archived as it was issued."""

from . import account_document_archiving
from . import account_move
from . import account_move_archive
from . import account_move_send
from . import ir_actions_report
from . import ir_ui_view
from . import res_company
