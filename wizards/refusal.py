from odoo.exceptions import UserError


def get_refusal(check, *args):
    """:param check: a method that raises
    :return: the sentence that refuses, False if nothing is refused
    """
    try:
        check(*args)
    except UserError as error:
        return str(error)
    return False
