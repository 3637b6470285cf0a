"""The steps-ros command: parse, call one function, report."""
