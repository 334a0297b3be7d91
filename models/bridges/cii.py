"""The namespaces of Factur-X and ZUGFeRD (UN/CEFACT Cross Industry Invoice)."""

STANDARD = "urn:un:unece:uncefact:data:standard:"
RAM = f"{STANDARD}ReusableAggregateBusinessInformationEntity:100"
QDT = f"{STANDARD}QualifiedDataType:100"
UDT = f"{STANDARD}UnqualifiedDataType:100"
CII = {
    "qdt": QDT,
    "ram": RAM,
    "rsm": f"{STANDARD}CrossIndustryInvoice:100",
    "udt": UDT,
}
