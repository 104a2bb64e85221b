"""The promotion table, written out from the rules in lattice.py, and the exceptions per function."""
from golden import Family
from lattice import join, join_weak

DTYPES = ("b1", "u8", "u32", "u64", "i32", "i64", "f32", "f64")  # those of nx today; lattice.py knows all fifteen

family = Family("promotion", "the rules of nx's promotion lattice (no peer: NumPy 2 widens int with float)")
for a in DTYPES:
    for b in DTYPES:
        family.case("promote_types", text=join(a, b), a=a, b=b)
    for kind in ("bool", "int", "float"):
        family.case("promote_weak", text=join_weak(a, kind), a=a, weak=kind)
for a in ("bool", "int", "float"):
    for b in ("bool", "int", "float"):
        family.case("weak_weak", text={0: "b1", 1: "i64", 2: "f64"}[max(("bool", "int", "float").index(k) for k in (a, b))], a=a, b=b)
family.write()
