"""
Damaged input for everything that reads what others wrote.

A :class:`fuzzing.contract.Target` makes valid files or messages of its own, and says what reading
a damaged one may give. ``test_fuzzing.py`` tries a few of each; ``python -m fuzzing campaign``,
which is ``make fuzz``, as many as there is time for.
"""
