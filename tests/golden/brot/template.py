"""Writes template.txt: what templates render to in Jinja2 with the environment of transformers.

    pip install jinja2
    python template.py [file.json of {name: template} …] > template.txt

Each line is JSON: [template, variables as JSON text, rendered text] or [template, variables, null] when it fails; a fourth
element is the time of strftime_now.
"""
import datetime
import json
import sys

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_support", []), [], [], body).set_lineno(line)

    def _support(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
NOW = 1767312000
environment.globals["strftime_now"] = lambda format: datetime.datetime.fromtimestamp(NOW, datetime.timezone.utc).replace(tzinfo=None).strftime(format)

MESSAGES = [
    {"role": "system", "content": "You are a helpful assistant.\nBe brief."},
    {"role": "user", "content": "Hi! What's 2 < 3 & \"so on\"? Ünïcode 漢字 😀"},
    {"role": "assistant", "content": "  Yes.  ", "tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {"a": 1, "b": 2.5}}}]},
    {"role": "tool", "name": "add", "content": "3.5"},
    {"role": "user", "content": "Thanks"},
]
TOOLS = [{"type": "function", "function": {"name": "add", "description": "Adds", "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a"]}}}]
VARIABLES = [
    {"messages": MESSAGES, "tools": TOOLS, "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"},
    {"messages": MESSAGES[1:2], "tools": None, "add_generation_prompt": False, "bos_token": "<s>", "eos_token": "</s>"},
    {"messages": [MESSAGES[0], {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image"}]}], "add_generation_prompt": True, "bos_token": "", "eos_token": "</s>", "tools": []},
]

CHATS = [
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}{% elif m['role'] == 'assistant' %}{{ m.content|trim }}{{ eos_token }}{% else %}{{ raise_exception('Only user and assistant roles are supported, not ' ~ m.role) }}{% endif %}{% endfor %}",
    """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if tools %}
  {{- '# Tools\\n' }}
  {%- for tool in tools %}
    {{- tool | tojson(indent=2) }}
  {%- endfor %}
{%- endif %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message.content is string %}
        {{- '<|' + message.role + '|>' + message.content | trim + eos_token }}
    {%- else %}
        {%- for part in message.content %}
            {%- if part.type == 'text' %}{{ part.text }}{% else %}<image>{% endif %}
        {%- endfor %}
    {%- endif %}
    {%- if message.tool_calls is defined and message.tool_calls %}
        {%- for call in message.tool_calls %}
            {{- '\\n<tool_call>' ~ call.function.name ~ ' ' ~ (call.function.arguments | tojson) ~ '</tool_call>' }}
        {%- endfor %}
    {%- endif %}
    {%- if loop.last and add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}
{%- endfor %}""",
    """{% set ns = namespace(system='', first=true) %}
{% for message in messages %}
    {% if message.role == 'system' %}
        {% set ns.system = ns.system ~ message.content %}
    {% endif %}
{% endfor %}
{{ ns.system }}
{% for message in messages if message.role != 'system' %}
    {% if not ns.first %}
---
    {% endif %}
    {% set ns.first = false %}
{{ loop.index }}: {{ message.role | upper }}
{% generation %}{{ message.content }}{% endgeneration %}

{% endfor %}""",
    """{% macro show(m, sep=': ') %}
{{ m.role }}{{ sep }}{{ m.content }}
{% endmacro %}
{% for m in messages %}{{ show(m) }}{{ show(m, sep='=') }}{% endfor %}
{% macro wrap(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}
{% call wrap('b') %}{{ messages | length }}{% endcall %}""",
]

SMALL = r"""
{{ 1 + 2 * 3 - 4 / 2 }}|{{ 7 // 2 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 2 ** 10 }}|{{ 2 ** -1 }}|{{ 1 / 3 }}|{{ 1e20 }}|{{ 1e-5 }}|{{ 0.1 + 0.2 }}|{{ 3.0 }}|{{ 1_000 }}|{{ 0x1f }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.0 }}|{{ 'ab' * 3 }}|{{ [1] * 2 }}|{{ 'x' + 'y' }}|{{ (1, 'a', [2.5, none], {'k': "it's"}) }}|{{ (1,) }}|{{ () }}|{{ {} }}
{{ 1 < 2 < 3 }}|{{ 1 < 3 < 2 }}|{{ 'a' in 'cat' }}|{{ 2 not in [1, 3] }}|{{ 'k' in {'k': 1} }}|{{ not true and false or true }}|{{ 1 == 1.0 == true }}|{{ [1, 2] < [1, 3] }}
{{ 'yes' if true }}|{{ 'yes' if false }}|{{ 'a' if false else 'b' if false else 'c' }}|{{ missing }}|{{ missing is defined }}|{{ missing | default('d') }}|{{ '' | default('e', true) }}|{{ missing.x is defined if missing is defined else 'no' }}
{{ 'héllo'[1] }}|{{ 'héllo'[-1] }}|{{ 'héllo'[1:3] }}|{{ 'hello'[::-1] }}|{{ [1, 2, 3, 4][::2] }}|{{ [1, 2, 3][-2:] }}|{{ 'abc'[5] }}|{{ [1, 2, 3][1:99] }}|{{ 'hello'[4:1:-1] }}
{{ '  x '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ 'abc'.startswith('ab') }}|{{ 'abc'.endswith(('x', 'c')) }}
{{ 'straße'.upper() }}|{{ 'ÀB'.lower() }}|{{ "they're here".title() }}|{{ 'hELLO wORLD'.capitalize() }}|{{ 'aaa'.replace('a', 'b', 2) }}|{{ ', '.join(['x', 'y']) }}|{{ 'banana'.find('na') }}|{{ 'banana'.count('an') }}|{{ 'a\nb\r\nc'.splitlines() }}
{{ '{} and {x} {{}}'.format(1, x='y') }}|{{ '%s-%d%%' % ('a', 3) }}|{{ '12'.isdigit() }}|{{ 'ab'.isalpha() }}|{{ 'abc'.partition('b') }}|{{ '7'.zfill(3) }}|{{ 'xabc'.removeprefix('x') }}
{{ {'a': 1, 'b': 2}.items() | list }}|{{ {'a': 1}.get('b', 3) }}|{{ {'a': 1}.keys() | list }}|{{ {'a': 1, 'b': 2}.values() | list }}|{{ {'a': {'b': 5}}.a.b }}|{{ {'a': 1}['zz'] }}
{{ [3, 1, 2] | sort }}|{{ ['b', 'A', 'c'] | sort }}|{{ [3, 1, 2] | sort(reverse=true) }}|{{ [1, 2, 3] | sum }}|{{ [1, 5, 3] | max }}|{{ [4, 2] | min }}|{{ [1, 1, 2] | unique | list }}|{{ 'hello' | reverse }}|{{ [1, 2, 3] | reverse | list }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }}|{{ [1, 2, 3] | batch(2, 'x') | list }}|{{ [1, 2, 3, 4, 5] | slice(2) | list }}|{{ [1, 2, 3] | first }}|{{ [1, 2, 3] | last }}|{{ [] | first }}|{{ 'abc' | length }}|{{ 'ab' | list }}
{{ ['a', 'b'] | map('upper') | join('-') }}|{{ [{'n': 1}, {'n': 2}] | map(attribute='n') | list }}|{{ [{'n': 1}, {}] | map(attribute='n', default=0) | list }}|{{ [1, 2, 3, 4] | select('even') | list }}|{{ [1, 2, 3] | reject('gt', 1) | list }}|{{ [{'a': 1}, {'a': 0}] | selectattr('a') | list }}|{{ [{'r': 'x'}, {'r': 'y'}] | selectattr('r', 'equalto', 'x') | list }}
{{ 'a b' | title }}|{{ 'foo bar-baz (qux)' | title }}|{{ '<a href="x">' | escape }}|{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\nb' | indent('> ') }}|{{ 'hello world foo bar' | truncate(11) }}|{{ 'hello world' | truncate(8, true, '..', 0) }}|{{ 'a b c' | wordcount }}
{{ '42' | int }}|{{ 'x' | int(7) }}|{{ '3.7' | int }}|{{ '3.5' | float }}|{{ 2.5 | round }}|{{ 2.567 | round(2) }}|{{ 2.1 | round(0, 'ceil') }}|{{ 42 | round }}|{{ -3 | abs }}|{{ 'ff' | int(0, 16) }}|{{ 1.5 | string + 'x' }}
{{ {'b': 1, 'A': 2} | dictsort }}|{{ {'x': 3, 'y': 1} | dictsort(by='value') }}|{{ [{'g': 1, 'v': 'a'}, {'g': 2, 'v': 'b'}, {'g': 1, 'v': 'c'}] | groupby('g') | map('last') | list }}|{{ 'a b&c/é' | urlencode }}|{{ {'a': 'x y'} | urlencode }}|{{ '<p>Hi  <b>you</b></p>' | striptags }}
{{ {'a': [1, 2.0, none, true, "é\n\"q\""], 'b': {}} | tojson }}|{{ [] | tojson(indent=2) }}|{{ {'b': 1, 'a': [1, {'c': 2}]} | tojson(indent=2, sort_keys=true) }}|{{ [1, 2] | tojson(separators=(',', ':')) }}|{{ 'é😀' | tojson(ensure_ascii=true) }}|{{ {1: 2, none: 3} | tojson }}
{{ 1 is odd }}|{{ 2 is even }}|{{ 6 is divisibleby 3 }}|{{ 'a' is string }}|{{ 1 is number }}|{{ true is boolean }}|{{ 1 is integer }}|{{ 1.0 is float }}|{{ none is none }}|{{ [] is sequence }}|{{ {} is mapping }}|{{ 'A' is upper }}|{{ 1 is not none }}|{{ [] is iterable }}|{{ 3 is in [1, 3] }}|{{ 1 is sameas 1 }}|{{ range is callable }}|{{ 5 is gt 3 }}|{{ true is true }}
{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{{ loop.index }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}{{ loop.cycle('x', 'y') }}{{ loop.length }};{% else %}none{% endfor %}|{% for x in [] %}{% else %}none{% endfor %}
{% for x in range(5) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{{ loop.previtem }}{{ loop.nextitem }},{% endfor %}|{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}
{% for item in [{'n': 'a', 'c': [{'n': 'b', 'c': []}]}] recursive %}{{ item.n }}{{ loop.depth }}({{ loop(item.c) }}){% endfor %}
{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}|{% if true %}{% set x = 3 %}{% endif %}{{ x }}|{% set a, b = 1, 2 %}{{ a }}{{ b }}|{% set t %}blk{{ 1 }}{% endset %}{{ t }}|{% set u | upper %}abc{% endset %}{{ u }}
{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}|{{ m(1, 3, 4, k=5) }}|{{ m() }}|{{ m(b=1, a=2) }}
{% filter upper %}abc{{ 'd' }}{% endfilter %}|{% raw %}{{ not }} {% if %}{% endraw %}|{# comment #}x|{{ '{{' }}|{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}
{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}|{% set j = joiner('; ') %}{{ j() }}a{{ j() }}b|{{ dict(a=1, b=2) }}|{{ range(3) | list }}|{{ range(5, 0, -2) | list }}
{{ "a" "b" 'c' }}|{{ 'a\tb\x41\u00e9\'' }}|{{ ["it's", 'say "x"', 'both \' and "', 'tab\t', 'é\u200b'] }}|{{ '\\n' }}|{{ none }}|{{ [none, true] }}
{{ messages[0].role }}|{{ messages[0]['content'] }}|{{ messages | length }}|{{ messages[-1].content }}|{{ messages[0].nope }}|{{ (messages | first).role }}|{{ messages | map(attribute='role') | join(',') }}
{{ 'a' if 'b' is defined else 'c' }}|{{ x is defined and x }}|{{ [1, 2] is defined and 3 }}|{{ not x is defined }}|{{ 1 if x else 2 }}|{{ -1 | abs }}|{{ - 2 ** 2 }}|{{ 2 ** 3 ** 2 }}|{{ not 1 == 2 }}
{{ missing.attribute }}
{{ missing + 1 }}
{{ 1 + 'a' }}
{{ 'a' + 1 }}
{{ 1 / 0 }}
{{ [].append(1) }}
{{ undefined_function() }}
{{ raise_exception('no') }}
{% for x in 5 %}{% endfor %}
{{ 'x' | nosuch }}
{{ 'x' is nosuch }}
{% if %}{% endif %}
{% endif %}
{% for x in y %}
{{ (1 }}
{{ 1 +
{% unknown %}
{{ 'a }}
{% set ns.x = 1 %}
{% raw %}
{# open
{% break %}
{{ range(1000000) }}
{% set a, b = [1] %}
{{ [3, 'a'] | sort }}
{{ {[]: 1} }}
""".strip("\n").split("\n")

SPACES = [
    "a\n{% if true %}\nb\n{% endif %}\nc\n", "a\n  {% if true %}  \n  b\n  {% endif %}\nc", "a  {%- if true -%}  b  {%- endif -%}  c", "  {%+ if true %}x{% endif +%}\ny",
    "{% if true +%}\nx{% endif %}", "a {# c #}\nb", "  {# c #}\nb", "a {#- c -#} b", "{{ 1 }}\n{{ 2 }}\n", "{{- 1 -}}\n x", "x {{- 1 }} y", "\r\na\r\n{% if true %}\r\nb{% endif %}\r\n",
    "  {{ 1 }}\n  {% set x = 2 %}\n  {{ x }}", "{% raw %}\n  {{ x }}\n{% endraw %}\nz", "{%- raw -%} {{ x }} {%- endraw -%} z", "a\n\n{%- if true %}\n\n\nb{% endif %}", "\n\n{% if true %}{% endif %}\n\n", "x\n",
    "x\n\n", "{% if true %}\n{% if true %}\n  y\n{% endif %}\n{% endif %}\n", "\t{% if true %}\tz\t{% endif %}\t", "{% for i in range(2) %}\n  {% if i %}\n  {{ i }}\n  {% endif %}\n{% endfor %}\nend",
]

# Arguments of methods, functions, filters and tests; what they have no place for is refused.
ARGUMENTS = r"""
{{ 'abcabc'.find('a', 1) }}|{{ 'abcabc'.find('a', 4) }}|{{ 'abcabc'.find('c', 0, 2) }}|{{ 'abc'.find('', 3) }}|{{ 'abc'.find('', 4) }}|{{ 'äbcä'.find('ä', 1) }}|{{ 'abc'.find('c', -1) }}|{{ 'abc'.find('a', none, none) }}
{{ 'abcabc'.rfind('a', 0, 3) }}|{{ 'abcabc'.rfind('a') }}|{{ 'abcabc'.index('b', 2) }}|{{ 'abcabc'.rindex('b', 0, -3) }}|{{ 'éaéa'.rfind('a', 0, -1) }}
{{ 'abcabc'.count('a', 1) }}|{{ 'aaaa'.count('aa') }}|{{ 'abc'.count('', 1) }}|{{ 'abc'.count('', 4) }}|{{ 'abcabc'.count('b', 0, 4) }}|{{ 'äää'.count('ä', 1, -1) }}
{{ 'abc'.startswith('b', 1) }}|{{ 'abc'.startswith('a', 1) }}|{{ 'abc'.startswith('', 3) }}|{{ 'abc'.startswith('', 4) }}|{{ 'abc'.endswith('b', 0, 2) }}|{{ 'abc'.endswith(('x', 'b'), 0, -1) }}|{{ 'äbc'.startswith('b', 1) }}
{{ dict([('a', 1), ('b', 2)]) }}|{{ dict({'a': 1}, b=2) }}|{{ dict([['a', 1]], a=3) }}|{{ dict(['ab', 'cd']) }}|{{ namespace({'a': 1}, b=2).b }}|{{ namespace([('a', 4)]).a }}|{{ dict() }}
{{ [1, 2, 1].index(1, 1) }}|{{ [1, 2, 1].index(1, -1) }}|{{ (1, 2).index(2, 0, 2) }}|{{ [1, 1].count(1) }}|{{ {'a': 1}.get('b', 5) }}|{{ {'a': 1}.get('b') }}|{{ [1].copy() }}
{{ 'a b c'.split(maxsplit=1) }}|{{ 'a,b'.split(sep=',') }}|{{ 'a\nb'.splitlines(keepends=true) }}|{{ ' a '.strip(none) }}
{{ [{'r': 'u', 'n': 1}, {'r': 'v', 'n': 2}] | selectattr('r', '==', 'u') | list }}|{{ [1, 2, 3] | select('!=', 2) | list }}|{{ [1, 2, 3] | select('<', 2) | list }}|{{ [1, 2, 3] | reject('<=', 2) | list }}|{{ [1, 2, 3] | select('>', 2) | list }}|{{ [{'n': 1}, {'n': 2}] | rejectattr('n', '>=', 2) | list }}
{{ {'a': 'x"<', 'b': none, 'c': 3} | xmlattr }}|{{ {'a': 1} | xmlattr(false) }}|{{ {} | xmlattr }}|{{ {'a': missing} | xmlattr }}|{{ {'id': 'list-%d' % 7} | xmlattr(autospace=true) }}
{{ [7] | random }}|{{ 'x' | random }}|{{ [] | random }}|{{ [] | random is defined }}
{{ '%s is %d' | format('x', 3) }}|{{ '%(a)s-%(b)03d' | format(a='x', b=7) }}|{{ '%(a)s' % {'a': 1} }}|{{ 'plain' % {'a': 1} }}|{{ '%s' % [1, 2] }}|{{ '%s %s' % (1, (2, 3)) }}|{{ '%%' % () }}|{{ '%*d|%-*d|%.*f' % (5, 42, 5, 42, 2, 1.5) }}
{{ '{0} {1} {0}'.format('a', 'b') }}|{{ '{a.b} {c[0]} {c[1]} {d[k]}'.format(a={'b': 1}, c=[2, 3], d={'k': 4}) }}|{{ '{!r} {!s} {!a}'.format('é', 'é', 'é😀') }}|{{ '{:{w}.{p}f}'.format(1.23456, w=8, p=2) }}|{{ '{:>{}}'.format('x', 4) }}|{{ '{{{}}}'.format(1) }}|{{ '{}'.format(none) }}|{{ '{:5}|{:<5}|{:^5}'.format(true, 12, 'é') }}
{{ 'a'.upper(1) }}
{{ 'a'.strip('a', 'b') }}
{{ 'a'.find() }}
{{ 'a'.find('a', 0, 1, 2) }}
{{ 'a'.find(sub='a') }}
{{ 'a'.find('a', 'b') }}
{{ 'a b'.split(' ', 1, 2) }}
{{ 'a b'.split(' ', sep=' ') }}
{{ 'a'.replace('a', 'b', 1, 2) }}
{{ 'a'.strip(1) }}
{{ 'a'.isdigit(1) }}
{{ 'a'.join(['x'], 1) }}
{{ 'a'.zfill(2, 3) }}
{{ {}.items(1) }}
{{ {}.get() }}
{{ {}.get('a', 1, 2) }}
{{ {}.get('a', default=1) }}
{{ [1].index(2) }}
{{ [1].index(1, 1) }}
{{ [1].count(1, 2) }}
{{ (1,).copy() }}
{{ 'a' | upper(1) }}
{{ 'a' | trim('a', 'b') }}
{{ [1] | join(',', none, 1) }}
{{ [1] | join(nope=1) }}
{{ [1] | sort(nope=true) }}
{{ [1] | first(1) }}
{{ [1] | map('upper', attribute='x', nope=1) | list }}
{{ [1] | map(attribute='x', nope=1) | list }}
{{ 'a' | default('b', true, 1) }}
{{ 1 is odd(2) }}
{{ 1 is eq }}
{{ 1 is eq(1, 2) }}
{{ 1 is defined(2) }}
{{ range(1, 2, 3, 4) }}
{{ range() }}
{{ range(stop=3) }}
{{ dict([1]) }}
{{ dict([('a', 1, 2)]) }}
{{ dict({}, {}) }}
{{ dict([([], 1)]) }}
{{ namespace([1]) }}
{{ joiner(',', ';') }}
{{ joiner(',')(1) }}
{{ cycler() }}
{{ cycler('a', b=1) }}
{{ raise_exception('a', 'b') }}
{{ strftime_now() }}
{{ strftime_now('%Y', 1) }}
{{ strftime_now(1) }}
{{ {'a b': 1} | xmlattr }}
{{ {'a=b': 1} | xmlattr }}
{{ [1] | xmlattr }}
{{ '%s' | format(1, a=2) }}
{{ '%s %s' % 1 }}
{{ '%d' % 'x' }}
{{ '%x' % 1.5 }}
{{ 'x' % 5 }}
{{ '%s' % (1, 2) }}
{{ '%' % 1 }}
{{ '%y' % 1 }}
{{ '%(a)s' % 1 }}
{{ '%(a)s' % {} }}
{{ '%(a' % {'a': 1} }}
{{ '%c' % 'ab' }}
{{ '%f' % none }}
{{ '{' .format(1) }}
{{ '}'.format(1) }}
{{ '{} {0}'.format(1) }}
{{ '{0} {}'.format(1) }}
{{ '{}'.format() }}
{{ '{a}'.format(1) }}
{{ '{!x}'.format(1) }}
{{ '{:d}'.format('a') }}
{{ '{:s}'.format(1) }}
{{ '{:d}'.format(1.5) }}
{{ '{:.2d}'.format(1) }}
{{ '{:,x}'.format(1) }}
{{ '{:=5}'.format('a') }}
{{ '{:+}'.format('a') }}
{{ '{:5}'.format(none) }}
{{ '{:5}'.format([1]) }}
{{ '{:.}'.format(1.5) }}
{{ '{:5dd}'.format(1) }}
{{ '{a[}'.format(a=1) }}
{{ '{a.}'.format(a=1) }}
""".strip("\n").split("\n")

# Python's format specifications.
REALS = [0.0, -0.0, 1.0, -1.5, 3.14159265, 123456.789, 1234567.0, 1e-7, -1e20, 0.5, 2.5, 9.996, 99999.5, 1.5e300]
INTEGERS = [0, 7, -42, 255, 1234567, -9007199254740993, True]
TEXTS = ["", "a", "häß", "漢字だ", "longer text"]
FORMATS = [
    (REALS, "{:%s}", "f .0f .2f #.0f e .3e E .0e #.0e g .3g #.3g G .10g % .1% 8.2f <8.1f ^9.1f =+9.1f +.1f 08.1f *>10.2f ,.2f _.1f 015,.2f =020,.1f .3 .1 .6 10 <12.4 , é^12.1f".split() + [" .1f"]),
    (INTEGERS, "{:%s}", "d 5d <5d ^6d =+6d +d 05d 3 , _ 012,d 013,d 014_d b #b o #o x #x X #X _x #010x 08b .1f e % g 6.1f *^20d >5 08 _b +,".split() + [" d"]),
    (TEXTS, "{:%s}", "s 5 <5 >5 ^6 .2 5.1s *^7 05 é>4 .0".split()),
    (REALS, "%%%s", "f .0f .2f e .3E g .3g G 8.2f -8.1f +.1f 08.1f #.0f s r d 5.1s i +d 08d".split() + [" f", "- 9.1f"]),
    (INTEGERS, "%%%s", "d i u 5d -5d +d 05d .3d 8.3d 08.3d x #x X #X o #o 08x #08x f .1f g s r -08d ld".split() + [" d", "+ d"]),
    (TEXTS, "%%%s", "s 5s -5s .2s 6.1s r 8r a 05s".split()),
    ([65, 233, 128512, "z", "é"], "%%%s", ["c", "3c", "-3c"]),
]
PRETTY = [
    1, "text", [1, 2], {"b": 1, "a": [True, None, 2.5]}, list(range(40)), {"key%02d" % i: i for i in range(12, 0, -1)}, ["word " * 30, "x"], "word " * 30, "w" * 100, "line one\nline two\n" * 4 + "end " * 22,
    {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string", "description": "The city whose weather is wanted, with its country if it is not clear"}, "days": {"type": "integer"}}, "required": ["city"]}},
    [[["deep" * 5] * 3] * 3, {"k" * 70: {"v" * 10: 1, "u": [1, 2]}}], {"": [], "e": {}, "long text in a dictionary that goes on and on": "é漢 " * 20}, ["a" * 77, "b" * 76, "c" * 75], {"x": ["a" * 70, {"y": "b c " * 20}]}, [[]] * 30,
]
DIRECTIVES = "%a %A %b %B %c %C %d %D %e %f %F %g %G %h %H %I %j %k %l %m %M %p %P %r %R %S %T %u %U %V %w %W %x %X %y %Y [%z] [%Z] %% %n%t|%-d %-m %-H %_d %_m %0e %^a %^B %#p %#Z %-j %-I %5d %_5d %10A %Ey %Od %Q %"
TIMES = [0, 951782400, 1104537600, 1230768000, 1262304000, 1451606399, 1609459199, 1767312000, 1798761599, 4102444799]

print(json.dumps(f"jinja2 {jinja2.__version__}, written by template.py"))
extra = []
for path in sys.argv[1:]:
    extra += list(json.load(open(path)).values())
cases = [(t, v) for t in CHATS + extra for v in VARIABLES] + [(t, VARIABLES[0]) for t in SMALL + SPACES]
cases += [(t, {}) for t in ARGUMENTS] + [("{{ v | pprint }}", {"v": v}) for v in PRETTY]
for values, form, specifications in FORMATS:
    call = "%r.format(x)" if form.startswith("{") else "%r | format(x)"
    cases += [("{%% for x in v %%}{{ %s }}|{%% endfor %%}" % (call % (form % s)), {"v": values}) for s in specifications]
cases += [("{{ strftime_now(%r) }}" % DIRECTIVES, {}, time) for time in TIMES]
for source, variables, *time in cases:
    NOW = time[0] if time else 1767312000
    try:
        rendered = environment.from_string(source).render(**variables)
    except Exception as error:
        rendered = None
        print(f"{type(error).__name__}: {error}"[:150], file=sys.stderr)
    print(json.dumps([source, json.dumps(variables, ensure_ascii=False), rendered] + time, ensure_ascii=False))
