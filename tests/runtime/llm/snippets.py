"""Small templates, one or a few constructs each, rendered with VARIABLES."""

VARIABLES = {
    "n": 7, "zero": 0, "x": 2.5, "big": 1e22, "tiny": 1e-7, "yes": True, "no": False, "nil": None,
    "s": "héllo Wörld", "empty": "", "sp": "  a b  ", "lines": "a\n\nb\n c",
    "l": [3, 1, 2], "words": ["b", "A", "c", "a"], "nested": [[1, 2], [3, [4, "x"]]],
    "d": {"b": 1, "a": [1, 2], "C": None, "items": "key"}, "e": {},
    "people": [{"name": "Zoe", "age": 3, "ok": True}, {"name": "adam", "age": 30, "ok": False}, {"name": "Eve", "age": 3}],
}

SNIPPETS = """\
{{ s }}|{{ n }}|{{ x }}|{{ big }}|{{ tiny }}|{{ yes }}|{{ nil }}|{{ missing }}|
{{ l }} {{ nested }} {{ d }} {{ e }} {{ (1,) }} {{ (1, 'a') }} {{ () }}
{{ 'it\\'s' }} {{ ['it\\'s', "q\\"q", 'both\\'"', 'a\\nb\\tc\\\\', 'é'] }}
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}
{{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ - n }} {{ + n }} {{ -(-3) }} {{ 1 - -1 }}
{{ 'a' ~ 1 ~ none ~ 2.0 ~ [1] }} {{ 'ab' * 3 }} {{ 3 * 'ab' }} {{ [1] * 2 }} {{ 'x' * -1 }} {{ 'a' + 'b' }} {{ [1] + [2] }}
{{ 1 ~ 2 + 3 }} {{ 'n' ~ 1 + 1 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 'a' == 'a' }} {{ [1] == [1] }} {{ none == none }} {{ true == 1 }} {{ '1' == 1 }}
{{ 'b' in 'abc' }} {{ 'x' not in 'abc' }} {{ 1 in [1, 2] }} {{ 'b' in d }} {{ 1 in [1.0] }} {{ none in [none] }}
{{ not yes }} {{ not not 1 }} {{ yes and 'x' }} {{ '' or 'y' }} {{ no or nil }} {{ not 1 in [2] }} {{ zero and missing }}
{{ 'a' if n > 5 else 'b' }} {{ 'a' if n > 50 }} {{ 1 if no else 2 if no else 3 }}
{{ s[0] }} {{ s[1] }} {{ s[-1] }} {{ s[1:4] }} {{ s[::-1] }} {{ s[:3] }} {{ s[-3:] }} {{ s[::2] }} {{ s[5:1:-1] }} {{ s[100:] }}
{{ l[0] }} {{ l[-1] }} {{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[10:] }} {{ l[99] }} {{ l[-99:2] }} {{ (1, 2, 3)[:2] }}
{{ d.b }} {{ d['b'] }} {{ d.missing }} {{ d['missing'] }} {{ d.a[0] }} {{ d['a'].0 }} {{ d.items()|list }} {{ d['items'] }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 5) }}
{{ d.keys()|list }} {{ d.values()|list }} {% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{{ missing.x }}
{{ missing + 1 }}
{{ nil.x }} {{ n.x }} {{ l.x }}
{{ nil.x.y }}
{{ missing() }}
{{ n() }}
{{ 1 + 'a' }}
{{ 'a' < 1 }}
{{ missing == missing }} {{ missing == none }} {{ missing is defined }} {{ d.q is defined }} {{ d.b is defined }} {{ missing == 1 }}
{{ n is number }} {{ x is float }} {{ n is integer }} {{ yes is integer }} {{ yes is boolean }} {{ s is string }} {{ d is mapping }} {{ l is sequence }} {{ s is sequence }} {{ d is iterable }} {{ n is iterable }} {{ nil is none }} {{ yes is true }} {{ no is false }} {{ 1 is true }}
{{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is eq 7 }} {{ n is ne(7) }} {{ n is gt 5 }} {{ n is in [7] }} {{ n is not in [7] }} {{ s is not string }} {{ 'A' is upper }} {{ 'a' is lower }} {{ n is sameas 7 }} {{ n is equalto 7 }}
{{ n is defined and s is string or no }} {{ 1 if n is odd else 2 }}
{{ s|upper }} {{ s|lower }} {{ s|title }} {{ s|capitalize }} {{ sp|trim }}| {{ 'xxaxx'|trim('x') }} {{ s|length }} {{ s|reverse }} {{ s|replace('l', 'L') }} {{ s|replace('l', 'L', 1) }} {{ 'aaa'|replace('', '-') }}
{{ sp.strip() }}|{{ sp.lstrip() }}|{{ sp.rstrip() }}|{{ 'xyx'.strip('x') }}|{{ '-=a=-'.strip('-=') }}|{{ '<b>'.lstrip('<') }}
{{ 'a,b,,c'.split(',') }} {{ 'a b  c'.split() }} {{ 'a b c'.split(' ', 1) }} {{ ' a  b '.split() }} {{ 'abc'.split('x') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a b c d'.split(none, 2) }} {{ 'a.b.c'.rsplit('.', 1) }} {{ lines.splitlines() }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'héé'.find('é') }} {{ 'abab'.rfind('b') }} {{ 'abab'.count('ab') }} {{ 'abc'.find('x') }} {{ '12'.isdigit() }} {{ ''.isdigit() }} {{ ' '.isspace() }}
{{ ','.join(['a', 'b']) }} {{ 'a-b'.replace('-', '+') }} {{ 'Ab'.upper() }} {{ 'Ab'.lower() }} {{ 'a b'.title() }} {{ 'aB'.capitalize() }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }}
{{ '{} and {}'.format(1, 'b') }} {{ '{1}{0}'.format('a', 'b') }} {{ '{x}={y}'.format(x=1, y=[2]) }} {{ '{{}}'.format() }}
{{ '%s-%s' % (1, 'a') }} {{ '%d%%' % 5 }} {{ '%.2f' % 3.14159 }} {{ '%05d' % 42 }} {{ '%5s|%-5s|' % ('a', 'b') }} {{ '%r' % 'a' }} {{ '%s' % [1] }} {{ '%+d' % 3 }}
{{ '%s' % (1, 2) }}
{{ '%d' % 'a' }}
{{ l|length }} {{ l|first }} {{ l|last }} {{ l|sum }} {{ l|min }} {{ l|max }} {{ l|sort }} {{ l|sort(reverse=true) }} {{ l|reverse|list }} {{ l|join('-') }} {{ l|join }} {{ []|first }} {{ []|max }}
{{ words|sort }} {{ words|sort(case_sensitive=true) }} {{ words|unique|list }} {{ words|map('upper')|join(',') }} {{ words|join(', ') }} {{ words|max }}
{{ people|map(attribute='name')|list }} {{ people|map(attribute='ok', default='?')|list }} {{ people|selectattr('ok')|map(attribute='name')|list }} {{ people|rejectattr('ok')|map(attribute='name')|list }} {{ people|selectattr('age', 'equalto', 3)|list|length }} {{ people|selectattr('ok', 'defined')|list|length }} {{ people|sort(attribute='name')|map(attribute='name')|list }} {{ people|sum(attribute='age') }} {{ people|join(',', attribute='name') }}
{% for age, group in people|groupby('age') %}{{ age }}:{{ group|map(attribute='name')|join('+') }};{% endfor %}
{{ [1, 0, 2, none]|select|list }} {{ [1, 2, 3]|select('odd')|list }} {{ [1, 2, 3]|reject('odd')|list }} {{ [1, 'a']|select('string')|list }} {{ [1, 2, 3]|select('gt', 1)|list }}
{{ [1, 2, 3, 4, 5]|batch(2)|list }} {{ [1, 2, 3]|batch(2, 0)|list }}
{{ d|dictsort }} {{ {'a': 2, 'b': 1}|dictsort(by='value') }} {{ d|items|list }} {{ d|list }} {{ d|length }}
{{ '12'|int }} {{ 'x'|int }} {{ 'x'|int(-1) }} {{ '3.7'|int }} {{ 3.7|int }} {{ '1.5'|float }} {{ 2|float }} {{ 'x'|float }} {{ -3|abs }} {{ 2.567|round(2) }} {{ 2.5|round }} {{ 2.4|round(0, 'ceil') }}
{{ missing|default('x') }} {{ ''|default('x') }} {{ ''|default('x', true) }} {{ nil|default('x') }} {{ nil|d('x', boolean=true) }} {{ d.q|default([1]) }}
{{ 5|string + 'a' }} {{ [1]|string }} {{ 'a<b>&"'|e }} {{ 'a<b>'|safe }} {{ 'hi'|center(6) }}| {{ 'a b c'|wordcount }} {{ '%s %s'|format('a', 'b') }} {{ 'hello world foo'|truncate(11) }} {{ 'hello'|truncate(3, true, '') }}
{{ lines|indent }}|{{ lines|indent(2, true) }}|{{ lines|indent(2, blank=true) }}|{{ lines|indent('> ') }}
{{ d|tojson }} {{ l|tojson }} {{ s|tojson }} {{ nil|tojson }} {{ x|tojson }} {{ yes|tojson }} {{ 'a"b\\n<é>'|tojson }} {{ big|tojson }} {{ []|tojson }} {{ {}|tojson }} {{ (1, 2)|tojson }}
{{ d|tojson(indent=2) }} {{ nested|tojson(indent=4) }} {{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }} {{ 'é'|tojson(ensure_ascii=true) }} {{ [[], {}]|tojson(indent=1) }}
{% if n == 7 %}a{% elif n == 8 %}b{% else %}c{% endif %}{% if no %}x{% elif yes %}y{% endif %}{% if missing %}m{% else %}nm{% endif %}
{% for i in l %}{{ loop.index }}/{{ loop.length }}:{{ i }}{% if not loop.last %},{% endif %}{% endfor %}
{% for i in l %}{{ loop.index0 }}{{ loop.first }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.depth }} {% endfor %}
{% for i in [] %}x{% else %}none{% endfor %}{% for i in l %}{% else %}none{% endfor %}{% for i in missing %}x{% else %}undefined{% endfor %}
{% for i in range(10) if i % 3 == 0 %}{{ i }}{{ loop.index }} {% endfor %}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for a, b in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{% endfor %}{% for (a, b) in [[1, 2]] %}{{ a + b }}{% endfor %}
{% for k in d %}{{ k }}{% endfor %}{% for c in 'hé' %}[{{ c }}]{% endfor %}
{% for i in [1, 2] %}{% for j in [1, 2] %}{{ loop.index }}{{ i }}{{ j }}{{ loop.depth }} {% endfor %}{{ loop.index }}{% endfor %}
{% set a = 1 %}{% for i in l %}{% set a = a + i %}{{ a }} {% endfor %}{{ a }}
{% set ns = namespace(a=1, b='x') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c }}
{% set ns = namespace() %}{% set ns.found = false %}{% if true %}{% set ns.found = true %}{% endif %}{{ ns.found }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = (1, 2) %}{{ c }}
{% set x %}block {{ n }}{% endset %}[{{ x }}]{% set y | upper | trim %} hi {% endset %}[{{ y }}]
{% set d2 = {'a': 1, 'b': {'c': [1, 2]}} %}{{ d2.b.c[1] }}{{ dict(a=1, b=2) }}{{ dict(d2, z=3)|length }}
{% set s.x = 1 %}
{% macro m(a, b='B', c=n) %}<{{ a }}{{ b }}{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}{{ m(1)|upper }}
{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, k=3) }}
{% macro wrap(t) %}[{{ t }}:{{ caller() }}]{% endmacro %}{% call wrap('a') %}body {{ n }}{% endcall %}
{% macro each(l) %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) each(l) %}<{{ i }}>{% endcall %}
{% set g = 5 %}{% macro m() %}{{ g }}{% endmacro %}{{ m() }}{% set g = 6 %}{{ m() }}
{% filter upper %}hello {{ s }}{% endfilter %}{% filter trim | upper %} x {% endfilter %}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}
{% generation %}answer {{ n }}{% endgeneration %}
{% raw %}{{ not }} {% this %}{% endraw %}x{%- raw -%}  y  {%- endraw -%}  z
{# comment #}a{#- cut -#} b {# {{ x }} #}
a  {%- if yes -%}  b  {%- endif -%}  c
  {% if yes %}
    x
  {% endif %}
  y
  {%+ if yes %}
    x
  {%+ endif +%}
  y
{{ n -}}   a   {{- n }}
a {{ n }}
 b
line{% if yes %}  text
  {% endif %}end
{% for i in l %}
* {{ i }}
{% endfor %}
end
{{ range(3)|list }} {{ range(1, 10, 3)|list }} {{ range(5, 0, -2)|list }}
{{ strftime_now('%Y-%m-%d') }} {{ strftime_now('%d %B %Y') }}
{{ raise_exception('no') }}
{{ "a" "b" 'c' }} {{ 'tab\\tq\\u00e9\\x41' }} {{ 1_000 }} {{ 1e3 }} {{ 1.5e-3 }} {{ 0.1 + 0.2 }} {{ 1/3 }} {{ 100000000000000000.0 }} {{ 5.0 }}
{{ 'a\\qb' }} {{ '\\101' }}
{{ [1, 2,] }} {{ {'a': 1,} }} {{ m(1,) if no else 1 }}
{{ {1: 'a', none: 'b', true: 'c'} }} {{ {'a': {'b': 1}}['a']['b'] }}
{{ (1 if yes else 2) + 1 }} {{ (s|upper)[0] }} {{ s|upper|lower|length }} {{ (l|sort)[0] }} {{ -l|length if no else 0 }}
{{ d.a|length + 1 }} {{ 'x' if d.a and d.a|length > 1 else 'y' }} {{ not d.a is string }} {{ d.a is not string and d.a is sequence }}
{{ '}}' }} {{ {'a': '}'} }} {{ {'a': {'b': 1}} }}
{% if 'a' in s or ('b' in s and not no) %}t{% else %}f{% endif %}{% if (n > 1) == (x > 1) %}same{% endif %}
{{ people[0].name ~ people[-1]['age'] }} {{ people[1:]|map(attribute='name')|first }} {{ (people|first).name }}
{{ '[1, {"a": null}]'|from_json }} {{ ('{"a": 1.5}'|from_json).a }}
{{ [1, 2]|tojson|length }} {{ d|string|length }}
{% set content = '<think>a</think>b' %}{{ content.split('</think>')[-1].lstrip('\\n') }}{{ content.split('</think>')[0].rstrip('\\n').split('<think>')[-1] }}
{% include 'x' %}
{% unknown %}
{{ 1 | unknown }}
{{ 1 is unknown }}
{% for x in l %}
{{ 1 +
{{ 'open }}
{% endif %}
{% else %}
{% break %}
{{ l.append(1) }}
{{ d.pop('a') }}
{{ ''.__class__ }}
{{ ''.__class__.__mro__ }}
{{ 5 in n }}
{{ [] < {} }}
{{ {[]: 1} }}
{{ l[nil] }} {{ d[nil] }} {{ s['x'] }} {{ l['x'] }}
{% set a = 1, 2 %}{{ a }} {{ 1, 2 }}
{{ none|map('upper')|list }}{{ missing|selectattr('a')|list }} {{ 'a'|safe + '<' }} {{ '<' + 'a'|safe }} {{ ('<'|e) + '>' }} {{ d[missing] }} {{ d[l] }}
{{ s | replace("l", "") | length }}{{ s|trim|upper|replace('H', 'h') }}
""".split("\n")

# Templates of several lines: the white space rules work across them.
SNIPPETS = [s for s in SNIPPETS if s] + [
    "  {% if yes %}\n    x\n  {% endif %}\n  y\n", "\n\n{{ n }}\n\n", "a\r\nb\r{{ n }}\r\n", "{% for i in l %}\n* {{ i }}\n{% endfor %}\nend\n",
    "  {%+ if yes %}\n    x\n  {%+ endif +%}\n  y", "{%- for i in l -%}\n  {{ i }}\n{%- endfor -%}\n", "a {# c #}\nb\n  {#- c -#}  \n c",
    "x\n   {%- set a = 1 %}\n   y {%- set a = 2 -%}\n z", "{% if yes %}{{ n }}\n{% endif %}\n\n", "\t{% if yes %}\tq{% endif %}\t\n\t{% set a = 1 %}\t\n",
    "{{ n }}\n{{ n }}\n", "{% if yes -%}\n\n  a\n\n{%- endif %}", "   {{ n }}   {% if yes %}   {% endif %}   ", "{%- macro a() -%}\n x \n{%- endmacro -%}\n[{{ a() }}]\n",
    "{% raw %}\n  {{ x }}\n{% endraw %}\n  z", "a\n{% raw -%}\n  {{ x }}\n{%- endraw %}\n  z",
]
