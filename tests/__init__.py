from . import test_credit_note
from . import test_access
from . import test_odoo_reversal
from . import test_reason
from . import test_invoices_tab
from . import test_refusals
from . import test_remaining
