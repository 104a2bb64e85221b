// Writes raven/brot/unicode/tables.generated.cpp, the Unicode data of brot: the versions that HuggingFace tokenizers mix, and 17 alone.
//
//   npm install @unicode/unicode-{8,9,16,17}.0.0        (in some folder)
//   python tools/brot_unicode_data.py > data17.txt      (see there)
//   node tools/brot_unicode_tables.mjs <that folder>/node_modules data17.txt [unicode-data] > raven/brot/unicode/tables.generated.cpp
//
// Decompositions and combining classes are those of 17, masked to what Unicode 9 had: both are stable once assigned. The short names of scripts
// come from Debian's unicode-data (/usr/share/unicode, or the folder given). The bit layout of the properties is that of raven/brot/unicode/tables.hpp.
import fs from 'node:fs';
import path from 'node:path';

const modules = path.resolve(process.argv[2]);
const normalizationData = process.argv[3];
const debian = process.argv[4] ?? '/usr/share/unicode';
const limit = 0x110000;
const load = async (version, file) => (await import(`${modules}/@unicode/unicode-${version}.0.0/${file}.mjs`)).default;
const names = (version, folder) =>
  fs.readdirSync(`${modules}/@unicode/unicode-${version}.0.0/${folder}`).filter((name) => !name.includes('.'));

async function ranges(version, property) {
  return (await load(version, `${property}/ranges`)).map((r) => [r.begin, r.end]);
}
function flags(list) {
  const set = new Uint8Array(limit);
  for (const [begin, end] of list) set.fill(1, begin, end);
  return set;
}
async function flagsOf(version, ...properties) {
  const set = new Uint8Array(limit);
  for (const property of properties)
    for (const [begin, end] of await ranges(version, property)) set.fill(1, begin, end);
  return set;
}

// ------------------------------------------------------------------------------------------------------- normal forms
const isHangul = (c) => c >= 0xAC00 && c < 0xAC00 + 11172;
/** Classes, decompositions and quick checks of the characters for which `has` holds. */
function normalForms(has) {
  const combiningClass = new Uint8Array(limit);
  const decomposition = new Map();  // code point -> {compat, to}
  const excluded = new Set();
  for (const line of fs.readFileSync(normalizationData, 'utf8').trim().split('\n')) {
    const f = line.split(';');
    const c = parseInt(f[0], 16);
    if (!has(c)) continue;
    combiningClass[c] = parseInt(f[1]);
    if (f[2]) {
      const compat = f[2].startsWith('<');
      decomposition.set(c, {compat, to: f[2].replace(/<[^>]*> /, '').split(' ').map((x) => parseInt(x, 16))});
    }
    if (f[3] === '1') excluded.add(c);
  }
  const composesSecond = new Set();
  for (const [c, d] of decomposition) if (!d.compat && d.to.length === 2 && !excluded.has(c)) composesSecond.add(d.to[1]);
  for (let c = 0x1161; c < 0x1176; ++c) composesSecond.add(c);
  for (let c = 0x11A8; c < 0x11C3; ++c) composesSecond.add(c);
  const decomposesCompatibly = (c) => {
    const d = decomposition.get(c);
    return d !== undefined && (d.compat || d.to.some(decomposesCompatibly));
  };
  const isSlow = {  // what the quick check of each form must not pass
    nfd: (c) => isHangul(c) || (decomposition.has(c) && !decomposition.get(c).compat),
    nfkd: (c) => isHangul(c) || decomposition.has(c),
    nfc: (c) => excluded.has(c) || composesSecond.has(c),
    nfkc: (c) => isSlow.nfc(c) || decomposesCompatibly(c),
  };
  return {combiningClass, decomposition, excluded, isSlow};
}
const unassigned9 = await flagsOf(9, 'General_Category/Unassigned');
const forms = {hf: normalForms((c) => !unassigned9[c]), latest: normalForms(() => true)};

// --------------------------------------------------------------------------------------------------- property words
const categories = ['Unassigned', 'Uppercase_Letter', 'Lowercase_Letter', 'Titlecase_Letter', 'Modifier_Letter', 'Other_Letter',
  'Nonspacing_Mark', 'Spacing_Mark', 'Enclosing_Mark', 'Decimal_Number', 'Letter_Number', 'Other_Number', 'Connector_Punctuation',
  'Dash_Punctuation', 'Open_Punctuation', 'Close_Punctuation', 'Initial_Punctuation', 'Final_Punctuation', 'Other_Punctuation',
  'Math_Symbol', 'Currency_Symbol', 'Modifier_Symbol', 'Other_Symbol', 'Space_Separator', 'Line_Separator', 'Paragraph_Separator',
  'Control', 'Format', 'Surrogate', 'Private_Use'];
async function categoriesOf(version) {
  const category = new Uint8Array(limit);
  for (const [index, name] of categories.entries())
    for (const [begin, end] of await ranges(version, 'General_Category/' + name)) category.fill(index, begin, end);
  return category;
}
const category = {hf: await categoriesOf(16), latest: await categoriesOf(17)};
const gc = (...list) => list.map((name) => 'General_Category/' + name);
/** [bit, set] of each property; `bert`, `marks` and `regex` are the versions of those that differ. */
async function flagBits(bert, marks, regex) {
  const word = ['Binary_Property/Alphabetic', ...gc('Mark', 'Decimal_Number', 'Connector_Punctuation')];
  const bits = [
    [5, await flagsOf(17, 'Binary_Property/White_Space')],
    [6, await flagsOf(17, ...gc('Number'))],
    [7, await flagsOf(bert, ...gc('Punctuation'))],
    [8, await flagsOf(bert, ...gc('Control', 'Format', 'Private_Use'))],
    [9, await flagsOf(bert, ...gc('Nonspacing_Mark'))],
    [10, await flagsOf(marks, ...gc('Mark'))],
    [11, await flagsOf(regex, 'Binary_Property/Join_Control', ...word)],
    [12, await flagsOf(regex, ...word)],
    [23, await flagsOf(17, 'Binary_Property/Extended_Pictographic')],
  ];
  for (const c of '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~') bits[2][1][c.codePointAt(0)] = 1;
  for (const c of [9, 10, 13]) bits[3][1][c] = 0;
  // Oniguruma asks a Latin-1 table first, and that one counts superscripts and fractions as word characters.
  for (const c of [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]) bits[7][1][c] = 1;
  return bits;
}

const lower = await load(17, 'Simple_Case_Mapping/Lowercase/code-points');
const upper = await load(17, 'Simple_Case_Mapping/Uppercase/code-points');
const title = await load(17, 'Simple_Case_Mapping/Titlecase/code-points');
const special = {};
for (const kind of ['Lowercase', 'Uppercase', 'Titlecase']) special[kind] = await load(17, `Special_Casing/${kind}/code-points`);
function fullMapping(simple, full, base) {
  const map = new Map();
  for (const source of [base, simple, full])
    for (const [c, to] of source ?? []) map.set(c, [].concat(to));
  for (const [c, to] of map) if (to.length === 1 && to[0] === c) map.delete(c);
  return new Map([...map].sort((a, b) => a[0] - b[0]));
}
const lowercase = fullMapping(lower, special.Lowercase);
const uppercase = fullMapping(upper, special.Uppercase);
// The source lists a titlecase only where it differs from the uppercase, as UnicodeData does.
const titlecase = fullMapping(title, special.Titlecase, upper);

const breaks = ['Other', 'CR', 'LF', 'Control', 'Extend', 'ZWJ', 'Regional_Indicator', 'Prepend', 'SpacingMark', 'L', 'V', 'T', 'LV', 'LVT'];
const conjunct = ['None', 'Consonant', 'Linker', 'Extend'];
const breakOf = new Uint8Array(limit), conjunctOf = new Uint8Array(limit);
for (const [index, name] of breaks.entries())
  for (const [begin, end] of await ranges(17, 'Grapheme_Cluster_Break/' + name)) breakOf.fill(index, begin, end);
for (const [index, name] of conjunct.entries())
  if (index) for (const [begin, end] of await ranges(17, 'Indic_Conjunct_Break/' + name)) conjunctOf.fill(index, begin, end);
function propertyWords(category, {combiningClass, isSlow}, bits) {
  const words = new Uint32Array(limit);
  for (let c = 0; c < limit; ++c) {
    words[c] = category[c] | breakOf[c] << 19 | conjunctOf[c] << 24;
    if (lowercase.has(c)) words[c] |= 1 << 13;
    if (combiningClass[c]) words[c] |= 1 << 14;
    if (isSlow.nfc(c)) words[c] |= 1 << 15;
    if (isSlow.nfd(c)) words[c] |= 1 << 16;
    if (isSlow.nfkc(c)) words[c] |= 1 << 17;
    if (isSlow.nfkd(c)) words[c] |= 1 << 18;
    for (const [bit, set] of bits) if (set[c]) words[c] |= 1 << bit;
  }
  return words;
}
/** The distinct words in order of appearance, and the index of each code point's. */
function classesOf(words) {
  const values = [...new Set(words)];
  if (values.length > 256) throw new Error(`${values.length} distinct property words do not fit a byte`);
  const index = new Map(values.map((value, i) => [value, i]));
  return {values, classes: Uint8Array.from(words, (word) => index.get(word))};
}
const hfClasses = classesOf(propertyWords(category.hf, forms.hf, await flagBits(8, 9, 16)));
const latestClasses = classesOf(propertyWords(category.latest, forms.latest, await flagBits(17, 17, 17)));

const blockOfKey = new Map(), blockIndex = [], blockClasses = [];
for (let begin = 0; begin < limit; begin += 128) {
  const classes = hfClasses.classes.subarray(begin, begin + 128);
  const key = classes.join();
  if (!blockOfKey.has(key)) {
    blockOfKey.set(key, blockOfKey.size);
    blockClasses.push(...classes);
  }
  blockIndex.push(blockOfKey.get(key));
}

// ---------------------------------------------------------------------------------------------------------- streams
const varint = (value) => {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  bytes.push(value);
  return bytes;
};
const zigzag = (value) => value < 0 ? -2 * value - 1 : 2 * value;
/** (length, class) pairs that cover all code points. */
function partition(classes) {
  const bytes = [];
  for (let begin = 0, c = 1; c <= limit; ++c)
    if (c === limit || classes[c] !== classes[begin]) {
      bytes.push(...varint(c - begin), classes[begin]);
      begin = c;
    }
  return bytes;
}
/** (gap, length) pairs of a set. */
function setStream(list) {
  const bytes = [];
  let at = 0;
  for (const [begin, end] of list) {
    bytes.push(...varint(begin - at), ...varint(end - begin));
    at = end;
  }
  return bytes;
}
/** (gap, flags + 4 * count, zigzag of each scalar - code point). */
function mappingStream(map, flagsOf = () => 0) {
  const bytes = [];
  let at = 0;
  for (const [c, to] of map) {
    bytes.push(...varint(c - at), to.length * 4 + flagsOf(c));
    for (const scalar of to) bytes.push(...varint(zigzag(scalar - c)));
    at = c;
  }
  return bytes;
}
const sorted = (map) => new Map([...map].sort((a, b) => a[0] - b[0]));
function decompositionStream({decomposition, excluded}) {
  const to = sorted(new Map([...decomposition].map(([c, d]) => [c, d.to])));
  return mappingStream(to, (c) => (decomposition.get(c).compat ? 1 : 0) + (excluded.has(c) ? 2 : 0));
}

// Scripts newer than Unicode 16 stand at the end: the patterns of HuggingFace know the first ones only.
const scriptsOf = (version) => names(version, 'Script').filter((name) => name !== 'Katakana_Or_Hiragana' && name !== 'Unknown');
const scriptNames = ['Unknown', ...scriptsOf(16)];
const scriptCount = {hf: scriptNames.length};
scriptNames.push(...scriptsOf(17).filter((name) => !scriptNames.includes(name)));
scriptCount.latest = scriptNames.length;
async function scriptsAt(version) {
  const script = new Uint8Array(limit);
  for (const name of scriptsOf(version))
    for (const [begin, end] of await ranges(version, 'Script/' + name)) script.fill(scriptNames.indexOf(name), begin, end);
  return script;
}
const aliases = new Map();
for (const line of fs.readFileSync(debian + '/PropertyValueAliases.txt', 'utf8').split('\n')) {
  const m = /^sc ; (\w+)\s*; (\w+)/.exec(line);
  if (m) aliases.set(m[2], m[1]);
}
for (const [name, alias] of [['Garay', 'Gara'], ['Gurung_Khema', 'Gukh'], ['Kirat_Rai', 'Krai'], ['Ol_Onal', 'Onao'], ['Sunuwar', 'Sunu'], ['Todhri', 'Todr'], ['Tulu_Tigalari', 'Tutg'],
  ['Beria_Erfe', 'Berf'], ['Sidetic', 'Sidt'], ['Tai_Yo', 'Tayo'], ['Tolong_Siki', 'Tols']])
  aliases.set(name, alias);

async function foldings(version) {
  const simple = new Map(), full = new Map();
  for (const kind of ['C', 'S']) for (const [c, to] of await load(version, `Case_Folding/${kind}/code-points`)) simple.set(c, [].concat(to));
  for (const [c, to] of await load(version, 'Case_Folding/F/code-points')) full.set(c, [].concat(to));
  return {simple: sorted(simple), full: sorted(full)};
}

const binary = ['Alphabetic', 'Uppercase', 'Lowercase', 'White_Space', 'Cased', 'Case_Ignorable', 'Dash', 'Default_Ignorable_Code_Point',
  'Diacritic', 'Emoji', 'Emoji_Component', 'Emoji_Modifier', 'Emoji_Modifier_Base', 'Emoji_Presentation', 'Extended_Pictographic',
  'Extender', 'Grapheme_Base', 'Grapheme_Extend', 'Hex_Digit', 'ID_Continue', 'ID_Start', 'Ideographic', 'Join_Control', 'Math',
  'Noncharacter_Code_Point', 'Quotation_Mark', 'Radical', 'Regional_Indicator', 'Sentence_Terminal', 'Soft_Dotted',
  'Terminal_Punctuation', 'Unified_Ideograph', 'Variation_Selector', 'XID_Continue', 'XID_Start'];

// ------------------------------------------------------------------------------------------------------------ output
const out = [];
function array(type, name, values) {
  out.push(`const ${type} ${name}[${values.length}] = {`);
  let line = '';
  for (const value of values) {
    if (line.length > 150) { out.push(line); line = ''; }
    line += value + ',';
  }
  out.push(line + '};');
}
out.push('// Generated by tools/brot_unicode_tables.mjs from @unicode/unicode-{8,9,16,17}.0.0, unicodedata2 17.0 and unicode-data 15.0: do not edit.');
out.push('// clang-format off', '#include "raven/brot/unicode/tables.hpp"', 'namespace brot::unicode::tables {');
array('uint16_t', 'property_index', blockIndex);
array('uint8_t', 'property_classes', blockClasses);
array('uint32_t', 'property_values', hfClasses.values);
const arrayOfBytes = new Map();  // what is equal in both versions is there once
const streamOf = (name, bytes) => {
  const key = bytes.join();
  if (!arrayOfBytes.has(key)) {
    arrayOfBytes.set(key, name + '_bytes');
    array('uint8_t', name + '_bytes', bytes);
  }
  return `{${arrayOfBytes.get(key)}, ${bytes.length}}`;
};
const stream = (name, bytes) => out.push(`const Stream ${name} = ${streamOf(name, bytes)};`);
array('uint32_t', 'latest_property_values', latestClasses.values);
stream('latest_properties', partition(latestClasses.classes));
stream('lowercase', mappingStream(lowercase));
stream('uppercase', mappingStream(uppercase));
stream('titlecase', mappingStream(titlecase));
out.push(`const ScriptName script_names[${scriptNames.length}] = {`);
for (const name of scriptNames) {
  if (name !== 'Unknown' && !aliases.has(name)) throw new Error(`no short name of script ${name}`);
  out.push(`{"${name}", "${name === 'Unknown' ? 'Zzzz' : aliases.get(name)}"},`);
}
out.push('};');
const versions = [];
for (const [profile, regex, components] of [['hf', 16, 9], ['latest', 17, 17]]) {
  const rows = [];
  for (const name of binary) rows.push(`{"${name}", ${streamOf(`${profile}_${name}`, setStream(await ranges(regex, 'Binary_Property/' + name)))}},`);
  out.push(`const NamedSet ${profile}_named_sets[${rows.length}] = {`, ...rows, '};');
  const {simple, full} = await foldings(regex);
  versions.push(`{${[
    streamOf(profile + '_categories', partition(category[profile])),
    streamOf(profile + '_scripts', partition(await scriptsAt(regex))),
    streamOf(profile + '_component_scripts', partition(await scriptsAt(components))),
    streamOf(profile + '_combining_classes', partition(forms[profile].combiningClass)),
    streamOf(profile + '_decompositions', decompositionStream(forms[profile])),
    streamOf(profile + '_folding_simple', mappingStream(simple)),
    streamOf(profile + '_folding_full', mappingStream(full)),
    `${profile}_named_sets`, scriptCount[profile]].join(', ')}},`);
}
out.push('const Version versions[2] = {', ...versions, '};', `const uint32_t named_set_count = ${binary.length};`, '}  // namespace brot::unicode::tables');
process.stdout.write(out.join('\n') + '\n');
process.stderr.write(`${hfClasses.values.length} and ${latestClasses.values.length} classes, ${blockOfKey.size} blocks\n`);
