from . import test_credit_note
from . import test_refusals
from . import test_remaining
