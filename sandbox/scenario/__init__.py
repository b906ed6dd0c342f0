"""The demo's story: tills that trade real sales, an incumbent connector that posts them badly, and the
judge.
"""
