// Writes raven/brot/unicode/tables.generated.cpp, the Unicode data of brot with the versions that HuggingFace tokenizers mix.
//
//   npm install @unicode/unicode-{8,9,16,17}.0.0        (in some folder)
//   node tools/brot_unicode_tables.mjs <that folder>/node_modules > raven/brot/unicode/tables.generated.cpp
//
// Decompositions and combining classes come from Debian's unicode-data (/usr/share/unicode), masked to Unicode 9 by DerivedAge:
// both are stable once assigned. The bit layout of the properties is that of raven/brot/unicode/tables.hpp.
import fs from 'node:fs';
import path from 'node:path';

const modules = path.resolve(process.argv[2]);
const debian = '/usr/share/unicode/';
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

// ---------------------------------------------------------------------------------------- Unicode 9 from unicode-data
const age9 = new Uint8Array(limit);
for (const line of fs.readFileSync(debian + 'DerivedAge.txt', 'utf8').split('\n')) {
  const m = /^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*([0-9.]+)/.exec(line);
  if (m && parseFloat(m[3]) <= 9) age9.fill(1, parseInt(m[1], 16), parseInt(m[2] ?? m[1], 16) + 1);
}
const combiningClass = new Uint8Array(limit);
const decomposition = new Map();  // code point -> {compat, to}
for (const line of fs.readFileSync(debian + 'UnicodeData.txt', 'utf8').split('\n')) {
  const f = line.split(';');
  const c = parseInt(f[0], 16);
  if (!(c >= 0) || !age9[c]) continue;
  combiningClass[c] = parseInt(f[3]);
  if (f[5]) {
    const compat = f[5].startsWith('<');
    decomposition.set(c, {compat, to: f[5].replace(/<[^>]*> /, '').split(' ').map((x) => parseInt(x, 16))});
  }
}
const excluded = new Set();
for (const line of fs.readFileSync(debian + 'DerivedNormalizationProps.txt', 'utf8').split('\n')) {
  const m = /^([0-9A-F]+)(?:\.\.([0-9A-F]+))?\s*;\s*Full_Composition_Exclusion/.exec(line);
  if (m) for (let c = parseInt(m[1], 16); c <= parseInt(m[2] ?? m[1], 16); ++c) excluded.add(c);
}
const isHangul = (c) => c >= 0xAC00 && c < 0xAC00 + 11172;
const composesSecond = new Set();
for (const [c, d] of decomposition) if (!d.compat && d.to.length === 2 && !excluded.has(c)) composesSecond.add(d.to[1]);
for (let c = 0x1161; c < 0x1176; ++c) composesSecond.add(c);
for (let c = 0x11A8; c < 0x11C3; ++c) composesSecond.add(c);
const isSlow = {  // what the quick check of each form must not pass
  nfd: (c) => isHangul(c) || (decomposition.has(c) && !decomposition.get(c).compat),
  nfkd: (c) => isHangul(c) || decomposition.has(c),
  nfc: (c) => excluded.has(c) && decomposition.has(c) || composesSecond.has(c),
  nfkc: (c) => isSlow.nfc(c) || (decomposition.has(c) && decomposesCompatibly(c)),
};
function decomposesCompatibly(c) {
  const d = decomposition.get(c);
  return d !== undefined && (d.compat || d.to.some(decomposesCompatibly));
}

// --------------------------------------------------------------------------------------------------- property words
const categories = ['Unassigned', 'Uppercase_Letter', 'Lowercase_Letter', 'Titlecase_Letter', 'Modifier_Letter', 'Other_Letter',
  'Nonspacing_Mark', 'Spacing_Mark', 'Enclosing_Mark', 'Decimal_Number', 'Letter_Number', 'Other_Number', 'Connector_Punctuation',
  'Dash_Punctuation', 'Open_Punctuation', 'Close_Punctuation', 'Initial_Punctuation', 'Final_Punctuation', 'Other_Punctuation',
  'Math_Symbol', 'Currency_Symbol', 'Modifier_Symbol', 'Other_Symbol', 'Space_Separator', 'Line_Separator', 'Paragraph_Separator',
  'Control', 'Format', 'Surrogate', 'Private_Use'];
const category16 = new Uint8Array(limit);
for (const [index, name] of categories.entries())
  for (const [begin, end] of await ranges(16, 'General_Category/' + name)) category16.fill(index, begin, end);
const gc = (...list) => list.map((name) => 'General_Category/' + name);
const bits = [
  [5, await flagsOf(17, 'Binary_Property/White_Space')],
  [6, await flagsOf(17, ...gc('Number'))],
  [7, await flagsOf(8, ...gc('Punctuation'))],
  [8, await flagsOf(8, ...gc('Control', 'Format', 'Private_Use'))],
  [9, await flagsOf(8, ...gc('Nonspacing_Mark'))],
  [10, await flagsOf(9, ...gc('Mark'))],
  [11, await flagsOf(16, 'Binary_Property/Alphabetic', 'Binary_Property/Join_Control', ...gc('Mark', 'Decimal_Number', 'Connector_Punctuation'))],
  [12, await flagsOf(16, 'Binary_Property/Alphabetic', ...gc('Mark', 'Decimal_Number', 'Connector_Punctuation'))],
  [23, await flagsOf(17, 'Binary_Property/Extended_Pictographic')],
];
for (const c of '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~') bits[2][1][c.codePointAt(0)] = 1;
for (const c of [9, 10, 13]) bits[3][1][c] = 0;
// Oniguruma asks a Latin-1 table first, and that one counts superscripts and fractions as word characters.
for (const c of [0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]) bits[7][1][c] = 1;

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
const words = new Uint32Array(limit);
for (let c = 0; c < limit; ++c) {
  words[c] = category16[c];
  if (lowercase.has(c)) words[c] |= 1 << 13;
  if (combiningClass[c]) words[c] |= 1 << 14;
  if (isSlow.nfc(c)) words[c] |= 1 << 15;
  if (isSlow.nfd(c)) words[c] |= 1 << 16;
  if (isSlow.nfkc(c)) words[c] |= 1 << 17;
  if (isSlow.nfkd(c)) words[c] |= 1 << 18;
}
for (const [bit, set] of bits) for (let c = 0; c < limit; ++c) if (set[c]) words[c] |= 1 << bit;
for (const [index, name] of breaks.entries())
  for (const [begin, end] of await ranges(17, 'Grapheme_Cluster_Break/' + name)) for (let c = begin; c < end; ++c) words[c] |= index << 19;
for (const [index, name] of conjunct.entries())
  if (index) for (const [begin, end] of await ranges(17, 'Indic_Conjunct_Break/' + name)) for (let c = begin; c < end; ++c) words[c] |= index << 24;

const classOfWord = new Map(), blockOfKey = new Map();
const classValues = [], blockIndex = [], blockClasses = [];
for (let block = 0; block < limit / 128; ++block) {
  const classes = [];
  for (let c = block * 128; c < block * 128 + 128; ++c) {
    if (!classOfWord.has(words[c])) classOfWord.set(words[c], classValues.push(words[c] >>> 0) - 1);
    classes.push(classOfWord.get(words[c]));
  }
  const key = classes.join();
  if (!blockOfKey.has(key)) {
    blockOfKey.set(key, blockOfKey.size);
    blockClasses.push(...classes);
  }
  blockIndex.push(blockOfKey.get(key));
}
if (classValues.length > 256) throw new Error(`${classValues.length} distinct property words do not fit a byte`);

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
const decompositions = new Map([...decomposition].sort((a, b) => a[0] - b[0]).map(([c, d]) => [c, d.to]));

const scriptNames = ['Unknown', ...names(16, 'Script').filter((name) => name !== 'Katakana_Or_Hiragana')];
const script16 = new Uint8Array(limit);
for (const [index, name] of scriptNames.entries())
  if (index) for (const [begin, end] of await ranges(16, 'Script/' + name)) script16.fill(index, begin, end);
const script9 = new Uint8Array(limit);
for (const name of names(9, 'Script'))
  if (scriptNames.includes(name)) for (const [begin, end] of await ranges(9, 'Script/' + name)) script9.fill(scriptNames.indexOf(name), begin, end);
const aliases = new Map();
for (const line of fs.readFileSync(debian + 'PropertyValueAliases.txt', 'utf8').split('\n')) {
  const m = /^sc ; (\w+)\s*; (\w+)/.exec(line);
  if (m) aliases.set(m[2], m[1]);
}
for (const [name, alias] of [['Garay', 'Gara'], ['Gurung_Khema', 'Gukh'], ['Kirat_Rai', 'Krai'], ['Ol_Onal', 'Onao'], ['Sunuwar', 'Sunu'], ['Todhri', 'Todr'], ['Tulu_Tigalari', 'Tutg']])
  aliases.set(name, alias);

const foldSimple = new Map(), foldFull = new Map();
for (const kind of ['C', 'S']) for (const [c, to] of await load(16, `Case_Folding/${kind}/code-points`)) foldSimple.set(c, [].concat(to));
for (const [c, to] of await load(16, 'Case_Folding/F/code-points')) foldFull.set(c, [].concat(to));
const sorted = (map) => new Map([...map].sort((a, b) => a[0] - b[0]));

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
out.push('// Generated by tools/brot_unicode_tables.mjs from @unicode/unicode-{8,9,16,17}.0.0 and unicode-data 15.0: do not edit.');
out.push('// clang-format off', '#include "raven/brot/unicode/tables.hpp"', 'namespace brot::unicode::tables {');
array('uint16_t', 'property_index', blockIndex);
array('uint8_t', 'property_classes', blockClasses);
array('uint32_t', 'property_values', classValues);
const stream = (name, bytes) => {
  array('uint8_t', name + '_bytes', bytes);
  out.push(`const Stream ${name} = {${name}_bytes, ${bytes.length}};`);
};
stream('categories', partition(category16));
stream('scripts', partition(script16));
stream('scripts_9', partition(script9));
stream('combining_classes', partition(combiningClass));
stream('decompositions', mappingStream(decompositions, (c) => (decomposition.get(c).compat ? 1 : 0) + (excluded.has(c) ? 2 : 0)));
stream('lowercase', mappingStream(lowercase));
stream('uppercase', mappingStream(uppercase));
stream('titlecase', mappingStream(titlecase));
stream('folding_simple', mappingStream(sorted(foldSimple)));
stream('folding_full', mappingStream(sorted(foldFull)));
out.push(`const ScriptName script_names[${scriptNames.length}] = {`);
for (const name of scriptNames) out.push(`{"${name}", "${name === 'Unknown' ? 'Zzzz' : aliases.get(name)}"},`);
out.push('};', `const uint32_t script_count = ${scriptNames.length};`);
const rows = [];
for (const name of binary) {
  const bytes = setStream(await ranges(16, 'Binary_Property/' + name));
  array('uint8_t', 'set_' + name, bytes);
  rows.push(`{"${name}", {set_${name}, ${bytes.length}}},`);
}
out.push(`const NamedSet named_sets[${rows.length}] = {`, ...rows, '};', `const uint32_t named_set_count = ${rows.length};`, '}  // namespace brot::unicode::tables');
process.stdout.write(out.join('\n') + '\n');
process.stderr.write(`${classValues.length} classes, ${blockOfKey.size} blocks\n`);
