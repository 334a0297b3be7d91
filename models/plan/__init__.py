"""What a credit note comes to, as a table of whole cents.

Plain Python: nothing in this folder imports Odoo or reads a database. Its tests run in
seconds: `python tests/unit/test_plan.py`.
"""

from .amount import NOTHING, Amount, apportion
from .table import (
    NET,
    Cell,
    DiscountedLine,
    PairedItem,
    RoundingItem,
    Table,
    TaxItem,
    UnlinkedLines,
    allot,
    but_account,
    distribute,
    get_left,
)
from .credit_plan import CreditPlan, get_share_of, plan_all, plan_lines, plan_total
