"""What is done to examples of train, and to nothing else: one operation per file, `interfaces.Augmentation`.

The first parameter of each is its strength, so that ``{rotate: 15}`` says it all; strength 0 changes nothing.
"""
