"""Writes chat.txt: what transformers renders chats to, with named templates, tools and continued messages.

    pip install transformers
    python chat.py > chat.txt

Each line is JSON: [templates, messages, options, rendered text]; templates, messages and options as JSON text, the
rendered text null when transformers refuses. The last line is [null, tools, null, null]: the schemas that transformers
makes of the functions below.
"""
import json
import sys

import tokenizers
import transformers
from transformers.utils import get_json_schema

KEEPS = "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% if not loop.last %}</s>{% endif %}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
TRIMS = "{% for m in messages %}[{{ m.role }}] {{ m.content | trim }} </s>\n{% endfor %}"
PARTS = "{% for m in messages %}[{{ m.role }}]{% if m.content is string %}{{ m.content }}{% else %}{% for part in m.content %}{% if part.type == 'text' %}{{ part.text }}{% else %}<image>{% endif %}{% endfor %}{% endif %}</s>{% endfor %}"
TOOLS = "{{ tools | tojson }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
LAST = "{{ messages[0].content }}"
NAMED = {"default": KEEPS, "tool_use": TOOLS, "rag": "{{ documents | length }} of {{ messages | length }}"}
WITHOUT_DEFAULT = {"tool_use": TOOLS, "other": KEEPS}


def chat(last, role="assistant"):
    return [{"role": "user", "content": "hi"}, {"role": role, "content": last}]


def text(value):
    return {"type": "text", "text": value}


IMAGE = {"type": "image", "url": "x"}
CONTINUE = {"continue_final_message": True}
CASES = []
for template in KEEPS, TRIMS, PARTS:
    for last in "yes", "yes ", "  yes", "yes\n\n", "", " ", "hi", "yes [assistant] yes":
        CASES.append((template, chat(last), CONTINUE))
for last in [text("a"), text("b ")], [text("a "), IMAGE], [IMAGE, text(" a")], [IMAGE], [], [{"type": "text", "text": ""}]:
    CASES.append((PARTS, chat(last), CONTINUE))
CASES += [
    (KEEPS, [], CONTINUE), (KEEPS, [{"role": "assistant"}], CONTINUE), (KEEPS, chat(None), CONTINUE), (KEEPS, chat(5), CONTINUE),
    (LAST, chat("yes"), CONTINUE), (KEEPS, chat("yes"), {"continue_final_message": True, "add_generation_prompt": True}),
    (KEEPS, chat("yes"), {"add_generation_prompt": True}), (KEEPS, chat("yes", "user"), CONTINUE),
]
TOOL = [{"type": "function", "function": {"name": "f"}}]
for templates in NAMED, WITHOUT_DEFAULT, {"default": KEEPS}:
    for options in {}, {"tools": TOOL}, {"tools": []}, {"chat_template": "rag", "documents": [{"title": "t", "text": "x"}]}, {"chat_template": "tool_use"}, {"chat_template": "default", "tools": TOOL}:
        if options.get("chat_template") in [None, *templates]:  # transformers takes other names for templates
            CASES.append((templates, chat("yes"), options))


def weather(city: str, days: int = 3, tags: list[str] = []) -> float:
    """Tells the weather.

    Args:
        city: Which city
        days: How many days
        tags: What to tell
    Returns:
        The temperature
    """


def now():
    """The time."""


print(json.dumps(f"transformers {transformers.__version__}, written by chat.py"))
for templates, messages, options in CASES:
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(tokenizers.models.BPE()), bos_token="<s>")
    tokenizer.chat_template = templates
    try:
        rendered = tokenizer.apply_chat_template(messages, tokenize=False, **options)
    except Exception as error:
        rendered = None
        print(f"{type(error).__name__}: {error}"[:150], file=sys.stderr)
    named = templates if isinstance(templates, dict) else {"default": templates}
    print(json.dumps([json.dumps(named), json.dumps(messages), json.dumps(options), rendered]))
print(json.dumps([None, json.dumps([get_json_schema(weather), get_json_schema(now)]), None, None]))
