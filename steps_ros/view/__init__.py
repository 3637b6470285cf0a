"""The live view: what a browser shows of a node, as values, and the page that shows it."""
