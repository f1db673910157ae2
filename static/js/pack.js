// A zip of dropped files and folders, made in the browser: nothing is compressed, and no file is held in memory longer
// than its checksum takes (APPNOTE.TXT 4.3).

const MOST_FILES = 65_534;
const MOST_BYTES = 2 ** 32 - 2 ** 20;
const UTF8 = 0x0800;
const DATE = 0x0021; // 1 January 1980: the same files make the same zip

const table = Uint32Array.from({ length: 256 }, (_, number) => {
  for (let bit = 0; bit < 8; bit += 1) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1;
  return number;
});

async function checksum(file) {
  let value = 0xffffffff;
  const reader = file.stream().getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    for (const byte of piece.value) value = table[(value ^ byte) & 0xff] ^ (value >>> 8);
  }
  return (value ^ 0xffffffff) >>> 0;
}

// A record of little-endian numbers: pairs of a size in bytes, and a value.
function record(...fields) {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [size]) => sum + size, 0)));
  let at = 0;
  for (const [size, value] of fields) {
    if (size === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += size;
  }
  return view.buffer;
}

// What was dropped, as entries; to be called before the event has ended, which takes them away.
export function entriesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  return entries.length ? entries : [...transfer.files];
}

// Whether it is one zip, which is sent as it is.
export function isZip(entries) {
  return entries.length === 1 && !entries[0].isDirectory && /\.zip$/i.test(entries[0].name);
}

export function fileOf(entry) {
  return entry instanceof File ? entry : new Promise((done, failed) => entry.file(done, failed));
}

async function filesBelow(entry, path, found) {
  if (found.length > MOST_FILES) throw new Error("it holds too many files");
  if (!entry.isDirectory) {
    found.push([path + entry.name, await fileOf(entry)]);
    return;
  }
  const reader = entry.createReader();
  const next = () => new Promise((done, failed) => reader.readEntries(done, failed));
  for (let some = await next(); some.length; some = await next()) {
    for (const one of some) await filesBelow(one, `${path}${entry.name}/`, found);
  }
}

// The zip as a file, named after what was dropped. A single folder becomes its content. Throws what says why not.
export async function packed(entries, tell) {
  const found = [];
  for (const entry of entries) await filesBelow(entry, "", found);
  if (!found.length) throw new Error("it holds no file");
  const top = entries.length === 1 && entries[0].isDirectory ? `${entries[0].name}/` : "";
  const parts = [];
  const list = [];
  let offset = 0;
  for (const [number, [path, file]] of found.entries()) {
    tell(number, found.length);
    const name = new TextEncoder().encode(path.slice(top.length));
    const sizes = [[4, await checksum(file)], [4, file.size], [4, file.size], [2, name.length], [2, 0]];
    const shared = [[2, 20], [2, UTF8], [2, 0], [2, 0], [2, DATE], ...sizes];
    const head = record([4, 0x04034b50], ...shared);
    parts.push(head, name, file);
    list.push(record([4, 0x02014b50], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]), name);
    offset += head.byteLength + name.length + file.size;
    if (offset > MOST_BYTES) throw new Error("it is larger than 4 GB");
  }
  const size = list.reduce((sum, part) => sum + part.byteLength, 0);
  const count = found.length;
  const end = record([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  return new File([...parts, ...list, end], `${entries[0].name}.zip`, { type: "application/zip" });
}
