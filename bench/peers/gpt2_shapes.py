"""The shapes of GPT-2 124M's 148 parameters, in the order of bench/tolk/kernels.cpp."""
VOCABULARY, WIDTH, LAYERS, POSITIONS = 50257, 768, 12, 1024
LAYER = (
    (WIDTH,), (WIDTH,), (3 * WIDTH, WIDTH), (3 * WIDTH,), (WIDTH, WIDTH), (WIDTH,), (WIDTH,), (WIDTH,),
    (4 * WIDTH, WIDTH), (4 * WIDTH,), (WIDTH, 4 * WIDTH), (WIDTH,),
)  # fmt: skip
SHAPES = ((VOCABULARY, WIDTH), (POSITIONS, WIDTH), *LAYER * LAYERS, (WIDTH,), (WIDTH,))
assert len(SHAPES) == 148
