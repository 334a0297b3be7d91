"""Many credit notes in one request: what Odoo does one by one is done once for all."""

from . import account_move
from . import account_move_line
