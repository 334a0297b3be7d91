import json

from odoo.tools import json_default


def to_json(values):
    """:return: the values as a JSON field gives them back: dates as text, keys too"""
    return json.loads(json.dumps(values, default=json_default))
