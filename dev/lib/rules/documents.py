"""Random invoices, credited in random parts, as electronic files, for dev/check rules.

Writes each file into a folder and says on standard output, a line of JSON each, what it
is of, and where the document's fields, its printed totals or those of the file differ
from the journal items. Made for a database that nobody needs afterwards.
"""

import argparse
import json
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from lxml import etree

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

INVOICE_DATE, CREDIT_DATE = "2026-05-10", "2026-05-20"
# Invoices that are there at once: some are credited together.
GROUP = 4
# Nearly all cases shall be possible, else the proof proves little.
LARGEST_SHARE_REFUSED = 0.2
UBL = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}
CII = {
    "ram": (
        "urn:un:unece:uncefact:data:standard:"
        "ReusableAggregateBusinessInformationEntity:100"
    )
}


class Country(NamedTuple):
    """A supplier whose plain invoices are valid, and its customer at home."""

    code: str
    formats: tuple[str, ...]
    standard: float
    reduced: float
    iban: str
    supplier: dict
    customer: dict


COUNTRIES = [
    Country(
        code="BE",
        formats=("ubl_bis3", "facturx"),
        standard=21.0,
        reduced=6.0,
        iban="BE71096123456769",
        supplier={"vat": "BE0202239951", "peppol_endpoint": "0202239951"},
        customer={"vat": "BE0477472701", "peppol_endpoint": "0477472701"},
    ),
    Country(
        code="DE",
        formats=("xrechnung", "facturx"),
        standard=19.0,
        reduced=7.0,
        iban="DE02120300000000202051",
        supplier={"vat": "DE257486969", "peppol_endpoint": "DE257486969"},
        customer={"vat": "DE186775212", "peppol_endpoint": "DE186775212"},
    ),
    Country(
        code="NL",
        formats=("nlcius", "ubl_bis3"),
        standard=21.0,
        reduced=9.0,
        iban="NL91ABNA0417164300",
        supplier={"vat": "NL000099998B57", "peppol_endpoint": "77777677"},
        customer={"vat": "NL123456782B90", "peppol_endpoint": "12345678"},
    ),
]
# Taxes of a customer at home.
TAXED = ["standard", "reduced", "included", "recycling"]
UNTAXED = ["exempt", "reverse charge"]
EAS = {"BE": "0208", "DE": "9930", "NL": "0106"}


@dataclass
class File:
    """An electronic file, or the paper, which is not written."""

    name: str
    format: str
    # The invoice's in the same format; None: this is the invoice's.
    invoice: str | None
    # How the document came to be.
    story: str
    # What does not agree with the ledger, by the name of the check.
    faults: dict[str, str]


# --- the world --------------------------------------------------------------


class Supplier:
    """A company with all that an invoice is made of."""

    def __init__(self, env, country):
        self.country = country
        # In this mode Odoo does not install the localization of the country.
        companies = env["res.company"].with_context(install_mode=True)
        company = companies.create(
            {
                "name": f"Supplier {country.code}",
                "country_id": env.ref(f"base.{country.code.lower()}").id,
                "currency_id": env.ref("base.EUR").id,
            }
        )
        company = company.with_env(env)
        env.user.company_ids += company
        env["account.chart.template"].try_loading("generic_coa", company)
        company.write(
            {
                "currency_id": env.ref("base.EUR").id,
                "account_fiscal_country_id": company.country_id.id,
            }
        )
        self.env = env = env(
            context={**env.context, "allowed_company_ids": company.ids}
        )
        self.company = company.with_env(env)
        self.partner = self._fill(
            self.company.partner_id,
            "Market 1",
            country.supplier,
            "sales@example.com",
            country,
        )
        self.customer, self.customer_abroad = (
            self._fill(
                env["res.partner"].create({"name": f"Customer {home.code}"}),
                "Square 2",
                home.customer,
                "bills@example.com",
                home,
            )
            for home in (country, next(c for c in COUNTRIES if c != country))
        )
        env["res.partner.bank"].create(
            {
                "acc_number": country.iban,
                "partner_id": self.partner.id,
                "allow_out_payment": True,
            }
        )
        self.product = env["product.product"].create({"name": "Lamp"})
        self.taxes = self._make_taxes()
        self.terms = self._make_terms()
        self.cash = self._make_cash_roundings()
        self.currencies = [
            env.ref("base.EUR"),
            self._get_currency("USD", 1.0873),
            self._get_currency("SEK", 11.4127),
        ]

    def _fill(self, partner, street, values, email, country):
        partner.write(
            {
                "is_company": True,
                "country_id": self.env.ref(f"base.{country.code.lower()}").id,
                "street": street,
                "zip": "10115",
                "city": "Town",
                "phone": "+49 30 1234567",
                "email": email,
                "ref": "department 7",
                "peppol_eas": EAS[country.code],
                **values,
            }
        )
        # Odoo computes it from others that were just written.
        partner.peppol_endpoint = values["peppol_endpoint"]
        return partner

    def _make_taxes(self):
        """Taxes of a line, by name: those that an e-invoice can express."""
        group = self.env["account.tax.group"].create(
            {"name": "VAT", "country_id": self.company.country_id.id}
        )

        def make(name, amount, **values):
            return self.env["account.tax"].create(
                {
                    "name": name,
                    "amount": amount,
                    "type_tax_use": "sale",
                    "tax_group_id": group.id,
                    "country_id": self.company.country_id.id,
                    "ubl_cii_tax_category_code": "S",
                    **values,
                }
            )

        standard = make("standard", self.country.standard)
        recycling = make(
            "recycling",
            0.37,
            amount_type="fixed",
            include_base_amount=True,
            sequence=0,
            ubl_cii_tax_category_code=False,
        )
        return {
            "standard": standard,
            "reduced": make("reduced", self.country.reduced),
            "included": make(
                "included",
                self.country.standard,
                price_include_override="tax_included",
            ),
            "recycling": recycling + standard,
            **{
                name: make(
                    name,
                    0.0,
                    ubl_cii_tax_category_code=category,
                    ubl_cii_tax_exemption_reason_code=reason,
                )
                for name, category, reason in (
                    ("exempt", "E", "VATEX-EU-132"),
                    ("reverse charge", "AE", "VATEX-EU-AE"),
                    ("intra-community", "K", "VATEX-EU-IC"),
                )
            },
        }

    def _make_terms(self):
        terms = self.env["account.payment.term"]
        values_list = [
            {
                "name": "instalments",
                "line_ids": [
                    Command.create({"value_amount": 30, "nb_days": 0}),
                    Command.create({"value_amount": 70, "nb_days": 30}),
                ],
            },
            *(
                {
                    "name": computation,
                    "early_discount": True,
                    "discount_percentage": 2,
                    "discount_days": 7,
                    "early_pay_discount_computation": computation,
                    "line_ids": [Command.create({"value_amount": 100, "nb_days": 30})],
                }
                for computation in ("included", "excluded", "mixed")
            ),
        ]
        return [terms, terms, terms, *terms.create(values_list)]

    def _make_cash_roundings(self):
        roundings = self.env["account.cash.rounding"]
        profit, loss = (
            self.env["account.account"].search(
                [
                    ("account_type", "=", account_type),
                    ("company_ids", "=", self.company.id),
                ],
                limit=1,
            )
            for account_type in ("income", "expense")
        )
        values_list = [
            {
                "name": strategy,
                "rounding": 0.05,
                "strategy": strategy,
                "rounding_method": "HALF-UP",
                "profit_account_id": profit.id,
                "loss_account_id": loss.id,
            }
            for strategy in ("add_invoice_line", "biggest_tax")
        ]
        return [roundings] * 6 + [*roundings.create(values_list)]

    def _get_currency(self, name, rate):
        currency = self.env.ref(f"base.{name}")
        currency.active = True
        currency.rate_ids.filtered(
            lambda record: record.company_id == self.company
        ).unlink()
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "name": date,
                    "company_rate": company_rate,
                }
                for date, company_rate in (
                    (INVOICE_DATE, rate),
                    (CREDIT_DATE, rate * 1.0213),
                )
            ]
        )
        return currency


# --- invoices and credit notes ----------------------------------------------


class Maker:
    """Makes documents by chance, the same ones for the same seed."""

    def __init__(self, env, seed, folder):
        self.random = random.Random(seed)
        self.folder = folder
        self.suppliers = [Supplier(env, country) for country in COUNTRIES]
        self.credit_notes = 0
        self.refused = Counter()
        # How a document came to be, by its id.
        self.stories = {}

    def make_until(self, count):
        while self.credit_notes < count:
            supplier = self.random.choice(self.suppliers)
            invoices = [self.make_invoice(supplier) for _number in range(GROUP)]
            invoices = [invoice for invoice in invoices if invoice]
            for invoice in invoices:
                self.pay(invoice)
                for _step in range(self.random.choice([0, 1, 1, 2, 3])):
                    self.credit_part(supplier, invoice)
            if self.random.random() < 0.8:
                self.credit_together(supplier, invoices)
            # Nothing of a group is needed for the next one.
            supplier.env.flush_all()
            supplier.env.invalidate_all()
            done, refused = len(self.stories), self.refused.total()
            if refused > GROUP * 5 + LARGEST_SHARE_REFUSED * done:
                self.show_refused()
                sys.exit("too much was refused to prove anything")

    def show_refused(self):
        for (what, message), number in self.refused.most_common():
            print(f"refused: {number} x {what}: {message}", file=sys.stderr)
        print(
            f"{len(self.stories)} documents made, {self.refused.total()} refused",
            file=sys.stderr,
        )

    def attempt(self, env, what, work):
        """:return: what the work returns; None where Odoo or the addon refuses it"""
        try:
            with env.cr.savepoint():
                return work()
        except UserError as error:
            self.refused[what, str(error).splitlines()[0][:120]] += 1
            return None

    def make_invoice(self, supplier):
        pick = self.random.choice
        rounding = pick(["round_globally", "round_per_line"])
        supplier.company.tax_calculation_rounding_method = rounding
        currency = pick([*supplier.currencies[:1] * 3, *supplier.currencies])
        term, cash = pick(supplier.terms), pick(supplier.cash)
        customer, taxes = supplier.customer, [*TAXED, "standard", *UNTAXED]
        if term.early_pay_discount_computation == "mixed" or cash:
            # Odoo's own invoice is not valid: two reasons for the exemption, or a
            # rounding of the tax that is not there.
            taxes = TAXED
        elif self.random.random() < 0.15:
            customer, taxes = supplier.customer_abroad, ["intra-community"]
        size = pick([1, 1, 2, 2, 3, 4, 5, 8, 12, 25, 40])
        taxes = [pick(taxes) for _line in range(size)]
        lines = [
            line
            for number, tax_name in enumerate(taxes)
            for line in self.prepare_lines(supplier, number, tax_name)
        ]
        invoice = self.attempt(
            supplier.env,
            "invoice",
            lambda: self.post_invoice(
                supplier,
                {
                    "move_type": "out_invoice",
                    "partner_id": customer.id,
                    "invoice_date": INVOICE_DATE,
                    "delivery_date": INVOICE_DATE,
                    "ref": "PO 4711",
                    "currency_id": currency.id,
                    "invoice_payment_term_id": term.id,
                    "invoice_cash_rounding_id": cash.id,
                    "invoice_line_ids": lines,
                },
            ),
        )
        if invoice:
            self.stories[invoice.id] = ", ".join(
                [
                    *(f"{size} lines", rounding, currency.name),
                    *filter(None, [term.name, cash.name]),
                    *sorted(set(taxes)),
                ]
            )
            self.export(supplier, invoice)
        return invoice

    def post_invoice(self, supplier, values):
        invoice = supplier.env["account.move"].create(values)
        if invoice.amount_total <= 0:
            raise UserError("An invoice of nothing or less.")
        invoice.action_post()
        return invoice

    def prepare_lines(self, supplier, number, tax_name):
        pick = self.random.choice
        values = {
            "name": f"Line {number}",
            "product_id": supplier.product.id,
            "price_unit": round(
                self.random.uniform(0.01, pick([1, 10, 100, 100, 1000, 9999])), 2
            ),
            "quantity": pick([1.0, 1.0, 2.0, 3.0, 7.0, 12.0, 0.5, 1.25]),
            "discount": pick([0.0, 0.0, 0.0, 5.0, 10.0, 12.5, 33.33]),
            "tax_ids": [Command.set(supplier.taxes[tax_name].ids)],
        }
        yield Command.create(values)
        # Odoo writes what is taken back of a recycling fee with a code of charges.
        if tax_name != "recycling" and self.random.random() < 0.08:
            taken_back = -max(0.1, round(values["quantity"] * 0.31, 2))
            yield Command.create(
                {**values, "name": f"Less {number}", "quantity": taken_back}
            )

    def pay(self, invoice):
        """A third is paid in part, or whole and early, with the discount."""
        share = self.random.choice([0, 0, 0, 0, 0.3, 1])
        if not share:
            return

        def register():
            wizard = invoice.action_register_payment()
            payment = (
                invoice.env["account.payment.register"]
                .with_context(**wizard["context"])
                .create({"payment_date": "2026-05-12"})
            )
            if share < 1:
                payment.amount = invoice.currency_id.round(invoice.amount_total * share)
            payment.action_create_payments()
            return True

        if self.attempt(invoice.env, "payment", register):
            self.stories[invoice.id] += f", {share:.0%} paid"

    def credit_part(self, supplier, invoice):
        pick = self.random.choice
        method = pick(["amount", "percentage", "lines"])
        values = {"credit_method": method}
        left = invoice.amount_creditable
        if method == "amount":
            values["amount"] = invoice.currency_id.round(
                left * self.random.uniform(0.01, 0.8)
            )
        elif method == "percentage":
            values["percentage"] = pick([5.0, 10.0, 20.0, 33.3, 50.0, 12.34])
        else:
            values["line_ids"] = [
                Command.create(
                    {
                        "invoice_line_id": line.id,
                        "quantity": pick([1, 0.5]) * line.quantity_creditable,
                        # A lower price credits the difference.
                        "price_unit": line.price_unit
                        if self.random.random() < 0.7
                        else round(line.price_unit / 3, 2),
                    }
                )
                for line in invoice.invoice_line_ids.filtered("quantity_creditable")
                if self.random.random() < 0.6
            ]
        self.credit(supplier, invoice, values)

    def credit_together(self, supplier, invoices):
        """What is left of them, or a share of each, in one dialog."""
        moves = supplier.env["account.move"].union(
            *(invoice for invoice in invoices if invoice.amount_creditable > 0)
        )
        if moves:
            if self.random.random() < 0.3:
                values = {"credit_method": "percentage", "percentage": 7.5}
            else:
                values = {"credit_method": "remaining"}
            self.credit(supplier, moves, values)

    def credit(self, supplier, invoices, values):
        def issue():
            action = invoices.action_credit_note()
            wizard = (
                supplier.env["account.move.reversal"]
                .with_context(**action["context"])
                .create(
                    {
                        "date": CREDIT_DATE,
                        "use_invoice_rate": self.random.random() < 0.7,
                        **values,
                    }
                )
            )
            wizard.action_issue()
            return wizard.new_move_ids

        credit_notes = self.attempt(supplier.env, values["credit_method"], issue)
        story = {name: value for name, value in values.items() if name != "line_ids"}
        for credit_note in credit_notes or ():
            self.stories[credit_note.id] = (
                f"{self.stories[credit_note.reversed_entry_id.id]}; {story}"
            )
            self.credit_notes += 1
            self.export(supplier, credit_note)

    # --- files ----------------------------------------------------------------

    def export(self, supplier, move):
        """Write the document in all formats of its country, and say so."""
        ledger = get_ledger(move)
        invoice = move.reversed_entry_id or move

        def say(file_format, faults):
            file = File(
                name=f"{file_format}-{move.id}.xml",
                format=file_format,
                invoice=f"{file_format}-{invoice.id}.xml" if invoice != move else None,
                story=f"{move.name}: {self.stories[move.id]}",
                faults=faults,
            )
            print(json.dumps(asdict(file)), flush=True)

        say(
            "paper",
            compare(ledger, get_fields(move), "fields")
            | compare(ledger, get_printed(move), "print"),
        )
        for file_format in supplier.country.formats:
            if file_format == "facturx" and not is_expressible_in_cii(invoice):
                continue
            builder = move.partner_id._get_edi_builder(file_format)
            content, errors = builder._export_invoice(move)
            (self.folder / f"{file_format}-{move.id}.xml").write_bytes(content)
            get_totals = get_cii_totals if file_format == "facturx" else get_ubl_totals
            say(
                file_format,
                {f"Odoo: {error}": "" for error in errors}
                | compare(ledger, get_totals(etree.fromstring(content), move), "file"),
            )


def is_expressible_in_cii(invoice):
    """Odoo leaves cash roundings and the tax of a discount that may be taken out of the
    file of an invoice, and its totals are not the sums then.
    """
    term = invoice.invoice_payment_term_id
    return not (
        invoice.invoice_cash_rounding_id
        or term.early_pay_discount_computation == "mixed"
    )


# --- cent by cent -----------------------------------------------------------


def get_ledger(move):
    """:return: what the journal items come to, positive, in the document's currency
    and, with the suffix `_company`, in that of the company
    """
    sign = move.direction_sign
    items = move.line_ids
    due = items.filtered(lambda line: line.display_type == "payment_term")
    taxes = items.filtered("tax_line_id")
    fixed = taxes.filtered(lambda line: line.tax_line_id.amount_type == "fixed")

    def total(lines, name="amount_currency"):
        return sign * sum(lines.mapped(name))

    return {
        "total": -total(due),
        "untaxed": total(items - taxes - due),
        "tax": total(taxes),
        "total_company": -total(due, "balance"),
        "tax_company": total(taxes, "balance"),
        # In an e-invoice a fixed tax is a charge.
        "net": total(items - taxes - due) + total(fixed),
        "vat": total(taxes - fixed),
        "vat_company": total(taxes - fixed, "balance"),
    }


def get_fields(move):
    sign = -move.direction_sign
    return {
        "total": move.amount_total,
        "untaxed": move.amount_untaxed,
        "tax": move.amount_tax,
        "total_company": sign * move.amount_total_signed,
        "tax_company": sign * move.amount_tax_signed,
    }


def get_printed(move):
    totals = move.tax_totals
    values = {
        "total": totals["total_amount_currency"],
        "untaxed": totals["base_amount_currency"]
        + totals.get("cash_rounding_base_amount_currency", 0.0),
        "tax": totals["tax_amount_currency"],
        "tax_company": totals["tax_amount"],
    }
    if is_worth_carried(move):
        values["total_company"] = totals["total_amount"]
    return values


def is_worth_carried(move):
    """:return: whether the document says what all of it is worth in company currency.
    Odoo computes that of lines without taxes, discounts and cash rounding anew, see
    docs/limits.md.
    """
    return move.currency_id == move.company_currency_id or not move.line_ids.filtered(
        lambda line: (
            line.display_type in ("discount", "epd", "rounding")
            or (line.display_type == "product" and not line.tax_ids)
        )
    )


def get_ubl_totals(root, move):
    company_currency = move.company_currency_id.name

    def amount(path, currency=move.currency_id.name):
        return sum(
            float(node.text)
            for node in root.iterfind(path, UBL)
            if node.get("currencyID") == currency
        )

    monetary, tax = "cac:LegalMonetaryTotal/cbc:", "cac:TaxTotal/cbc:TaxAmount"
    # A cash rounding is apart from the net, or a charge in it.
    rounding = amount(f"{monetary}PayableRoundingAmount")
    values = {
        "net": amount(f"{monetary}TaxExclusiveAmount") + rounding,
        "vat": amount(tax),
        "total": amount(f"{monetary}TaxInclusiveAmount") + rounding,
    }
    if root.findtext("cbc:TaxCurrencyCode", None, UBL) == company_currency:
        values["vat_company"] = amount(tax, company_currency)
    return values


def get_cii_totals(root, _move):
    [totals] = root.iterfind(
        ".//ram:SpecifiedTradeSettlementHeaderMonetarySummation", CII
    )

    def amount(name):
        return float(totals.findtext(f"ram:{name}", "0", CII))

    return {
        "net": amount("TaxBasisTotalAmount"),
        "vat": amount("TaxTotalAmount"),
        "total": amount("GrandTotalAmount"),
    }


def compare(ledger, others, where):
    """:return: {check: amounts} where the journal items come to something else"""
    return {
        f"{name}: ledger and {where}": f"{ledger[name]:.2f} and {amount:.2f}"
        for name, amount in others.items()
        if abs(ledger[name] - amount) > 0.001
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conf", required=True)
    parser.add_argument("--db", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    config.parse_config(["-c", options.conf, "-d", options.db, "--no-http"])
    with Registry(options.db).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
        # OdooBot may not trust a bank account, which an invoice needs.
        env = env(user=env.ref("base.user_admin"))
        maker = Maker(env, options.seed, options.folder)
        maker.make_until(options.count)
        cr.rollback()
        maker.show_refused()


if __name__ == "__main__":
    main()
