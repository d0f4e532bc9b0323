"""What needs no host: the description, and what is said of a loss that is no number."""

from __future__ import annotations

import dataclasses
import json
import math
import unittest

from algohost_guest import InvalidInput

from linear.description import Metadata
from linear.train import Settings, require_number


class Description(unittest.TestCase):
    def test_it_declares_what_training_reads(self) -> None:
        declared = json.loads(Metadata().describe())["hyperparameters"]
        self.assertEqual([each["name"] for each in declared], [field.name for field in dataclasses.fields(Settings)])


class Loss(unittest.TestCase):
    def test_one_that_is_no_number_ends_the_training(self) -> None:
        require_number(1e300, 0)
        for total, shown in [(math.nan, "NaN"), (math.inf, "inf"), (-math.inf, "-inf")]:
            with self.assertRaisesRegex(InvalidInput, f"^the loss is {shown} at step 3: a lower learning_rate"):
                require_number(total, 3)
