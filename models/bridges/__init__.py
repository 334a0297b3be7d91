"""Addons that may be there or not: sales orders, cost of goods, electronic invoices,
document types of Latin America, online payments, electronic answers."""

# First: the others extend its hook.
from . import wrappers
from . import e_invoicing
from . import e_invoicing_countries
from . import latam
from . import payment
from . import rejection
from . import sale
from . import stock_account
