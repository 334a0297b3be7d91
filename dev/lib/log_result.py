import logging
import unittest


class LogResult(unittest.TestResult):
    """Says of each test what Odoo's log says of its tests.

    :param logger: name of a logger, with `.tests.` in it
    """

    def __init__(self, logger):
        super().__init__()
        self.logger = logging.getLogger(logger)

    def startTest(self, test):
        super().startTest(test)
        self.logger.info("Starting %s ...", self.name(test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.logger.error("FAIL: %s\n%s", self.name(test), self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.logger.error("ERROR: %s\n%s", self.name(test), self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.logger.error("FAIL: %s\n%s", self.name(test), self.failures[-1][1])

    def name(self, test):
        method = getattr(test, "_testMethodName", None)
        return f"{type(test).__name__}.{method}" if method else str(test)
