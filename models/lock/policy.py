"""Which documents and which of their fields the lock closes."""

CUSTOMER_TYPES = ("out_invoice", "out_refund", "out_receipt")

# What these addons define on a document and its lines belongs to the document. Fields
# of other addons are theirs: states of e-invoicing, portal tokens, followers.
CLOSING_ADDONS = frozenset(
    {
        "account",
        "account_add_gln",
        "account_debit_note",
        "account_edi_ubl_cii",
        "account_partner_credit_note",
        "account_payment",
        "account_tax_python",
        "l10n_latam_invoice_document",
        "sale",
        "sale_management",
        "sale_stock",
        "stock_account",
    }
)

# Fields of localizations that stand on the document as posting leaves them, though no
# form has them, or it takes them later as well.
POSTED_FIELDS = frozenset(
    {
        "l10n_ar_afip_responsibility_type_id",
        "l10n_bg_document_type",
        "l10n_in_gstin",
        "l10n_it_document_type",
        "l10n_sa_confirmation_datetime",
    }
)

# Bookkeeping about a document: not on it, and Odoo itself writes it after posting.
FREE_FIELDS = frozenset(
    {
        "attachment_ids",
        "auto_post",
        "auto_post_until",
        "campaign_id",
        "checked",
        "invoice_user_id",
        "is_manually_modified",
        "is_move_sent",
        # Spain's SII writes it when it is reported, though the form is closed by then.
        "l10n_es_registration_date",
        "made_sequence_gap",
        "matched_payment_ids",
        "medium_id",
        "no_followup",
        "payment_ids",
        "preferred_payment_method_line_id",
        "sending_data",
        "source_id",
        "team_id",
        "transaction_ids",
    }
)

# Reconciliation and analytic accounting go on after posting.
FREE_LINE_FIELDS = frozenset(
    {
        "analytic_distribution",
        "analytic_line_ids",
        "full_reconcile_id",
        "matched_credit_ids",
        "matched_debit_ids",
        "matching_number",
        "no_followup",
        "reconciled_lines_ids",
    }
)

# Only Odoo sets these, see the rules in `_is_lock_exempt`.
FILE_FIELDS = frozenset(
    {"invoice_pdf_report_file", "printed_pdf_file", "ubl_cii_xml_file"}
)

# Settings that only an accounting administrator changes, and their values in a new
# company.
SWITCHES = {
    "lock_posted_invoices": True,
    "lock_in_database": True,
    "over_credit_policy": "block",
    "archive_after_posting": True,
}
