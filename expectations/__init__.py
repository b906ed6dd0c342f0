"""Great Expectations at the doors: is what they sent us sound, and may this leave for Sage?

`rules.py` is the closed set of rules, `validation.py` runs any suite. Importing this package, or
`expectations.rules`, does not import Great Expectations, which takes seconds.
"""
