from . import account_credit_note_reason
from . import account_move
from . import account_move_line
from . import account_move_cost_of_goods
from . import account_move_over_credit
from . import lock
from . import res_company
from . import res_config_settings
