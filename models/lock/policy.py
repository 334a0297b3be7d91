"""What the lock is about."""

CUSTOMER_TYPES = ("out_invoice", "out_refund", "out_receipt")
