"""What a credit note comes to, as a table of whole cents.

Plain Python: nothing here imports Odoo or reads a database, so that its tests run in
seconds (`dev/test --unit`). A credit note is planned in three steps: make a `Table` of
the invoice and of its credit notes, `get_left`, then one of the `plan_...` functions.
"""

from .amount import NOTHING, Amount
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
from .credit_plan import (
    CreditPlan,
    get_fraction,
    get_share_of,
    plan_all,
    plan_lines,
    plan_total,
)
from .taxed_price import TaxedPair, add_taxed_prices, get_taxed_prices
