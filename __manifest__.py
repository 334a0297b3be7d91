{
    "name": "Customer Credit Notes",
    "summary": "Credit wrong customer invoices from the customer's form",
    "version": "19.0.1.0.0",
    "author": "Customer Credit Notes contributors",
    "category": "Accounting/Accounting",
    "license": "LGPL-3",
    "depends": ["account"],
    "data": [
        "security/ir.model.access.csv",
        "security/account_partner_credit_note_security.xml",
        "data/account_credit_note_reason_data.xml",
        "reports/account_move_reports.xml",
        "reports/account_move_templates.xml",
        "data/mail_template_data.xml",
        "views/account_credit_note_reason_views.xml",
        "views/account_lock_log_views.xml",
        "views/account_move_lock_views.xml",
        "views/account_move_views.xml",
        "views/credit_note_analysis_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_config_settings_lock_views.xml",
        "views/res_partner_views.xml",
        "wizards/account_move_reversal_templates.xml",
        "wizards/account_move_reversal_views.xml",
    ],
    "assets": {
        "web.assets_backend": [
            "account_partner_credit_note/static/src/**/*",
        ],
        "web.assets_tests": [
            "account_partner_credit_note/static/tests/tours/**/*",
        ],
        "web.assets_unit_tests": [
            "account_partner_credit_note/static/tests/**/*",
            ("remove", "account_partner_credit_note/static/tests/tours/**/*"),
        ],
    },
}
