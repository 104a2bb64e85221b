#!/usr/bin/env python3
"""Writes models.txt: the encodings that tiktoken takes for names of models.

usage: models.py > models.txt      (needs the Python package `tiktoken`; does not use Raven)

Lines: `model<TAB>encoding`; a dash where tiktoken knows none.
"""
import tiktoken, tiktoken.model as table

names = list(table.MODEL_TO_ENCODING)
names += [prefix + "2099" for prefix in table.MODEL_PREFIX_TO_ENCODING]
names += [name + "-x" for name in table.MODEL_TO_ENCODING]
names += ["", "gpt", "o2", "o1mini", "text-embedding-4", "davinci2", "adam", "code-", "ft:", "ft:ada:x", "gpt-4.5", "gpt-4x", "xgpt-4"]
print(f"# tiktoken {tiktoken.__version__}, written by models.py")
for name in dict.fromkeys(names):
    try:
        print(name + "\t" + table.encoding_name_for_model(name))
    except KeyError:
        print(name + "\t-")
